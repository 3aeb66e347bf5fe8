//! The cost of a model on some records, computed without training. It is used for the validation loss, and for
//! the divergence cost (`divergence.rs`). The kernel computes the cost of the records that it trains on.

use super::kernel::Record;
use super::options::TrainingOptions;
use super::parameters::ParametersView;
use super::tiles::Tiles;
use super::weighting::Weighting;
use crate::error::Result;
use rayon::prelude::*;

/// The cost of a poor model is estimated from at most this many records of each tile. These records are evenly
/// spaced among the first `SPREAD` records of the tile, not consecutive: consecutive records share rows, and the
/// sample needs records of many rows.
const SAMPLE: usize = 256;
const SPREAD: usize = 32 * SAMPLE;

/// The sum of the costs ½ f(X) diff² of the held-out records of the tiles whose columns are words of group
/// `columns`.
pub(crate) fn validation_cost(
    tiles: &Tiles,
    columns: usize,
    model: ParametersView<'_>,
    options: &TrainingOptions,
) -> Result<f64> {
    let weighting = options.weighting()?;
    sum_over_tiles(tiles, columns, |tile, buffer| {
        let records = tiles.read(tile, tiles.tiles[tile].held_out(), buffer)?;
        Ok(cost(tiles, tile, records, model, weighting))
    })
}

/// Estimate the cost of a poor model on the training records of the tiles whose columns are words of group
/// `columns`. The residuals of the poor model are larger by one, in absolute value, than those of a model of
/// zeros. In a tile where `model` costs more than the poor model, the cost of `model` counts instead. The
/// first records of a tile stand for all of them: each stretch of a tile is a random sample of its records.
pub(crate) fn poor_model_cost(
    tiles: &Tiles,
    columns: usize,
    model: ParametersView<'_>,
    options: &TrainingOptions,
) -> Result<f64> {
    let weighting = options.weighting()?;
    sum_over_tiles(tiles, columns, |tile, buffer| {
        let all = tiles.tiles[tile].records();
        let first = tiles.read(tile, 0..all.min(SPREAD), buffer)?;
        let every = first.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<Record> = first.iter().copied().step_by(every).collect();
        let poor: f64 = sample
            .iter()
            .map(|record| {
                let ln_x = f64::from(record.ln_x);
                weighting.cost(ln_x, ln_x.abs() + 1.0)
            })
            .sum();
        let cost = poor.max(cost(tiles, tile, &sample, model, weighting));
        Ok(cost * all as f64 / sample.len().max(1) as f64)
    })
}

/// The sum of the costs ½ f(X) diff² of some records of a tile. The residual diff is w·w̃ + b + b̃ − ln X.
fn cost(
    tiles: &Tiles,
    tile: usize,
    records: &[Record],
    model: ParametersView<'_>,
    weighting: Weighting,
) -> f64 {
    let [first_word, first_context] = tiles.first_rows(tile);
    records
        .iter()
        .map(|record| {
            let [word, context] = tiles.tiles[tile].word_and_context(*record);
            let word = first_word + word as usize;
            let context = first_context + context as usize;
            let diff = model.product(word, context) - record.ln_x;
            weighting.cost(f64::from(record.ln_x), f64::from(diff))
        })
        .sum()
}

/// Σ `f(tile, buffer)` over the tiles whose columns are words of group `columns`. The results of `f` are added
/// in the order of the tiles, so the sum has the same bits for any number of threads. The buffer is for
/// [`Tiles::read`].
fn sum_over_tiles(
    tiles: &Tiles,
    columns: usize,
    f: impl Fn(usize, &mut Vec<Record>) -> Result<f64> + Sync,
) -> Result<f64> {
    let costs: Result<Vec<f64>> = tiles
        .with_columns(columns)
        .into_par_iter()
        .map_init(Vec::new, |buffer, tile| f(tile, buffer))
        .collect();
    Ok(costs?.iter().sum())
}
