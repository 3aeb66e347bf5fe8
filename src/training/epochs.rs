//! Passes over the records.

use super::kernel::{Optimizer, Record, SharedRows, SimdLevel, StepRule};
use super::parameters::Parameters;
use super::schedule::{self, Hogwild, Ordered, Schedule, Visit};
use super::tiles::Tiles;
use crate::error::{Error, Result};
use crate::monitor::{EpochReport, Monitor, Stage};
use crate::vocabulary::WordId;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// How to train. The defaults are the paper's.
#[derive(Debug, Clone, Copy)]
pub struct TrainingOptions {
    /// x_max of f(x) = min(1, (x/x_max)^α)
    pub x_max: f64,
    /// α of the same.
    pub alpha: f64,
    /// η
    pub learning_rate: f64,
    /// Passes over the records.
    pub epochs: usize,
    /// Step rule.
    pub optimizer: Optimizer,
    /// Bound of each component of the gradient.
    pub grad_clip: f64,
    /// The same bits for any number of threads, instead of Hogwild.
    pub deterministic: bool,
    /// Order of tiles.
    pub seed: u64,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            x_max: 100.0,
            alpha: 0.75,
            learning_rate: 0.05,
            epochs: 25,
            optimizer: Optimizer::AdaGrad,
            grad_clip: 100.0,
            deterministic: false,
            seed: 0,
        }
    }
}

impl TrainingOptions {
    /// Refuse what cannot be trained with.
    ///
    /// # Errors
    /// [`Error::Parameter`] naming the first bad one.
    pub fn validate(&self) -> Result<()> {
        let positive = |name, x: f64| {
            if (x as f32).is_finite() && x as f32 > 0.0 {
                Ok(())
            } else {
                Err(Error::parameter(
                    name,
                    format!("must be a finite number > 0 that fits 32 bits, got {x}"),
                ))
            }
        };
        if !(self.x_max.is_finite() && self.x_max > 0.0) {
            return Err(Error::parameter(
                "x_max",
                format!("must be a finite number > 0, got {}", self.x_max),
            ));
        }
        positive("learning_rate", self.learning_rate)?;
        positive("grad_clip", self.grad_clip)?;
        if !((self.alpha as f32).is_finite() && self.alpha >= 0.0) {
            return Err(Error::parameter(
                "alpha",
                format!("must be a finite number >= 0, got {}", self.alpha),
            ));
        }
        if self.epochs == 0 {
            return Err(Error::parameter("epochs", "must be at least 1, got 0"));
        }
        Ok(())
    }

    fn rule(&self) -> StepRule {
        StepRule {
            optimizer: self.optimizer,
            learning_rate: self.learning_rate as f32,
            grad_clip: self.grad_clip as f32,
            ln_x_max: self.x_max.ln() as f32,
            alpha: self.alpha as f32,
        }
    }
}

/// Records between two looks at the monitor: well under a millisecond.
const SLICE: usize = 1 << 13;

/// How often a diverging epoch is tried again with half the rate before training is given up.
const MOST_HALVINGS: usize = 3;

/// A cost so many times [`poor_cost`] is divergence even where every number is finite.
const HOPELESS: f64 = 10.0;
/// Records of a tile that are looked at to estimate its part of that.
const SAMPLE: usize = 256;

/// Σ ½ f(X) (|ln X| + 1)²: what residuals one larger than those of a model of zeros would cost. The
/// records of a tile are shuffled, so its first ones stand for the rest.
fn poor_cost(tiles: &Tiles, options: &TrainingOptions) -> Result<f64> {
    let mut buffer = Vec::new();
    let mut cost = 0.0;
    for (number, tile) in tiles.tiles.iter().enumerate() {
        let sample = tiles.read(number, 0..tile.len().min(SAMPLE), &mut buffer)?;
        let sum: f64 = sample
            .iter()
            .map(|record| {
                let ln_x = f64::from(record.ln_x);
                // The same bounds as in the kernel.
                let f = (options.alpha * (ln_x - options.x_max.ln()))
                    .clamp(-87.0, 0.0)
                    .exp();
                0.5 * f * (ln_x.abs() + 1.0).powi(2)
            })
            .sum();
        cost += sum * tile.len() as f64 / sample.len().max(1) as f64;
    }
    Ok(cost)
}

