//! Recognises binary files without a signature by the numbers in them: files of Stanford's tools and of word2vec.

/// Whether these bytes may be records of Stanford's tools. A record has the numbers of two words,
/// which start at 1, and a count.
pub(super) fn are_records(beginning: &[u8]) -> bool {
    let (records, _) = beginning.as_chunks::<16>();
    let plausible = |record: &[u8; 16]| {
        let index = |at: usize| i32::from_le_bytes(*record[at..].first_chunk().expect("4 bytes"));
        let x = f64::from_le_bytes(*record[8..].first_chunk().expect("8 bytes"));
        [index(0), index(4)]
            .iter()
            .all(|i| (1..=1 << 28).contains(i))
            && x > 1e-12
            && x < 1e15
    };
    !records.is_empty() && records.iter().all(plausible)
}

/// Whether these bytes may be parameters of Stanford's `glove`: doubles that are 0 or have absolute
/// values from 10⁻³⁰ to 10⁹, and not all 0.
pub(super) fn are_numbers(beginning: &[u8]) -> bool {
    let (numbers, _) = beginning.as_chunks::<8>();
    let sizes = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes).abs());
    let sizes: Vec<f64> = sizes.filter(|size| *size != 0.0).collect();
    !sizes.is_empty() && sizes.iter().all(|size| (1e-30..1e9).contains(size))
}

/// Whether the first line consists of two whole numbers.
pub(super) fn has_header(beginning: &[u8]) -> bool {
    header(beginning).is_some()
}

/// Number of words of word2vec's binary format that are examined.
const RECORDS: usize = 4;

/// If the first line consists of two whole numbers, return the second one, which is the number of components, and the
/// bytes after the line.
fn header(beginning: &[u8]) -> Option<(usize, &[u8])> {
    let end = memchr::memchr(b'\n', &beginning[..beginning.len().min(64)])?;
    let line = std::str::from_utf8(&beginning[..end]).ok()?;
    let mut sizes = line.split_ascii_whitespace().map(str::parse::<usize>);
    match (sizes.next(), sizes.next(), sizes.next()) {
        (Some(Ok(_)), Some(Ok(dim)), None) => Some((dim, &beginning[end + 1..])),
        _ => None,
    }
}

/// Whether this is the beginning of word2vec's binary format: a first line of two whole numbers, then words. After
/// each word come a space and as many 32-bit floating-point numbers as the second number of the first line says.
pub(super) fn are_word2vec_binary(beginning: &[u8]) -> bool {
    let Some((dim, mut rest)) = header(beginning) else {
        return false;
    };
    for record in 0..RECORDS {
        rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        let Some(space) = memchr::memchr(b' ', rest) else {
            return record > 0;
        };
        let (word, numbers) = (&rest[..space], &rest[space + 1..]);
        let Some((numbers, next)) = dim.checked_mul(4).and_then(|n| numbers.split_at_checked(n))
        else {
            return record > 0;
        };
        let small = |x: &[u8; 4]| f32::from_le_bytes(*x).abs() < 1e6;
        let is_word = !word.iter().any(|b| *b < b' ');
        if dim == 0 || !is_word || !numbers.as_chunks().0.iter().all(small) {
            return false;
        }
        rest = next;
    }
    true
}
