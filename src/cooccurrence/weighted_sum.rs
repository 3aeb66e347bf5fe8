//! The weighted sum of matrices in which a word may have different ids. (`merge.rs` adds up matrices with the same ids,
//! without weights.)

use super::block_layout::poll;
use super::matrix::Triangle;
use crate::error::{Error, Result};
use crate::monitor::Monitor;
use crate::vocabulary::WordId;
use std::sync::Arc;

impl Triangle {
    /// The weighted sum of matrices, as a matrix of `words` words. A summand consists of a matrix, the new ids of the
    /// words of its rows, the new ids of the words of its columns, and its weight. Both lists of ids are the same
    /// unless the matrix is rectangular. The sum of rectangular matrices is square until the caller calls
    /// [`Triangle::rectangular`]. The sum has counts of adjacent words if all summands have them.
    ///
    /// # Errors
    /// As for [`Triangle::block`]; [`Error::Parameter`] naming `weight` if a weighted count is not
    /// finite, or `X` if the sum of all counts is not finite; [`Error::Cancelled`].
    pub fn sum(
        words: usize,
        summands: &[(&Self, [&[WordId]; 2], f64)],
        monitor: &Monitor,
    ) -> Result<Self> {
        let sum = Self::assemble(words, monitor, |pair| {
            let mut since = 0;
            for (matrix, ranks, weight) in summands {
                matrix.for_each_row(0..matrix.words as WordId, |row| {
                    poll(row.columns.len(), &mut since, monitor)?;
                    let [own, other] = *ranks;
                    let new =
                        |ids: &[WordId], id: WordId| ids.get(id as usize).copied().unwrap_or(0);
                    for (entry, &column) in row.columns.iter().enumerate() {
                        let forward = row.forward[entry];
                        let backward = row.backward.map_or(forward, |b| b[entry]);
                        if !((forward * weight).is_finite() && (backward * weight).is_finite()) {
                            return Err(Error::parameter(
                                "weight",
                                format!("must keep counts finite: {forward:e} times {weight:e}"),
                            ));
                        }
                        let (forward, backward) = (forward * weight, backward * weight);
                        if matrix.is_rectangular() {
                            // X[i, j] and X[j, i] belong to different pairs of words here. If one of
                            // them is 0, its row or column may lie outside the matrix and have no
                            // new id. Then `new` returns 0, and adding 0 to a pair of word 0 has no
                            // effect.
                            pair(new(own, row.row), new(other, column), forward, 0.0);
                            if column != row.row {
                                pair(new(own, column), new(other, row.row), backward, 0.0);
                            }
                        } else {
                            pair(
                                own[row.row as usize],
                                own[column as usize],
                                forward,
                                backward,
                            );
                        }
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        sum.check_sum("X")?;
        let adjacent = summands.iter().map(|&(matrix, ranks, weight)| {
            let adjacent = &**matrix.adjacent()?;
            Some((adjacent, ranks, weight))
        });
        let adjacent: Option<Vec<_>> = adjacent.collect();
        let adjacent = adjacent.filter(|summands| !summands.is_empty());
        let adjacent = adjacent.map(|summands| Self::sum(words, &summands, monitor));
        Ok(sum.with_adjacent(adjacent.transpose()?.map(Arc::new)))
    }
}
