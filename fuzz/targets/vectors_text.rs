#![no_main]
//! Vectors as text, with a header and without, packed and plain; the format is found out or given.

use glove_rs::formats::Format;
use glove_rs_fuzz::check_vectors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for format in [None, Some(Format::Glove), Some(Format::Word2Vec)] {
        check_vectors(data, format);
    }
});
