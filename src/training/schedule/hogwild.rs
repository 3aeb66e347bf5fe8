//! Threads that update shared rows without locks.

use super::{Schedule, Visit, blocks_of};
use crate::training::tiles::Tiles;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Threads take the next visit, or one soon after it whose blocks nobody is at: lock-free, and not
/// repeatable. Nobody ever waits for anybody; but rows that two processors write in turn travel
/// between their caches, and where that can be avoided it is (benches/RESULTS.md, "Order").
pub struct Hogwild {
    // Blocks of rows and of columns of each visit.
    blocks: Vec<[u32; 2]>,
    taken: Vec<AtomicBool>,
    /// All visits before it are taken.
    first: AtomicUsize,
    // Per side and block: visits in progress. Hints, which a race may make wrong for a moment.
    busy: [Vec<AtomicUsize>; 2],
}

/// Visits to look at for one whose blocks are free.
const LOOK_AHEAD: usize = 64;

impl Hogwild {
    /// Visits in about this order; by one thread, exactly.
    pub fn new(tiles: &Tiles, visits: &[Visit]) -> Self {
        let side = || (0..tiles.grid.blocks()).map(|_| AtomicUsize::new(0));
        Self {
            blocks: blocks_of(tiles, visits),
            taken: visits.iter().map(|_| AtomicBool::new(false)).collect(),
            first: AtomicUsize::new(0),
            busy: [side().collect(), side().collect()],
        }
    }

    fn busy(&self, visit: usize) -> impl Iterator<Item = &AtomicUsize> {
        let blocks = self.blocks[visit];
        self.busy
            .iter()
            .zip(blocks)
            .map(|(side, block)| &side[block as usize])
    }

    fn take(&self, visit: usize) -> bool {
        let taken = !self.taken[visit].swap(true, Relaxed);
        if taken {
            self.busy(visit).for_each(|busy| {
                busy.fetch_add(1, Relaxed);
            });
        }
        taken
    }
}

impl Schedule for Hogwild {
    fn claim(&self) -> Option<usize> {
        loop {
            let first = self.first.load(Relaxed);
            if first >= self.taken.len() {
                return None;
            }
            if self.taken[first].load(Relaxed) {
                // Whoever comes first moves on; for the others somebody has.
                let _ = self
                    .first
                    .compare_exchange(first, first + 1, Relaxed, Relaxed);
                continue;
            }
            let free = (first..self.taken.len().min(first + LOOK_AHEAD)).find(|&visit| {
                !self.taken[visit].load(Relaxed)
                    && self.busy(visit).all(|busy| busy.load(Relaxed) == 0)
            });
            let visit = free.unwrap_or(first);
            if self.take(visit) {
                return Some(visit);
            }
        }
    }

    fn finish(&self, visit: usize) {
        self.busy(visit).for_each(|busy| {
            busy.fetch_sub(1, Relaxed);
        });
    }

    fn abort(&self) {
        self.first.store(self.taken.len(), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tiles;
    use super::super::visits;
    use super::*;
    use crate::MemoryLimit;

    #[test]
    fn hogwild_makes_every_visit_once_and_one_thread_keeps_the_order() {
        let tiles = tiles(&MemoryLimit::default());
        let visits = visits(&tiles, 3, 1);
        let alone = Hogwild::new(&tiles, &visits);
        for expected in 0..visits.len() {
            assert_eq!(alone.claim(), Some(expected));
            alone.finish(expected);
        }
        assert_eq!(alone.claim(), None);
        let together = Hogwild::new(&tiles, &visits);
        let made: Vec<_> = visits.iter().map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while let Some(visit) = together.claim() {
                        made[visit].fetch_add(1, Relaxed);
                        std::thread::yield_now();
                        together.finish(visit);
                    }
                });
            }
        });
        assert!(made.iter().all(|made| made.load(Relaxed) == 1));
        assert!(
            together
                .busy
                .iter()
                .flatten()
                .all(|busy| busy.load(Relaxed) == 0)
        );
    }

    #[test]
    fn hogwild_prefers_blocks_that_nobody_is_at_and_waits_for_none() {
        let tiles = tiles(&MemoryLimit::default());
        assert!(tiles.grid.blocks() > 2);
        let visits = visits(&tiles, 3, 1);
        let schedule = Hogwild::new(&tiles, &visits);
        let first = schedule.claim().unwrap();
        let second = schedule.claim().unwrap();
        assert!((0..2).all(|side| schedule.blocks[first][side] != schedule.blocks[second][side]));
        // More visits in progress than there are blocks: they share, and go on.
        for _ in 2..visits.len() {
            assert!(schedule.claim().is_some());
        }
        assert_eq!(schedule.claim(), None);
    }
}
