//! Threads whose outcome is that of one.

use super::{Schedule, Visit, blocks_of};
use crate::training::tiles::Tiles;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Threads take visits so that the outcome is that of one thread making them in order.
///
/// A visit reads and writes one block of rows of W and one of W̃. It may start when every earlier
/// visit that shares either is finished. So blocks are never shared, and each block sees its visits
/// in the same order whatever the number of threads: the same bits.
pub struct Ordered {
    // Blocks of rows and of columns of each visit.
    blocks: Vec<[u32; 2]>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    // Per side and block: its visits not yet finished.
    queues: [Vec<VecDeque<usize>>; 2],
    // Visits that are first in both their queues and not yet claimed.
    ready: BinaryHeap<Reverse<usize>>,
    unclaimed: usize,
    waiting: usize,
}

impl Ordered {
    /// Visits in this order.
    pub fn new(tiles: &Tiles, visits: &[Visit]) -> Self {
        let blocks = blocks_of(tiles, visits);
        let side = || vec![VecDeque::new(); tiles.grid.blocks()];
        let mut state = State {
            queues: [side(), side()],
            ready: BinaryHeap::new(),
            unclaimed: visits.len(),
            waiting: 0,
        };
        for (visit, blocks) in blocks.iter().enumerate() {
            for (queues, &block) in state.queues.iter_mut().zip(blocks) {
                queues[block as usize].push_back(visit);
            }
        }
        for block in 0..tiles.grid.blocks() {
            state.ready_if_first(&blocks, state.queues[0][block].front().copied());
        }
        Self {
            blocks,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ready_if_first(&mut self, blocks: &[[u32; 2]], visit: Option<usize>) {
        let Some(visit) = visit else { return };
        let is_first =
            |side: usize| self.queues[side][blocks[visit][side] as usize].front() == Some(&visit);
        if is_first(0) && is_first(1) {
            self.ready.push(Reverse(visit));
        }
    }
}

impl Schedule for Ordered {
    fn claim(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.unclaimed == 0 {
                return None;
            }
            if let Some(Reverse(visit)) = state.ready.pop() {
                state.unclaimed -= 1;
                if state.unclaimed == 0 {
                    self.changed.notify_all();
                }
                return Some(visit);
            }
            state.waiting += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    fn finish(&self, visit: usize) {
        let mut state = self.lock();
        let mut next = [None; 2];
        for (side, next) in next.iter_mut().enumerate() {
            let queue = &mut state.queues[side][self.blocks[visit][side] as usize];
            debug_assert_eq!(queue.front(), Some(&visit));
            queue.pop_front();
            *next = queue.front().copied();
        }
        state.ready_if_first(&self.blocks, next[0]);
        if next[1] != next[0] {
            state.ready_if_first(&self.blocks, next[1]);
        }
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn abort(&self) {
        self.lock().unclaimed = 0;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tiles;
    use super::super::visits;
    use super::*;
    use crate::MemoryLimit;

    #[test]
    fn ordered_visits_of_one_tile_after_the_other_are_made_once_each() {
        let tiles = tiles(&MemoryLimit::default());
        let mut visits = visits(&tiles, 3, 1);
        let tile = visits[0].tile;
        visits.retain(|visit| visit.tile == tile);
        assert!(visits.len() > 2);
        let schedule = Ordered::new(&tiles, &visits);
        for expected in 0..visits.len() {
            assert_eq!(schedule.claim(), Some(expected));
            assert!(schedule.lock().ready.is_empty());
            schedule.finish(expected);
        }
        assert_eq!(schedule.claim(), None);
    }

    #[test]
    fn ordered_visits_never_share_a_block_and_keep_its_order() {
        let tiles = tiles(&MemoryLimit::default());
        let visits = visits(&tiles, 3, 1);
        let schedule = Ordered::new(&tiles, &visits);
        let busy = Mutex::new(std::collections::HashSet::new());
        let log = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(visit) = schedule.claim() {
                        let blocks = schedule.blocks[visit];
                        let sides = [(0, blocks[0]), (1, blocks[1])];
                        for side in sides {
                            assert!(busy.lock().unwrap().insert(side));
                        }
                        log.lock().unwrap().push(visit);
                        std::thread::yield_now();
                        for side in sides {
                            busy.lock().unwrap().remove(&side);
                        }
                        schedule.finish(visit);
                    }
                });
            }
        });
        let log = log.into_inner().unwrap();
        assert_eq!(log.len(), visits.len());
        for side in 0..2 {
            let mut last = vec![None; tiles.grid.blocks()];
            for &visit in &log {
                let block = schedule.blocks[visit][side] as usize;
                assert!(last[block] < Some(visit));
                last[block] = Some(visit);
            }
        }
    }
}
