#![no_main]
//! Fuzzes reading the text of a vocabulary: a word and its count on each line.

use glove_rs::Monitor;
use glove_rs::formats::stanford::{load_vocabulary, save_vocabulary};
use glove_rs_fuzz::{accepted, in_folder, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    in_folder(|folder| {
        let monitor = Monitor::new();
        let path = written(folder, "vocab.txt", data);
        let Some(read) = accepted(load_vocabulary(&path, &monitor)) else {
            return;
        };
        for (id, (word, _)) in read.iter().enumerate() {
            assert_eq!(read.index_of(word), Some(id as u32), "words are different");
        }
        // A word with a space or tab inside cannot be saved in this format.
        if save_vocabulary(&read, &path, &monitor).is_ok() {
            assert_eq!(
                load_vocabulary(&path, &monitor).expect("a saved file can be read"),
                read
            );
        }
    });
});
