//! Training by strata (Gemulla et al. 2011): how a training is taken apart for workers that share
//! nothing.
//!
//! Words are dealt into groups ([`crate::partition::Partition`]). The records whose row is in group p and whose
//! column is in group q touch no parameters but W and b of p and W̃ and b̃ of q, so that as many
//! strata (p, q) as there are groups are trained at once, each p with another q, and then each p with
//! the next. An epoch runs in slices of time, and in each every p meets every q. With one group the
//! slices follow each other as the visits of a deterministic epoch do: the outcome has its bits.

use super::epochs::{Epoch, HOPELESS, TrainingOptions};
use super::kernel::{SharedRows, SimdLevel};
use super::loss;
use super::parameters::{Line, View};
use super::schedule;
use super::tiles::{Source, TileOptions, Tiles};
use super::unseen::Margin;
use crate::cooccurrence::Share;
use crate::error::{Error, Result};
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use bytemuck::PodCastError;

/// The records of a group's tiles whose columns are in one group.
///
/// Its methods take the rows of the tiles' group of words and of that group of contexts, as
/// [`super::Parameters::rows_of`] lays them out, aligned to 64 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Stratum<'a> {
    /// The tiles of the rows' group.
    pub tiles: &'a Tiles,
    /// The group of the columns.
    pub columns: usize,
    /// How to train; always as if `deterministic`.
    pub options: &'a TrainingOptions,
}

/// When a stratum is trained.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    /// The epoch, from 1.
    pub epoch: usize,
    /// How often divergence has halved the learning rate.
    pub halvings: usize,
    /// The cost beyond which there is no hope.
    pub hopeless: f64,
    /// Which of the epoch's slices, from 0.
    pub slice: usize,
    /// Slices in the epoch.
    pub slices: usize,
    /// Whether the epoch ends with it, for these rows and for these columns.
    pub last: bool,
}

impl Tiles {
    /// Bucket the records of a share whose rows are the words of its group: as [`Tiles::new`] does it
    /// with all, which have these margins.
    ///
    /// # Errors
    /// As for [`Tiles::new`], but that nothing need be held out.
    pub fn of_share(
        share: &Share,
        margins: &[Margin],
        options: &TileOptions,
        memory: &MemoryLimit,
        monitor: &Monitor,
    ) -> Result<Self> {
        Self::of_group(
            Source::Share(share),
            margins,
            share.partition,
            share.group,
            options,
            memory,
            monitor,
        )
    }
}

