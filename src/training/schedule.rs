//! Which thread trains which tile when.

use super::tiles::Tiles;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Hands out the tiles of one epoch, each once, to any number of threads.
pub trait Schedule: Sync {
    /// A tile to train, or `None` when the epoch has no more for this thread.
    fn claim(&self) -> Option<usize>;
    /// The tile claimed before is done.
    fn finish(&self, tile: usize);
    /// No more tiles for anyone.
    fn abort(&self);
}

/// The order of one epoch: along random diagonals of the grid, so that neighbours in the order
/// share no block of rows and none of columns.
pub fn order(tiles: &Tiles, seed: u64, epoch: usize) -> Vec<usize> {
    let blocks = tiles.grid.blocks();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ (epoch as u64).rotate_left(48));
    let mut rows: Vec<usize> = (0..blocks).collect();
    let mut diagonals = rows.clone();
    let mut columns = rows.clone();
    rows.shuffle(&mut rng);
    columns.shuffle(&mut rng);
    diagonals.shuffle(&mut rng);
    let mut number = vec![usize::MAX; blocks * blocks];
    for (k, tile) in tiles.tiles.iter().enumerate() {
        number[tile.row_block as usize * blocks + tile.column_block as usize] = k;
    }
    let mut order = Vec::with_capacity(tiles.tiles.len());
    for diagonal in diagonals {
        for (k, row) in rows.iter().enumerate() {
            let tile = number[row * blocks + columns[(k + diagonal) % blocks]];
            if tile != usize::MAX {
                order.push(tile);
            }
        }
    }
    order
}

/// Threads take the next tile whatever others are at: lock-free, and not repeatable.
pub struct Hogwild {
    order: Vec<usize>,
    next: AtomicUsize,
}

impl Hogwild {
    /// Tiles in this order.
    pub fn new(order: Vec<usize>) -> Self {
        Self {
            order,
            next: AtomicUsize::new(0),
        }
    }
}

impl Schedule for Hogwild {
    fn claim(&self) -> Option<usize> {
        self.order.get(self.next.fetch_add(1, Relaxed)).copied()
    }
    fn finish(&self, _: usize) {}
    fn abort(&self) {
        self.next.store(self.order.len(), Relaxed);
    }
}

/// Threads take tiles so that the outcome is that of one thread training them in order.
///
/// A tile reads and writes one block of rows of W and one of W̃. It may start when every earlier
/// tile of the order that shares either is finished. So blocks are never shared, and each block
/// sees its tiles in the same order whatever the number of threads: the same bits.
pub struct Ordered<'a> {
    tiles: &'a Tiles,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    // Per block of rows and per block of columns: its tiles not yet finished, by place in the order.
    rows: Vec<VecDeque<usize>>,
    columns: Vec<VecDeque<usize>>,
    // Places whose tile is first in both its queues and not yet claimed.
    ready: BinaryHeap<Reverse<usize>>,
    order: Vec<usize>,
    // Place of each tile in the order.
    place: Vec<usize>,
    unclaimed: usize,
}

impl<'a> Ordered<'a> {
    /// Tiles in this order.
    pub fn new(tiles: &'a Tiles, order: Vec<usize>) -> Self {
        let blocks = tiles.grid.blocks();
        let mut state = State {
            rows: vec![VecDeque::new(); blocks],
            columns: vec![VecDeque::new(); blocks],
            ready: BinaryHeap::new(),
            place: vec![0; order.len()],
            unclaimed: order.len(),
            order,
        };
        for (place, &tile) in state.order.iter().enumerate() {
            state.place[tile] = place;
            let tile = &tiles.tiles[tile];
            state.rows[tile.row_block as usize].push_back(place);
            state.columns[tile.column_block as usize].push_back(place);
        }
        for block in 0..blocks {
            state.ready_if_first(tiles, state.rows[block].front().copied());
        }
        Self {
            tiles,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ready_if_first(&mut self, tiles: &Tiles, place: Option<usize>) {
        let Some(place) = place else { return };
        let tile = &tiles.tiles[self.order[place]];
        let first = Some(&place);
        if self.rows[tile.row_block as usize].front() == first
            && self.columns[tile.column_block as usize].front() == first
        {
            self.ready.push(Reverse(place));
        }
    }
}

impl Schedule for Ordered<'_> {
    fn claim(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.unclaimed == 0 {
                return None;
            }
            if let Some(Reverse(place)) = state.ready.pop() {
                state.unclaimed -= 1;
                return Some(state.order[place]);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, tile: usize) {
        let mut state = self.lock();
        let place = state.place[tile];
        let tile = &self.tiles.tiles[tile];
        let (row, column) = (tile.row_block as usize, tile.column_block as usize);
        debug_assert_eq!(state.rows[row].front(), Some(&place));
        state.rows[row].pop_front();
        state.columns[column].pop_front();
        let next = [
            state.rows[row].front().copied(),
            state.columns[column].front().copied(),
        ];
        for place in next {
            state.ready_if_first(self.tiles, place);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn abort(&self) {
        let mut state = self.lock();
        state.unclaimed = 0;
        drop(state);
        self.changed.notify_all();
    }
}
