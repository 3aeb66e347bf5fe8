//! Training by strata (Gemulla et al. 2011, "distributed stochastic gradient descent").
//!
//! A [`Partition`](crate::partition::Partition) divides the words into P groups, and so the matrix into P × P
//! *blocks*: block (p, q) has the records whose row is in group p and whose column is in group q. Training a
//! block changes only W and b of group p, and W̃ and b̃ of group q. P blocks form a *stratum* if no two of them share a
//! group of rows or a group of columns. So different machines can train the blocks of a stratum at the same
//! time. The training of one stratum is a *subepoch*. The batches of an epoch are divided into S
//! *cycles* by their `time`, which is a fraction of the epoch: cycle k has the batches from time k/S to
//! (k + 1)/S. Each cycle has P subepochs, which together train the batches of the cycle in all blocks.
//!
//! With one group and one cycle, the batches are trained in the order of deterministic training on
//! one machine, and the result has the same bits. With one group and several cycles, the result also
//! has these bits, unless the optimizer is row-wise AdaGrad. Row-wise AdaGrad stores ‖w‖² and updates it with
//! rounding errors. Each subepoch begins by computing ‖w‖² anew, which removes these errors.

use super::group_counts::GroupCounts;
use super::subepochs::Subepoch;
use crate::cooccurrence::{ContextColumns, RowBlock};
use crate::error::{Error, Result};
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::training::{
    EpochPass, Line, Marginal, ParametersView, PassCost, ROW_ALIGNMENT, SharedRows, SimdLevel,
    TileOptions, TileSource, Tiles, TrainingOptions, batches, divergence_cost, record_bytes,
    validation_cost,
};
use crate::vocabulary::WordId;
use bytemuck::PodCastError;
use std::ops::Range;

/// A block of the matrix: the records whose row is in the group of `tiles` and whose column is in group
/// `columns`.
///
/// The methods take two arrays of rows: the rows of W, each with its bias b, for the group of `tiles`, and the rows of
/// W̃, each with its bias b̃, for group `columns`. Both arrays have the layout of
/// [`Parameters::rows_of`](crate::training::Parameters::rows_of) and are aligned to [`ROW_ALIGNMENT`] bytes.
#[derive(Debug, Clone, Copy)]
pub struct MatrixBlock<'a> {
    /// The tiles of the group of the rows.
    pub tiles: &'a Tiles,
    /// The group of the columns.
    pub columns: usize,
    /// The options of the training. Training is deterministic even if `deterministic` is false.
    pub options: &'a TrainingOptions,
}

/// The epoch in which blocks are trained: what all its subepochs share.
#[derive(Debug, Clone, Copy)]
pub struct BlockEpoch {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// How many times the learning rate has been halved.
    pub halvings: usize,
    /// An epoch diverges if the costs of its records add up to more than this number.
    pub divergence_cost: f64,
}

/// Tiles are built from the counts of a group. A call of [`TileSource::rows`] decompresses the rows of one block of
/// words.
impl TileSource for &GroupCounts {
    type Rows = RowBlock;
    type BlockRows<'a>
        = Box<RowBlock>
    where
        Self: 'a;

    fn columns(&self) -> ContextColumns {
        ContextColumns::of_window(self.partition.words())
    }

    fn symmetric_rows(&self) -> WordId {
        if self.symmetric {
            self.partition.words() as WordId
        } else {
            0
        }
    }

    fn record_bytes(&self) -> u64 {
        record_bytes(self.nnz(), self.symmetric)
    }

    fn rows(&self, rows: Range<WordId>) -> Result<Box<RowBlock>> {
        GroupCounts::rows(self, rows).map(Box::new)
    }
}

impl Tiles {
    /// Build the tiles of the records whose row is in a group, from the counts of this group. `marginals` are
    /// those of the whole matrix.
    ///
    /// # Errors
    /// As for [`Tiles::new`], except that a group without records is allowed: the caller checks the number of
    /// records of all groups.
    pub fn of_group_counts(
        counts: &GroupCounts,
        marginals: &[Marginal],
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        Self::of_group(
            &mut &*counts,
            marginals,
            counts.partition,
            counts.group,
            options,
            memory,
            monitor,
        )
    }
}

