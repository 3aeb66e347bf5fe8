//! Negative sampling: word pairs that never co-occur.
//!
//! The loss of the paper (its equation 8) has no term for X_ij = 0, so a model may predict any
//! value for such a pair. Swivel (Shazeer et al. 2016) and skip-gram with negative sampling train
//! on such pairs too. Here, a sample of pairs is drawn once, before training. The word and the
//! context word of a pair are drawn independently (see `NEGATIVE_EXPONENT`). Pairs that co-occur are left
//! out. Each negative pair adds ½ λ max(0, w·w̃ + b + b̃ − t_ij)² to the objective, where λ is
//! `negative_weight`: only a prediction above the target t_ij has a cost. The target t_ij = ½ ln E_ij − 1
//! is the mean of ln E_ij and −2. E_ij is the count that the pair would have if its words were independent:
//! the sum of row i times the sum of column j, divided by the sum of X. The target was chosen by measurement
//! (benches/EXPERIMENTS.md, "Negative sampling").

use super::kernel::Record;
use super::marginals::Marginal;
use super::shuffle::shuffle;
use super::tiles::grid::TileGrid;
use super::weighted_choice::WeightedChoice;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A word and a context word, each as its position in its block of words.
pub(super) type NegativePair = [u16; 2];

/// The probability of a word is proportional to its frequency to this power, as in word2vec (Mikolov et al.
/// 2013). The frequency of a word is the sum of its row of X, that of a context word the sum of its column.
pub const NEGATIVE_EXPONENT: f64 = 0.75;

/// The context words of a block: the sum of their probabilities, and a distribution to draw one of them from.
struct ContextBlock {
    probability: f64,
    words: Option<WeightedChoice>,
}

/// Draws the negative pairs of each tile.
pub(super) struct NegativeSampler {
    /// Number of pairs to draw for all tiles of the matrix. Drawn pairs that co-occur or that were
    /// drawn before are left out.
    draws: f64,
    /// The probability of each word.
    words: Vec<f64>,
    /// The context words of each block.
    contexts: Vec<ContextBlock>,
    seed: u64,
}

impl NegativeSampler {
    /// A sampler of `draws` pairs of words with these marginals.
    pub fn new(marginals: &[Marginal], grid: &TileGrid, draws: f64, seed: u64) -> Self {
        let [words, contexts] = [0, 1].map(|side| {
            let weights = marginals
                .iter()
                .map(|m| m.sum(side).powf(NEGATIVE_EXPONENT));
            let total: f64 = weights.clone().sum();
            weights.map(|weight| weight / total).collect::<Vec<_>>()
        });
        let contexts = (0..grid.blocks())
            .map(|block| {
                let probabilities = &contexts[grid.words_of(block)];
                ContextBlock {
                    probability: probabilities.iter().sum(),
                    // `None` only if no context word of the block has a record.
                    words: WeightedChoice::new(probabilities),
                }
            })
            .collect();
        Self {
            draws,
            words,
            contexts,
            seed,
        }
    }

    /// The largest number of pairs that [`NegativeSampler::draw`] may return for a tile.
    pub fn max_draws(&self, grid: &TileGrid, row_block: usize, column_block: usize) -> usize {
        let context = self.contexts[column_block].probability;
        let expected = |word: f64| (self.draws * word * context).ceil();
        let words = &self.words[grid.words_of(row_block)];
        words.iter().map(|&word| expected(word) as usize).sum()
    }

    /// Draw the negative pairs of one tile. Pairs in `seen`, which are those of the tile's records, are left
    /// out, and so are pairs that were drawn before. Writes the negative pairs in random order to the start of
    /// `pairs` and returns their number. `taken` is scratch space.
    pub fn draw(
        &self,
        grid: &TileGrid,
        [row_block, column_block]: [usize; 2],
        seen: impl Iterator<Item = NegativePair>,
        taken: &mut Vec<u64>,
        pairs: &mut [NegativePair],
    ) -> usize {
        let ContextBlock {
            probability,
            words: Some(contexts),
        } = &self.contexts[column_block]
        else {
            return 0;
        };
        let words = &self.words[grid.words_of(row_block)];
        if words.iter().all(|&word| word == 0.0) {
            return 0; // the rows of a rectangular matrix have fewer words than its columns
        }
        let width = grid.words_of(column_block).len().div_ceil(64);
        taken.clear();
        taken.resize(words.len() * width, 0);
        for [i, j] in seen {
            taken[i as usize * width + j as usize / 64] |= 1 << (j % 64);
        }
        let number = (row_block * grid.blocks() + column_block) as u64;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(!self.seed ^ number.rotate_left(32));
        let mut end = 0;
        for (i, &word) in words.iter().enumerate() {
            let expected = self.draws * word * probability;
            let draws = expected.floor() + f64::from(rng.random_bool(expected.fract()));
            let taken = &mut taken[i * width..(i + 1) * width];
            for _ in 0..draws as usize {
                let j = contexts.draw(&mut rng);
                let (bits, bit) = (&mut taken[j / 64], 1 << (j % 64));
                // No branch: the processor could not predict whether a pair is new.
                pairs[end] = [i as u16, j as u16];
                end += usize::from(*bits & bit == 0);
                *bits |= bit;
            }
        }
        shuffle(&mut pairs[..end], &mut rng);
        end
    }
}

/// The target of a pair whose words would co-occur `expected` times if they were independent.
pub fn negative_target(expected: f64) -> f64 {
    0.5 * expected.ln() - 1.0
}

/// The targets of negative pairs ([`negative_target`]). A target t_ij = ½ ln E_ij − 1 is the sum of two terms: one
/// depends on the word only, the other on the context word only.
#[derive(Debug)]
pub(super) struct NegativeTargets([Vec<f32>; 2]);

impl NegativeTargets {
    /// The targets for words with these marginals.
    pub fn new(marginals: &[Marginal]) -> Self {
        let ln_total = marginals.iter().map(|m| m.sum(0)).sum::<f64>().ln();
        Self([0, 1].map(|side| {
            let ln_sum = |m: &Marginal| m.sum(side).max(f64::MIN_POSITIVE).ln();
            marginals
                .iter()
                .map(|m| (0.5 * (ln_sum(m) - 0.5 * ln_total) - 0.5) as f32)
                .collect()
        }))
    }

    /// The two terms whose sum is a target: those of the words, and those of the context words.
    pub fn sides(&self) -> &[Vec<f32>; 2] {
        &self.0
    }

    /// Targets with these terms: those of the words, followed by those of the context words.
    pub fn from_sides(sides: &[f32]) -> Self {
        let (words, contexts) = sides.split_at(sides.len() / 2);
        Self([words.to_vec(), contexts.to_vec()])
    }

    /// Write `pairs` into `to`, as records whose ln X is the target. `first` is the first word of
    /// the block of rows, and the first context word of the block of columns.
    pub fn records(&self, pairs: &[NegativePair], first: [usize; 2], to: &mut Vec<Record>) {
        let (words, contexts) = (&self.0[0][first[0]..], &self.0[1][first[1]..]);
        to.clear();
        to.extend(pairs.iter().map(|&[i, j]| Record {
            i,
            j,
            ln_x: words[i as usize] + contexts[j as usize],
        }));
    }
}
