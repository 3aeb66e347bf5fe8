//! Training on one thread, on records in a given order, without tiles.

use super::kernel::{Record, SimdLevel, StepRule};
use super::options::TrainingOptions;
use super::parameters::Parameters;
use crate::error::{Error, Result};
use crate::vocabulary::WordId;

/// Train on one thread, on `records` in the given order. Every epoch has the initial learning rates. Tests use
/// this function to check the arithmetic of the kernel, and benchmarks use it to measure the speed of the
/// kernel. With `negative_weight`, the records are negative pairs of this weight, and ln X of a record is
/// its target. Returns the loss of each epoch. Records whose cost is not a finite number are skipped.
///
/// # Errors
/// [`Error::Parameter`] for options that are out of their ranges, more than 65,536 words, a record of a word
/// that does not exist, or an X that is not a finite number above 0.
///
/// # Panics
/// If `parameters` do not have the layout of the optimizer, or if this machine does not have the instructions
/// of `level`.
pub fn train_in_order(
    parameters: &mut Parameters,
    records: &[(WordId, WordId, f64)],
    options: &TrainingOptions,
    negative_weight: Option<f32>,
    level: SimdLevel,
) -> Result<Vec<f64>> {
    options.validate()?;
    if parameters.words() > 1 << 16 {
        return Err(Error::parameter(
            "W",
            format!("must have at most 65536 rows, got {}", parameters.words()),
        ));
    }
    let words = parameters.words() as WordId;
    let records: Vec<Record> = records
        .iter()
        .map(|&(i, j, x)| {
            if i >= words || j >= words || !x.is_finite() || x <= 0.0 {
                return Err(Error::parameter(
                    "records",
                    format!("must be (word < {words}, word < {words}, x > 0), got ({i}, {j}, {x})"),
                ));
            }
            Ok(Record {
                i: i as u16,
                j: j as u16,
                ln_x: x.ln() as f32,
            })
        })
        .collect::<Result<_>>()?;
    let rule = StepRule {
        negative_weight,
        ..options.rule(0)
    };
    let rows = parameters.rows();
    Ok((0..options.epochs)
        .map(|_| rows.update(&records, &rule, level).sum / records.len().max(1) as f64)
        .collect())
}