impl MatrixBlock<'_> {
    /// Train the batches of the block that belong to `subepoch` of `epoch`, and return their cost. The result has the
    /// same bits for any number of threads.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the cost of a record or negative pair is not a finite number, if the records of one
    /// thread cost more than [`BlockEpoch::divergence_cost`], or if a parameter is not a finite number after the last
    /// subepoch; [`Error::Parameter`] for rows of the wrong size or alignment, and if `GLOVE_RS_SIMD` is set, but does
    /// not name an instruction set that this machine has; [`Error::Io`] and [`Error::Memory`] if the tiles are on disk;
    /// [`Error::Cancelled`].
    pub fn train(
        &self,
        epoch: &BlockEpoch,
        subepoch: &Subepoch,
        words: &mut [f32],
        contexts: &mut [f32],
        monitor: &Monitor,
    ) -> Result<PassCost> {
        self.check(words, contexts)?;
        let options = TrainingOptions {
            deterministic: true,
            ..*self.options
        };
        let pass = EpochPass {
            tiles: self.tiles,
            options: &options,
            epoch: epoch.epoch,
            rule: options.rule(epoch.halvings),
            level: SimdLevel::active()?,
            divergence_cost: epoch.divergence_cost,
            first: self.first(),
        };
        let blocks = self.tiles.grid().blocks_of(self.columns);
        let mut batches = batches(self.tiles, options.seed, epoch.epoch);
        batches.retain(|batch| {
            let column_block = self.tiles.column_block(batch.tile);
            let cycle = (batch.time * subepoch.cycles as f64) as usize;
            blocks.contains(&column_block) && cycle.min(subepoch.cycles - 1) == subepoch.cycle
        });
        let [words, contexts] = [lines_mut(words)?, lines_mut(contexts)?];
        let layout = self.tiles.layout;
        let rows = SharedRows::new(words, contexts, layout);
        let cost = pass.run(rows, &batches, monitor)?;
        let mut rows = [words, contexts]
            .into_iter()
            .flat_map(|side| side.chunks_exact(layout.lines()));
        if subepoch.last && !rows.all(|row| layout.is_finite(row)) {
            return Err(pass.diverged());
        }
        Ok(cost)
    }

    /// The sum of the costs ½ f(X) diff² of the held-out records of the block.
    ///
    /// # Errors
    /// [`Error::Parameter`] for rows of the wrong size or alignment; [`Error::Io`] and
    /// [`Error::Memory`] if the tiles are on disk.
    pub fn validation_cost(&self, words: &[f32], contexts: &[f32]) -> Result<f64> {
        validation_cost(
            self.tiles,
            self.columns,
            self.view(words, contexts)?,
            self.options,
        )
    }

    /// The term of this block in [`BlockEpoch::divergence_cost`], which is the sum over all blocks.
    ///
    /// # Errors
    /// As for [`MatrixBlock::validation_cost`].
    pub fn divergence_cost(&self, words: &[f32], contexts: &[f32]) -> Result<f64> {
        divergence_cost(
            self.tiles,
            self.columns,
            self.view(words, contexts)?,
            self.options,
        )
    }

    /// The new id of the word of the first row of `words`, and the new id of the context word of the first row of
    /// `contexts`.
    fn first(&self) -> [usize; 2] {
        let grid = self.tiles.grid();
        [grid.group(), self.columns].map(|group| grid.partition().start(group) as usize)
    }

    fn view<'a>(&self, words: &'a [f32], contexts: &'a [f32]) -> Result<ParametersView<'a>> {
        self.check(words, contexts)?;
        Ok(ParametersView {
            words: lines(words)?,
            contexts: lines(contexts)?,
            layout: self.tiles.layout,
            first: self.first(),
        })
    }

    fn check(&self, words: &[f32], contexts: &[f32]) -> Result<()> {
        let grid = self.tiles.grid();
        for (name, rows, group) in [
            ("W", words, grid.group()),
            ("W_tilde", contexts, self.columns),
        ] {
            let wanted = grid.partition().group(group).len() * self.tiles.layout.bytes();
            if size_of_val(rows) != wanted {
                let found = size_of_val(rows);
                let message = format!("must have rows of {wanted} bytes in all, got {found}");
                return Err(Error::parameter(name, message));
            }
        }
        Ok(())
    }
}

fn lines(rows: &[f32]) -> Result<&[Line]> {
    if rows.is_empty() {
        return Ok(&[]); // an empty slice need not be aligned
    }
    bytemuck::try_cast_slice(rows).map_err(wrong)
}

fn lines_mut(rows: &mut [f32]) -> Result<&mut [Line]> {
    if rows.is_empty() {
        return Ok(&mut []);
    }
    bytemuck::try_cast_slice_mut(rows).map_err(wrong)
}

