//! A training from start to end: start values, checkpoints, interruption and result. `training/trainer.rs`
//! runs its epochs.
//!
//! ```
//! # use glove_rs::cooccurrence::Triangle;
//! use glove_rs::session::{Checkpoints, Session, Start};
//! use glove_rs::training::TrainingOptions;
//! use glove_rs::{Monitor, Vocabulary, threads};
//! use std::ops::ControlFlow;
//! use std::sync::Arc;
//!
//! # fn main() -> glove_rs::Result<()> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("state");
//! # let counts = Arc::new(Triangle::assemble(3, &Monitor::new(), |pair| {
//! #     pair(1, 0, 5.0, 5.0);
//! #     pair(2, 1, 3.0, 3.0);
//! #     Ok(())
//! # })?);
//! # let vocabulary = Arc::new(Vocabulary::default());
//! let session = Session {
//!     checkpoints: Some(Checkpoints::new(path.clone())),
//!     ..Session::new(vocabulary, 10, TrainingOptions::default())
//! };
//! let monitor = Monitor::new();
//! // Stop after two epochs, as an interrupted program would.
//! let mut stop = |training: &glove_rs::training::TrainingState| {
//!     Ok(match training.log.epochs {
//!         2 => ControlFlow::Break(()),
//!         _ => ControlFlow::Continue(()),
//!     })
//! };
//! let mut go_on = |_: &glove_rs::training::TrainingState| Ok(ControlFlow::Continue(()));
//! let trained = threads::in_pool(2, || {
//!     session.run(counts.clone(), Start::Random, &mut stop, &monitor)?;
//!     let start = Start::from_checkpoint(&path, &monitor)?;
//!     session.run(counts, start, &mut go_on, &monitor)
//! })??;
//! assert_eq!(trained.reports.len(), 25);
//! # Ok(())
//! # }
//! ```

use crate::cooccurrence::Triangle;
use crate::error::{Error, Result};
use crate::formats::{checkpoint, counts as counts_file};
use crate::memory::MemoryLimit;
use crate::monitor::Monitor;
use crate::report::EpochReport;
use crate::subwords::{Design, Shrinkage, Subwords};
use crate::training::{
    AfterEpoch, Anchor, Counts, EpochLog, Exported, Parameters, RowLayout, TileOptions, Tiles,
    TrainingOptions, TrainingState, check_enough_records, held_out_fraction,
};
use crate::vocabulary::Vocabulary;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a training starts.
#[derive(Debug)]
pub enum Start {
    /// The training starts at random parameters. For a word with a pretrained vector in [`Session::anchor`], w + w̃ is
    /// this vector.
    Random,
    /// The training starts at given parameters.
    Given {
        /// W, W̃, b and b̃.
        values: Box<Exported>,
        /// The accumulators G of `values`.
        accumulators: Box<Exported>,
        /// The epoch log of the training that `values` come from.
        log: EpochLog,
    },
    /// An earlier training continues, from the end of its last finished epoch.
    Resumed(Box<TrainingState>),
}

impl Start {
    /// The start of a training that continues from a checkpoint.
    ///
    /// # Errors
    /// As for [`checkpoint::load`].
    pub fn from_checkpoint(path: impl AsRef<Path>, monitor: &Monitor) -> Result<Self> {
        checkpoint::load(path, monitor).map(|(training, _)| Self::Resumed(Box::new(training)))
    }
}

/// The checkpoints that a training writes: where, and after which epochs.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    /// The checkpoint file. Each checkpoint replaces it.
    pub path: PathBuf,
    /// The file to which the counts are written before training starts. `None` writes no counts.
    pub counts: Option<PathBuf>,
    /// A checkpoint is written before the first epoch, unless the training is resumed; after each epoch whose number
    /// is a multiple of `every`, which must be at least 1; and after the last epoch, unless an error interrupts the
    /// training.
    pub every: usize,
    /// A text that is stored in the checkpoint. [`checkpoint::load`] returns it.
    pub settings: String,
}

impl Checkpoints {
    /// A checkpoint at `path` after every epoch.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            counts: None,
            every: 1,
            settings: String::new(),
        }
    }

    fn save(&self, training: &TrainingState, monitor: &Monitor) -> Result<()> {
        checkpoint::save(&self.path, training, &self.settings, monitor)
    }
}

