//! Passes over the records.

use super::anchor::Anchor;
use super::kernel::{Optimizer, Record, SharedRows, SimdLevel, StepRule};
use super::loss;
use super::parameters::Parameters;
use super::rate::RateSchedule;
use super::schedule::{self, Hogwild, Ordered, Schedule, Visit};
use super::tiles::Tiles;
use super::unseen::Pair;
use crate::error::{Error, Result};
use crate::monitor::{EpochReport, Monitor, Stage};
use crate::vocabulary::WordId;
use std::ops::ControlFlow;
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
    /// The same for the biases under AdaGrad, where Stanford's tool takes 1.
    pub bias_learning_rate: f64,
    /// How both change with time.
    pub schedule: RateSchedule,
    /// Passes over the records.
    pub epochs: usize,
    /// Step rule.
    pub optimizer: Optimizer,
    /// Bound of each component of the gradient.
    pub grad_clip: f64,
    /// Pairs of words that never meet to draw for each record (module `unseen`).
    pub negative: f64,
    /// The weight of each of them, where f(X) is a record's.
    pub negative_weight: f64,
    /// The same bits for any number of threads, instead of Hogwild.
    pub deterministic: bool,
    /// Order of tiles.
    pub seed: u64,
    /// Stop after so many epochs in a row without a new least loss on the records held out.
    pub patience: Option<usize>,
    /// Begin no epoch but the first that, taking as long as the one before, would end later.
    pub deadline: Option<Instant>,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            x_max: 100.0,
            alpha: 0.75,
            learning_rate: 0.05,
            bias_learning_rate: 1.0,
            schedule: RateSchedule::Constant,
            epochs: 25,
            optimizer: Optimizer::AdaGrad,
            grad_clip: 100.0,
            negative: 0.0,
            negative_weight: 0.1,
            deterministic: false,
            seed: 0,
            patience: None,
            deadline: None,
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
        positive("bias_learning_rate", self.bias_learning_rate)?;
        positive("grad_clip", self.grad_clip)?;
        positive("negative_weight", self.negative_weight)?;
        for (name, x) in [("alpha", self.alpha), ("negative", self.negative)] {
            if !((x as f32).is_finite() && x >= 0.0) {
                return Err(Error::parameter(
                    name,
                    format!("must be a finite number >= 0, got {x}"),
                ));
            }
        }
        if self.negative > MOST_NEGATIVE {
            return Err(Error::parameter(
                "negative",
                format!("must be at most {MOST_NEGATIVE}, got {}", self.negative),
            ));
        }
        for (name, number) in [
            ("epochs", Some(self.epochs)),
            ("early_stopping", self.patience),
        ] {
            if number == Some(0) {
                return Err(Error::parameter(name, "must be at least 1, got 0"));
            }
        }
        Ok(())
    }

    /// f(X) of a record: with the same bounds as in the kernel.
    pub(super) fn weight(&self, ln_x: f64) -> f64 {
        let exponent = self.alpha * (ln_x - self.x_max.ln());
        exponent.clamp(-87.0, 0.0).exp()
    }

    /// The rule, at the initial rate but for what divergence has halved it.
    pub(super) fn rule(&self, halvings: usize) -> StepRule {
        StepRule {
            optimizer: self.optimizer,
            learning_rate: self.learning_rate as f32 * 0.5_f32.powi(halvings as i32),
            bias_learning_rate: self.bias_learning_rate as f32,
            grad_clip: self.grad_clip as f32,
            ln_x_max: self.x_max.ln() as f32,
            alpha: self.alpha as f32,
            unseen: None,
        }
    }
}

/// More unseen pairs for each record than anybody wants.
const MOST_NEGATIVE: f64 = 1000.0;

/// How often a diverging epoch is tried again with half the rate before training is given up.
pub const MOST_HALVINGS: usize = 3;

/// A cost so many times that of a poor model is divergence even where every number is finite.
pub const HOPELESS: f64 = 10.0;

/// How far a training has come: with the parameters, all that going on needs. What is random in an
/// epoch depends on the seed and the number of the epoch alone.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Epochs finished.
    pub epochs: usize,
    /// How often divergence has halved the learning rate.
    pub halvings: usize,
    /// The cost of an epoch beyond which there is no hope; estimated when training begins.
    pub hopeless: Option<f64>,
}

/// A training between two epochs.
#[derive(Debug)]
pub struct Training {
    /// As the last finished epoch left them.
    pub parameters: Parameters,
    /// As the epoch with the least validation loss left them, if that was an earlier one; kept where
    /// training is to stop early.
    pub best: Option<Parameters>,
    /// How far it has come.
    pub progress: Progress,
    /// The finished epochs, as far as they are known.
    pub reports: Vec<EpochReport>,
    /// What words are held near.
    pub anchor: Option<Anchor>,
}

