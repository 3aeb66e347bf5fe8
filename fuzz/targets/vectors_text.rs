#![no_main]
//! Fuzzes reading vectors as text: the format is detected, or given as text without a header, or with a header.

use glove_rs::formats::Format;
use glove_rs_fuzz::check_vectors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for format in [None, Some(Format::Glove), Some(Format::Word2Vec)] {
        check_vectors(data, format);
    }
});
