//! The weighted sum of matrices whose words may have different ids (`merge.rs`: the same ids, without weights).

use super::matrix::Triangle;
use super::row_block::poll;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;

impl Triangle {
    /// The weighted sum of matrices, as a matrix of `words` words. A part consists of a matrix, the new id of each
    /// of its words, and its weight.
    ///
    /// # Errors
    /// As for [`Triangle::block`].
    pub fn sum(words: usize, parts: &[(&Self, &[WordId], f64)], monitor: &Monitor) -> Result<Self> {
        let sum = Self::assemble(words, monitor, |pair| {
            let mut since = 0;
            for (part, ranks, weight) in parts {
                part.for_each_row(0..part.words as WordId, |row| {
                    poll(row.columns.len(), &mut since, monitor)?;
                    let i = ranks[row.row as usize];
                    for (entry, &column) in row.columns.iter().enumerate() {
                        let forward = row.forward[entry];
                        let backward = row.backward.map_or(forward, |b| b[entry]);
                        let j = ranks[column as usize];
                        if !((forward * weight).is_finite() && (backward * weight).is_finite()) {
                            return Err(Error::parameter(
                                "weight",
                                format!("must keep counts finite: {forward:e} times {weight:e}"),
                            ));
                        }
                        pair(i, j, forward * weight, backward * weight);
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        sum.check_sum("X")?;
        Ok(sum)
    }
}
