#![no_main]
//! Fuzzes reading binary vectors of word2vec: the format is detected, or given.

use glove_rs::formats::Format;
use glove_rs_fuzz::check_vectors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for format in [None, Some(Format::Word2VecBinary)] {
        check_vectors(data, format);
    }
});
