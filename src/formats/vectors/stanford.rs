//! Reads word vectors from the parameters of Stanford's `glove`: w, w̃ or a combination of both.
//! (`formats/stanford/parameters.rs` reads all parameters.)

use super::combine::Combine;
use super::loaded::LoadedVectors;
use super::word_list::WordList;
use crate::error::Result;
use crate::float16::Element;
use crate::formats::stanford::Shape;
use crate::io::Input;
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::vocabulary::Vocabulary;
use std::path::Path;

/// Read the vectors of the first `most` words.
pub(super) fn load<E: Element>(
    path: &Path,
    vocabulary: &Vocabulary,
    combine: Combine,
    most: usize,
    monitor: &Monitor,
) -> Result<LoadedVectors<E>> {
    let words = WordList::of(vocabulary.iter().map(|(word, _)| word).take(most))?;
    let shape = Shape::of(path, vocabulary.len(), monitor)?;
    let dim = shape.dim;
    // All of W comes before W̃. So the file is opened twice, and a row of W and a row of W̃ are read at a time.
    let (mut w, mut w_tilde) = (Input::open(path, monitor)?, Input::open(path, monitor)?);
    w.begin(monitor);
    w_tilde.skip(shape.row_bytes * vocabulary.len() as u64)?;
    let mut matrix = fallible::with_capacity(words.len() * combine.components(dim))?;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..words.len() {
        for (input, bytes) in [(&mut w, &mut a), (&mut w_tilde, &mut b)] {
            shape.read_row(input, path, bytes)?;
        }
        combine.extend(
            &mut matrix,
            &a.as_chunks().0[..dim],
            &b.as_chunks().0[..dim],
        );
        w.report(monitor)?;
    }
    Ok(LoadedVectors {
        words,
        matrix,
        dim: combine.components(dim),
        repeated: WordList::default(),
        doubtful: WordList::default(),
        not_finite: WordList::default(),
    })
}