/// The settings of a training: what to train on, how, and which checkpoints to write.
#[derive(Debug)]
pub struct Session {
    /// The words of the rows of the counts. They are written to the file of counts, and the shrinkage reads their
    /// spelling and how often they occur.
    pub vocabulary: Arc<Vocabulary>,
    /// Words too rare for the vocabulary. They are written to the file of counts.
    pub rare: Arc<Vocabulary>,
    /// The words of the columns, if the counts are rectangular. They are written to the file of counts.
    pub contexts: Option<Arc<Vocabulary>>,
    /// Number of components of a vector.
    pub dim: usize,
    /// How to train.
    pub options: TrainingOptions,
    /// The fraction of the word pairs to hold out of training, above 0 and below 1.
    pub validation: Option<f64>,
    /// The memory limit of the tiles.
    pub memory: MemoryLimit,
    /// Pretrained vectors of some words. With [`Start::Random`], the sum w + w̃ of such a word starts at its pretrained
    /// vector. If the weight of the anchor is above 0, training also keeps the sum near the pretrained vector. With
    /// [`Start::Resumed`], the training has the anchor of the [`TrainingState`] instead.
    pub anchor: Option<Anchor>,
    /// The checkpoints to write, if any.
    pub checkpoints: Option<Checkpoints>,
    /// Whether to train with the contexts of adjacent words too, if the counts have them:
    /// [`Triangle::adjacent`]. The context vectors of adjacent words are not in the result.
    pub adjacent: bool,
    /// Whether to move the vectors towards the predictions of a subword model after the last epoch:
    /// [`Shrinkage`].
    pub subwords: bool,
    /// The result of [`Shrinkage::design`] for the vocabulary, if the caller has it. Otherwise the shrinkage
    /// computes it.
    pub design: Option<Arc<Design>>,
    /// The vectors of the words of rank 0 to `trained_words` − 1 are trained. `trained_words` is rounded up to whole
    /// blocks of words, so some more vectors may be trained. It must not be below the number of words unless the
    /// context vectors are frozen: context vectors that are trained would miss the records of the words whose vectors
    /// are not trained.
    pub trained_words: usize,
    /// Whether [`Trained::counts`] has the counts after training. If no other `Arc` refers to the counts, they
    /// are compressed.
    pub keep_counts: bool,
}

/// The result of a training.
#[derive(Debug)]
pub struct Trained {
    /// The parameters of the epoch with the smallest validation loss under early stopping, and
    /// otherwise those of the last finished epoch. If [`Trained::subwords`] is not `None`, the shrinkage has
    /// moved their vectors. If an error interrupted the training, see [`Trained::interrupted`].
    pub parameters: Parameters,
    /// Reports of the finished epochs. If the training was resumed, the epochs before are included.
    pub reports: Vec<EpochReport>,
    /// The subword model of the vectors. `None` without [`Session::subwords`], if the spelling of words does
    /// not predict their vectors, and if [`Trained::interrupted`] is not `None`.
    pub subwords: Option<Subwords>,
    /// The counts, if [`Session::keep_counts`] is set.
    pub counts: Option<Arc<Triangle>>,
    /// The error that interrupted the training after it had finished an epoch, or that interrupted
    /// the shrinkage. If an epoch was interrupted, [`Trained::parameters`] are those of the last finished
    /// epoch. If the shrinkage was interrupted, they are those from before the shrinkage.
    pub interrupted: Option<Error>,
}

impl Session {
    /// A session without held-out pairs, anchor, checkpoints and shrinkage, without a memory limit,
    /// and with the counts not returned.
    pub fn new(vocabulary: Arc<Vocabulary>, dim: usize, options: TrainingOptions) -> Self {
        Self {
            vocabulary,
            rare: Arc::default(),
            contexts: None,
            dim,
            options,
            validation: None,
            memory: MemoryLimit::default(),
            anchor: None,
            checkpoints: None,
            adjacent: false,
            subwords: false,
            design: None,
            trained_words: usize::MAX,
            keep_counts: false,
        }
    }

