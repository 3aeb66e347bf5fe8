//! Weighted ridge regression by conjugate gradients (Hestenes and Stiefel 1952), for many targets at once.
//!
//! For each column y of the data, the coefficients β minimise
//!
//! ```text
//! Σ_i c_i (a_i·β − y_i)² + λ ‖β‖²
//! ```
//!
//! where a_i are the rows of the design matrix A and c_i the weights of the words; C is the
//! diagonal matrix of the weights. So β solves (AᵀCA + λ) β = AᵀCy; here and below, λ in a sum of
//! matrices is λ times the identity matrix. All columns have the same A, so sixteen columns are solved
//! together: for each entry of A, a whole cache line is read. The gradient is divided by the
//! diagonal of AᵀCA + λ (the Jacobi preconditioner), because the frequencies of n-grams differ by
//! orders of magnitude.
//!
//! Sums have a fixed order: the result has the same bits for any number of threads.

use super::design::Design;
use crate::error::Result;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::training::{LINE, Line};
use bytemuck::Zeroable;
use pulp::Arch;
use rayon::prelude::*;
use std::ops::Range;

/// A task reads about this many nonzero entries of the design matrix.
const ITEMS: usize = 1 << 14;
/// A column is solved if r·M⁻¹r is at most this fraction of the value that r·M⁻¹r had before the first
/// step. Here r is the residual of the column, and M the diagonal of AᵀCA + λ. A smaller residual is
/// mostly rounding error, and further steps would fit this error.
const SOLVED: f64 = 1e-13;
/// Number of rows of coefficients that one task changes.
const ROWS: usize = 1 << 12;

/// The data and the options of a regression.
#[derive(Debug, Clone, Copy)]
pub(super) struct RegressionData<'a> {
    /// A row of `dim` numbers for each word.
    pub values: &'a [f32],
    pub dim: usize,
    /// The weight of each word, >= 0.
    pub weights: &'a [f32],
    /// λ > 0.
    pub penalty: f32,
    /// Number of steps of conjugate gradients. A column that is solved earlier does not change in the
    /// remaining steps. `model` and `shrinkage` choose the number.
    pub steps: usize,
}

/// The coefficients of all columns, `dim` for each n-gram, row-major. The iteration starts at the
/// coefficients `start`, or at 0 if `start` is `None`.
pub(super) fn solve(
    design: &Design,
    data: &RegressionData<'_>,
    start: Option<&[f32]>,
    monitor: &Monitor,
) -> Result<Vec<f32>> {
    let (ngrams, dim) = (design.by_ngram.len(), data.dim);
    let mut solver = Solver::new(design, data)?;
    let mut coefficients: Vec<f32> = fallible::zeroed(ngrams * dim)?;
    for first in (0..dim).step_by(LINE) {
        let columns = first..dim.min(first + LINE);
        solver.load(data, columns.clone(), start);
        solver.run(data.steps, monitor)?;
        let width = columns.len();
        coefficients
            .par_chunks_exact_mut(dim)
            .zip(&solver.beta)
            .for_each(|(row, beta)| row[columns.clone()].copy_from_slice(&beta.0[..width]));
    }
    Ok(coefficients)
}

/// The solver of sixteen columns.
struct Solver<'a> {
    design: &'a Design,
    penalty: f32,
    /// c_i/n_i of each word with n_i n-grams.
    word_weights: Vec<f32>,
    /// The inverse of the diagonal of AᵀCA + λ.
    inverse_diagonal: Vec<f32>,
    word_tasks: Vec<Range<usize>>,
    ngram_tasks: Vec<Range<usize>>,
    // Intermediate results: a row for each word.
    of_words: Vec<Line>,
    // Each has a row for each n-gram: the coefficients, the residual (−½ times the gradient), the direction of
    // the next step, and the image, which is (AᵀCA + λ) times the direction.
    beta: Vec<Line>,
    residual: Vec<Line>,
    direction: Vec<Line>,
    image: Vec<Line>,
}

