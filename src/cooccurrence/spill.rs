//! Rows on disk: compressed blocks in a temporary file without a name.

use super::matrix::{RowBlock, TriangleRow};
use crate::error::Result;
use crate::memory::TemporaryFile;
use crate::vocabulary::WordId;
use std::ops::Range;
use std::path::Path;

/// Rows in order, in a temporary file.
#[derive(Debug)]
pub struct Run {
    file: TemporaryFile,
    index: Vec<IndexEntry>,
}

#[derive(Debug, Clone)]
struct IndexEntry {
    rows: Range<WordId>,
    entries: u64,
    bytes: Range<u64>,
}

impl Run {
    /// An empty run in `folder`.
    ///
    /// # Errors
    /// [`crate::Error::Io`] with `folder` if no file can be made there.
    pub fn create(folder: &Path) -> Result<Self> {
        Ok(Self {
            file: TemporaryFile::create(folder)?,
            index: Vec::new(),
        })
    }

    /// Append a block's bytes, made by [`encode`].
    ///
    /// # Errors
    /// [`crate::Error::Io`] with the folder.
    pub fn push(&mut self, rows: Range<WordId>, entries: u64, bytes: &[u8]) -> Result<()> {
        let bytes = self.file.append(bytes)?;
        self.index.push(IndexEntry {
            rows,
            entries,
            bytes,
        });
        Ok(())
    }

    /// Bytes in the file.
    pub fn bytes(&self) -> u64 {
        self.file.len()
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.index.len()
    }

    /// Rows of block `k`.
    pub fn rows(&self, k: usize) -> Range<WordId> {
        self.index[k].rows.clone()
    }

    /// Entries in all blocks.
    pub fn pairs(&self) -> u64 {
        self.index.iter().map(|e| e.entries).sum()
    }

    /// Block `k`, decoded.
    ///
    /// # Errors
    /// [`crate::Error::Io`] with the folder.
    pub fn read(&self, k: usize) -> Result<RowBlock> {
        let place = self.index[k].bytes.clone();
        let bytes = self.file.read(place.clone())?;
        decode(&bytes).ok_or_else(|| self.file.damaged(place.start))
    }
}

/// A block as bytes: first row, number of rows and whether both directions follow; then the length
/// of each row, all columns as differences, all forward values and all backward ones. Numbers are
/// LEB128, values as by [`put_value`].
pub fn encode(block: &RowBlock) -> Vec<u8> {
    let rows: Vec<TriangleRow<'_>> = block.rows().map(|row| block.row(row)).collect();
    encode_rows(&rows, block.has_both_directions())
}

