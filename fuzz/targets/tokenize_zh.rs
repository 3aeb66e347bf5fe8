#![no_main]
//! Fuzzes the tokenizer "zh".

use glove_rs::tokenize::Tokenizer;
use glove_rs_fuzz::check_tokenizer;
use std::sync::Arc;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| check_tokenizer(Tokenizer::Chinese(Arc::default()), data));
