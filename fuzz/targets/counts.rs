#![no_main]
//! Fuzzes reading files of counts: the data as they are, and with correct checksums.

use glove_rs::formats::counts;
use glove_rs::{MemoryLimit, Monitor};
use glove_rs_fuzz::{accepted, check_counts, in_folder, repair, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for data in [data.to_vec(), repair::counts(data.to_vec())] {
        in_folder(|folder| {
            let monitor = Monitor::new();
            let path = written(folder, "counts", &data);
            let load = |path| counts::load(path, None, &MemoryLimit::default(), &monitor);
            let Some(read) = accepted(load(&path)) else {
                return;
            };
            check_counts(&read.counts, read.vocabulary.len());
            let words = counts::Vocabularies {
                vocabulary: &read.vocabulary,
                rare: &read.rare,
                contexts: read.contexts.as_deref(),
            };
            counts::save(&read.counts, words, &path, &monitor).expect("counts");
            let again = load(&path).expect("saved counts can be read");
            assert_eq!((&again.vocabulary, &again.rare), (&read.vocabulary, &read.rare));
            assert_eq!(again.counts.to_csr(&monitor).unwrap(), read.counts.to_csr(&monitor).unwrap());
        });
    }
});
