//! Hogwild: threads update shared rows without locks (Niu et al. 2011).

use super::contract::Schedule;
use super::tile_batch::{TileBatch, blocks_of};
use crate::training::tiles::Tiles;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// A thread takes the first batch, among the next `LOOK_AHEAD` batches, whose blocks no other thread uses. If
/// there is no such batch, it takes the next batch. No thread ever waits. With several threads the result is
/// not repeatable.
///
/// Threads prefer blocks that no other thread uses, because a row that two processors write moves from cache to
/// cache, which takes time (benches/EXPERIMENTS.md, "Hogwild threads and shared blocks").
pub struct Hogwild {
    // The block of rows and the block of columns of each batch.
    blocks: Vec<[u32; 2]>,
    taken: Vec<AtomicBool>,
    // All batches before this one are taken.
    first: AtomicUsize,
    // For each side and block, the number of batches in progress that use the block. The number is only a hint and
    // may be wrong for a moment.
    busy: [Vec<AtomicUsize>; 2],
}

/// Number of batches among which a thread searches for a batch whose blocks are free.
const LOOK_AHEAD: usize = 64;

impl Hogwild {
    /// Hand out the batches approximately in this order. A single thread gets them in exactly this order.
    pub fn new(tiles: &Tiles, batches: &[TileBatch]) -> Self {
        let side = || (0..tiles.grid.blocks()).map(|_| AtomicUsize::new(0));
        Self {
            blocks: blocks_of(tiles, batches),
            taken: batches.iter().map(|_| AtomicBool::new(false)).collect(),
            first: AtomicUsize::new(0),
            busy: [side().collect(), side().collect()],
        }
    }

    fn busy(&self, batch: usize) -> impl Iterator<Item = &AtomicUsize> {
        let blocks = self.blocks[batch];
        self.busy
            .iter()
            .zip(blocks)
            .map(|(side, block)| &side[block as usize])
    }

    fn take(&self, batch: usize) -> bool {
        let taken = !self.taken[batch].swap(true, Relaxed);
        if taken {
            self.busy(batch).for_each(|busy| {
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
                // One thread advances `first`. The exchange fails in other threads, and they load the new
                // value.
                let _ = self
                    .first
                    .compare_exchange(first, first + 1, Relaxed, Relaxed);
                continue;
            }
            let free = (first..self.taken.len().min(first + LOOK_AHEAD)).find(|&batch| {
                !self.taken[batch].load(Relaxed)
                    && self.busy(batch).all(|busy| busy.load(Relaxed) == 0)
            });
            let batch = free.unwrap_or(first);
            if self.take(batch) {
                return Some(batch);
            }
        }
    }

    fn finish(&self, batch: usize) {
        self.busy(batch).for_each(|busy| {
            busy.fetch_sub(1, Relaxed);
        });
    }

    fn abort(&self) {
        self.first.store(self.taken.len(), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::batches;
    use super::super::epoch_order::tests::tiles;
    use super::*;
    use crate::MemoryLimit;

    #[test]
    fn hogwild_hands_out_every_batch_once_and_in_order_to_one_thread() {
        let tiles = tiles(&MemoryLimit::default());
        let batches = batches(&tiles, 3, 1);
        let alone = Hogwild::new(&tiles, &batches);
        for expected in 0..batches.len() {
            assert_eq!(alone.claim(), Some(expected));
            alone.finish(expected);
        }
        assert_eq!(alone.claim(), None);
        let together = Hogwild::new(&tiles, &batches);
        let counts: Vec<_> = batches.iter().map(|_| AtomicUsize::new(0)).collect();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while let Some(batch) = together.claim() {
                        counts[batch].fetch_add(1, Relaxed);
                        std::thread::yield_now();
                        together.finish(batch);
                    }
                });
            }
        });
        assert!(counts.iter().all(|count| count.load(Relaxed) == 1));
        assert!(
            together
                .busy
                .iter()
                .flatten()
                .all(|busy| busy.load(Relaxed) == 0)
        );
    }

    #[test]
    fn hogwild_prefers_free_blocks_and_never_waits() {
        let tiles = tiles(&MemoryLimit::default());
        assert!(tiles.grid.blocks() > 2);
        let batches = batches(&tiles, 3, 1);
        let schedule = Hogwild::new(&tiles, &batches);
        let first = schedule.claim().unwrap();
        let second = schedule.claim().unwrap();
        assert!((0..2).all(|side| schedule.blocks[first][side] != schedule.blocks[second][side]));
        // With more batches in progress than blocks, threads share blocks and do not wait.
        for _ in 2..batches.len() {
            assert!(schedule.claim().is_some());
        }
        assert_eq!(schedule.claim(), None);
    }
}
