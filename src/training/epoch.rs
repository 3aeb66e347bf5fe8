//! One epoch: a pass over the records on all threads. `schedule/` chooses the order of the records, `kernel/`
//! updates the rows of parameters.

use super::kernel::{Record, SharedRows, SimdLevel, StepRule};
use super::optimizer::Optimizer;
use super::options::TrainingOptions;
use super::schedule::{Deterministic, Hogwild, Schedule, TileBatch};
use super::tiles::{DrawBuffers, Tiles};
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A guard that aborts the schedule when the guard is dropped, which happens after a panic or an
/// error.
struct AbortOnPanic<'a, S: Schedule>(&'a S);

impl<S: Schedule> Drop for AbortOnPanic<'_, S> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The cost of a pass over the records. The cost of a record or negative pair is computed before the update
/// of this record or pair, or of the mini-batch that it belongs to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PassCost {
    /// The sum of the costs ½ f(X) diff² of the records. The residual diff is w·w̃ + b + b̃ − ln X.
    pub records: f64,
    /// The sum of the costs ½ λ max(0, w·w̃ + b + b̃ − t)² of the negative pairs, with their weight λ and their
    /// targets t (`negatives.rs`).
    pub negatives: f64,
}

/// Buffers of one thread for records and negative pairs.
#[derive(Default)]
struct Buffers {
    records: Vec<Record>,
    filter: Vec<u8>,
    negatives: DrawBuffers,
}

/// At most this many negative pairs are drawn at once.
const MOST_DRAWS: f64 = 16_384.0;

/// A pass over all batches of an epoch, or over some of them.
pub(crate) struct EpochPass<'a> {
    /// The tiles with the records to train on.
    pub tiles: &'a Tiles,
    /// The options of the training.
    pub options: &'a TrainingOptions,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// The step rule, with the learning rates before `options.schedule` scales them.
    pub rule: StepRule,
    /// The instruction set.
    pub level: SimdLevel,
    /// The cost of the records above which the epoch diverges:
    /// [`EpochLog::divergence_cost`](super::EpochLog::divergence_cost).
    pub divergence_cost: f64,
    /// The id of the word of the first row of W, and the id of the context word of the first row of W̃. Both are 0 if W
    /// and W̃ have the rows of all words. On a cluster they have the rows of one group each.
    pub first: [usize; 2],
}

impl EpochPass<'_> {
    /// Train `batches` and return their cost.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the cost of a record or negative pair is not a finite number, or if the
    /// records of one thread cost more than [`EpochPass::divergence_cost`]; [`Error::Io`] and
    /// [`Error::Memory`] when records are read from disk; [`Error::Cancelled`].
    pub fn run(
        &self,
        rows: SharedRows<'_>,
        batches: &[TileBatch],
        monitor: &Monitor,
    ) -> Result<PassCost> {
        if self.options.deterministic {
            let schedule = Deterministic::new(self.tiles, batches);
            self.train_all(&rows, batches, &schedule, monitor)
        } else {
            let schedule = Hogwild::new(self.tiles, batches);
            self.train_all(&rows, batches, &schedule, monitor)
        }
    }

    fn train_all(
        &self,
        rows: &SharedRows<'_>,
        batches: &[TileBatch],
        schedule: &impl Schedule,
        monitor: &Monitor,
    ) -> Result<PassCost> {
        // The costs are added in the order of the batches, so the sum does not depend on which thread trained
        // which batch.
        let zeros = || batches.iter().map(|_| AtomicU64::new(0)).collect();
        let [records, negatives]: [Vec<AtomicU64>; 2] = [zeros(), zeros()];
        let outcomes = rayon::broadcast(|_| {
            let mut buffers = Buffers::default();
            let mut own_cost = 0.0;
            // If this thread panics within a batch, the other threads must not wait for the batch.
            let guard = AbortOnPanic(schedule);
            while let Some(number) = schedule.claim() {
                match self.train_batch(rows, &batches[number], &mut buffers, monitor) {
                    Ok(cost) if own_cost + cost.records <= self.divergence_cost => {
                        own_cost += cost.records;
                        records[number].store(cost.records.to_bits(), Relaxed);
                        negatives[number].store(cost.negatives.to_bits(), Relaxed);
                    }
                    outcome => {
                        schedule.abort();
                        return Err(outcome.err().unwrap_or_else(|| self.diverged()));
                    }
                }
                schedule.finish(number);
            }
            std::mem::forget(guard);
            Ok(())
        });
        outcomes.into_iter().collect::<Result<()>>()?;
        let sum =
            |costs: Vec<AtomicU64>| costs.iter().map(|c| f64::from_bits(c.load(Relaxed))).sum();
        Ok(PassCost {
            records: sum(records),
            negatives: sum(negatives),
        })
    }

    fn train_batch(
        &self,
        rows: &SharedRows<'_>,
        batch: &TileBatch,
        buffers: &mut Buffers,
        monitor: &Monitor,
    ) -> Result<PassCost> {
        let first = self.tiles.first_rows(batch.tile);
        let rows = rows.starting_at([first[0] - self.first[0], first[1] - self.first[1]]);
        let mirrored = if self.tiles.tiles[batch.tile].mirrored {
            rows.mirrored()
        } else {
            rows
        };
        let update = |rows: &SharedRows<'_>, records: &[Record], rule: &StepRule| {
            let cost = rows.update(records, rule, self.level);
            if cost.skipped > 0 {
                return Err(self.diverged());
            }
            Ok(cost.sum)
        };
        let rule = StepRule {
            minibatches: self.options.optimizer == Optimizer::RowwiseAdaGrad,
            ..self.rule_at(batch.time)
        };
        let negative_rule = StepRule {
            negative_weight: Some(self.options.negative_weight as f32),
            ..rule
        };
        let filter = self.tiles.filter(batch.tile, &mut buffers.filter)?;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(batch.seed);
        // Records and negative pairs alternate, span by span. A long sequence of records only, or of
        // negative pairs only, would move the rows too far in one direction.
        // Before each span, an equal fraction of the batch's negative pairs is drawn and trained. More than `MOST_DRAWS` are
        // drawn in several calls, so that the pairs of a call fit into the cache.
        let draws = batch.draws / batch.records.len() as f64;
        let calls = (draws / MOST_DRAWS).ceil().max(1.0);
        let mut cost = PassCost::default();
        for span in &batch.records {
            for _ in 0..calls as u64 {
                let drawn = &mut buffers.negatives;
                let pairs =
                    self.tiles
                        .draw_negatives(batch.tile, draws / calls, filter, &mut rng, drawn);
                cost.negatives += update(&rows, pairs, &negative_rule)?;
            }
            let records = self
                .tiles
                .read(batch.tile, span.clone(), &mut buffers.records)?;
            cost.records += update(&mirrored, records, &rule)?;
            monitor.advance(records.len() as u64)?;
        }
        Ok(cost)
    }

    /// The step rule at `time`, with the learning rates scaled by `options.schedule`. `time` is the fraction of
    /// this epoch that is finished.
    pub fn rule_at(&self, time: f64) -> StepRule {
        let time = (self.epoch as f64 - 1.0 + time) / self.options.epochs as f64;
        self.rule.at_rate(self.options.schedule.factor(time))
    }

    /// The error of an epoch that diverges.
    pub fn diverged(&self) -> Error {
        Error::Diverged {
            epoch: self.epoch,
            learning_rate: self.rule.learning_rate,
            reports: Vec::new(),
        }
    }
}
