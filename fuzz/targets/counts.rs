#![no_main]
//! The native file of counts, as it is and with its checksums put right.

use glove_rs::formats::counts;
use glove_rs::{MemoryLimit, Monitor};
use glove_rs_fuzz::{accepted, check_counts, in_folder, repair, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for data in [data.to_vec(), repair::counts(data.to_vec())] {
        in_folder(|folder| {
            let monitor = Monitor::new();
            let path = written(folder, "counts", &data);
            let load = |path| counts::load(path, &MemoryLimit::default(), &monitor);
            let Some((vocabulary, rare, read)) = accepted(load(&path)) else {
                return;
            };
            check_counts(&read, vocabulary.len());
            counts::save(&read, &vocabulary, &rare, &path, false, &monitor).expect("counts");
            let again = load(&path).expect("saved counts can be read");
            assert_eq!((&again.0, &again.1), (&vocabulary, &rare));
            assert_eq!(again.2.to_csr().unwrap(), read.to_csr().unwrap());
        });
    }
});
