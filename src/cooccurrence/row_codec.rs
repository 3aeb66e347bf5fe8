//! Compresses blocks of rows to bytes, and reads them back.

use super::block_layout::{RowBlock, TriangleRow};
use crate::error::{Error, Result};
use crate::memory::fallible;
use crate::vocabulary::WordId;

/// Encode a block as bytes: the id of the first row, the number of rows, and whether there are values of both
/// directions; then the length of each row, all columns, all forward values, all backward values. The first
/// column of a row is stored as it is, and every further column as its difference from the column before it,
/// minus 1. Numbers are LEB128; for values see [`write_value`].
///
/// # Errors
/// [`crate::Error::Memory`].
pub fn encode(block: &RowBlock) -> Result<Vec<u8>> {
    let rows: Vec<TriangleRow<'_>> = fallible::collect(block.rows().map(|row| block.row(row)))?;
    let mut encoder = RowEncoder::default();
    let bytes = encoder.encode(block.rows().start, &rows, block.has_both_directions())?;
    fallible::copied(bytes)
}

/// Encodes blocks one after the other into the same memory.
#[derive(Default)]
pub struct RowEncoder {
    out: Vec<u8>,
}

impl RowEncoder {
    /// Encode a block with these rows, as [`encode`] does. `first` is the number of the first row.
    pub fn encode(
        &mut self,
        first: WordId,
        rows: &[TriangleRow<'_>],
        both_directions: bool,
    ) -> Result<&[u8]> {
        let entries: usize = rows.iter().map(|row| row.columns.len()).sum();
        let values = entries * (1 + usize::from(both_directions));
        let most =
            (rows.len() + entries + 3) * MOST_NUMBER + values * MOST_VALUE + size_of::<u64>();
        if self.out.len() < most {
            fallible::resize(&mut self.out, most, 0)?;
        }
        let out = &mut self.out[..];
        let mut end = write_number(out, 0, first);
        end = write_number(out, end, rows.len() as u32);
        end = write_number(out, end, u32::from(both_directions));
        for row in rows {
            end = write_number(out, end, row.columns.len() as u32);
        }
        for row in rows {
            let mut least = 0;
            for &column in row.columns {
                end = write_number(out, end, column - least);
                least = column + 1;
            }
        }
        for row in rows {
            end = row
                .forward
                .iter()
                .fold(end, |end, &x| write_value(out, end, x));
        }
        for row in rows {
            let backward = row.backward.unwrap_or_default();
            end = backward
                .iter()
                .fold(end, |end, &x| write_value(out, end, x));
        }
        Ok(&out[..end])
    }
}

/// Largest number of bytes that a 32-bit number takes.
const MOST_NUMBER: usize = 5;
/// Largest number of bytes that a value takes.
const MOST_VALUE: usize = 9;

/// Write a number as LEB128 at `end`, and return the new end. The processor can hardly predict the number of bytes,
/// so there is no branch for numbers of up to four bytes.
#[inline(always)]
fn write_number(out: &mut [u8], end: usize, n: u32) -> usize {
    let low = (n & 0x7f) | (n & 0x3f80) << 1 | (n & 0x001f_c000) << 2 | (n & 0x0fe0_0000) << 3;
    let more = usize::from(n >= 1 << 7) + usize::from(n >= 1 << 14) + usize::from(n >= 1 << 21);
    let mut bytes = u64::from(low | (0x0080_8080 & ((1 << (8 * more)) - 1)));
    let mut length = 1 + more;
    if n >= 1 << 28 {
        bytes |= 0x8000_0000 | u64::from(n >> 28) << 32;
        length = MOST_NUMBER;
    }
    out[end..end + 8].copy_from_slice(&bytes.to_le_bytes());
    end + length
}

/// Write a value at `end`, without loss, and return the new end. A value in the list [`VALUES`], as
/// most counts are, takes one byte; any other value that an `f32` represents exactly takes five; all
/// others take nine. Each `if` only chooses values, so that the compiler need not make a branch: the
/// processor cannot predict the number of bytes.
#[inline(always)]
fn write_value(out: &mut [u8], end: usize, x: f64) -> usize {
    let bits = x.to_bits();
    let code = CODES[slot(bits)];
    let single = x as f32;
    let (mut tag, mut payload, mut length) = (RAW, bits, MOST_VALUE);
    if f64::from(single) == x {
        (tag, payload, length) = (SINGLE, u64::from(single.to_bits()), 5);
    }
    if VALUES[usize::from(code)].to_bits() == bits {
        (tag, length) = (code, 1);
    }
    let room: &mut [u8; MOST_VALUE] = out[end..].first_chunk_mut().expect("room is left");
    room[0] = tag;
    room[1..].copy_from_slice(&payload.to_le_bytes());
    end + length
}

/// The first byte of a value: eight more bytes follow `RAW`, four follow `SINGLE`.
const RAW: u8 = 0;
const SINGLE: u8 = 1;

/// The values that are stored in one byte: 0; whole numbers; 1/d; and sums of 1/d. The sums are those of pairs that
/// occur twice at distances up to 15, or three times at distances up to 5. 78 % of the pairs in 17
/// million words of Wikipedia, counted with a window of 15, have a value of these kinds
/// (benches/EXPERIMENTS.md, "Values of one byte").
const VALUES: [f64; 256] = {
    let mut values = ([f64::NAN; 256], SINGLE as usize + 1);
    values = with(values, 0.0);
    let (mut a, mut b, mut c) = (1, 1, 1);
    while a <= 40 {
        values = with(values, a as f64);
        a += 1;
    }
    a = 2;
    while a <= 32 {
        values = with(values, 1.0 / a as f64);
        a += 1;
    }
    a = 1;
    while a <= 15 {
        while b <= a {
            values = with(values, 1.0 / a as f64 + 1.0 / b as f64);
            b += 1;
        }
        (a, b) = (a + 1, 1);
    }
    a = 1;
    while a <= 5 {
        while b <= 5 {
            while c <= 5 {
                // All orders of a, b and c, because the order of the summands may change the rounding of the sum.
                values = with(values, 1.0 / a as f64 + 1.0 / b as f64 + 1.0 / c as f64);
                c += 1;
            }
            (b, c) = (b + 1, 1);
        }
        (a, b) = (a + 1, 1);
    }
    a = 41;
    while values.1 < 256 {
        values = with(values, a as f64);
        a += 1;
    }
    values.0
};

/// Append a value unless it is in the list already.
const fn with((mut values, length): ([f64; 256], usize), value: f64) -> ([f64; 256], usize) {
    let mut known = SINGLE as usize + 1;
    while known < length {
        if values[known].to_bits() == value.to_bits() {
            return (values, length);
        }
        known += 1;
    }
    values[length] = value;
    (values, length + 1)
}

/// The index in [`CODES`] of a value. The factor was found by trying random odd numbers until all values of
/// [`VALUES`] had different indices.
#[inline(always)]
const fn slot(bits: u64) -> usize {
    (bits.wrapping_mul(0x2399_d854_1f69_e9ab) >> 53) as usize
}

/// The byte of each value of [`VALUES`], by the [`slot`] of the value; [`RAW`] in the other elements.
const CODES: [u8; 1 << 11] = {
    let mut codes = [RAW; 1 << 11];
    let mut code = 255;
    while code > SINGLE as usize {
        let index = slot(VALUES[code].to_bits());
        assert!(codes[index] == RAW);
        codes[index] = code as u8;
        code -= 1;
    }
    codes
};

/// The block from which [`encode`] made these bytes; `None` if the bytes do not have the form that [`encode`]
/// describes.
///
/// # Errors
/// [`crate::Error::Memory`].
pub fn decode(bytes: &[u8]) -> Result<Option<RowBlock>> {
    let mut block = RowBlock::default();
    Ok(decode_into(bytes, &mut block)?.then_some(block))
}

/// Like [`decode`], for bytes of a file that may be damaged. Returns `None` also if a value is negative or not finite.
///
/// # Errors
/// [`crate::Error::Memory`].
pub fn decode_foreign(bytes: &[u8]) -> Result<Option<RowBlock>> {
    Ok(decode(bytes)?.filter(RowBlock::holds_counts))
}

/// Like [`decode`], but writes into `block`, whose memory is used again. Returns `false` if the bytes are not a block;
/// the content of `block` is then unspecified.
///
/// # Errors
/// [`crate::Error::Memory`].
pub fn decode_into(bytes: &[u8], block: &mut RowBlock) -> Result<bool> {
    match decode_rows(bytes, block) {
        Ok(()) => Ok(true),
        Err(None) => Ok(false),
        Err(Some(error)) => Err(error),
    }
}

/// Does the work of [`decode_into`]. The error is `None` if the bytes are not a block.
fn decode_rows(bytes: &[u8], block: &mut RowBlock) -> std::result::Result<(), Option<Error>> {
    let input = &mut &*bytes;
    let first = WordId::try_from(take_number(input).ok_or(None)?).map_err(|_| None)?;
    let rows = WordId::try_from(take_number(input).ok_or(None)?).map_err(|_| None)?;
    first.checked_add(rows).ok_or(None)?;
    let both = match take_byte(input).ok_or(None)? {
        0 => false,
        1 => true,
        _ => return Err(None),
    };
    let (ends, columns, values) = block.refill(first, both);
    // A row takes at least one byte, and so does an entry. Damaged bytes may announce more rows or
    // entries than there are bytes. So memory is reserved for at most `bytes.len()` of each.
    fallible::reserve(ends, (rows as usize).min(bytes.len()))?;
    let mut entries = 0usize;
    for _ in 0..rows {
        let length = usize::try_from(take_number(input).ok_or(None)?).map_err(|_| None)?;
        entries = entries.checked_add(length).ok_or(None)?;
        ends.push(entries);
    }
    if entries > bytes.len() {
        return Err(None);
    }
    fallible::reserve(columns, entries)?;
    let mut start = 0;
    for (&end, row) in ends.iter().zip(first..) {
        let mut least = 0u64;
        for _ in start..end {
            let column = take_number(input)
                .and_then(|n| least.checked_add(n))
                .ok_or(None)?;
            if column > u64::from(row) {
                return Err(None);
            }
            columns.push(column as WordId);
            least = column + 1;
        }
        start = end;
    }
    for values in values.into_iter().flatten() {
        fallible::reserve(values, entries)?;
        for _ in 0..entries {
            values.push(take_value(input).ok_or(None)?);
        }
    }
    if input.is_empty() { Ok(()) } else { Err(None) }
}

/// Append a number as LEB128.
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

/// Read a number that [`put_number`] wrote; `None` if `input` ends within the number or the number exceeds 63 bits.
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

#[inline]
fn take_value(input: &mut &[u8]) -> Option<f64> {
    Some(match take_byte(input)? {
        RAW => f64::from_le_bytes(take_array(input)?),
        SINGLE => f64::from(f32::from_le_bytes(take_array(input)?)),
        code => VALUES[usize::from(code)],
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
            Just(-0.0),
            (1u32..200).prop_map(|d| 1.0 / f64::from(d)),
            (1u32..20, 1u32..20).prop_map(|(a, b)| 1.0 / f64::from(a) + 1.0 / f64::from(b)),
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
            prop_assert_eq!(decode(&encode(&block).unwrap()).unwrap(), Some(block));
        }

        #[test]
        fn damaged_bytes_are_refused_or_harmless(block in block(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = encode(&block).unwrap();
            let position = at.index(bytes.len());
            bytes[position] = byte;
            let _ = decode(&bytes);
            let cut = cut.index(bytes.len());
            prop_assert_eq!(decode(&encode(&block).unwrap()[..cut]).unwrap(), None);
        }
    }
}