impl<'a> Solver<'a> {
    fn new(design: &'a Design, data: &RegressionData<'_>) -> Result<Self> {
        let (words, ngrams) = (design.words(), design.by_ngram.len());
        let weights = (0..words).map(|i| data.weights[i] * design.scale(i).powi(2));
        let word_weights = fallible::collect(weights)?;
        let diagonal = |j: usize| -> f32 {
            let having = design.by_ngram.get(j).iter();
            having.map(|&i| word_weights[i as usize]).sum()
        };
        let inverse = (0..ngrams).map(|j| 1.0 / (diagonal(j) + data.penalty));
        Ok(Self {
            design,
            penalty: data.penalty,
            inverse_diagonal: fallible::collect(inverse)?,
            word_weights,
            word_tasks: design.by_word.tasks(ITEMS),
            ngram_tasks: design.by_ngram.tasks(ITEMS),
            of_words: fallible::zeroed(words)?,
            beta: fallible::zeroed(ngrams)?,
            residual: fallible::zeroed(ngrams)?,
            direction: fallible::zeroed(ngrams)?,
            image: fallible::zeroed(ngrams)?,
        })
    }

    /// Load some columns of the data, and compute the residual AᵀC(y − Aβ) − λβ.
    fn load(&mut self, data: &RegressionData<'_>, columns: Range<usize>, start: Option<&[f32]>) {
        let Self {
            design,
            penalty,
            word_weights,
            word_tasks,
            ngram_tasks,
            of_words,
            beta,
            residual,
            ..
        } = self;
        let (dim, width) = (data.dim, columns.len());
        beta.par_iter_mut().enumerate().for_each(|(j, beta)| {
            *beta = Line::zeroed();
            if let Some(start) = start {
                beta.0[..width].copy_from_slice(&start[j * dim..][columns.clone()]);
            }
        });
        for_tasks(word_tasks, of_words, |i, out| {
            let sum = match start {
                Some(_) => sum_of_rows(beta, design.by_word.get(i)),
                None => [0.0; LINE],
            };
            // Each of Aᵀ and A contains a factor 1/√n. `word_weights`, which is c/n, contains both factors, as
            // AᵀCAβ needs them. AᵀCy needs only one of them, so y is divided by 1/√n first.
            let (scale, mut y) = (design.scale(i), [0.0; LINE]);
            y[..width].copy_from_slice(&data.values[i * dim..][columns.clone()]);
            let by_scale = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            for k in 0..LINE {
                out.0[k] = word_weights[i] * (y[k] * by_scale - sum[k]);
            }
            NOTHING
        });
        for_tasks(ngram_tasks, residual, |j, out| {
            let sum = sum_of_rows(of_words, design.by_ngram.get(j));
            for k in 0..LINE {
                out.0[k] = sum[k] - *penalty * beta[j].0[k];
            }
            NOTHING
        });
    }

    /// Take `steps` steps of conjugate gradients.
    fn run(&mut self, steps: usize, monitor: &Monitor) -> Result<()> {
        let Self {
            design,
            penalty,
            inverse_diagonal,
            word_weights,
            word_tasks,
            ngram_tasks,
            of_words,
            beta,
            residual,
            direction,
            image,
        } = self;
        // r·M⁻¹r, where r is the residual and M the diagonal of AᵀCA + λ.
        let mut lengths = update(beta, residual, |j, _, residual| {
            squares(&residual.0, inverse_diagonal[j])
        });
        rows(direction, |j, direction| {
            for k in 0..LINE {
                direction.0[k] = inverse_diagonal[j] * residual[j].0[k];
            }
        });
        let solved = lengths.map(|length| SOLVED * length);
        for _ in 0..steps {
            monitor.advance(1)?;
            for_tasks(word_tasks, of_words, |i, out| {
                let sum = sum_of_rows(direction, design.by_word.get(i));
                for k in 0..LINE {
                    out.0[k] = word_weights[i] * sum[k];
                }
                NOTHING
            });
            let curvature = for_tasks(ngram_tasks, image, |j, out| {
                let sum = sum_of_rows(of_words, design.by_ngram.get(j));
                let direction = &direction[j].0;
                for k in 0..LINE {
                    out.0[k] = sum[k] + *penalty * direction[k];
                }
                products(direction, &out.0)
            });
            let step = ratios(&lengths, &curvature, &solved);
            let next = update(beta, residual, |j, beta, residual| {
                for k in 0..LINE {
                    beta.0[k] += step[k] * direction[j].0[k];
                    residual.0[k] -= step[k] * image[j].0[k];
                }
                squares(&residual.0, inverse_diagonal[j])
            });
            // The literature calls this factor β. In this file β and `beta` are the coefficients.
            let conjugation = ratios(&next, &lengths, &solved);
            lengths = next;
            rows(direction, |j, direction| {
                for k in 0..LINE {
                    let steepest = inverse_diagonal[j] * residual[j].0[k];
                    direction.0[k] = steepest + conjugation[k] * direction.0[k];
                }
            });
        }
        Ok(())
    }
}

