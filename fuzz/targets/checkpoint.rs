#![no_main]
//! Fuzzes reading checkpoints: the data as they are, and with correct checksums.

use glove_rs::Monitor;
use glove_rs::formats::checkpoint;
use glove_rs_fuzz::{accepted, in_folder, repair, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for data in [data.to_vec(), repair::checkpoint(data.to_vec())] {
        in_folder(|folder| {
            let monitor = Monitor::new();
            let path = written(folder, "checkpoint", &data);
            let Some((training, settings)) = accepted(checkpoint::load(&path, &monitor)) else {
                return;
            };
            assert_eq!(
                training.parameters.exported(false).expect("memory").b.len(),
                training.parameters.words()
            );
            let save = |training, settings: &str| {
                checkpoint::save(&path, training, settings, &monitor).expect("a checkpoint");
                std::fs::read(&path).expect("what was saved")
            };
            let first = save(&training, &settings);
            let (training, settings) = checkpoint::load(&path, &monitor).expect("what was saved can be read");
            assert!(first == save(&training, &settings), "nothing is lost");
        });
    }
});
