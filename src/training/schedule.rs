//! Which thread trains which records when.

use super::tiles::Tiles;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A visit to a tile: some of its records and of its unseen pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Number of the tile.
    pub tile: usize,
    /// Which of its records, in this order.
    pub records: Vec<Range<usize>>,
    /// Which of its unseen pairs.
    pub unseen: Range<usize>,
    /// When it is, as a part of the epoch: in [0, 1).
    pub time: f64,
}

/// Records of a visit for every row that the tile's two blocks hold: enough that a row fetched into
/// cache is used several times, few enough that no row sees one block of contexts for long. While it
/// does it adapts to that block alone, and the loss measured on the way is too good.
const RECORDS_PER_ROW: usize = 256;
/// The same in the first epoch, when steps are longest and rows adapt fastest: with this, the loss
/// of every epoch is within 1.5 % of that of a random order (benches/RESULTS.md, "Order").
const RECORDS_PER_ROW_AT_FIRST: usize = 4;
/// Visits to every tile in an epoch where the rows of all tiles fit into cache together, so that
/// visiting costs nothing: as good as a random order of all records.
const CHEAP_VISITS: usize = 16;
/// Records of a tile that follow each other in every epoch. The order of such pieces changes: against
/// one order for all epochs that gains 0.2 % of loss and half a point of analogies, and as much as
/// another order of all records does (benches/RESULTS.md, "Order").
const PIECE: usize = 1 << 13;
/// What counts as fitting: both sides' rows in a typical L2 cache.
const CHEAP_BYTES: usize = 1 << 20;

/// The visits of one epoch, in order. Each tile is visited in proportion to its records, at even
/// intervals from a random beginning, so that any stretch of the epoch is a fair sample of the whole.
pub fn visits(tiles: &Tiles, seed: u64, epoch: usize) -> Vec<Visit> {
    let (epoch_bits, group) = (epoch as u64, tiles.grid.group() as u64);
    let seed = seed ^ epoch_bits.rotate_left(48) ^ group.rotate_left(24);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let cheap = 2 * tiles.grid.words() * tiles.row_bytes <= CHEAP_BYTES;
    let least = if cheap { CHEAP_VISITS } else { 1 };
    let per_row = if epoch == 1 {
        RECORDS_PER_ROW_AT_FIRST
    } else {
        RECORDS_PER_ROW
    };
    let mut timed = Vec::new();
    for (number, tile) in tiles.tiles.iter().enumerate() {
        let words = |block: u32| tiles.grid.words_of(block as usize).len();
        let rows = words(tile.row_block) + words(tile.column_block);
        let items = tile.records() + tile.unseen();
        let visits = items.div_ceil(rows * per_row).max(least).min(items);
        let phase: f64 = rng.random();
        let mut order: Vec<usize> = (0..tile.records() / PIECE).collect();
        order.shuffle(&mut rng);
        for visit in 0..visits {
            let part = |all: usize| all * visit / visits..all * (visit + 1) / visits;
            timed.push(Visit {
                tile: number,
                records: pieces(&order, part(tile.records())),
                unseen: part(tile.unseen()),
                time: (visit as f64 + phase) / visits as f64,
            });
        }
    }
    timed.sort_by(|a, b| a.time.total_cmp(&b.time));
    timed
}

/// Where to find some records of a tile whose pieces are in this order, but for a shorter last one.
/// At least one range, which may be empty.
fn pieces(order: &[usize], records: Range<usize>) -> Vec<Range<usize>> {
    if records.is_empty() {
        return std::iter::once(0..0).collect();
    }
    (records.start / PIECE..records.end.div_ceil(PIECE))
        .map(|piece| {
            let first = piece * PIECE;
            let within = records.start.max(first) - first..records.end.min(first + PIECE) - first;
            let found = PIECE * order.get(piece).unwrap_or(&piece);
            found + within.start..found + within.end
        })
        .collect()
}

/// Hands out the visits of one epoch, each once, to any number of threads.
pub trait Schedule: Sync {
    /// Number of a visit to make, or `None` when the epoch has no more for this thread.
    fn claim(&self) -> Option<usize>;
    /// The visit claimed before is done.
    fn finish(&self, visit: usize);
    /// No more visits for anyone.
    fn abort(&self);
}

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

/// Blocks of rows and of columns of each visit.
fn blocks_of(tiles: &Tiles, visits: &[Visit]) -> Vec<[u32; 2]> {
    let tile = |visit: &Visit| &tiles.tiles[visit.tile];
    visits
        .iter()
        .map(|visit| [tile(visit).row_block, tile(visit).column_block])
        .collect()
}

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
    use super::*;
    use crate::cooccurrence::Triangle;
    use crate::training::{Counts, Parameters, TileOptions};
    use crate::{MemoryLimit, Monitor};
    use std::sync::Mutex;

    fn tiles(memory: &MemoryLimit) -> Tiles {
        let words = 300u32;
        let counts = Triangle::assemble(words as usize, &Monitor::new(), |pair| {
            for i in 0..words {
                for j in (0..=i).step_by(1 + i as usize / 10) {
                    pair(i, j, f64::from(i + j + 1), f64::from(j + 1));
                }
            }
            Ok(())
        });
        let options = TileOptions {
            row_bytes: Parameters::row_bytes(50),
            negative: 0.5,
            held_out: 0.0,
            seed: 7,
        };
        let mut counts = Counts::Owned(counts.unwrap());
        Tiles::new(&mut counts, &options, memory, &Monitor::new()).unwrap()
    }

    #[test]
    fn an_epoch_visits_every_record_and_unseen_pair_once() {
        let tiles = tiles(&MemoryLimit::default());
        assert!(tiles.tiles.iter().any(|tile| tile.unseen() > 0));
        for epoch in [1, 2] {
            let mut seen: Vec<[Vec<bool>; 2]> = tiles
                .tiles
                .iter()
                .map(|t| [t.records(), t.unseen()].map(|n| vec![false; n]))
                .collect();
            for visit in visits(&tiles, 3, epoch) {
                let records = visit.records.into_iter().flatten();
                for (kind, item) in records.map(|k| (0, k)).chain(visit.unseen.map(|k| (1, k))) {
                    let seen = &mut seen[visit.tile][kind][item];
                    assert!(!std::mem::replace(seen, true));
                }
            }
            assert!(seen.iter().flatten().flatten().all(|&seen| seen));
        }
    }

    #[test]
    fn pieces_come_in_their_order() {
        let found = pieces(&[2, 0, 1], PIECE - 10..3 * PIECE + 5);
        assert_eq!(
            found,
            [
                3 * PIECE - 10..3 * PIECE,
                0..PIECE,
                PIECE..2 * PIECE,
                3 * PIECE..3 * PIECE + 5
            ]
        );
        let nothing = pieces(&[], 3..3);
        assert_eq!((nothing.len(), nothing[0].len()), (1, 0));
        let within = pieces(&[1, 0], 5..7);
        assert_eq!((within.len(), &within[0]), (1, &(PIECE + 5..PIECE + 7)));
    }

    #[test]
    fn the_order_changes_with_the_epoch_and_the_seed_only() {
        let tiles = tiles(&MemoryLimit::default());
        assert_eq!(visits(&tiles, 3, 2), visits(&tiles, 3, 2));
        assert_ne!(visits(&tiles, 3, 2), visits(&tiles, 3, 3));
        assert_ne!(visits(&tiles, 3, 2), visits(&tiles, 4, 2));
    }

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
