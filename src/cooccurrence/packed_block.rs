//! Counted rows in less memory than in a [`RowBlock`], without loss. An entry of a symmetric matrix takes 6 bytes
//! instead of 12, or 8 bytes in a block with a row of number 65,536 or above.
//!
//! Most of the memory of counting holds rows. When rows were not packed, a sixth of the time of counting went into page
//! faults at the first use of this memory (benches/EXPERIMENTS.md, "Packed rows, and tables in huge pages").

use super::block_layout::RowBlock;
use crate::error::Result;
use crate::memory::{FixedArray, fallible};
use crate::vocabulary::WordId;
use pulp::Arch;
use std::ops::Range;

/// A value is stored as a number of units of 1/`UNIT`. For each distance d up to 16, 1/d is a whole multiple of this
/// unit.
const UNIT: f64 = 720_720.0;
/// Bits of a packed value for its rounding error. The other 27 bits are for the number of units.
const ERROR_BITS: u32 = 5;
/// The rounding error of a packed value, in units in the last place, is from −`MOST_ERROR` to
/// `MOST_ERROR` − 1.
const MOST_ERROR: u64 = 1 << (ERROR_BITS - 1);

/// A block of rows. Most of its values are below 186, and are whole numbers or sums of 1/d with d ≤
/// 16.
///
/// Such a value is stored in 32 bits: as the nearest whole multiple of 1/720720, and as the
/// difference of the value from this multiple, in units in the last place of an `f64`. The
/// difference is needed because every addition rounds, so that values that are equal in exact
/// arithmetic can have different bits. The values that do not fit into 32 bits are stored in a list.
#[derive(Debug, PartialEq)]
pub(crate) struct PackedBlock {
    first: WordId,
    // The ends of the rows, as in a RowBlock.
    ends: Vec<u32>,
    columns: PackedColumns,
    forward: Values,
    backward: Option<Values>,
}

/// The columns of the entries, in 16 bits unless the block has a row of number 65,536 or above.
#[derive(Debug, PartialEq)]
enum PackedColumns {
    Narrow(FixedArray<u16>),
    Wide(FixedArray<WordId>),
}

/// The values of one direction.
#[derive(Debug, PartialEq)]
struct Values {
    packed: FixedArray<u32>,
    // The values that do not fit into 32 bits, each with the index of its entry in the block. The
    // indices ascend.
    others: Vec<(u32, f64)>,
}

/// A block is packed if, in each direction, at most n/`LISTED` (rounded up) of its n values do not fit into 32 bits.
const LISTED: usize = 16;

impl PackedBlock {
    /// Pack a block. `None` if too many of its values do not fit into 32 bits, or if it has 2³² entries or more.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn of(block: &RowBlock) -> Result<Option<Self>> {
        let (ends, columns) = (block.ends(), block.columns());
        let (forward, backward) = block.values();
        if u32::try_from(columns.len()).is_err() {
            return Ok(None);
        }
        let Some(forward) = Values::of(forward)? else {
            return Ok(None);
        };
        let backward = match backward {
            None => None,
            Some(values) => match Values::of(values)? {
                None => return Ok(None),
                packed => packed,
            },
        };
        let is_narrow = block.rows().end <= 1 << 16;
        Ok(Some(Self {
            first: block.rows().start,
            ends: fallible::collect(ends.iter().map(|&end| end as u32))?,
            columns: if is_narrow {
                PackedColumns::Narrow(FixedArray::written(columns.len(), |narrow| {
                    for (narrow, &column) in narrow.iter_mut().zip(columns) {
                        *narrow = column as u16;
                    }
                })?)
            } else {
                PackedColumns::Wide(FixedArray::copied(columns)?)
            },
            forward,
            backward,
        }))
    }

    /// The numbers of the rows.
    pub fn rows(&self) -> Range<WordId> {
        self.first..self.first + self.ends.len() as WordId
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.forward.packed.len()
    }

    /// Number of bytes of memory that the rows take.
    pub fn bytes(&self) -> u64 {
        let columns = match &self.columns {
            PackedColumns::Narrow(columns) => size_of_val(&columns[..]),
            PackedColumns::Wide(columns) => size_of_val(&columns[..]),
        };
        let values = std::iter::once(&self.forward).chain(&self.backward);
        let values: usize = values.map(Values::bytes).sum();
        (columns + values + size_of_val(&self.ends[..])) as u64
    }

    /// Replace the rows of `block` by the rows of this packed block whose numbers are in `rows`.
    ///
    /// # Errors
    /// [`crate::Error::Memory`].
    pub fn unpack_into(&self, rows: &Range<WordId>, block: &mut RowBlock) -> Result<()> {
        let packed = self.rows();
        let start = rows.start.clamp(packed.start, packed.end);
        let end = rows.end.clamp(start, packed.end);
        let entry = |row: WordId| match row - self.first {
            0 => 0,
            row => self.ends[row as usize - 1] as usize,
        };
        let entries = entry(start)..entry(end);
        let (ends, columns, [forward, backward]) = block.refill(start, self.backward.is_some());
        fallible::reserve(ends, (end - start) as usize)?;
        let packed_ends = &self.ends[(start - self.first) as usize..(end - self.first) as usize];
        ends.extend(packed_ends.iter().map(|&end| end as usize - entries.start));
        fallible::reserve(columns, entries.len())?;
        match &self.columns {
            PackedColumns::Narrow(packed) => {
                columns.extend(
                    packed[entries.clone()]
                        .iter()
                        .map(|&column| WordId::from(column)),
                );
            }
            PackedColumns::Wide(packed) => columns.extend_from_slice(&packed[entries.clone()]),
        }
        if let Some(forward) = forward {
            self.forward.unpack(entries.clone(), forward)?;
        }
        if let (Some(backward), Some(packed)) = (backward, &self.backward) {
            packed.unpack(entries, backward)?;
        }
        Ok(())
    }
}