/// The same for consecutive rows, at least one.
pub fn encode_rows(rows: &[TriangleRow<'_>], both_directions: bool) -> Vec<u8> {
    let entries: usize = rows.iter().map(|row| row.columns.len()).sum();
    let mut out = Vec::with_capacity(entries * 8 + 2 * rows.len() + 32);
    put_number(&mut out, u64::from(rows.first().map_or(0, |row| row.row)));
    put_number(&mut out, rows.len() as u64);
    out.push(u8::from(both_directions));
    for row in rows {
        put_number(&mut out, row.columns.len() as u64);
    }
    for row in rows {
        let mut least = 0;
        for &column in row.columns {
            put_number(&mut out, u64::from(column - least));
            least = column + 1;
        }
    }
    for row in rows {
        row.forward.iter().for_each(|&x| put_value(&mut out, x));
    }
    for row in rows {
        for &x in row.backward.unwrap_or_default() {
            put_value(&mut out, x);
        }
    }
    out
}

/// The block that [`encode`] made these bytes of, or `None` if it did not.
pub fn decode(bytes: &[u8]) -> Option<RowBlock> {
    let input = &mut &*bytes;
    let first = WordId::try_from(take_number(input)?).ok()?;
    let rows = WordId::try_from(take_number(input)?).ok()?;
    first.checked_add(rows)?;
    let both = match take_byte(input)? {
        0 => false,
        1 => true,
        _ => return None,
    };
    // Every entry takes at least two bytes: nothing is reserved that the bytes cannot fill.
    let mut lengths = Vec::with_capacity((rows as usize).min(bytes.len()));
    let mut entries = 0usize;
    for _ in 0..rows {
        let length = usize::try_from(take_number(input)?).ok()?;
        entries = entries.checked_add(length)?;
        lengths.push(length);
    }
    if entries > bytes.len() {
        return None;
    }
    let mut columns = Vec::with_capacity(entries);
    for (&length, row) in lengths.iter().zip(first..) {
        let mut least = 0u64;
        for _ in 0..length {
            let column = least.checked_add(take_number(input)?)?;
            if column > u64::from(row) {
                return None;
            }
            columns.push(column as WordId);
            least = column + 1;
        }
    }
    let values = |input: &mut &[u8]| -> Option<Vec<f64>> {
        (0..entries).map(|_| take_value(input)).collect()
    };
    let forward = values(input)?;
    let backward = if both { Some(values(input)?) } else { None };
    input
        .is_empty()
        .then(|| RowBlock::from_parts(first, &lengths, columns, forward, backward))
}

/// LEB128.
pub fn put_number(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

#[inline]
fn take_byte(input: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = input.split_first()?;
    *input = rest;
    Some(byte)
}

/// What [`put_number`] wrote, or `None`.
#[inline]
pub fn take_number(input: &mut &[u8]) -> Option<u64> {
    let byte = take_byte(input)?;
    if byte < 0x80 {
        return Some(u64::from(byte));
    }
    let mut n = u64::from(byte & 0x7f);
    for shift in (7..63).step_by(7) {
        let byte = take_byte(input)?;
        n |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(n);
        }
    }
    None
}

const RAW: u8 = 0;
const SINGLE: u8 = 128;
const ZERO: u8 = 255;

/// One byte for what most counts are: a whole number up to 127 (1..=127), or 1/d for d up to 127
/// (127 + d), or 0. A float that fits 32 bits takes five bytes, any other nine. Exact.
fn put_value(out: &mut Vec<u8>, x: f64) {
    let d = (1.0 / x).round();
    if x == 0.0 {
        out.push(ZERO);
    } else if x.fract() == 0.0 && (1.0..=127.0).contains(&x) {
        out.push(x as u8);
    } else if (2.0..=127.0).contains(&d) && 1.0 / d == x {
        out.push(127 + d as u8);
    } else if f64::from(x as f32) == x {
        out.push(SINGLE);
        out.extend_from_slice(&(x as f32).to_le_bytes());
    } else {
        out.push(RAW);
        out.extend_from_slice(&x.to_le_bytes());
    }
}

#[inline]
fn take_value(input: &mut &[u8]) -> Option<f64> {
    Some(match take_byte(input)? {
        RAW => f64::from_le_bytes(take_array(input)?),
        SINGLE => f64::from(f32::from_le_bytes(take_array(input)?)),
        ZERO => 0.0,
        n @ 1..=127 => f64::from(n),
        n => 1.0 / f64::from(n - 127),
    })
}

fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*array)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(0.0),
            (1u32..200).prop_map(|d| 1.0 / f64::from(d)),
            (1u32..200).prop_map(f64::from),
            any::<f32>().prop_filter_map("finite", |x| x.is_finite().then_some(f64::from(x))),
            any::<f64>().prop_filter("finite", |x| x.is_finite()),
        ]
    }

    fn block() -> impl Strategy<Value = RowBlock> {
        let row = proptest::collection::btree_map(0u32..1000, (value(), value()), 0..20);
        (
            0u32..5,
            any::<bool>(),
            proptest::collection::vec(row, 0..20),
        )
            .prop_map(|(first, both, rows)| {
                let mut block = RowBlock::new(1000 + first, both);
                for row in rows {
                    for (column, (forward, backward)) in row {
                        block.push_both(column, forward, backward);
                    }
                    block.end_row();
                }
                block
            })
    }

    proptest! {
        #[test]
        fn blocks_come_back_to_the_last_bit(block in block()) {
            prop_assert_eq!(decode(&encode(&block)), Some(block));
        }

        #[test]
        fn damaged_bytes_are_refused_or_harmless(block in block(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode(&block);
            let place = at.index(bytes.len());
            bytes[place] = byte;
            let _ = decode(&bytes);
            let cut = cut.index(bytes.len());
            prop_assert_eq!(decode(&encode(&block)[..cut]), None);
        }
    }

    #[test]
    fn a_run_gives_back_its_blocks_in_any_order() {
        let mut run = Run::create(&std::env::temp_dir()).unwrap();
        for first in [0, 1, 2] {
            let mut block = RowBlock::new(first, false);
            block.push(0, f64::from(first) + 0.3);
            block.end_row();
            run.push(block.rows(), 1, &encode(&block)).unwrap();
        }
        assert_eq!(run.read(2).unwrap().row(2).forward, [2.3]);
        assert_eq!(run.read(0).unwrap().row(0).forward, [0.3]);
        assert_eq!((run.blocks(), run.pairs()), (3, 3));
    }
}
