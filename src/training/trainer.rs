//! Epoch after epoch.

use super::anchor::Anchor;
use super::epoch::Epoch;
use super::kernel::SimdLevel;
use super::loss;
use super::options::TrainingOptions;
use super::parameters::Parameters;
use super::schedule;
use super::tiles::Tiles;
use crate::error::{Error, Result};
use crate::monitor::{EpochReport, Monitor, Stage};
use std::ops::ControlFlow;
use std::time::Instant;

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
