#![no_main]
//! Fuzzes reading and mapping native vectors: the data as they are, and with correct checksums.

use glove_rs::Monitor;
use glove_rs::formats::{Format, native};
use glove_rs_fuzz::{accepted, check_vectors, in_folder, repair, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for data in [data.to_vec(), repair::vectors(data.to_vec())] {
        check_vectors(&data, Some(Format::Native));
        in_folder(|folder| {
            let path = written(folder, "vectors", &data);
            if let Some(Some((header, words))) = accepted(native::open(&path, &Monitor::new())) {
                assert_eq!(words.len(), header.words);
                let bytes = (header.words * header.dim * header.element_bytes) as u64;
                assert_eq!(header.matrix + bytes, data.len() as u64);
            }
        });
    }
});
