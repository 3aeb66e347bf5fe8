//! What queries compute: the cosines of many vectors with one query vector, and vectors scaled to unit length.
//!
//! A row is read once for both its dot product and its length. Nothing about a matrix is stored between calls:
//! if the matrix changes, the next call uses the new values. Rows in half precision are converted to f32 one at
//! a time.
//!
//! A row has no direction if it is zero, or if a component is NaN or infinite.

use crate::error::Result;
use crate::float16::Element;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::threads;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// A matrix of at least this many numbers is divided among the threads. For a smaller matrix,
/// starting threads takes longer than it saves (benches/EXPERIMENTS.md, "Cosines of one query with
/// all words").
pub const PARALLEL_FROM: usize = 1 << 19;
/// A task reads about this many numbers of a matrix.
const TASK: usize = 1 << 16;
/// If the sum of the squares of a row is within these bounds, this sum and the dot product with a
/// unit vector lose no digits to overflow or underflow in f32. Other rows are computed in f64.
const SQUARES: std::ops::Range<f32> = 1e-30..1e30;

/// The cosine of each row w of `matrix` with the unit vector q, which is `query`: w·q / ‖w‖, or NaN for a row without
/// a direction.
///
/// # Errors
/// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
pub fn cosines<E: Element>(
    matrix: &[E],
    query: &[f32],
    threads: usize,
    monitor: &Monitor,
) -> Result<Vec<f32>> {
    let dim = query.len();
    let mut cosines = fallible::zeroed(matrix.len().checked_div(dim).unwrap_or(0))?;
    by_rows(
        matrix,
        dim,
        (&mut cosines, 1),
        &Cosine(query),
        threads,
        monitor,
    )?;
    Ok(cosines)
}

/// The rows of `matrix`, of `dim` numbers each, scaled to unit length; a row without a direction becomes zeros. The
/// second result says for each row whether it has a direction.
///
/// # Errors
/// [`crate::Error::Memory`]; [`crate::Error::Cancelled`].
pub fn unit_rows<E: Element>(
    matrix: &[E],
    dim: usize,
    threads: usize,
    monitor: &Monitor,
) -> Result<(Vec<f32>, Vec<bool>)> {
    let mut units = fallible::zeroed(matrix.len())?;
    by_rows(matrix, dim, (&mut units, dim), &Unit, threads, monitor)?;
    let directed = units
        .chunks_exact(dim.max(1))
        .map(|row| row.iter().any(|x| *x != 0.0));
    let directed = fallible::collect(directed)?;
    Ok((units, directed))
}

/// A computation on one row.
trait OfRow: Sync {
    fn compute<S: Simd>(&self, simd: S, row: &[f32], out: &mut [f32]);
}

struct Cosine<'a>(&'a [f32]);

impl OfRow for Cosine<'_> {
    #[inline(always)]
    fn compute<S: Simd>(&self, simd: S, row: &[f32], cosine: &mut [f32]) {
        let (dot, squares) = dot_and_squares(simd, row, self.0);
        cosine[0] = if SQUARES.contains(&squares) {
            dot / squares.sqrt()
        } else {
            cosine_in_f64(row, self.0)
        };
    }
}

struct Unit;

impl OfRow for Unit {
    #[inline(always)]
    fn compute<S: Simd>(&self, simd: S, row: &[f32], unit: &mut [f32]) {
        let (_, squares) = dot_and_squares(simd, row, row);
        if SQUARES.contains(&squares) {
            let length = squares.sqrt();
            for (unit, x) in unit.iter_mut().zip(row) {
                *unit = x / length;
            }
        } else if let Some(length) = length_in_f64(row) {
            for (unit, x) in unit.iter_mut().zip(row) {
                *unit = (f64::from(*x) / length) as f32;
            }
        }
    }
}

/// Apply `of_row` to all rows of a matrix. For each row, `of_row` writes `width` numbers to `out`.
fn by_rows<E: Element>(
    matrix: &[E],
    dim: usize,
    (out, width): (&mut [f32], usize),
    of_row: &impl OfRow,
    threads: usize,
    monitor: &Monitor,
) -> Result<()> {
    if dim == 0 {
        return Ok(());
    }
    let rows = (TASK / dim).max(1);
    let arch = Arch::new();
    let task = |(matrix, out): (&[E], &mut [f32])| {
        monitor.check()?;
        arch.dispatch(RowsTask {
            matrix,
            out,
            width,
            buffer: &mut vec![0.0; dim],
            of_row,
        });
        Ok(())
    };
    if threads == 1 || matrix.len() < PARALLEL_FROM {
        return matrix
            .chunks(rows * dim)
            .zip(out.chunks_mut(rows * width))
            .try_for_each(task);
    }
    threads::in_pool(threads, || {
        matrix
            .par_chunks(rows * dim)
            .zip(out.par_chunks_mut(rows * width))
            .try_for_each(task)
    })?
}

/// The rows of one task. `pulp` runs `of_row` on them with AVX-512, AVX2 or NEON, if the processor has one of these.
struct RowsTask<'a, E, R> {
    matrix: &'a [E],
    out: &'a mut [f32],
    width: usize,
    /// Space for a row that is converted to f32.
    buffer: &'a mut [f32],
    of_row: &'a R,
}

impl<E: Element, R: OfRow> WithSimd for RowsTask<'_, E, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let rows = self.matrix.chunks_exact(self.buffer.len());
        for (row, out) in rows.zip(self.out.chunks_exact_mut(self.width)) {
            self.of_row.compute(simd, E::widen(row, self.buffer), out);
        }
    }
}