/// A number for each column, summed in double precision.
type ColumnSums = [f64; LINE];
const NOTHING: ColumnSums = [0.0; LINE];

/// a/b of each column; 0 where a column is solved or b is not above 0.
fn ratios(a: &ColumnSums, b: &ColumnSums, solved: &ColumnSums) -> [f32; LINE] {
    std::array::from_fn(|k| {
        if a[k] > solved[k] && b[k] > 0.0 {
            (a[k] / b[k]) as f32
        } else {
            0.0
        }
    })
}

#[inline(always)]
fn products(a: &[f32; LINE], b: &[f32; LINE]) -> ColumnSums {
    let mut products = NOTHING;
    for k in 0..LINE {
        products[k] = f64::from(a[k]) * f64::from(b[k]);
    }
    products
}

#[inline(always)]
fn squares(row: &[f32; LINE], factor: f32) -> ColumnSums {
    let mut squares = NOTHING;
    for k in 0..LINE {
        squares[k] = f64::from(row[k]) * f64::from(row[k]) * f64::from(factor);
    }
    squares
}

#[inline(always)]
fn add(sum: &mut ColumnSums, more: &ColumnSums) {
    for k in 0..LINE {
        sum[k] += more[k];
    }
}

/// The sum of the rows with the indices `ids`.
#[inline(always)]
pub(super) fn sum_of_rows(rows: &[Line], ids: &[u32]) -> [f32; LINE] {
    let mut sum = [0.0; LINE];
    for &id in ids {
        let row = &rows[id as usize].0;
        for k in 0..LINE {
            sum[k] += row[k];
        }
    }
    sum
}

/// Call `set` for each row of `out`, in parallel tasks. Returns the sum of the results of `set`.
fn for_tasks(
    tasks: &[Range<usize>],
    mut out: &mut [Line],
    set: impl Fn(usize, &mut Line) -> ColumnSums + Sync + Send,
) -> ColumnSums {
    let mut parts = Vec::with_capacity(tasks.len());
    for task in tasks {
        let (part, rest) = out.split_at_mut(task.len());
        parts.push((task.start, part));
        out = rest;
    }
    let arch = Arch::new();
    let sums = parts.into_par_iter().map(|(first, part)| {
        arch.dispatch(
            #[inline(always)]
            || {
                let mut sum = NOTHING;
                for (i, out) in part.iter_mut().enumerate() {
                    add(&mut sum, &set(first + i, out));
                }
                sum
            },
        )
    });
    total(sums)
}

/// Call `change` for each row number, with this row of `a` and of `b`. Returns the sum of the results of `change`.
fn update(
    a: &mut [Line],
    b: &mut [Line],
    change: impl Fn(usize, &mut Line, &mut Line) -> ColumnSums + Sync + Send,
) -> ColumnSums {
    let arch = Arch::new();
    let chunks = a.par_chunks_mut(ROWS).zip(b.par_chunks_mut(ROWS));
    total(chunks.enumerate().map(|(chunk, (a, b))| {
        arch.dispatch(
            #[inline(always)]
            || {
                let mut sum = NOTHING;
                for (i, (a, b)) in a.iter_mut().zip(b).enumerate() {
                    add(&mut sum, &change(chunk * ROWS + i, a, b));
                }
                sum
            },
        )
    }))
}

/// Call `change` for each row.
fn rows(rows: &mut [Line], change: impl Fn(usize, &mut Line) + Sync + Send) {
    let arch = Arch::new();
    let chunks = rows.par_chunks_mut(ROWS).enumerate();
    chunks.for_each(|(chunk, rows)| {
        arch.dispatch(
            #[inline(always)]
            || {
                for (i, row) in rows.iter_mut().enumerate() {
                    change(chunk * ROWS + i, row);
                }
            },
        );
    });
}

