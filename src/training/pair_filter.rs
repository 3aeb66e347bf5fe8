//! The filter of a tile, which keeps pairs that have a record from becoming negative pairs.
//!
//! A *filter* is a set of pairs. It contains every pair with a record. It has a bit for each pair of the tile or, if this
//! takes less space, eight bits for each record. In the second case the bits of a word are a *bit range* of the filter, and
//! several of its pairs can have the same bit (a Bloom filter with one hash function, Bloom 1970). The bit ranges of
//! consecutive words can overlap. If one of the pairs with the same bit has a record, the others never become negative
//! pairs. Over the whole tile, this concerns at most about one in eight of the pairs without a record. For a word with many
//! more records than its neighbours, it concerns more of them.

/// Number of bits of a filter for each record.
const BITS_PER_RECORD: usize = 8;
/// A bit range has at least this many bits, unless the whole filter has fewer. A bit range can therefore reach into the
/// bits of the next words. This helps a word that has more records than its neighbours.
const LEAST_BITS: usize = 256;

/// The size of a filter.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct FilterSize {
    bits: usize,
    // Number of bits of a bit range.
    range_bits: usize,
    // Number of bits from the start of a bit range to the start of the next one, times 2^16.
    step: u64,
    // Whether each pair of the tile has a bit of its own.
    is_exact: bool,
}

impl FilterSize {
    /// The size of the filter of a tile with these numbers of words, context words and records.
    pub fn new(rows: usize, columns: usize, records: usize) -> Self {
        let bits = (BITS_PER_RECORD * records).min(rows * columns);
        let is_exact = bits == rows * columns;
        let per_row = bits / rows.max(1);
        Self {
            bits,
            range_bits: if is_exact {
                columns
            } else {
                per_row.max(LEAST_BITS).min(bits)
            },
            step: ((bits as u64) << 16) / rows.max(1) as u64,
            is_exact,
        }
    }

    /// Bytes of the filter.
    pub fn bytes(&self) -> usize {
        self.bits.div_ceil(8)
    }

    /// The bit range of word `i`.
    #[inline(always)]
    fn range(&self, i: usize) -> BitRange {
        BitRange {
            start: ((i as u64 * self.step) >> 16) as usize,
            size: *self,
        }
    }

    /// Remember that word `i` and context word `j` have a record.
    #[inline(always)]
    pub fn add(&self, filter: &mut [u8], i: u16, j: u16) {
        let bit = self.range(usize::from(i)).bit(j);
        filter[bit / 8] |= 1 << (bit % 8);
    }
}

/// The bits of the pairs of a word. A bit range that reaches the end of the filter goes on at its beginning.
#[derive(Debug, Clone, Copy)]
struct BitRange {
    start: usize,
    size: FilterSize,
}

impl BitRange {
    /// The bit of the pair with context word `j`.
    #[inline(always)]
    fn bit(&self, j: u16) -> usize {
        let FilterSize {
            bits,
            range_bits,
            is_exact,
            ..
        } = self.size;
        let within = if is_exact {
            usize::from(j)
        } else {
            // A multiplication by an odd number puts the 2^16 possible values into another order.
            (usize::from(j.wrapping_mul(0x9E37)) * range_bits) >> 16
        };
        let bit = self.start + within;
        if bit < bits { bit } else { bit - bits }
    }
}

/// A set of pairs of a tile: all that have a record, and some that have none.
#[derive(Debug, Clone, Copy)]
pub(super) struct PairFilter<'a> {
    /// The size of the filter.
    pub size: FilterSize,
    /// The bits, eight in a byte.
    pub bits: &'a [u8],
}

impl<'a> PairFilter<'a> {
    /// The pairs of word `i` of the tile.
    pub fn of_word(&self, i: usize) -> WordFilter<'a> {
        WordFilter {
            range: self.size.range(i),
            bits: self.bits,
        }
    }
}

/// The pairs of one word in a [`PairFilter`].
#[derive(Debug, Clone, Copy)]
pub(super) struct WordFilter<'a> {
    range: BitRange,
    bits: &'a [u8],
}

impl WordFilter<'_> {
    /// Whether the word has a record with context word `j`, or the pair shares the bit of a pair that has one.
    #[inline(always)]
    pub fn contains(&self, j: u16) -> bool {
        let bit = self.range.bit(j);
        self.bits
            .get(bit / 8)
            .is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A filter of a tile in which one of `every` pairs has a record. Returns the fraction of the other pairs that it
    /// takes for pairs with a record.
    fn check(every: u32) -> f64 {
        let (rows, columns) = (300_u16, 1_000_u16);
        let has_record = |[i, j]: [u16; 2]| {
            (u32::from(i) * 1_000 + u32::from(j))
                .wrapping_mul(2_654_435_769)
                .rotate_left(16)
                .is_multiple_of(every)
        };
        let pairs = || (0..rows).flat_map(|i| (0..columns).map(move |j| [i, j]));
        let added: Vec<_> = pairs().filter(|&pair| has_record(pair)).collect();
        let size = FilterSize::new(rows.into(), columns.into(), added.len());
        assert!(size.bytes() <= added.len());
        let mut bits = vec![0; size.bytes()];
        for &[i, j] in &added {
            size.add(&mut bits, i, j);
        }
        let filter = PairFilter { size, bits: &bits };
        let contains = |[i, j]: [u16; 2]| filter.of_word(i.into()).contains(j);
        assert!(added.iter().all(|&pair| contains(pair)));
        let others = pairs().filter(|&pair| !has_record(pair));
        let shared = others.clone().filter(|&pair| contains(pair)).count();
        shared as f64 / others.count() as f64
    }

    #[test]
    fn a_filter_remembers_its_pairs() {
        assert_eq!(check(3), 0.0);
        assert_eq!(check(7), 0.0);
        for every in [20, 100, 500, 3_000] {
            let shared = check(every);
            assert!((0.01..0.16).contains(&shared), "{shared}");
        }
    }

    #[test]
    fn an_empty_filter_has_no_pair() {
        let size = FilterSize::new(3, 5, 0);
        assert_eq!(size.bytes(), 0);
        let filter = PairFilter { size, bits: &[] };
        assert!(!filter.of_word(2).contains(4));
    }
}
