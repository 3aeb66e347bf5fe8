//! Text and binary vectors: word2vec's two formats, and GloVe's text.

use super::atomic::{at, write_atomically};
use crate::error::{Error, Result};
use rayon::prelude::*;
use std::io::Write;
use std::path::Path;

/// How vectors are laid out in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `V dim LF`, then `word SP number SP … LF`; the shortest digits that read back the same.
    Text,
    /// `V dim LF`, then `word SP` and little-endian f32.
    Binary,
    /// Lines as in text, without the header: what GloVe files look like; the shortest digits.
    Headless,
    /// The same with six decimals, as Stanford's `%f` writes them.
    SixDecimals,
}

/// Words formatted by one task before they are written in order.
const ROWS: usize = 1 << 11;

/// Write `words` with their rows of `vectors` (V × dim, row-major), formatted on all threads of the
/// current rayon pool.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for a word that the format cannot hold.
pub fn save<W: AsRef<[u8]> + Sync>(
    path: impl AsRef<Path>,
    words: &[W],
    vectors: &[f32],
    dim: usize,
    layout: Layout,
) -> Result<()> {
    let path = path.as_ref();
    for word in words {
        let word = word.as_ref();
        if word.is_empty() || word.iter().any(|b| b" \n".contains(b)) {
            return Err(Error::parameter(
                "words",
                format!(
                    "must not be empty or contain spaces or newlines in this format: {:?}",
                    String::from_utf8_lossy(word)
                ),
            ));
        }
    }
    write_atomically(path, |out| {
        if matches!(layout, Layout::Text | Layout::Binary) {
            at(path, writeln!(out, "{} {dim}", words.len()))?;
        }
        // Some tasks' worth at a time: memory stays bounded whatever V is.
        let together = ROWS * 4 * rayon::current_num_threads();
        for (words, vectors) in words.chunks(together).zip(vectors.chunks(together * dim)) {
            let parts: Vec<Vec<u8>> = words
                .par_chunks(ROWS)
                .zip(vectors.par_chunks(ROWS * dim))
                .map(|(words, vectors)| format_rows(words, vectors, dim, layout))
                .collect();
            for part in parts {
                at(path, out.write_all(&part))?;
            }
        }
        Ok(())
    })
}

fn format_rows<W: AsRef<[u8]>>(
    words: &[W],
    vectors: &[f32],
    dim: usize,
    layout: Layout,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(words.len() * (dim * 12 + 12));
    let mut digits = zmij::Buffer::new();
    for (word, vector) in words.iter().zip(vectors.chunks_exact(dim)) {
        text.extend_from_slice(word.as_ref());
        match layout {
            Layout::Binary => {
                text.push(b' ');
                for x in vector {
                    text.extend_from_slice(&x.to_le_bytes());
                }
            }
            Layout::SixDecimals => {
                for x in vector {
                    write!(text, " {x:.6}").expect("writing to memory");
                }
                text.push(b'\n');
            }
            Layout::Text | Layout::Headless => {
                for x in vector {
                    text.push(b' ');
                    text.extend_from_slice(digits.format(*x).as_bytes());
                }
                text.push(b'\n');
            }
        }
    }
    text
}