/// Add up sums in an order that does not depend on the number of threads.
fn total(sums: impl IndexedParallelIterator<Item = ColumnSums>) -> ColumnSums {
    let mut parts = Vec::new();
    sums.collect_into_vec(&mut parts);
    let mut total = NOTHING;
    for part in &parts {
        add(&mut total, part);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subwords::NgramLengths;
    use crate::threads;
    use proptest::prelude::*;

    fn in_threads(
        threads: usize,
        words: &[String],
        data: &RegressionData<'_>,
        start: Option<&[f32]>,
    ) -> (Design, Vec<f32>) {
        let monitor = Monitor::new();
        let solve = || {
            let design = Design::new(words, NgramLengths::new(1, 3)?, 2, &monitor)?;
            let found = solve(&design, data, start, &monitor)?;
            crate::Result::Ok((design, found))
        };
        threads::in_pool(threads, solve).unwrap().unwrap()
    }

    /// The solution of (AᵀCA + λ) β = AᵀC y by Gaussian elimination, for one column.
    fn naive(design: &Design, data: &RegressionData<'_>, column: usize) -> Vec<f64> {
        let n = design.by_ngram.len();
        let mut rows = vec![vec![0.0_f64; n + 1]; n];
        for (j, row) in rows.iter_mut().enumerate() {
            row[j] = f64::from(data.penalty);
        }
        for i in 0..design.words() {
            let ids = design.by_word.get(i);
            let a = 1.0 / (ids.len() as f64).sqrt();
            let weight = f64::from(data.weights[i]);
            for &j in ids {
                for &k in ids {
                    rows[j as usize][k as usize] += weight * a * a;
                }
                let y = f64::from(data.values[i * data.dim + column]);
                rows[j as usize][n] += weight * a * y;
            }
        }
        for pivot in 0..n {
            // The matrix is positive definite: its diagonal stays above 0.
            for other in 0..n {
                let factor = rows[other][pivot] / rows[pivot][pivot];
                for k in 0..=n {
                    if other != pivot {
                        rows[other][k] -= factor * rows[pivot][k];
                    }
                }
            }
        }
        (0..n).map(|j| rows[j][n] / rows[j][j]).collect()
    }

    proptest! {
        #[test]
        fn enough_steps_reach_the_naive_solution_with_the_same_bits_for_any_number_of_threads(
            words in prop::collection::hash_set("[ab語]{0,4}", 1..25),
            numbers in prop::collection::vec(-2.0_f32..2.0, 25),
            dim in prop::sample::select(vec![1, 3, 16, 17, 33]),
            penalty in 0.1_f32..3.0,
        ) {
            let words: Vec<String> = words.into_iter().collect();
            let values: Vec<f32> =
                (0..words.len() * dim).map(|i| numbers[i % numbers.len()] * (i % 7) as f32).collect();
            let weights: Vec<f32> = (0..words.len()).map(|i| (i % 5) as f32 / 4.0).collect();
            let data = RegressionData { values: &values, dim, weights: &weights, penalty, steps: 200 };
            let (design, found) = in_threads(1, &words, &data, None);
            for column in [0, dim - 1] {
                for (j, exact) in naive(&design, &data, column).into_iter().enumerate() {
                    let ours = f64::from(found[j * dim + column]);
                    prop_assert!((ours - exact).abs() < 1e-3, "{ours} {exact}");
                }
            }
            let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&found), bits(&in_threads(3, &words, &data, None).1));
            // One more step from the solution does not change it.
            let (_, again) = in_threads(2, &words, &RegressionData { steps: 1, ..data }, Some(&found));
            prop_assert!(found.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }

    #[test]
    fn tasks_of_many_rows_give_the_same_bits_for_any_number_of_threads() {
        let words: Vec<String> = (0..3_000).map(|i| format!("{i:b}")).collect();
        let values: Vec<f32> = (0..words.len() * 20)
            .map(|i| (i % 23) as f32 - 11.0)
            .collect();
        let weights = vec![1.0; words.len()];
        let data = RegressionData {
            values: &values,
            dim: 20,
            weights: &weights,
            penalty: 1.0,
            steps: 5,
        };
        let (design, one) = in_threads(1, &words, &data, None);
        assert!(design.by_ngram.tasks(ITEMS).len() > 1);
        assert_eq!(one, in_threads(4, &words, &data, None).1);
    }
}