impl Stratum<'_> {
    /// Train the part of an epoch that falls to this turn; returns Σ ½ f(X) diff². The same bits for
    /// any number of threads.
    ///
    /// # Errors
    /// [`Error::Diverged`], also if the last turn leaves a parameter that is not a finite number;
    /// [`Error::Parameter`] for rows of the wrong size; [`Error::Cancelled`].
    pub fn train(
        &self,
        turn: &Turn,
        words: &mut [f32],
        contexts: &mut [f32],
        monitor: &Monitor,
    ) -> Result<f64> {
        self.check(words, contexts)?;
        let options = TrainingOptions {
            deterministic: true,
            ..*self.options
        };
        let epoch = Epoch {
            tiles: self.tiles,
            options: &options,
            epoch: turn.epoch,
            rule: options.rule(turn.halvings),
            level: SimdLevel::active()?,
            hopeless: turn.hopeless,
            first: self.first(),
        };
        let blocks = self.tiles.grid().blocks_of(self.columns);
        let mut visits = schedule::visits(self.tiles, options.seed, turn.epoch);
        visits.retain(|visit| {
            let column_block = self.tiles.tiles[visit.tile].column_block as usize;
            let slice = (visit.time * turn.slices as f64) as usize;
            blocks.contains(&column_block) && slice.min(turn.slices - 1) == turn.slice
        });
        let [words, contexts] = [lines_mut(words)?, lines_mut(contexts)?];
        let half = self.half();
        let rows = SharedRows::new(words, contexts, half);
        let cost = epoch.run(rows, &visits, monitor)?;
        let is_finite = |row: &[Line]| {
            row[..half]
                .iter()
                .all(|l| l.0.iter().all(|x| x.is_finite()))
        };
        let mut rows = [words, contexts]
            .into_iter()
            .flat_map(|side| side.chunks_exact(2 * half));
        if turn.last && !rows.all(is_finite) {
            return Err(epoch.diverged());
        }
        Ok(cost)
    }

    /// Σ ½ f(X) diff² over the records held out.
    ///
    /// # Errors
    /// [`Error::Parameter`] for rows of the wrong size.
    pub fn validation_cost(&self, words: &[f32], contexts: &[f32]) -> Result<f64> {
        loss::validation_cost(
            self.tiles,
            self.columns,
            self.view(words, contexts)?,
            self.options,
        )
    }

    /// What [`Turn::hopeless`] should be: the strata's parts of it add up.
    ///
    /// # Errors
    /// [`Error::Parameter`] for rows of the wrong size.
    pub fn hopeless_cost(&self, words: &[f32], contexts: &[f32]) -> Result<f64> {
        let view = self.view(words, contexts)?;
        Ok(HOPELESS * loss::poor_cost(self.tiles, self.columns, view, self.options)?)
    }

    fn half(&self) -> usize {
        self.tiles.row_bytes / size_of::<Line>() / 2
    }

    /// The words of the first rows of either side.
    fn first(&self) -> [usize; 2] {
        let grid = self.tiles.grid();
        [grid.group(), self.columns].map(|group| grid.partition().start(group) as usize)
    }

    fn view<'a>(&self, words: &'a [f32], contexts: &'a [f32]) -> Result<View<'a>> {
        self.check(words, contexts)?;
        Ok(View {
            words: lines(words)?,
            contexts: lines(contexts)?,
            half: self.half(),
            first: self.first(),
        })
    }

    fn check(&self, words: &[f32], contexts: &[f32]) -> Result<()> {
        let grid = self.tiles.grid();
        for (name, rows, group) in [
            ("W", words, grid.group()),
            ("W_tilde", contexts, self.columns),
        ] {
            let wanted = grid.partition().group(group).len() * self.tiles.row_bytes;
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
        return Ok(&[]); // which may lie anywhere
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
    Error::parameter("rows", format!("must be aligned to 64 bytes ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::Triangle;
    use crate::partition::Partition;
    use crate::training::{Counts, Parameters, margins, train};

    const WORDS: usize = 150;
    const DIM: usize = 20;

    /// Some pairs of words, both directions the same or not, numbered as `partition` numbers them;
    /// those alone that touch `group`.
    fn share(symmetric: bool, partition: Partition, group: usize) -> Triangle {
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

    fn options() -> TrainingOptions {
        TrainingOptions {
            epochs: 4,
            negative: 0.5,
            deterministic: true,
            seed: 3,
            ..Default::default()
        }
    }

    fn tile_options() -> TileOptions {
        TileOptions {
            held_out: 0.1,
            ..TileOptions::new(DIM, &options())
        }
    }

    /// Tiles of every group.
    fn groups(symmetric: bool, partition: Partition) -> Vec<Tiles> {
        let shares: Vec<_> = (0..partition.groups())
            .map(|group| {
                let counts = share(symmetric, partition, group);
                Share::new(partition, group, &counts).unwrap()
            })
            .collect();
        let mut all = vec![Margin::default(); WORDS];
        for share in &shares {
            let part = margins(share, partition, share.group).unwrap();
            all.iter_mut()
                .zip(part)
                .for_each(|(all, part)| all.add(part));
        }
        let (options, memory) = (tile_options(), MemoryLimit::default());
        shares
            .iter()
            .map(|share| Tiles::of_share(share, &all, &options, &memory, &Monitor::new()).unwrap())
            .collect()
    }

    /// Train by strata from random parameters; the loss of each epoch, and W and W̃ of each group.
    fn train_by_strata(
        symmetric: bool,
        partition: Partition,
        slices: usize,
    ) -> (Vec<f64>, Vec<[Vec<f32>; 2]>) {
        let (groups, p, options) = (groups(symmetric, partition), partition.groups(), options());
        let ranks = partition.ranks();
        let mut rows: Vec<[Vec<Line>; 2]> = (0..p)
            .map(|group| {
                let own = partition.group(group);
                let words = &ranks[own.start as usize..own.end as usize];
                let random =
                    Parameters::random_of(words, DIM, options.seed, &Monitor::new()).unwrap();
                [false, true]
                    .map(|contexts| bytemuck::cast_slice(random.rows_of(contexts)).to_vec())
            })
            .collect();
        let records: u64 = groups.iter().map(Tiles::records).sum();
        let mut losses = Vec::new();
        for epoch in 1..=options.epochs {
            let mut sum = 0.0;
            for turn in 0..slices * p {
                for group in 0..p {
                    let columns = (group + turn) % p;
                    let stratum = Stratum {
                        tiles: &groups[group],
                        columns,
                        options: &options,
                    };
                    let turn = Turn {
                        epoch,
                        halvings: 0,
                        hopeless: f64::INFINITY,
                        slice: turn / p,
                        slices,
                        last: turn + 1 == slices * p,
                    };
                    let mut words = std::mem::take(&mut rows[group][0]);
                    let mut contexts = std::mem::take(&mut rows[columns][1]);
                    let [w, c] = [&mut words, &mut contexts].map(|l| bytemuck::cast_slice_mut(l));
                    sum += stratum.train(&turn, w, c, &Monitor::new()).unwrap();
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

    fn train_whole(symmetric: bool) -> (Vec<f64>, Parameters) {
        let mut counts = Counts::Owned(share(symmetric, Partition::new(WORDS, 1), 0));
        let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
        let tiles = Tiles::new(&mut counts, &tile_options(), &memory, &monitor).unwrap();
        let mut parameters = Parameters::random(WORDS, DIM, options().seed, &monitor).unwrap();
        let reports = train(&mut parameters, &tiles, &options(), &monitor).unwrap();
        (
            reports.iter().map(|report| report.loss).collect(),
            parameters,
        )
    }

    #[test]
    fn one_group_has_the_bits_of_deterministic_training() {
        for (symmetric, slices) in [(false, 1), (false, 3), (true, 3)] {
            let (losses, parameters) = train_whole(symmetric);
            let (found, rows) = train_by_strata(symmetric, Partition::new(WORDS, 1), slices);
            assert_eq!(
                rows[0],
                [false, true].map(|contexts| parameters.rows_of(contexts).to_vec())
            );
            for (found, loss) in found.iter().zip(&losses) {
                assert!((found / loss - 1.0).abs() < 1e-12); // sums of sums
            }
        }
    }

    #[test]
    fn several_groups_reach_about_the_same_loss() {
        for (symmetric, groups) in [(false, 2), (false, 3), (true, 2), (true, 4)] {
            let (losses, _) = train_whole(symmetric);
            let (found, _) = train_by_strata(symmetric, Partition::new(WORDS, groups), 4);
            let [found, loss] = [&found, &losses].map(|losses| losses[losses.len() - 1]);
            // So few words make groups of a few dozen, whose rows adapt to each other.
            assert!(
                (-0.1..0.05).contains(&(found / loss - 1.0)),
                "{groups} groups: {found}, {loss}"
            );
        }
    }

    #[test]
    fn every_record_is_in_the_tiles_of_one_group_and_the_same_are_held_out() {
        for (symmetric, count) in [(false, 2), (true, 2), (false, 5), (true, 5)] {
            let [whole] = groups(symmetric, Partition::new(WORDS, 1))
                .try_into()
                .unwrap();
            let groups = groups(symmetric, Partition::new(WORDS, count));
            let sum = |of: fn(&Tiles) -> u64| groups.iter().map(of).sum::<u64>();
            assert_eq!(sum(Tiles::records), whole.records());
            assert_eq!(sum(Tiles::held_out), whole.held_out());
        }
    }

    #[test]
    fn rows_of_the_wrong_size_are_refused() {
        let tiles = &groups(false, Partition::new(WORDS, 2))[0];
        let options = options();
        let stratum = Stratum {
            tiles,
            columns: 1,
            options: &options,
        };
        assert!(stratum.validation_cost(&[0.0; 16], &[0.0; 16]).is_err());
    }
}