impl Values {
    /// Pack values. `None` if too many of them do not fit into 32 bits.
    fn of(values: &[f64]) -> Result<Option<Self>> {
        let mut excess = 0;
        let packed = FixedArray::written(values.len(), |packed| {
            excess = pack_all(values, packed);
        })?;
        let mut others = Vec::new();
        if excess != 0 {
            for (index, &x) in values.iter().enumerate().filter(|(_, x)| pack(**x).1 != 0) {
                if others.len() >= values.len().div_ceil(LISTED) {
                    return Ok(None);
                }
                fallible::push(&mut others, (index as u32, x))?;
            }
        }
        Ok(Some(Self { packed, others }))
    }

    fn bytes(&self) -> usize {
        size_of_val(&self.packed[..]) + size_of_val(&self.others[..])
    }

    /// Append to `values` the values of the entries with the indices `entries`.
    fn unpack(&self, entries: Range<usize>, values: &mut Vec<f64>) -> Result<()> {
        let before = |entry: usize| {
            self.others
                .partition_point(|&(index, _)| (index as usize) < entry)
        };
        let others = &self.others[before(entries.start)..before(entries.end)];
        let offset = values.len();
        fallible::reserve(values, entries.len())?;
        let packed = &self.packed[entries.clone()];
        Arch::new().dispatch(|| values.extend(packed.iter().map(|&packed| unpacked(packed))));
        for &(index, x) in others {
            values[offset + index as usize - entries.start] = x;
        }
        Ok(())
    }
}

/// Write the packed values to `packed`, and return a number that is 0 if all values fit into 32 bits.
fn pack_all(values: &[f64], packed: &mut [u32]) -> u64 {
    Arch::new().dispatch(|| {
        let mut excess = 0;
        for (packed, &x) in packed.iter_mut().zip(values) {
            let (value, more) = pack(x);
            excess |= more;
            *packed = value;
        }
        excess
    })
}

/// The packed value, and a number that is 0 if `x` fits into 32 bits.
#[inline(always)]
fn pack(x: f64) -> (u32, u64) {
    // Adding this float to a smaller number rounds that number to a whole number, which is then in
    // the last bits of the sum.
    const ROUND: f64 = (1_u64 << 52) as f64;
    let rounded = x * UNIT + ROUND;
    let units = rounded.to_bits() ^ ROUND.to_bits();
    let nearest = (rounded - ROUND) / UNIT;
    let error = x
        .to_bits()
        .wrapping_sub(nearest.to_bits())
        .wrapping_add(MOST_ERROR);
    let excess = units >> (32 - ERROR_BITS) | error >> ERROR_BITS;
    ((units << ERROR_BITS | error) as u32, excess)
}

