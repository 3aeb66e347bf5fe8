//! A sample of the pairs of words that never meet: evidence that they are unlike each other.
//!
//! Equation 8 of the paper says nothing of X_ij = 0. A model that never sees such a pair may give it
//! any value; Swivel (Shazeer et al. 2016) and skip-gram with negative sampling owe their scores in
//! word similarity to it. The sample here is drawn once, from the product of the words' smoothed
//! frequencies, leaving out every pair that does meet, and each pair adds
//! ½ λ max(0, w·w̃ + b + b̃ − t_ij)² to the loss. The target t_ij = ½ ln E_ij − 1 lies half way, as
//! logarithms go, between the count E_ij that independent words would have and e⁻², and only a
//! prediction above it costs anything (measured in benches/RESULTS.md, "Unseen pairs").

use super::kernel::Record;
use super::marginals::Margin;
use super::tiles::TileGrid;
use rand::distr::Distribution;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_distr::weighted::WeightedAliasIndex;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Places of a word and of a context in their blocks.
pub(super) type Pair = [u16; 2];

/// Exponent of the frequencies that pairs are drawn by, as in word2vec (Mikolov et al. 2013).
const EXPONENT: f64 = 0.75;

/// One side of a block: its share of all draws, and the words that share is drawn from.
struct Drawn {
    share: f64,
    places: Option<WeightedAliasIndex<f64>>,
}

/// Draws unseen pairs, tile by tile.
pub(super) struct Sampler {
    /// Pairs to draw in all; those that turn out to meet, or to be drawn already, are left out.
    draws: f64,
    /// Each word's share of the draws of the word side.
    shares: Vec<f64>,
    /// The context side, block by block.
    columns: Vec<Drawn>,
    seed: u64,
}

impl Sampler {
    /// A sampler of `draws` pairs of words with these margins.
    pub fn new(margins: &[Margin], grid: &TileGrid, draws: f64, seed: u64) -> Self {
        let [shares, columns] = [0, 1].map(|side| {
            let weights = margins.iter().map(|m| m.sum(side).powf(EXPONENT));
            let total: f64 = weights.clone().sum();
            weights.map(|weight| weight / total).collect::<Vec<_>>()
        });
        let columns = (0..grid.blocks())
            .map(|block| {
                let shares = &columns[grid.words_of(block)];
                Drawn {
                    share: shares.iter().sum(),
                    // Refused only if no word of the block has any record.
                    places: WeightedAliasIndex::new(shares.to_vec()).ok(),
                }
            })
            .collect();
        Self {
            draws,
            shares,
            columns,
            seed,
        }
    }

    /// At most so many pairs fall to a tile.
    pub fn most(&self, grid: &TileGrid, row_block: usize, column_block: usize) -> usize {
        let expected = |share: f64| (self.draws * share * self.columns[column_block].share).ceil();
        let shares = &self.shares[grid.words_of(row_block)];
        shares.iter().map(|&share| expected(share) as usize).sum()
    }

    /// The sample of one tile, whose records are of the pairs `seen`, into the beginning of `pairs`, in random
    /// order; returns their number. `taken` is scratch space.
    pub fn draw(
        &self,
        grid: &TileGrid,
        [row_block, column_block]: [usize; 2],
        seen: impl Iterator<Item = Pair>,
        taken: &mut Vec<u64>,
        pairs: &mut [Pair],
    ) -> usize {
        let Drawn {
            share,
            places: Some(places),
        } = &self.columns[column_block]
        else {
            return 0;
        };
        let width = grid.words_of(column_block).len().div_ceil(64);
        taken.clear();
        taken.resize(grid.words_of(row_block).len() * width, 0);
        for [i, j] in seen {
            taken[i as usize * width + j as usize / 64] |= 1 << (j % 64);
        }
        let number = (row_block * grid.blocks() + column_block) as u64;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(!self.seed ^ number.rotate_left(32));
        let mut end = 0;
        for (i, &row_share) in self.shares[grid.words_of(row_block)].iter().enumerate() {
            let expected = self.draws * row_share * share;
            let draws = expected.floor() + f64::from(rng.random_bool(expected.fract()));
            for _ in 0..draws as usize {
                let j = places.sample(&mut rng);
                let (word, bit) = (&mut taken[i * width + j / 64], 1 << (j % 64));
                if *word & bit == 0 {
                    *word |= bit;
                    pairs[end] = [i as u16, j as u16];
                    end += 1;
                }
            }
        }
        pairs[..end].shuffle(&mut rng);
        end
    }
}

/// The targets of unseen pairs: t_ij = ½ ln E_ij − 1 as a number of each word and one of each context.
#[derive(Debug)]
pub(super) struct Targets([Vec<f32>; 2]);

impl Targets {
    /// For words with these margins.
    pub fn new(margins: &[Margin]) -> Self {
        let ln_total = margins.iter().map(|m| m.sum(0)).sum::<f64>().ln();
        Self([0, 1].map(|side| {
            let ln_sum = |m: &Margin| m.sum(side).max(f64::MIN_POSITIVE).ln();
            margins
                .iter()
                .map(|m| (0.5 * (ln_sum(m) - 0.5 * ln_total) - 0.5) as f32)
                .collect()
        }))
    }

    /// The numbers of words, and those of contexts.
    pub fn sides(&self) -> &[Vec<f32>; 2] {
        &self.0
    }

    /// From both one after the other.
    pub fn from_sides(sides: &[f32]) -> Self {
        let (words, contexts) = sides.split_at(sides.len() / 2);
        Self([words.to_vec(), contexts.to_vec()])
    }

    /// `pairs` as records whose ln X is the target; places count from these words and contexts.
    pub fn records(&self, pairs: &[Pair], first: [usize; 2], to: &mut Vec<Record>) {
        let (words, contexts) = (&self.0[0][first[0]..], &self.0[1][first[1]..]);
        to.clear();
        to.extend(pairs.iter().map(|&[i, j]| Record {
            i,
            j,
            ln_x: words[i as usize] + contexts[j as usize],
        }));
    }
}
