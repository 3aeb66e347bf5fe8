//! Negative sampling: word pairs that never co-occur.
//!
//! The loss of the paper (its equation 8) has no term for X_ij = 0, so a model may predict any
//! value for such a pair. Swivel (Shazeer et al. 2016) and skip-gram with negative sampling train
//! on such pairs too. Here, every epoch draws a new sample of pairs. The word and the context word of a
//! pair are drawn independently (see `NEGATIVE_EXPONENT`). Pairs that co-occur are left
//! out. Each negative pair adds ½ λ max(0, w·w̃ + b + b̃ − t_ij)² to the objective, where λ is
//! `negative_weight`: only a prediction above the target t_ij has a cost. The target t_ij = ½ ln E_ij − 1
//! is the mean of ln E_ij and −2. E_ij is the count that the pair would have if its words were independent:
//! the sum of row i times the sum of column j, divided by the sum of X. The target and the way of sampling were
//! chosen by measurement (benches/EXPERIMENTS.md, "Negative sampling" and "A new sample of negative pairs in every epoch").

use super::kernel::Record;
use super::pair_filter::PairFilter;
use super::tiles::grid::TileGrid;
use super::weighted_choice::WeightedChoice;
use bytemuck::Zeroable;
use rand::{Rng, RngExt};

/// The probability of a word is proportional to its frequency to this power, as in word2vec (Mikolov et al.
/// 2013). The frequency of a word is the sum of its row of X, that of a context word the sum of its column.
pub const NEGATIVE_EXPONENT: f64 = 0.75;

/// Number of context words that are drawn for a word one after the other. Four pairs of one word are a mini-batch of
/// row-wise AdaGrad: with 8 draws, most of the pairs that are not left out are in mini-batches (benches/EXPERIMENTS.md,
/// "A new sample of negative pairs in every epoch").
const DRAWS_PER_WORD: usize = 8;

/// The context words of a block: the sum of their probabilities, and a distribution to draw one of them from.
#[derive(Debug)]
struct ContextBlock {
    probability: f64,
    // `None` only if no context word of the block has a record.
    words: Option<WeightedChoice>,
}

/// Draws negative pairs.
#[derive(Debug)]
pub(super) struct NegativeSampler {
    /// Number of pairs to draw in an epoch for all tiles of the matrix. Drawn pairs that co-occur are left out.
    pub draws: f64,
    /// The sum of the row of each word, and the sum of the column of each context word.
    pub sums: [Vec<f64>; 2],
    // The probability of each word, and the sum of the probabilities of the words of each block.
    words: Vec<f64>,
    blocks: Vec<f64>,
    contexts: Vec<ContextBlock>,
    // A target t_ij = ½ ln E_ij − 1 is the sum of two terms: one depends on the word only, the other on the context
    // word only.
    targets: [Vec<f32>; 2],
}

/// Negative pairs of a tile, as records whose ln X is the target.
#[derive(Default)]
pub(super) struct DrawnPairs {
    // The pairs, and room for more.
    pairs: Vec<Record>,
    ends: Vec<usize>,
}

impl DrawnPairs {
    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// The pairs of each word that was drawn. The words have increasing positions; the context words of a word are in
    /// random order.
    pub fn by_word(&self) -> impl Iterator<Item = &[Record]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(&start, &end)| &self.pairs[start..end])
    }
}

impl NegativeSampler {
    /// A sampler of `draws` pairs, for words with these sums of rows and of columns.
    pub fn new(draws: f64, sums: [Vec<f64>; 2], grid: &TileGrid) -> Self {
        let [words, contexts] = sums.each_ref().map(|sums| {
            let weights = sums.iter().map(|sum| sum.powf(NEGATIVE_EXPONENT));
            let total: f64 = weights.clone().sum();
            weights.map(|weight| weight / total).collect::<Vec<_>>()
        });
        let contexts = (0..grid.blocks())
            .map(|block| {
                let probabilities = &contexts[grid.words_of(block)];
                ContextBlock {
                    probability: probabilities.iter().sum(),
                    words: WeightedChoice::new(probabilities),
                }
            })
            .collect();
        let sum_of = |block| words[grid.words_of(block)].iter().sum();
        let blocks = (0..grid.blocks()).map(sum_of).collect();
        let ln_total = sums[0].iter().sum::<f64>().ln();
        let term = |sum: &f64| {
            let ln_sum = sum.max(f64::MIN_POSITIVE).ln();
            (0.5 * (ln_sum - 0.5 * ln_total) - 0.5) as f32
        };
        let targets = sums.each_ref().map(|sums| sums.iter().map(term).collect());
        Self {
            draws,
            sums,
            words,
            blocks,
            contexts,
            targets,
        }
    }

    /// Number of pairs to draw in an epoch for the tile of these blocks.
    pub fn draws_of(&self, [row_block, column_block]: [usize; 2]) -> f64 {
        self.draws * self.blocks[row_block] * self.contexts[column_block].probability
    }

    /// Draw `draws` pairs of the tile of these blocks, on average, and keep those that are not in `filter`. A pair can be
    /// drawn several times.
    pub fn draw(
        &self,
        grid: &TileGrid,
        [row_block, column_block]: [usize; 2],
        draws: f64,
        filter: PairFilter<'_>,
        rng: &mut impl Rng,
        drawn: &mut DrawnPairs,
    ) {
        let DrawnPairs { pairs, ends } = drawn;
        ends.clear();
        let words = &self.words[grid.words_of(row_block)];
        let contexts = self.contexts[column_block].words.as_ref();
        let Some(contexts) = contexts.filter(|_| self.blocks[row_block] > 0.0) else {
            return;
        };
        let targets = &self.targets[0][grid.words_of(row_block)];
        let context_targets = &self.targets[1][grid.words_of(column_block)];
        // Systematic sampling: the words are intervals of a line, one after the other, each with a length in proportion to
        // its probability. A word gets DRAWS_PER_WORD context words for each integer inside its interval. The line begins at
        // a random position.
        let length = draws / DRAWS_PER_WORD as f64;
        let scale = length / self.blocks[row_block];
        let mut position: f64 = rng.random();
        let most = (position + length) as usize + 1;
        if pairs.len() < most * DRAWS_PER_WORD {
            pairs.resize(most * DRAWS_PER_WORD, Record::zeroed());
        }
        let mut end = 0;
        for (i, (word, target)) in words.iter().zip(targets).enumerate() {
            let start = position as usize;
            position += scale * word;
            let times = position as usize - start;
            if times == 0 {
                continue;
            }
            let filter = filter.of_word(i);
            for _ in 0..times * DRAWS_PER_WORD {
                let j = contexts.draw(rng);
                // No branch: the processor could not predict whether a pair is left out.
                pairs[end] = Record {
                    i: i as u16,
                    j: j as u16,
                    ln_x: target + context_targets[j],
                };
                end += usize::from(!filter.contains(j as u16));
            }
            ends.push(end);
        }
    }
}

/// The target of a pair whose words would co-occur `expected` times if they were independent.
pub fn negative_target(expected: f64) -> f64 {
    0.5 * expected.ln() - 1.0
}