/// How far a training has come: with the parameters, all that going on needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Epochs finished.
    pub epochs: usize,
    /// How often divergence has halved the learning rate.
    pub halvings: usize,
}

/// Train `parameters` on `tiles` from the first epoch: [`resume`] from no progress.
///
/// # Errors
/// As for [`resume`].
pub fn train(
    parameters: &mut Parameters,
    tiles: &Tiles,
    options: &TrainingOptions,
    monitor: &Monitor,
) -> Result<Vec<EpochReport>> {
    resume(parameters, tiles, options, Progress::default(), monitor)
}

/// Train `parameters` on `tiles`, on all threads of the current rayon pool, from where `progress`
/// stands up to epoch `options.epochs`. Returns one report for each epoch that is run.
///
/// The order of the records depends on the seed and the number of the epoch alone: a training that
/// was left and goes on does what it would have done without a pause.
///
/// An epoch that meets a residual or leaves a parameter that is not a finite number, or whose loss is
/// ten times that of a model that knows nothing, is undone: the parameters are again what they were
/// before it, the learning rate is halved, and the epoch is run again.
///
/// # Errors
/// [`Error::Parameter`]; [`Error::Diverged`] if the rate was halved three times in vain, and
/// [`Error::Cancelled`]: the parameters then are those of the last finished epoch.
pub fn resume(
    parameters: &mut Parameters,
    tiles: &Tiles,
    options: &TrainingOptions,
    mut progress: Progress,
    monitor: &Monitor,
) -> Result<Vec<EpochReport>> {
    options.validate()?;
    if parameters.words() != tiles.grid().words() {
        return Err(Error::parameter(
            "parameters",
            format!(
                "must have a row per word: {} rows, {} words",
                parameters.words(),
                tiles.grid().words()
            ),
        ));
    }
    if !parameters.can_train() {
        return Err(Error::parameter(
            "parameters",
            "must be finite numbers, and their accumulators G above 0",
        ));
    }
    let level = SimdLevel::active()?;
    let mut rule = options.rule();
    rule.learning_rate *= 0.5_f32.powi(progress.halvings as i32);
    let epochs = options.epochs.saturating_sub(progress.epochs) as u64;
    monitor.begin(Stage::Training, tiles.records * epochs);
    let mut reports: Vec<EpochReport> = Vec::new();
    let mut good = parameters.try_clone()?;
    let hopeless = HOPELESS * poor_cost(tiles, options)?;
    while progress.epochs < options.epochs {
        let epoch = progress.epochs + 1;
        let start = Instant::now();
        let outcome = Epoch {
            tiles,
            options,
            epoch,
            rule,
            level,
            hopeless,
        }
        .run(parameters, monitor);
        let cost = match outcome {
            Ok(cost) if cost <= hopeless && parameters.all_finite() => cost,
            Err(error) if !matches!(error, Error::Diverged { .. }) => {
                parameters.copy_from(&good);
                return Err(error);
            }
            _ => {
                parameters.copy_from(&good);
                if progress.halvings >= MOST_HALVINGS {
                    return Err(Error::Diverged {
                        epoch,
                        learning_rate: rule.learning_rate,
                        reports,
                    });
                }
                progress.halvings += 1;
                rule.learning_rate /= 2.0;
                monitor.warn(format!(
                    "training diverged in epoch {epoch}; going on from the end of epoch {} with \
                     the learning rate halved to {}",
                    epoch - 1,
                    rule.learning_rate
                ));
                monitor.rewind(tiles.records * reports.len() as u64);
                continue;
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        let report = EpochReport {
            epoch,
            loss: cost / tiles.records.max(1) as f64,
            seconds,
            records_per_second: tiles.records as f64 / seconds.max(1e-9),
        };
        monitor.epoch_finished(report);
        reports.push(report);
        progress.epochs = epoch;
        if epoch < options.epochs {
            good.copy_from(parameters);
        }
    }
    Ok(reports)
}

/// Aborts a schedule when dropped, which only a panic (or an error that aborted it already) does.
struct AbortOnPanic<'a, S: Schedule>(&'a S);

impl<S: Schedule> Drop for AbortOnPanic<'_, S> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One pass over the records.
struct Epoch<'a> {
    tiles: &'a Tiles,
    options: &'a TrainingOptions,
    epoch: usize,
    rule: StepRule,
    level: SimdLevel,
    hopeless: f64,
}