/// Called after each epoch; says whether to go on. An error ends the training with that epoch.
pub type AfterEpoch<'a> = &'a mut dyn FnMut(&Training) -> Result<ControlFlow<()>>;

/// Train `parameters` on `tiles` from the first epoch to the last: [`Training::run`] at its
/// simplest. Returns one report per epoch.
///
/// # Errors
/// As for [`Training::run`]; the parameters are lost.
pub fn train(
    parameters: &mut Parameters,
    tiles: &Tiles,
    options: &TrainingOptions,
    monitor: &Monitor,
) -> Result<Vec<EpochReport>> {
    let nothing = Parameters::empty()?;
    let mut training = Training::new(std::mem::replace(parameters, nothing));
    let done = training.run(
        tiles,
        options,
        &mut |_| Ok(ControlFlow::Continue(())),
        monitor,
    );
    *parameters = training.parameters;
    done.map(|()| training.reports)
}

impl Training {
    /// One that begins with these parameters.
    pub fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            best: None,
            progress: Progress::default(),
            reports: Vec::new(),
            anchor: None,
        }
    }

    /// Whether these options leave nothing to do.
    pub fn is_finished(&self, options: &TrainingOptions) -> bool {
        let patient = options
            .patience
            .is_none_or(|patience| self.epochs_without_gain() < patience);
        self.progress.epochs >= options.epochs || !patient
    }

    /// The parameters to keep, of a training that stops here.
    pub fn into_best(self) -> Parameters {
        self.best.unwrap_or(self.parameters)
    }

    /// Epochs since the one with the least validation loss.
    fn epochs_without_gain(&self) -> usize {
        let losses = self.reports.iter().filter_map(|report| report.validation);
        let (mut least, mut since) = (f64::INFINITY, 0);
        for loss in losses {
            (least, since) = if loss < least {
                (loss, 0)
            } else {
                (least, since + 1)
            };
        }
        since
    }

    /// Train on `tiles`, on all threads of the current rayon pool, up to epoch `options.epochs` or
    /// until `options` or `after_epoch` say to stop. A training that was left and goes on does what
    /// it would have done without a pause.
    ///
    /// An epoch that meets a residual or leaves a parameter that is not a finite number, or whose
    /// loss is ten times that of a model that knows nothing, is undone: the parameters are again
    /// what they were before it, the learning rate is halved, and the epoch is run again.
    ///
    /// # Errors
    /// [`Error::Parameter`]; [`Error::Diverged`] if the rate was halved three times in vain;
    /// [`Error::Cancelled`] and what `after_epoch` returns: the state then is that after the last
    /// finished epoch.
    pub fn run(
        &mut self,
        tiles: &Tiles,
        options: &TrainingOptions,
        after_epoch: AfterEpoch<'_>,
        monitor: &Monitor,
    ) -> Result<()> {
        options.validate()?;
        self.check(tiles, options)?;
        let level = SimdLevel::active()?;
        let mut rule = options.rule(self.progress.halvings);
        let first = self.progress.epochs;
        let epochs = options.epochs.saturating_sub(first) as u64;
        monitor.begin(Stage::Training, tiles.records * epochs);
        let hopeless = match self.progress.hopeless {
            Some(cost) => cost,
            None => *self
                .progress
                .hopeless
                .insert(HOPELESS * loss::poor_cost(tiles, 0, self.parameters.view(), options)?),
        };
        let mut good = self.parameters.try_clone()?;
        while !self.is_finished(options) {
            let epoch = self.progress.epochs + 1;
            let start = Instant::now();
            let pass = Epoch {
                tiles,
                options,
                epoch,
                rule,
                level,
                hopeless,
                first: [0, 0],
            };
            let visits = schedule::visits(tiles, options.seed, epoch);
            let trained = pass.run(self.parameters.rows(), &visits, monitor);
            let outcome = trained.and_then(|cost| {
                if let Some(anchor) = &self.anchor {
                    anchor.pull(&mut self.parameters, &pass.rule_at(0.5));
                }
                if cost > hopeless || !self.parameters.all_finite() {
                    return Err(pass.diverged());
                }
                Ok((cost, self.validation_loss(tiles, options)?))
            });
            let (cost, validation) = match outcome {
                Ok(losses) => losses,
                Err(Error::Diverged { .. }) => {
                    self.parameters.copy_from(&good);
                    if self.progress.halvings >= MOST_HALVINGS {
                        return Err(Error::Diverged {
                            epoch,
                            learning_rate: rule.learning_rate,
                            reports: self.reports.clone(),
                        });
                    }
                    self.progress.halvings += 1;
                    rule.learning_rate /= 2.0;
                    monitor.warn(format!(
                        "training diverged in epoch {epoch}; going on from the end of epoch {} \
                         with the learning rate halved to {}",
                        epoch - 1,
                        rule.learning_rate
                    ));
                    monitor.rewind(tiles.records * (epoch - 1 - first) as u64);
                    continue;
                }
                Err(error) => {
                    std::mem::swap(&mut self.parameters, &mut good);
                    return Err(error);
                }
            };
            let seconds = start.elapsed().as_secs_f64();
            let report = EpochReport {
                epoch,
                loss: cost / tiles.records.max(1) as f64,
                validation,
                seconds,
                records_per_second: tiles.records as f64 / seconds.max(1e-9),
            };
            self.progress.epochs = epoch;
            self.reports.push(report);
            if options.patience.is_some() {
                self.keep_best(&mut good)?;
            }
            good.copy_from(&self.parameters);
            monitor.epoch_finished(report);
            if after_epoch(self)?.is_break() {
                break;
            }
            let lap = start.elapsed();
            if options
                .deadline
                .is_some_and(|end| Instant::now() + lap > end)
            {
                break;
            }
        }
        Ok(())
    }

    fn check(&self, tiles: &Tiles, options: &TrainingOptions) -> Result<()> {
        let parameters = &self.parameters;
        let words = tiles.grid().words();
        if parameters.words() != words {
            return Err(Error::parameter(
                "parameters",
                format!(
                    "must have a row per word: {} rows, {words} words",
                    parameters.words()
                ),
            ));
        }
        if !parameters.can_train() {
            return Err(Error::parameter(
                "parameters",
                "must be finite numbers, and their accumulators G above 0",
            ));
        }
        if options.patience.is_some() && tiles.held_out() == 0 {
            return Err(Error::parameter(
                "early_stopping",
                "needs records held out: validation",
            ));
        }
        match &self.anchor {
            Some(anchor) => anchor.check(words, parameters.dim()),
            None => Ok(()),
        }
    }

    /// After an epoch, with `good` the parameters before it: keep these if it gained nothing on them.
    fn keep_best(&mut self, good: &mut Parameters) -> Result<()> {
        match self.epochs_without_gain() {
            0 => self.best = None,
            1 => {
                let spare = self.parameters.try_clone()?;
                self.best = Some(std::mem::replace(good, spare));
            }
            _ => {}
        }
        Ok(())
    }

    /// Σ ½ f(X) diff² / n over the n records held out, if there are any.
    fn validation_loss(&self, tiles: &Tiles, options: &TrainingOptions) -> Result<Option<f64>> {
        if tiles.held_out() == 0 {
            return Ok(None);
        }
        let cost = loss::validation_cost(tiles, 0, self.parameters.view(), options)?;
        Ok(Some(cost / tiles.held_out() as f64))
    }
}

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
        let rows = rows.from([first[0] - self.first[0], first[1] - self.first[1]]);
        let mirrored = if self.tiles.tiles[visit.tile].mirrored {
            rows.mirrored()
        } else {
            rows
        };
        let run = |rows: &SharedRows<'_>, records: &[Record], rule: &StepRule| {
            let cost = rows.run(records, rule, self.level);
            if cost.skipped > 0 {
                return Err(self.diverged());
            }
            Ok(cost.sum)
        };
        let rule = self.rule_at(visit.time);
        let unseen_rule = StepRule {
            unseen: Some(self.options.negative_weight as f32),
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
    fn rule_at(&self, part: f64) -> StepRule {
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

/// Train on one thread, record after record in the order given, all at the initial rate: the
/// arithmetic itself, for tests and for continuing other tools' runs. With `unseen` the records are
/// pairs that never meet, of that weight and with X their target. Returns the loss of each epoch.
///
/// # Errors
/// [`Error::Parameter`] for bad options, more than 65,536 words, or a record out of range.
pub fn train_in_order(
    parameters: &mut Parameters,
    records: &[(WordId, WordId, f64)],
    options: &TrainingOptions,
    unseen: Option<f32>,
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
    let rule = StepRule {
        unseen,
        ..options.rule(0)
    };
    let rows = parameters.rows();
    Ok((0..options.epochs)
        .map(|_| rows.run(&packed, &rule, level).sum / packed.len().max(1) as f64)
        .collect())
}
