#![no_main]
//! Fuzzes reading the co-occurrence records of Stanford's tools for five words.

use glove_rs::formats::stanford::{load_cooccurrences, save_cooccurrences};
use glove_rs::{MemoryLimit, Monitor};
use glove_rs_fuzz::{accepted, check_counts, in_folder, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    in_folder(|folder| {
        let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
        let path = written(folder, "records.bin", data);
        let load = || load_cooccurrences(&path, 5, &memory, &monitor);
        let Some(read) = accepted(load()) else {
            return;
        };
        check_counts(&read, 5);
        save_cooccurrences(&read, &path, &memory, &monitor).expect("counts can be saved");
        let again = load().expect("saved counts can be read");
        assert_eq!(again.to_csr(&monitor).unwrap(), read.to_csr(&monitor).unwrap());
    });
});
