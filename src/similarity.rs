//! Cosines of many vectors with one, and vectors scaled to unit length.
//!
//! A row is read once for both its dot product and its length, so nothing about a matrix has to be remembered
//! between calls: what is written to it counts at the next call. Rows in half precision are converted one at a
//! time, by the processor's own instruction where it has one.
//!
//! A row has a direction unless it is zero, or has a component that is NaN or infinite.

use crate::error::Result;
use crate::formats::Element;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::threads;
use rayon::prelude::*;

/// Numbers of a matrix from which several threads are faster than one: about 0.1 ms of work.
pub const PARALLEL_FROM: usize = 1 << 18;
/// Numbers of a matrix that one task reads.
const TASK: usize = 1 << 16;
/// Sums that the compiler keeps in vector registers.
const LANES: usize = 16;
/// Within these bounds a sum of squares, and its product with a unit vector, are exact to the last digits of f32.
/// Rows outside of them are computed in f64.
const SQUARES: std::ops::Range<f32> = 1e-30..1e30;

/// The cosine of each row of `matrix` with the unit vector `query`: w·q / |w|, NaN for a row without a direction.
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
        &mut cosines,
        1,
        threads,
        monitor,
        |row, cosine| {
            let (dot, squares) = dot_and_squares(row, query);
            cosine[0] = if SQUARES.contains(&squares) {
                dot / squares.sqrt()
            } else {
                cosine_in_f64(row, query)
            };
        },
    )?;
    Ok(cosines)
}

/// The rows of `matrix`, of `dim` numbers each, scaled to unit length, and which have a direction; zeros for the
/// others.
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
    by_rows(
        matrix,
        dim,
        &mut units,
        dim,
        threads,
        monitor,
        |row, unit| {
            let (_, squares) = dot_and_squares(row, row);
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
        },
    )?;
    let directed = units
        .chunks_exact(dim.max(1))
        .map(|row| row.iter().any(|x| *x != 0.0));
    let directed = fallible::collect(directed)?;
    Ok((units, directed))
}

/// Call `each` with every row of `matrix` in f32 and the `width` numbers of `out` that belong to it.
fn by_rows<E: Element>(
    matrix: &[E],
    dim: usize,
    out: &mut [f32],
    width: usize,
    threads: usize,
    monitor: &Monitor,
    each: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Result<()> {
    if dim == 0 {
        out.fill(f32::NAN);
        return Ok(());
    }
    let rows = (TASK / dim).max(1);
    let task = |(matrix, out): (&[E], &mut [f32])| {
        monitor.check()?;
        let mut buffer = vec![0.0; dim];
        for (row, out) in matrix.chunks_exact(dim).zip(out.chunks_exact_mut(width)) {
            each(E::widen(row, &mut buffer), out);
        }
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

/// row·other and row·row.
#[inline(always)]
fn dot_and_squares(row: &[f32], other: &[f32]) -> (f32, f32) {
    let mut sums = Sums::default();
    let (wide, rest) = row.as_chunks::<LANES>();
    let (other_wide, other_rest) = other.as_chunks::<LANES>();
    for (a, b) in wide.iter().zip(other_wide) {
        sums.add(a, b);
    }
    // Without an index that depends on the data: with one the sums would leave the registers.
    let (narrow, rest) = rest.as_chunks::<4>();
    let (other_narrow, other_rest) = other_rest.as_chunks::<4>();
    for (a, b) in narrow.iter().zip(other_narrow) {
        sums.add(a, b);
    }
    let (mut dot, mut squares) = (total(&sums.dots), total(&sums.squares));
    for (a, b) in rest.iter().zip(other_rest) {
        dot += a * b;
        squares += a * a;
    }
    (dot, squares)
}

/// Sums of products, lane by lane.
#[derive(Default)]
struct Sums {
    dots: [f32; LANES],
    squares: [f32; LANES],
}

impl Sums {
    #[inline(always)]
    fn add<const N: usize>(&mut self, a: &[f32; N], b: &[f32; N]) {
        for lane in 0..N {
            self.dots[lane] += a[lane] * b[lane];
            self.squares[lane] += a[lane] * a[lane];
        }
    }
}

/// The sum of all lanes, in halves: the compiler may not reorder a plain sum.
#[inline(always)]
fn total(lanes: &[f32; LANES]) -> f32 {
    let mut lanes = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
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
            for (place, row) in rows.chunks(dim).enumerate() {
                let expected = naive(row, query);
                if expected.is_finite() {
                    prop_assert!((f64::from(found[place]) - expected).abs() < 1e-4);
                    let unit = &units[place * dim..][..dim];
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
