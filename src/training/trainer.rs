//! Runs the epochs of a training, one after the other. Start values and checkpoints are in `session.rs`, one
//! epoch is in `epoch.rs`.

use super::anchor::Anchor;
use super::divergence::divergence_cost;
use super::epoch::EpochPass;
use super::epoch_log::EpochLog;
use super::kernel::SimdLevel;
use super::loss;
use super::options::TrainingOptions;
use super::parameters::Parameters;
use super::row_layout::RowLayout;
use super::schedule;
use super::tiles::Tiles;
use crate::error::{Error, Result};
use crate::monitor::{Monitor, Stage};
use crate::report::{EpochCosts, EpochReport};
use std::ops::ControlFlow;
use std::time::Instant;

/// The state of a training between two epochs.
#[derive(Debug)]
pub struct TrainingState {
    /// The parameters at the end of the last finished epoch.
    pub parameters: Parameters,
    /// With early stopping, the parameters at the end of the epoch with the smallest validation loss.
    /// `None` if this epoch is the last finished epoch, and always without early stopping.
    pub best: Option<Parameters>,
    /// The finished epochs and the halvings of the learning rate.
    pub log: EpochLog,
    /// The pretrained vectors near which training keeps the sums w + w̃ of their words, if there are any.
    pub anchor: Option<Anchor>,
}

/// Called after each epoch; returns whether to go on. An error ends the training after this epoch.
pub type AfterEpoch<'a> = &'a mut dyn FnMut(&TrainingState) -> Result<ControlFlow<()>>;

/// Train `parameters` on `tiles`: [`TrainingState::run`] from the first epoch to the last. Returns the reports
/// of the epochs.
///
/// # Errors
/// As for [`TrainingState::run`]. After an error, the parameters are those of the last finished epoch.
pub fn train(
    parameters: &mut Parameters,
    tiles: &Tiles,
    options: &TrainingOptions,
    monitor: &Monitor,
) -> Result<Vec<EpochReport>> {
    let empty = Parameters::empty()?;
    let mut training = TrainingState::new(std::mem::replace(parameters, empty));
    let result = training.run(
        tiles,
        options,
        &mut |_| Ok(ControlFlow::Continue(())),
        monitor,
    );
    *parameters = training.parameters;
    result.map(|()| training.log.reports)
}

/// Number of sets of parameters in memory while an epoch runs: the set that is trained, and a copy
/// from before the epoch. The training returns to this copy if the epoch diverges. Early stopping
/// can need a third set, [`TrainingState::best`].
pub(super) const COPIES: usize = 2;

impl TrainingState {
    /// A training that starts with these parameters.
    pub fn new(parameters: Parameters) -> Self {
        Self {
            parameters,
            best: None,
            log: EpochLog::default(),
            anchor: None,
        }
    }

    /// The parameters of the epoch with the smallest validation loss under early stopping, and otherwise
    /// those of the last epoch.
    pub fn into_best(self) -> Parameters {
        self.best.unwrap_or(self.parameters)
    }

