#![no_main]
//! Fuzzes reading text from a file, which may be compressed, UTF-8 or UTF-16, or damaged, with every unit of documents
//! and every policy for invalid bytes.

use glove_rs::corpus::{DocumentUnit, FileReader, OnInvalid, TextOptions};
use glove_rs::encoding::{EncodingOptions, RawCorpus};
use glove_rs::tokenize::Tokenizer;
use glove_rs::{MemoryLimit, Monitor};
use glove_rs_fuzz::{DocumentCollector, accepted, in_folder, written};
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;

type WordCounts = HashMap<Vec<u8>, u64>;

fuzz_target!(|data: &[u8]| {
    in_folder(|folder| {
        let path = written(folder, "corpus", data);
        let mut by_errors: Vec<Option<WordCounts>> = Vec::new();
        for errors in ["strict", "replace", "ignore"] {
            let mut by_unit = Vec::new();
            let units: &[&str] = match errors {
                "strict" => &["line", "paragraph", "file"],
                _ => &["line"],
            };
            for unit in units {
                let options = TextOptions {
                    documents: DocumentUnit::from_name(unit).expect("a unit"),
                    errors: OnInvalid::from_name(errors).expect("a policy"),
                    ..Default::default()
                };
                let mut reader =
                    FileReader::new(vec![path.clone()], options).expect("the file is there");
                let (memory, monitor) = (MemoryLimit::default(), Monitor::new());
                let encoding = EncodingOptions::default();
                let raw = accepted(RawCorpus::read(&mut reader, &encoding, &memory, &monitor));
                by_unit.push(raw.map(|raw| {
                    let words = raw.words(&monitor).expect("words");
                    words.iter().map(|(w, n)| (w.to_vec(), *n)).collect()
                }));
            }
            // The unit of documents does not change the words.
            assert!(by_unit.iter().all(|words| words == &by_unit[0]), "{errors}");
            by_errors.append(&mut by_unit);
        }
        if by_errors[0].is_some() {
            assert!(by_errors.iter().all(|words| words == &by_errors[0]));
        }
        if let Some(words) = naive(data) {
            assert_eq!(by_errors[0].as_ref(), Some(&words));
        }
    });
});

/// The words of the data and their counts, or None if the data are not UTF-8, or if they begin as a compressed file or
/// with a byte order mark.
fn naive(data: &[u8]) -> Option<WordCounts> {
    let marks: [&[u8]; 7] = [
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
    ];
    let skippable = data.len() >= 4 && data[1..4] == *b"\x2a\x4d\x18";
    if skippable || marks.iter().any(|mark| data.starts_with(mark)) {
        return None;
    }
    let mut documents = DocumentCollector::default();
    Tokenizer::Whitespace.lines(std::str::from_utf8(data).ok()?, &mut documents);
    let mut counts = WordCounts::new();
    for word in documents.0.into_iter().flatten() {
        *counts.entry(word).or_default() += 1;
    }
    Some(counts)
}