#[inline(always)]
fn unpacked(packed: u32) -> f64 {
    let nearest = f64::from((packed >> ERROR_BITS) as i32) / UNIT;
    let error = u64::from(packed & ((1 << ERROR_BITS) - 1)).wrapping_sub(MOST_ERROR);
    f64::from_bits(nearest.to_bits().wrapping_add(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cooccurrence::block_layout::TriangleRow;
    use proptest::prelude::*;

    /// Sums of 1/d for random distances d, and some whole numbers.
    fn sum() -> impl Strategy<Value = f64> {
        let distances = proptest::collection::vec(1u32..=16, 1..40);
        prop_oneof![
            9 => distances.prop_map(|ds| ds.iter().map(|&d| 1.0 / f64::from(d)).sum()),
            1 => (0u32..186).prop_map(f64::from),
        ]
    }

    /// Values of counts. About 1 % of them are arbitrary floats. Most arbitrary floats cannot be stored in 32 bits.
    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![99 => sum(), 1 => any::<f64>()]
    }

    fn block(first: WordId, rows: &[Vec<(f64, f64)>], both: bool) -> RowBlock {
        let mut block = RowBlock::new(first, both);
        for row in rows {
            for (column, &(forward, backward)) in row.iter().enumerate() {
                block.push_both(column as WordId * 3, forward, backward);
            }
            block.end_row();
        }
        block
    }

    proptest! {
        #[test]
        fn packed_rows_come_back_with_the_same_bits(
            rows in proptest::collection::vec(proptest::collection::vec((value(), value()), 0..20), 1..9),
            both: bool,
            far: bool,
            from in 0u32..12,
            length in 0u32..12,
        ) {
            let first = if far { 1 << 20 } else { 1000 };
            let block = block(first, &rows, both);
            let bits = |row: &TriangleRow<'_>| {
                let values = row.forward.iter().chain(row.backward.unwrap_or_default());
                let bits: Vec<u64> = values.map(|x| x.to_bits()).collect();
                (row.columns.to_vec(), bits)
            };
            if let Some(packed) = PackedBlock::of(&block).unwrap() {
                let mut part = RowBlock::default();
                prop_assert_eq!((packed.rows(), packed.len()), (block.rows(), block.len()));
                // Packed, a small block with listed values may take a few bytes more than unpacked.
                prop_assert!(packed.bytes() <= block.bytes() + 64);
                for wanted in [block.rows(), first + from..first + from + length] {
                    packed.unpack_into(&wanted, &mut part).unwrap();
                    for row in wanted.filter(|row| block.rows().contains(row)) {
                        prop_assert_eq!(bits(&part.row(row)), bits(&block.row(row)));
                    }
                }
            }
        }

        #[test]
        fn a_value_fits_only_if_it_comes_back(x in prop_oneof![any::<f64>(), 0.0..400.0_f64, sum()]) {
            let (packed, excess) = pack(x);
            if excess == 0 {
                prop_assert_eq!(unpacked(packed).to_bits(), x.to_bits());
            }
        }
    }

    #[test]
    fn sums_of_distances_fit_and_other_values_do_not() {
        let mut sums = vec![(0.0, 0.0)];
        for k in 0..300 {
            let x = sums.last().map_or(0.0, |&(x, _)| x) + 1.0 / f64::from(1 + k * k % 16);
            sums.push((x, 1.5));
        }
        let packed = PackedBlock::of(&block(5, &[sums], true)).unwrap().unwrap();
        assert!(packed.forward.others.is_empty());
        for x in [
            1.0 / 17.0,
            187.0,
            -1.0,
            -0.0,
            1e300,
            f64::INFINITY,
            f64::NAN,
            1e-300,
        ] {
            let packed = |rows: &[_]| PackedBlock::of(&block(5, rows, true)).unwrap();
            assert!(packed(&[vec![(1.0, x); 2]]).is_none(), "{x}");
            let mut row = vec![(1.0, 2.0); LISTED];
            row[3].0 = x;
            assert_eq!(packed(&[row]).unwrap().forward.others.len(), 1, "{x}");
        }
    }
}
