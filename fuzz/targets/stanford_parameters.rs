#![no_main]
//! Fuzzes reading the parameters of Stanford's `glove` for five words, as parameters and as vectors.

use glove_rs::Monitor;
use glove_rs::formats::stanford::{load_parameters, save_parameters};
use glove_rs::formats::{Combine, LoadOptions, load};
use glove_rs_fuzz::{accepted, alike, five_words, in_folder, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    in_folder(|folder| {
        let monitor = Monitor::new();
        let path = written(folder, "parameters.bin", data);
        let vocabulary = five_words();
        for name in Combine::NAMES {
            let combine = Combine::from_name(name).expect("a name");
            let options = LoadOptions {
                vocabulary: Some(&vocabulary),
                combine,
                ..Default::default()
            };
            if let Some(loaded) = accepted(load::<f32>(&path, options, &monitor)) {
                assert_eq!(loaded.matrix.len(), loaded.words.len() * loaded.dim);
                assert_eq!(loaded.words.len(), 5);
            }
        }
        if let Some((dim, read)) = accepted(load_parameters(&path, 5, &monitor)) {
            assert_eq!(read.w.len(), 5 * dim);
            save_parameters(&read, dim, &path, &monitor).expect("parameters can be saved");
            let (again, saved) = load_parameters(&path, 5, &monitor).expect("they can be read");
            assert_eq!(again, dim);
            assert!(alike(&read.w, &saved.w) && alike(&read.b, &saved.b));
            assert!(alike(&read.w_tilde, &saved.w_tilde) && alike(&read.b_tilde, &saved.b_tilde));
        }
    });
});
