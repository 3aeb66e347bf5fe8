//! The deterministic schedule: the result has the same bits for any number of threads.

use super::contract::Schedule;
use super::tile_batch::{TileBatch, blocks_of};
use crate::training::tiles::Tiles;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Hands out batches so that the result is that of one thread which trains them in order.
///
/// A batch reads and writes one block of rows of W and one block of rows of W̃. A batch starts when all earlier
/// batches that use one of its two blocks are finished. So no two threads use a block at the same time, and
/// the batches of a block are trained in the same order for any number of threads.
pub struct Deterministic {
    // The block of rows and the block of columns of each batch.
    blocks: Vec<[u32; 2]>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    // For each side and block, the unfinished batches that use the block, in order.
    queues: [Vec<VecDeque<usize>>; 2],
    // Unclaimed batches that are first in both their queues.
    ready: BinaryHeap<Reverse<usize>>,
    unclaimed: usize,
    waiting: usize,
}

impl Deterministic {
    /// Hand out the batches so that the result is that of training them in this order.
    pub fn new(tiles: &Tiles, batches: &[TileBatch]) -> Self {
        let blocks = blocks_of(tiles, batches);
        let side = || vec![VecDeque::new(); tiles.grid.blocks()];
        let mut state = State {
            queues: [side(), side()],
            ready: BinaryHeap::new(),
            unclaimed: batches.len(),
            waiting: 0,
        };
        for (batch, blocks) in blocks.iter().enumerate() {
            for (queues, &block) in state.queues.iter_mut().zip(blocks) {
                queues[block as usize].push_back(batch);
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
    fn ready_if_first(&mut self, blocks: &[[u32; 2]], batch: Option<usize>) {
        let Some(batch) = batch else { return };
        let is_first =
            |side: usize| self.queues[side][blocks[batch][side] as usize].front() == Some(&batch);
        if is_first(0) && is_first(1) {
            self.ready.push(Reverse(batch));
        }
    }
}

impl Schedule for Deterministic {
    fn claim(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.unclaimed == 0 {
                return None;
            }
            if let Some(Reverse(batch)) = state.ready.pop() {
                state.unclaimed -= 1;
                if state.unclaimed == 0 {
                    self.changed.notify_all();
                }
                return Some(batch);
            }
            state.waiting += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    fn finish(&self, batch: usize) {
        let mut state = self.lock();
        let mut next = [None; 2];
        for (side, next) in next.iter_mut().enumerate() {
            let queue = &mut state.queues[side][self.blocks[batch][side] as usize];
            debug_assert_eq!(queue.front(), Some(&batch));
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
    use super::super::batches;
    use super::super::epoch_order::tests::tiles;
    use super::*;
    use crate::MemoryLimit;

    #[test]
    fn batches_of_one_tile_run_one_after_the_other() {
        let tiles = tiles(&MemoryLimit::default());
        let mut batches = batches(&tiles, 3, 1);
        let tile = batches[0].tile;
        batches.retain(|batch| batch.tile == tile);
        assert!(batches.len() > 2);
        let schedule = Deterministic::new(&tiles, &batches);
        for expected in 0..batches.len() {
            assert_eq!(schedule.claim(), Some(expected));
            assert!(schedule.lock().ready.is_empty());
            schedule.finish(expected);
        }
        assert_eq!(schedule.claim(), None);
    }

    #[test]
    fn batches_at_the_same_time_share_no_block_and_each_block_keeps_its_order() {
        let tiles = tiles(&MemoryLimit::default());
        let batches = batches(&tiles, 3, 1);
        let schedule = Deterministic::new(&tiles, &batches);
        let busy = Mutex::new(std::collections::HashSet::new());
        let log = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(batch) = schedule.claim() {
                        let blocks = schedule.blocks[batch];
                        let sides = [(0, blocks[0]), (1, blocks[1])];
                        for side in sides {
                            assert!(busy.lock().unwrap().insert(side));
                        }
                        log.lock().unwrap().push(batch);
                        std::thread::yield_now();
                        for side in sides {
                            busy.lock().unwrap().remove(&side);
                        }
                        schedule.finish(batch);
                    }
                });
            }
        });
        let log = log.into_inner().unwrap();
        assert_eq!(log.len(), batches.len());
        for side in 0..2 {
            let mut last = vec![None; tiles.grid.blocks()];
            for &batch in &log {
                let block = schedule.blocks[batch][side] as usize;
                assert!(last[block] < Some(batch));
                last[block] = Some(batch);
            }
        }
    }
}