fn wrong(error: PodCastError) -> Error {
    Error::parameter(
        "rows",
        format!("must be aligned to {ROW_ALIGNMENT} bytes ({error})"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::subepochs::in_cycles;
    use super::*;
    use crate::cooccurrence::Triangle;
    use crate::partition::Partition;
    use crate::training::{Counts, Optimizer, Parameters, RowLayout, marginals, train};

    const WORDS: usize = 150;
    const DIM: usize = 20;
    const OPTIMIZERS: [Optimizer; 2] = [Optimizer::AdaGrad, Optimizer::RowwiseAdaGrad];

    /// Counts of pairs of words. At least one word of each pair is in `group`. Words are numbered by the new ids of
    /// `partition`.
    fn group_counts(symmetric: bool, partition: Partition, group: usize) -> Triangle {
        let own = partition.group(group);
        let skew = if symmetric { 1 } else { 2 };
        Triangle::assemble(WORDS, &Monitor::new(), |pair| {
            for i in 0..WORDS as u32 {
                for j in (0..=i).step_by(1 + i as usize / 20) {
                    let x = |i: u32, j: u32| 1e3 / f64::from(i + skew * j + 1);
                    let [a, b] = [i, j].map(|rank| partition.new_id(rank));
                    if own.contains(&a) || own.contains(&b) {
                        pair(a, b, x(i, j), x(j, i));
                    }
                }
            }
            Ok(())
        })
        .unwrap()
    }

    fn options(optimizer: Optimizer) -> TrainingOptions {
        TrainingOptions {
            optimizer,
            // A group has so few words that the first epochs of row-wise AdaGrad have a larger loss with several
            // groups than with one. After 12 epochs the losses are close.
            epochs: if optimizer == Optimizer::RowwiseAdaGrad {
                12
            } else {
                4
            },
            // Many pairs of a small weight, so that the loss of so few words varies little with the pairs that are
            // drawn.
            negative: 10.0,
            negative_weight: 0.015,
            deterministic: true,
            seed: 3,
            ..Default::default()
        }
    }

    fn layout(optimizer: Optimizer) -> RowLayout {
        RowLayout::new(DIM, optimizer)
    }

    fn tile_options(optimizer: Optimizer) -> TileOptions {
        TileOptions {
            held_out: 0.1,
            ..TileOptions::new(DIM, &options(optimizer))
        }
    }

    /// Tiles of every group.
    fn groups(optimizer: Optimizer, symmetric: bool, partition: Partition) -> Vec<Tiles> {
        let group_counts: Vec<_> = (0..partition.groups())
            .map(|group| {
                let counts = group_counts(symmetric, partition, group);
                GroupCounts::new(partition, group, &counts).unwrap()
            })
            .collect();
        let mut all = vec![Marginal::default(); WORDS];
        for counts in &group_counts {
            let part = marginals(counts, partition, counts.group).unwrap();
            all.iter_mut()
                .zip(part)
                .for_each(|(all, part)| all.add(part));
        }
        let (options, memory) = (tile_options(optimizer), MemoryLimit::default());
        group_counts
            .iter()
            .map(|counts| {
                Tiles::of_group_counts(counts, &all, &options, &memory, &Monitor::new()).unwrap()
            })
            .collect()
    }

    /// Train by strata from random parameters. Returns the loss of each epoch, and W and W̃ of each group.
    fn train_by_strata(
        optimizer: Optimizer,
        symmetric: bool,
        partition: Partition,
        cycles: usize,
    ) -> (Vec<f64>, Vec<[Vec<f32>; 2]>) {
        let (p, options) = (partition.groups(), options(optimizer));
        let groups = groups(optimizer, symmetric, partition);
        let ranks = partition.ranks();
        let mut rows: Vec<[Vec<Line>; 2]> = (0..p)
            .map(|group| {
                let own = partition.group(group);
                let words = &ranks[own.start as usize..own.end as usize];
                let layout = layout(optimizer);
                let random =
                    Parameters::random_of(words, layout, options.seed, &Monitor::new()).unwrap();
                [false, true]
                    .map(|contexts| bytemuck::cast_slice(random.rows_of(contexts)).to_vec())
            })
            .collect();
        let records: u64 = groups.iter().map(Tiles::records).sum();
        let mut losses = Vec::new();
        for epoch in 1..=options.epochs {
            let mut sum = 0.0;
            for subepoch in in_cycles(p, cycles) {
                for group in 0..p {
                    let columns = (group + subepoch.shift) % p;
                    let block = MatrixBlock {
                        tiles: &groups[group],
                        columns,
                        options: &options,
                    };
                    let epoch = BlockEpoch {
                        epoch,
                        halvings: 0,
                        divergence_cost: f64::INFINITY,
                    };
                    let mut words = std::mem::take(&mut rows[group][0]);
                    let mut contexts = std::mem::take(&mut rows[columns][1]);
                    let [w, c] = [&mut words, &mut contexts].map(|l| bytemuck::cast_slice_mut(l));
                    let cost = block.train(&epoch, &subepoch, w, c, &Monitor::new());
                    let cost = cost.unwrap();
                    sum += cost.records + cost.negatives;
                    rows[group][0] = words;
                    rows[columns][1] = contexts;
                }
            }
            losses.push(sum / records as f64);
        }
        let rows = rows
            .into_iter()
            .map(|sides| sides.map(|l| bytemuck::cast_slice(&l).to_vec()));
        (losses, rows.collect())
    }

    fn train_whole(optimizer: Optimizer, symmetric: bool) -> (Vec<f64>, Parameters) {
        let (options, layout) = (options(optimizer), layout(optimizer));
        let mut counts = Counts::Owned(group_counts(symmetric, Partition::new(WORDS, 1), 0));
        let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
        let tiles = Tiles::new(&mut counts, &tile_options(optimizer), &memory, &monitor).unwrap();
        let mut parameters = Parameters::random(WORDS, layout, options.seed, &monitor).unwrap();
        let reports = train(&mut parameters, &tiles, &options, &monitor).unwrap();
        (
            reports.iter().map(|report| report.loss).collect(),
            parameters,
        )
    }

    fn cases<T: Copy>(some: &[T]) -> impl Iterator<Item = (Optimizer, T)> {
        OPTIMIZERS
            .into_iter()
            .flat_map(|optimizer| some.iter().map(move |&case| (optimizer, case)))
    }

    #[test]
    fn one_group_has_the_bits_of_deterministic_training() {
        for (optimizer, (symmetric, cycles)) in cases(&[(false, 1), (false, 3), (true, 3)]) {
            let (losses, parameters) = train_whole(optimizer, symmetric);
            let one = Partition::new(WORDS, 1);
            let (found, rows) = train_by_strata(optimizer, symmetric, one, cycles);
            let whole = [false, true].map(|contexts| parameters.rows_of(contexts).to_vec());
            // Each subepoch computes the stored ‖w‖² anew, so the rounding errors of ‖w‖² differ.
            let is_rounded = optimizer == Optimizer::RowwiseAdaGrad && cycles > 1;
            if is_rounded {
                for (found, row) in rows[0].concat().iter().zip(&whole.concat()) {
                    assert!(
                        (found - row).abs() < 1e-3 * (1.0 + row.abs()),
                        "{found} {row}"
                    );
                }
            } else {
                assert_eq!(rows[0], whole);
            }
            for (found, loss) in found.iter().zip(&losses) {
                let tolerance = if is_rounded { 1e-4 } else { 1e-12 }; // the costs are added in another order
                assert!((found / loss - 1.0).abs() < tolerance);
            }
        }
    }

    #[test]
    fn several_groups_reach_about_the_same_loss() {
        for (optimizer, (symmetric, groups)) in
            cases(&[(false, 2), (false, 3), (true, 2), (true, 4)])
        {
            let (losses, _) = train_whole(optimizer, symmetric);
            let parted = Partition::new(WORDS, groups);
            let (found, _) = train_by_strata(optimizer, symmetric, parted, 4);
            let [found, loss] = [&found, &losses].map(|losses| losses[losses.len() - 1]);
            // A group has only a few dozen words, whose rows adapt to each other. So the loss can be smaller than
            // with one group.
            assert!(
                (-0.2..0.05).contains(&(found / loss - 1.0)),
                "{optimizer:?}, {groups} groups: {found}, {loss}"
            );
        }
    }

    #[test]
    fn the_tiles_of_all_groups_have_as_many_records_and_held_out_records_as_one_group() {
        for (optimizer, (symmetric, count)) in
            cases(&[(false, 2), (true, 2), (false, 5), (true, 5)])
        {
            let [whole] = groups(optimizer, symmetric, Partition::new(WORDS, 1))
                .try_into()
                .unwrap();
            let groups = groups(optimizer, symmetric, Partition::new(WORDS, count));
            let sum = |of: fn(&Tiles) -> u64| groups.iter().map(of).sum::<u64>();
            assert_eq!(sum(Tiles::records), whole.records());
            assert_eq!(sum(Tiles::held_out), whole.held_out());
        }
    }

    #[test]
    fn rows_of_the_wrong_size_are_refused() {
        let tiles = &groups(Optimizer::AdaGrad, false, Partition::new(WORDS, 2))[0];
        let options = options(Optimizer::AdaGrad);
        let block = MatrixBlock {
            tiles,
            columns: 1,
            options: &options,
        };
        assert!(block.validation_cost(&[0.0; 16], &[0.0; 16]).is_err());
    }
}