impl Epoch<'_> {
    /// Σ ½ f(X) diff² of the pass. Stops early with [`Error::Diverged`] at the first residual that
    /// is not finite, or when one thread's part alone makes the loss hopeless.
    fn run(&self, parameters: &mut Parameters, monitor: &Monitor) -> Result<f64> {
        let visits = schedule::visits(self.tiles, self.options.seed, self.epoch);
        if self.options.deterministic {
            let schedule = Ordered::new(self.tiles, &visits);
            self.make_visits(parameters, &visits, &schedule, monitor)
        } else {
            let schedule = Hogwild::new(visits.len());
            self.make_visits(parameters, &visits, &schedule, monitor)
        }
    }

    fn make_visits(
        &self,
        parameters: &mut Parameters,
        visits: &[Visit],
        schedule: &impl Schedule,
        monitor: &Monitor,
    ) -> Result<f64> {
        // Each visit's cost has its own place, so that the sum does not depend on who ran when.
        let costs: Vec<AtomicU64> = visits.iter().map(|_| AtomicU64::new(0)).collect();
        let rows = parameters.rows();
        let outcomes = rayon::broadcast(|_| {
            let mut buffer = Vec::new();
            let mut mine = 0.0;
            // If this thread panics between a claim and its end, the others must not wait for it.
            let guard = AbortOnPanic(schedule);
            while let Some(number) = schedule.claim() {
                match self.make_visit(&rows, &visits[number], &mut buffer, monitor) {
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
        buffer: &mut Vec<Record>,
        monitor: &Monitor,
    ) -> Result<f64> {
        let tile = &self.tiles.tiles[visit.tile];
        let first_word = self.tiles.grid.start(tile.row_block as usize) as usize;
        let first_context = self.tiles.grid.start(tile.column_block as usize) as usize;
        let records = self.tiles.read(visit.tile, visit.records.clone(), buffer)?;
        let mut sum = 0.0;
        for records in records.chunks(SLICE) {
            let cost = rows.run(records, first_word, first_context, &self.rule, self.level);
            if cost.skipped > 0 {
                return Err(self.diverged());
            }
            sum += cost.sum;
            monitor.advance(records.len() as u64)?;
        }
        Ok(sum)
    }

    fn diverged(&self) -> Error {
        Error::Diverged {
            epoch: self.epoch,
            learning_rate: self.rule.learning_rate,
            reports: Vec::new(),
        }
    }
}

/// Train on one thread, record after record in the order given: the arithmetic itself, for tests
/// and for continuing other tools' runs. Returns the loss of each epoch.
///
/// # Errors
/// [`Error::Parameter`] for bad options, more than 65,536 words, or a record out of range.
pub fn train_in_order(
    parameters: &mut Parameters,
    records: &[(WordId, WordId, f64)],
    options: &TrainingOptions,
    level: SimdLevel,
) -> Result<Vec<f64>> {
    options.validate()?;
    if parameters.words() > 1 << 16 {
        return Err(Error::parameter(
            "W",
            format!("must have at most 65536 rows, got {}", parameters.words()),
        ));
    }
    let words = parameters.words() as WordId;
    let packed: Vec<Record> = records
        .iter()
        .map(|&(i, j, x)| {
            if i >= words || j >= words || !x.is_finite() || x <= 0.0 {
                return Err(Error::parameter(
                    "records",
                    format!("must be (word < {words}, word < {words}, x > 0), got ({i}, {j}, {x})"),
                ));
            }
            Ok(Record {
                i: i as u16,
                j: j as u16,
                ln_x: x.ln() as f32,
            })
        })
        .collect::<Result<_>>()?;
    let rule = options.rule();
    let rows = parameters.rows();
    Ok((0..options.epochs)
        .map(|_| rows.run(&packed, 0, 0, &rule, level).sum / packed.len().max(1) as f64)
        .collect())
}
