#![no_main]
//! Fuzzes reading vectors as text, with a header and without, if the format is detected and if it is given.

use glove_rs::formats::Format;
use glove_rs_fuzz::check_vectors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for format in [None, Some(Format::Glove), Some(Format::Word2Vec)] {
        check_vectors(data, format);
    }
});