    /// Train on `counts`, on all threads of the current rayon pool. If no other `Arc` refers to the counts, they
    /// are freed (or compressed, with `keep_counts`) while tiles are built.
    ///
    /// # Errors
    /// [`Error::Parameter`] for options that are out of their range or contradict each other; [`Error::Corpus`] if
    /// the counts have no pairs; [`Error::Diverged`]; and any error before the first epoch of this call has
    /// finished. Any other error after this epoch, and an error of the shrinkage, is in [`Trained::interrupted`].
    pub fn run(
        &self,
        counts: Arc<Triangle>,
        start: Start,
        after_epoch: AfterEpoch<'_>,
        monitor: &Monitor,
    ) -> Result<Trained> {
        self.options.validate()?;
        held_out_fraction(self.validation)?;
        self.check_frozen_contexts(counts.words)?;
        self.check_checkpoints()?;
        Parameters::check_dim(self.dim)?;
        check_enough_records(None, counts.pairs(), 0)?;
        if counts.is_rectangular() {
            self.check_rectangular()?;
        }
        let adjacent = self.adjacent && counts.adjacent().is_some();
        Parameters::check_memory(counts.shape(), adjacent, self.layout())?;
        if let Some(path) = self.checkpoints.as_ref().and_then(|c| c.counts.as_ref()) {
            let words = counts_file::Vocabularies {
                vocabulary: &self.vocabulary,
                rare: &self.rare,
                contexts: self.contexts.as_deref(),
            };
            counts_file::save(&counts, words, path, monitor)?;
        }
        let shape = counts.shape();
        let mut shared = None;
        let mut counts = match Arc::try_unwrap(counts) {
            Ok(owned) if self.keep_counts => Counts::Compressed(owned),
            Ok(owned) => Counts::Owned(owned),
            Err(counts) => Counts::Borrowed(shared.insert(counts)),
        };
        let mut tiles = None;
        if matches!(&start, Start::Resumed(training) if training.log.is_finished(&self.options)) {
            counts.done_from(0)?;
            counts.done_with_adjacent()?;
        } else {
            tiles = Some(self.tiles(&mut counts, monitor)?);
        }
        let compressed = match counts {
            Counts::Compressed(counts) => Some(Arc::new(counts)),
            _ => None,
        };
        let counts = compressed.or(shared).filter(|_| self.keep_counts);
        let resumed = matches!(start, Start::Resumed(_));
        let mut training = self.start(start, shape, adjacent, monitor)?;
        let first = training.log.epochs;
        let result = match tiles {
            Some(tiles) => self.train(&mut training, &tiles, resumed, after_epoch, monitor),
            None => Ok(()),
        };
        let mut interrupted = match result {
            Ok(()) => None,
            Err(error @ Error::Diverged { .. }) => return Err(error),
            Err(error) if training.log.epochs == first => return Err(error),
            Err(error) => Some(error),
        };
        let reports = std::mem::take(&mut training.log.reports);
        let mut subwords = None;
        let parameters = if interrupted.is_some() {
            training.parameters
        } else {
            let mut best = training.into_best();
            match self.shrink(&mut best, monitor) {
                Ok(found) => subwords = found,
                Err(error) => interrupted = Some(error),
            }
            best
        };
        Ok(Trained {
            parameters,
            reports,
            subwords,
            counts,
            interrupted,
        })
    }

    /// Refuse options whose steps change W̃ although it is frozen. Only the kernel leaves frozen context vectors as they
    /// are; the anchor and the shrinkage do not. Refuse also to train context vectors on the records of some of the
    /// `words` words.
    fn check_frozen_contexts(&self, words: usize) -> Result<()> {
        let moves = self.subwords || self.anchor.as_ref().is_some_and(|a| a.weight > 0.0);
        if self.options.frozen_contexts && moves {
            let message = "cannot be combined with an anchor or with subwords, which move W_tilde";
            return Err(Error::parameter("frozen_contexts", message));
        }
        if self.options.frozen_contexts && self.adjacent {
            let message =
                "cannot be combined with contexts of adjacent words, whose vectors are not known";
            return Err(Error::parameter("frozen_contexts", message));
        }
        if !self.options.frozen_contexts && self.trained_words < words {
            let message = format!(
                "must be at least the number of words, {words}, unless the context vectors are frozen; got {}",
                self.trained_words
            );
            return Err(Error::parameter("trained_words", message));
        }
        Ok(())
    }

    fn check_checkpoints(&self) -> Result<()> {
        match &self.checkpoints {
            Some(Checkpoints { every: 0, .. }) => Err(Error::parameter(
                "checkpoint_every",
                "must be at least 1, got 0",
            )),
            _ => Ok(()),
        }
    }