    /// Train on `tiles`, on all threads of the current rayon pool, up to epoch `options.epochs` or until
    /// early stopping, the deadline or `after_epoch` end the training. A deterministic training that continues from a
    /// checkpoint has the same result as one that was never interrupted.
    ///
    /// An epoch diverges if a residual or a parameter becomes infinite or NaN, or if the epoch costs more
    /// than [`DIVERGENCE_FACTOR`](super::DIVERGENCE_FACTOR) times what a poor model costs. Then the
    /// parameters from before the epoch are restored, the learning rate of the vectors is halved, and the
    /// epoch is repeated, even if it ends after the deadline.
    ///
    /// # Errors
    /// [`Error::Parameter`] for options that are out of their ranges, for parameters or an anchor that do not fit the
    /// tiles, for numbers that training cannot start from (infinite, NaN, or accumulators that are not above 0), for
    /// early stopping without held-out records, and if `GLOVE_RS_SIMD` is set, but does not name an instruction set
    /// that this machine has; [`Error::Diverged`] if an epoch diverges after the learning rate was halved
    /// [`MAX_HALVINGS`](super::MAX_HALVINGS) times; [`Error::Io`] if records on disk cannot be read; [`Error::Memory`];
    /// [`Error::Cancelled`]; and the errors of `after_epoch`. After an error, the parameters are those at the end of
    /// the last finished epoch.
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
        let first = self.log.epochs;
        let epochs = options.epochs.saturating_sub(first) as u64;
        monitor.begin(Stage::Training, tiles.records * epochs);
        let divergence_cost = match self.log.divergence_cost {
            Some(cost) => cost,
            None => divergence_cost(tiles, 0, self.parameters.view(), options)?,
        };
        self.log.divergence_cost = Some(divergence_cost);
        let mut before = self.parameters.try_clone()?;
        while !self.log.is_finished(options) {
            let epoch = self.log.epochs + 1;
            let start = Instant::now();
            let pass = EpochPass {
                tiles,
                options,
                epoch,
                rule: options.rule(self.log.halvings),
                level,
                divergence_cost,
                first: [0, 0],
            };
            let batches = schedule::batches(tiles, options.seed, epoch);
            let trained = pass.run(self.parameters.rows(), &batches, monitor);
            let outcome = trained.and_then(|cost| {
                // The anchor takes one step for the whole epoch, at the learning rate of the middle of the epoch.
                let anchor = self.anchor.as_ref().map_or(0.0, |anchor| {
                    anchor.step(&mut self.parameters, &pass.rule_at(0.5))
                });
                if self.log.is_divergence(cost.records) || !self.parameters.all_finite() {
                    return Err(pass.diverged());
                }
                Ok(EpochCosts {
                    records: cost.records,
                    negatives: cost.negatives,
                    anchor,
                    held_out: self.validation_cost(tiles, options)?,
                })
            });
            let costs = match outcome {
                Ok(costs) => costs,
                Err(Error::Diverged { .. }) => {
                    self.parameters.copy_from(&before);
                    monitor.warn(self.log.halve_rate(options)?);
                    monitor.rewind(tiles.records * (epoch - 1 - first) as u64);
                    continue;
                }
                Err(error) => {
                    std::mem::swap(&mut self.parameters, &mut before);
                    return Err(error);
                }
            };
            let seconds = start.elapsed().as_secs_f64();
            let report = EpochReport::of(epoch, &costs, tiles.records, tiles.held_out(), seconds);
            self.log.finish_epoch(report);
            if options.early_stopping.is_some() {
                self.update_best(&mut before)?;
            }
            before.copy_from(&self.parameters);
            monitor.epoch_finished(report);
            if after_epoch(self)?.is_break() {
                break;
            }
            if !options.has_time_for(start.elapsed()) {
                break;
            }
        }
        Ok(())
    }

    fn check(&self, tiles: &Tiles, options: &TrainingOptions) -> Result<()> {
        let parameters = &self.parameters;
        let words = tiles.grid().words();
        // The grid of a rectangular matrix has as many words as the longer side of the matrix. So only this side is
        // checked here. The kernel checks that the rows of every record exist.
        let (rows, contexts) = (parameters.words(), parameters.context_rows());
        if rows.max(contexts) != words {
            return Err(Error::parameter(
                "parameters",
                format!("must have {words} rows in W or W_tilde, got {rows} and {contexts}"),
            ));
        }
        let layout = RowLayout::new(parameters.dim(), options.optimizer);
        if [parameters.layout(), tiles.layout] != [layout; 2] {
            return Err(Error::parameter(
                "parameters",
                "must have the dim of the tiles and the accumulators of the optimizer",
            ));
        }
        if !parameters.can_train() {
            return Err(Error::parameter(
                "parameters",
                "must be finite numbers, and their accumulators G above 0",
            ));
        }
        if options.early_stopping.is_some() && tiles.held_out() == 0 {
            return Err(Error::parameter(
                "early_stopping",
                "needs held-out records: set validation",
            ));
        }
        match &self.anchor {
            Some(anchor) => anchor.check(rows, parameters.dim()),
            None => Ok(()),
        }
    }

    /// Update `best` after an epoch. `before` holds the parameters at the end of the previous epoch. They are
    /// moved to `best` if the previous epoch has the smallest validation loss so far.
    fn update_best(&mut self, before: &mut Parameters) -> Result<()> {
        match self.log.epochs_since_best() {
            0 => self.best = None,
            1 => {
                let spare = self.parameters.try_clone()?;
                self.best = Some(std::mem::replace(before, spare));
            }
            _ => {}
        }
        Ok(())
    }

    /// The cost of the held-out records; 0 if no records are held out.
    fn validation_cost(&self, tiles: &Tiles, options: &TrainingOptions) -> Result<f64> {
        if tiles.held_out() == 0 {
            return Ok(0.0);
        }
        loss::validation_cost(tiles, 0, self.parameters.view(), options)
    }
}
