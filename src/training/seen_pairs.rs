//! Remembers which pairs of a tile have a record, so that they do not become negative pairs.
//!
//! A filter has a row of bits for each word of the tile: a bit for each context word or, if this takes less space, eight
//! bits for each record that a word has on average. In the second case several context words share a bit (a Bloom filter
//! with one hash function, Bloom 1970). No pair with a record is forgotten. A pair without a record that shares the bit of
//! one with a record never becomes a negative pair; this is the case for at most about one of eight pairs.

/// The size of a filter.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct FilterSize {
    rows: usize,
    columns: usize,
    // Bytes of the bits of a word.
    width: usize,
}

impl FilterSize {
    /// The size of the filter of a tile with so many words, context words and records.
    pub fn new(rows: usize, columns: usize, records: usize) -> Self {
        Self {
            rows,
            columns,
            width: records.div_ceil(rows.max(1)).min(columns.div_ceil(8)),
        }
    }

    /// Bytes of the filter.
    pub fn bytes(&self) -> usize {
        self.rows * self.width
    }

    /// The bit of context word `j` in the bits of each word.
    #[inline(always)]
    fn bit(&self, j: u16) -> usize {
        let bits = 8 * self.width;
        if bits >= self.columns {
            return usize::from(j);
        }
        // A multiplication by an odd number puts the 2^16 possible values into another order.
        (usize::from(j.wrapping_mul(0x9E37)) * bits) >> 16
    }

    /// Remember that word `i` and context word `j` have a record.
    pub fn add(&self, filter: &mut [u8], i: u16, j: u16) {
        let bit = self.bit(j);
        filter[usize::from(i) * self.width + bit / 8] |= 1 << (bit % 8);
    }
}

/// The pairs of a tile that have a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeenPairs<'a> {
    /// The size of the filter.
    pub size: FilterSize,
    /// The filter.
    pub filter: &'a [u8],
}

impl<'a> SeenPairs<'a> {
    /// The context words with which a word has a record.
    pub fn of_word(&self, i: usize) -> SeenContexts<'a> {
        SeenContexts {
            size: self.size,
            bits: &self.filter[i * self.size.width..][..self.size.width],
        }
    }
}

/// The context words with which a word has a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeenContexts<'a> {
    size: FilterSize,
    bits: &'a [u8],
}

impl SeenContexts<'_> {
    /// Whether the word has a record with context word `j`, or with a context word that shares its bit.
    #[inline(always)]
    pub fn contains(&self, j: u16) -> bool {
        let bit = self.size.bit(j);
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
        assert!(size.bytes() <= added.len() + usize::from(rows));
        let mut filter = vec![0; size.bytes()];
        for &[i, j] in &added {
            size.add(&mut filter, i, j);
        }
        let seen = SeenPairs {
            size,
            filter: &filter,
        };
        let contains = |[i, j]: [u16; 2]| seen.of_word(i.into()).contains(j);
        assert!(added.iter().all(|&pair| contains(pair)));
        let others = pairs().filter(|&pair| !has_record(pair));
        let shared = others.clone().filter(|&pair| contains(pair)).count();
        shared as f64 / others.count() as f64
    }

    #[test]
    fn a_filter_remembers_its_pairs() {
        assert_eq!(check(3), 0.0);
        assert_eq!(check(7), 0.0);
        for every in [20, 100, 500] {
            let shared = check(every);
            assert!((0.01..0.16).contains(&shared), "{shared}");
        }
    }

    #[test]
    fn an_empty_filter_has_no_pair() {
        let size = FilterSize::new(3, 5, 0);
        assert_eq!(size.bytes(), 0);
        let seen = SeenPairs { size, filter: &[] };
        assert!(!seen.of_word(2).contains(4));
    }
}