    /// Do the shrinkage, if [`Session::subwords`] is set. Returns the subword model, or `None` if no vector was moved.
    /// An error leaves the vectors unchanged.
    fn shrink(&self, parameters: &mut Parameters, monitor: &Monitor) -> Result<Option<Subwords>> {
        if !self.subwords {
            return Ok(None);
        }
        let [words, contexts] = [false, true].map(|contexts| parameters.side(contexts, false));
        let (w, w_tilde, dim) = (words?.0, contexts?.0, parameters.dim());
        let design = self.design.as_deref();
        let shrinkage = Shrinkage::of(&self.vocabulary, design, w, w_tilde, dim, monitor)?;
        let Some(found) = shrinkage.found else {
            return Ok(None);
        };
        let [words, contexts] = [false, true].map(|contexts| parameters.side(contexts, false));
        let ((mut w, b), (mut w_tilde, b_tilde)) = (words?, contexts?);
        let subwords = found.apply(&mut w, &mut w_tilde);
        parameters.set_side(false, &w, &b);
        parameters.set_side(true, &w_tilde, &b_tilde);
        Ok(Some(subwords))
    }

    /// Refuse options that need the sum w + w̃ of each word. If the counts are rectangular, there is no such sum,
    /// because rows and columns have words of their own.
    fn check_rectangular(&self) -> Result<()> {
        for (name, is_set) in [("init", self.anchor.is_some()), ("subwords", self.subwords)] {
            if is_set {
                let message = "must be left out if rows and columns have words of their own: it needs the sum \
                               of the word vector and the context vector of each word";
                return Err(Error::parameter(name, message));
            }
        }
        Ok(())
    }

    fn layout(&self) -> RowLayout {
        RowLayout::new(self.dim, self.options.optimizer)
    }

    fn tiles(&self, counts: &mut Counts<'_>, monitor: &Monitor) -> Result<Tiles> {
        let options = TileOptions {
            adjacent: self.adjacent,
            held_out: held_out_fraction(self.validation)?,
            trained_words: self.trained_words,
            ..TileOptions::new(self.dim, &self.options)
        };
        Tiles::new(counts, &options, &self.memory, monitor)
    }

    /// The state of the training before the first epoch of this call.
    fn start(
        &self,
        start: Start,
        shape: [usize; 2],
        adjacent: bool,
        monitor: &Monitor,
    ) -> Result<TrainingState> {
        let (mut parameters, log) = match start {
            Start::Resumed(training) => return Ok(*training),
            Start::Given {
                values,
                accumulators,
                log,
            } => {
                let given = Parameters::from_shaped(shape, self.layout(), &values, &accumulators)?;
                (given, log)
            }
            Start::Random => {
                let mut random =
                    Parameters::random_shaped(shape, self.layout(), self.options.seed, monitor)?;
                if let Some(anchor) = &self.anchor {
                    anchor.check(shape[0], self.dim)?;
                    anchor.initialize(&mut random);
                }
                (random, EpochLog::default())
            }
        };
        if adjacent {
            parameters = parameters.with_adjacent(self.options.seed, monitor)?;
        }
        Ok(TrainingState {
            log,
            anchor: self.anchor.clone().filter(|anchor| anchor.weight > 0.0),
            ..TrainingState::new(parameters)
        })
    }

    /// Run the epochs, with checkpoints before, between and after them.
    fn train(
        &self,
        training: &mut TrainingState,
        tiles: &Tiles,
        resumed: bool,
        after_epoch: AfterEpoch<'_>,
        monitor: &Monitor,
    ) -> Result<()> {
        if let (Some(checkpoints), false) = (&self.checkpoints, resumed) {
            checkpoints.save(training, monitor)?;
        }
        let mut saved = training.log.epochs;
        let mut save_and_ask = |training: &TrainingState| {
            if let Some(checkpoints) = &self.checkpoints
                && training.log.epochs.is_multiple_of(checkpoints.every)
            {
                checkpoints.save(training, monitor)?;
                saved = training.log.epochs;
            }
            after_epoch(training)
        };
        training.run(tiles, &self.options, &mut save_and_ask, monitor)?;
        match &self.checkpoints {
            Some(checkpoints) if saved != training.log.epochs => {
                checkpoints.save(training, monitor)
            }
            _ => Ok(()),
        }
    }
}
