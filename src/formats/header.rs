//! The header of this package's binary files.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic bytes, which identify the kind of the file |
//! | 4 | version of the format |
//! | … | numbers, which the module of the format describes |
//! | 4 | CRC-32 of all bytes before |
//!
//! All numbers are little-endian.

/// Magic bytes, versions and length of the header of a kind of file.
pub(super) struct HeaderFormat {
    pub magic: &'static [u8; 8],
    /// The oldest and the newest version that can be read. [`HeaderFormat::header`] writes the
    /// newest.
    pub versions: [u32; 2],
    /// Number of bytes of the header.
    pub length: usize,
}

/// An error in a header: the byte offset, and a message.
pub(super) type HeaderFault = (u64, String);

impl HeaderFormat {
    /// A header of the newest version with these `numbers`, given as little-endian bytes, and zeros up to the checksum.
    pub fn header(&self, numbers: &[&[u8]]) -> Vec<u8> {
        self.header_of(self.versions[1], numbers)
    }

    /// Like [`HeaderFormat::header`], but of this `version`. Content that an older version can hold
    /// is written in the older version, so that older releases of glove-rs can read it.
    pub fn header_of(&self, version: u32, numbers: &[&[u8]]) -> Vec<u8> {
        let mut header = Vec::with_capacity(self.length);
        header.extend_from_slice(self.magic);
        header.extend_from_slice(&version.to_le_bytes());
        for number in numbers {
            header.extend_from_slice(number);
        }
        header.resize(self.length - 4, 0);
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        header
    }

    /// Check the version and the checksum of a header. The caller has compared the magic bytes.
    pub fn check<'a>(&self, header: &'a [u8]) -> Result<HeaderNumbers<'a>, HeaderFault> {
        let numbers = HeaderNumbers(header);
        // Check the version first: another version may have its checksum in another place.
        let (version, [oldest, newest]) = (numbers.version(), self.versions);
        if !(oldest..=newest).contains(&version) {
            let readable = if oldest == newest {
                newest.to_string()
            } else {
                format!("{oldest} to {newest}")
            };
            let message =
                format!("version {version} of the format; this glove-rs reads {readable}");
            return Err((8, message));
        }
        let end = self.length - 4;
        if numbers.u32(end) != crc32fast::hash(&header[..end]) {
            return Err((0, "the header is damaged".to_owned()));
        }
        Ok(numbers)
    }
}

/// The numbers of a header, by byte offset.
#[derive(Clone, Copy)]
pub(super) struct HeaderNumbers<'a>(&'a [u8]);

impl HeaderNumbers<'_> {
    pub fn version(&self) -> u32 {
        self.u32(8)
    }

    pub fn u32(&self, offset: usize) -> u32 {
        u32::from_le_bytes(*self.0[offset..].first_chunk().expect("within the header"))
    }

    pub fn u64(&self, offset: usize) -> u64 {
        u64::from_le_bytes(*self.0[offset..].first_chunk().expect("within the header"))
    }

    pub fn f64(&self, offset: usize) -> f64 {
        f64::from_bits(self.u64(offset))
    }
}

/// The error for a header whose number at `offset` is impossible.
pub(super) fn contradiction(offset: u64) -> HeaderFault {
    (offset, "the header contradicts itself".to_owned())
}

/// The error for a file that has `size` bytes, although its header says `expected` bytes.
pub(super) fn wrong_size(size: u64, expected: u128) -> HeaderFault {
    let (offset, what) = if u128::from(size) < expected {
        (size, "cut off")
    } else {
        (expected as u64, "too long")
    };
    let message = format!("the file is {what}: it has {size} bytes instead of {expected}");
    (offset, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: HeaderFormat = HeaderFormat {
        magic: b"eightlen",
        versions: [2, 3],
        length: 32,
    };

    #[test]
    fn a_header_has_its_numbers_and_zeros_up_to_the_checksum() {
        let header = FORMAT.header(&[&7_u32.to_le_bytes(), &0.5_f64.to_le_bytes()]);
        assert_eq!(header.len(), FORMAT.length);
        let numbers = FORMAT.check(&header).unwrap();
        assert_eq!((numbers.u32(12), numbers.f64(16)), (7, 0.5));
        assert_eq!(numbers.u32(24), 0);
    }

    #[test]
    fn another_version_and_damage_are_refused() {
        let header = FORMAT.header(&[]);
        for (byte, offset) in [(9, 8), (12, 0), (27, 0), (28, 0), (31, 0)] {
            let mut damaged = header.clone();
            damaged[byte] ^= 1;
            assert_eq!(FORMAT.check(&damaged).err().unwrap().0, offset);
        }
    }

    #[test]
    fn a_wrong_size_is_too_small_or_too_large() {
        let message = |size| wrong_size(size, 10);
        assert_eq!(
            message(9),
            (
                9,
                "the file is cut off: it has 9 bytes instead of 10".to_owned()
            )
        );
        assert_eq!(
            message(11),
            (
                10,
                "the file is too long: it has 11 bytes instead of 10".to_owned()
            )
        );
    }

    #[test]
    fn an_older_version_can_be_read() {
        let newest = HeaderFormat {
            versions: [2, 4],
            ..FORMAT
        };
        let numbers = FORMAT.header(&[]);
        assert_eq!(newest.check(&numbers).unwrap().version(), 3);
        let too_old = HeaderFormat {
            versions: [4, 5],
            ..FORMAT
        };
        let (_, message) = too_old.check(&numbers).err().unwrap();
        assert_eq!(
            message,
            "version 3 of the format; this glove-rs reads 4 to 5"
        );
    }
}
