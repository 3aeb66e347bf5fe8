//! One pass over the records.

use super::kernel::{Record, SharedRows, SimdLevel, StepRule};
use super::negatives::Pair;
use super::options::TrainingOptions;
use super::schedule::{Hogwild, Ordered, Schedule, Visit};
use super::tiles::Tiles;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Aborts a schedule when dropped, which only a panic (or an error that aborted it already) does.
struct AbortOnPanic<'a, S: Schedule>(&'a S);

impl<S: Schedule> Drop for AbortOnPanic<'_, S> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a thread reads records and unseen pairs into.
#[derive(Default)]
struct Buffers {
    records: Vec<Record>,
    pairs: Vec<Pair>,
    unseen: Vec<Record>,
}

/// One pass over the records, or a part of one.
pub(super) struct Epoch<'a> {
    pub tiles: &'a Tiles,
    pub options: &'a TrainingOptions,
    pub epoch: usize,
    pub rule: StepRule,
    pub level: SimdLevel,
    pub hopeless: f64,
    /// The words of the first rows of either side.
    pub first: [usize; 2],
}

impl Epoch<'_> {
    /// Make these visits; returns Σ ½ f(X) diff². Stops early with [`Error::Diverged`] at the first
    /// residual that is not finite, or when one thread's part alone makes the loss hopeless.
    pub fn run(&self, rows: SharedRows<'_>, visits: &[Visit], monitor: &Monitor) -> Result<f64> {
        if self.options.deterministic {
            let schedule = Ordered::new(self.tiles, visits);
            self.make_visits(&rows, visits, &schedule, monitor)
        } else {
            let schedule = Hogwild::new(self.tiles, visits);
            self.make_visits(&rows, visits, &schedule, monitor)
        }
    }

    fn make_visits(
        &self,
        rows: &SharedRows<'_>,
        visits: &[Visit],
        schedule: &impl Schedule,
        monitor: &Monitor,
    ) -> Result<f64> {
        // Each visit's cost has its own place, so that the sum does not depend on who ran when.
        let costs: Vec<AtomicU64> = visits.iter().map(|_| AtomicU64::new(0)).collect();
        let outcomes = rayon::broadcast(|_| {
            let mut buffers = Buffers::default();
            let mut mine = 0.0;
            // If this thread panics between a claim and its end, the others must not wait for it.
            let guard = AbortOnPanic(schedule);
            while let Some(number) = schedule.claim() {
                match self.make_visit(rows, &visits[number], &mut buffers, monitor) {
                    Ok(cost) if mine + cost <= self.hopeless => {
                        mine += cost;
                        costs[number].store(cost.to_bits(), Relaxed);
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
        Ok(costs.iter().map(|c| f64::from_bits(c.load(Relaxed))).sum())
    }

    fn make_visit(
        &self,
        rows: &SharedRows<'_>,
        visit: &Visit,
        buffers: &mut Buffers,
        monitor: &Monitor,
    ) -> Result<f64> {
        let first = self.tiles.first_rows(visit.tile);
        let rows = rows.starting_at([first[0] - self.first[0], first[1] - self.first[1]]);
        let mirrored = if self.tiles.tiles[visit.tile].mirrored {
            rows.mirrored()
        } else {
            rows
        };
        let run = |rows: &SharedRows<'_>, records: &[Record], rule: &StepRule| {
            let cost = rows.update(records, rule, self.level);
            if cost.skipped > 0 {
                return Err(self.diverged());
            }
            Ok(cost.sum)
        };
        let rule = self.rule_at(visit.time);
        let unseen_rule = StepRule {
            negative_weight: Some(self.options.negative_weight as f32),
            ..rule
        };
        let pairs = visit.unseen.clone();
        self.tiles
            .read_unseen(visit.tile, pairs, &mut buffers.pairs, &mut buffers.unseen)?;
        let unseen = &buffers.unseen;
        // Both in turn, a piece of each, so that neither has the last word for long.
        let pieces = visit.records.len();
        let part = |k: usize| unseen.len() * k / pieces..unseen.len() * (k + 1) / pieces;
        let mut sum = 0.0;
        for (k, piece) in visit.records.iter().enumerate() {
            run(&rows, &unseen[part(k)], &unseen_rule)?;
            let records = self
                .tiles
                .read(visit.tile, piece.clone(), &mut buffers.records)?;
            sum += run(&mirrored, records, &rule)?;
            monitor.advance(records.len() as u64)?;
        }
        Ok(sum)
    }

    /// The rule when this part of the epoch is done.
    pub fn rule_at(&self, part: f64) -> StepRule {
        let time = (self.epoch as f64 - 1.0 + part) / self.options.epochs as f64;
        self.rule.at_rate(self.options.schedule.factor(time))
    }

    pub fn diverged(&self) -> Error {
        Error::Diverged {
            epoch: self.epoch,
            learning_rate: self.rule.learning_rate,
            reports: Vec::new(),
        }
    }
}