/// row·other and row·row.
#[inline(always)]
fn dot_and_squares<S: Simd>(simd: S, row: &[f32], other: &[f32]) -> (f32, f32) {
    let ((a, a_rest), (b, b_rest)) = (S::as_simd_f32s(row), S::as_simd_f32s(other));
    // Each of the two results has two partial sums, so that an addition does not wait for the previous one.
    let (a_pairs, a_last) = a.as_chunks::<2>();
    let (b_pairs, b_last) = b.as_chunks::<2>();
    let (mut dots, mut squares) = ([simd.splat_f32s(0.0); 2], [simd.splat_f32s(0.0); 2]);
    for (a, b) in a_pairs.iter().zip(b_pairs) {
        for i in 0..2 {
            dots[i] = simd.mul_add_e_f32s(a[i], b[i], dots[i]);
            squares[i] = simd.mul_add_e_f32s(a[i], a[i], squares[i]);
        }
    }
    for (a, b) in a_last.iter().zip(b_last) {
        dots[0] = simd.mul_add_e_f32s(*a, *b, dots[0]);
        squares[0] = simd.mul_add_e_f32s(*a, *a, squares[0]);
    }
    if !a_rest.is_empty() {
        let (a, b) = (
            simd.partial_load_f32s(a_rest),
            simd.partial_load_f32s(b_rest),
        );
        dots[1] = simd.mul_add_e_f32s(a, b, dots[1]);
        squares[1] = simd.mul_add_e_f32s(a, a, squares[1]);
    }
    let total = |sums: [S::f32s; 2]| simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1]));
    (total(dots), total(squares))
}

/// The length of a row, if it has a direction.
fn length_in_f64(row: &[f32]) -> Option<f64> {
    let squares: f64 = row.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    (squares.is_finite() && squares > 0.0).then(|| squares.sqrt())
}

fn cosine_in_f64(row: &[f32], query: &[f32]) -> f32 {
    length_in_f64(row).map_or(f32::NAN, |length| {
        let products = row
            .iter()
            .zip(query)
            .map(|(x, y)| f64::from(*x) * f64::from(*y));
        (products.sum::<f64>() / length) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;
    use proptest::prelude::*;

    fn naive(row: &[f32], query: &[f32]) -> f64 {
        let sum = |other: &[f32]| -> f64 {
            row.iter()
                .zip(other)
                .map(|(x, y)| f64::from(*x) * f64::from(*y))
                .sum()
        };
        sum(query) / sum(row).sqrt()
    }

    #[test]
    fn rows_without_a_direction_have_no_cosine() {
        let rows = [0.0, 0.0, f32::NAN, 1.0, f32::INFINITY, 1.0, 3.0, 4.0];
        let monitor = Monitor::new();
        let found = cosines(&rows, &[1.0, 0.0], 1, &monitor).unwrap();
        assert!(found[..3].iter().all(|x| x.is_nan()), "{found:?}");
        assert_eq!(found[3], 0.6);
        let (units, directed) = unit_rows(&rows, 2, 1, &monitor).unwrap();
        assert_eq!(directed, [false, false, false, true]);
        assert_eq!(units, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.6, 0.8]);
    }

    #[test]
    fn several_threads_find_what_one_does() {
        let rows: Vec<f32> = (0..PARALLEL_FROM + 70)
            .map(|i| (i % 97) as f32 - 40.0)
            .collect();
        let rows = &rows[..rows.len() / 7 * 7];
        let query = [0.1, -0.2, 0.3, 0.0, 0.5, 0.6, -0.7];
        let monitor = Monitor::new();
        let one = cosines(rows, &query, 1, &monitor).unwrap();
        assert_eq!(one, cosines(rows, &query, 3, &monitor).unwrap());
        assert_eq!(
            unit_rows(rows, 7, 1, &monitor).unwrap(),
            unit_rows(rows, 7, 3, &monitor).unwrap()
        );
    }

    proptest! {
        #[test]
        fn rows_of_any_length_have_the_cosines_of_f64(
            seed in prop::collection::vec(-1.0_f32..1.0, 40),
            dim in 1_usize..40,
            exponents in prop::collection::vec(-37_i32..37, 5),
        ) {
            let query = &seed[..dim];
            let rows: Vec<f32> = exponents
                .iter()
                .flat_map(|e| seed.iter().rev().take(dim).map(move |x| x * 10_f32.powi(*e)))
                .collect();
            let monitor = Monitor::new();
            let found = cosines(&rows, query, 1, &monitor).unwrap();
            let (units, _) = unit_rows(&rows, dim, 1, &monitor).unwrap();
            for (index, row) in rows.chunks(dim).enumerate() {
                let expected = naive(row, query);
                if expected.is_finite() {
                    prop_assert!((f64::from(found[index]) - expected).abs() < 1e-4);
                    let unit = &units[index * dim..][..dim];
                    prop_assert!((naive(unit, unit) - 1.0).abs() < 1e-5);
                }
            }
        }

        #[test]
        fn half_precision_has_the_cosines_of_its_f32(
            bits in prop::collection::vec(any::<u16>(), 60), dim in 1_usize..20
        ) {
            let half: Vec<f16> = bits.into_iter().map(f16::from_bits).collect();
            let half = &half[..half.len() / dim * dim];
            let single: Vec<f32> = half.iter().map(|x| x.to_f32()).collect();
            let query: Vec<f32> = (0..dim).map(|i| i as f32 - 3.5).collect();
            let monitor = Monitor::new();
            let bits = |cosines: Vec<f32>| cosines.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            prop_assert_eq!(
                bits(cosines(half, &query, 1, &monitor).unwrap()),
                bits(cosines(&single, &query, 1, &monitor).unwrap())
            );
            let (ours, theirs) = (unit_rows(half, dim, 1, &monitor), unit_rows(&single, dim, 1, &monitor));
            prop_assert_eq!(ours.unwrap(), theirs.unwrap());
        }
    }
}
