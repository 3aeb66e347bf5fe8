//! The file of a training between two epochs: all that going on needs but the counts.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `gloveCKP` |
//! | 4 | version, 2 |
//! | 4 | 1 if the parameters of an earlier, better epoch are held too, else 0 |
//! | 8 · 4 | V words, dim, finished epochs, halvings of the learning rate |
//! | 8 · 3 | bytes of settings S, epochs reported R, words anchored A |
//! | 8 + 8 | as IEEE 754 doubles: the cost above which an epoch diverges (NaN if unknown), μ of the anchor |
//! | 4 | CRC-32 of the 88 bytes so far |
//! | S | settings, in UTF-8, as the caller gave them; glove_rs writes JSON |
//! | 48 R | per epoch: its number; as doubles loss, validation loss (NaN if none), seconds, records per second, data loss |
//! | 16 V (dim + 1) | as singles W, b, W̃, b̃, then their accumulators G in the same order |
//! | as many, or 0 | the same of the better epoch |
//! | 4 A + 4 A dim | the anchored words' numbers, their vectors as singles |
//! | 4 | CRC-32 of everything before |
//!
//! Version 1 has no data loss, and so 40 bytes for an epoch; its loss is the data loss.
//!
//! The random numbers of an epoch follow from the seed, which the settings tell, and its number:
//! there is no other random state.

use crate::error::{Error, Location, Result};
use crate::io::Input;
use crate::io::{self, at, write_atomically};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::report::EpochReport;
use crate::training::{Anchor, Exported, MAX_DIM, Parameters, Progress, Training};
use crate::vocabulary::MAX_WORDS;
use std::io::Write;
use std::path::Path;

/// What the file begins with.
pub const MAGIC: &[u8; 8] = b"gloveCKP";
const VERSION: u32 = 2;
const HEADER: usize = 92;
/// Numbers of 8 bytes in an epoch's report, in each version.
const REPORT: [usize; 2] = [5, 6];
/// Numbers converted at a time.
const CHUNK: usize = 1 << 18;

/// Write the state of `training` with its `settings`. The file appears complete or not at all.
///
/// # Errors
/// [`Error::Io`]; [`Error::Cancelled`].
pub fn save(
    path: impl AsRef<Path>,
    training: &Training,
    settings: &str,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    let Training {
        parameters,
        best,
        progress,
        anchor,
    } = training;
    let reports = &progress.reports;
    let anchored = anchor.as_ref().map_or(0, |anchor| anchor.words.len());
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&u32::from(best.is_some()).to_le_bytes());
    for number in [
        parameters.words(),
        parameters.dim(),
        progress.epochs,
        progress.halvings,
        settings.len(),
        reports.len(),
        anchored,
    ] {
        header.extend_from_slice(&(number as u64).to_le_bytes());
    }
    let weight = anchor.as_ref().map_or(0.0, |anchor| anchor.weight);
    for number in [progress.divergence_cost.unwrap_or(f64::NAN), weight] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    write_atomically(path, monitor, |out| {
        let mut out = Output {
            path,
            out,
            sum: crc32fast::Hasher::new(),
            monitor,
        };
        out.bytes(&header)?;
        out.bytes(settings.as_bytes())?;
        for report in reports {
            out.bytes(&(report.epoch as u64).to_le_bytes())?;
            let validation = report.validation.unwrap_or(f64::NAN);
            for number in [
                report.loss,
                validation,
                report.seconds,
                report.records_per_second,
                report.data_loss,
            ] {
                out.bytes(&number.to_le_bytes())?;
            }
        }
        for parameters in std::iter::once(parameters).chain(best) {
            for accumulators in [false, true] {
                for contexts in [false, true] {
                    let (vectors, biases) = parameters.side(contexts, accumulators)?;
                    out.numbers(&vectors, f32::to_le_bytes)?;
                    out.numbers(&biases, f32::to_le_bytes)?;
                }
            }
        }
        if let Some(anchor) = anchor {
            out.numbers(&anchor.words, u32::to_le_bytes)?;
            out.numbers(&anchor.vectors, f32::to_le_bytes)?;
        }
        let sum = out.sum.clone().finalize();
        out.bytes(&sum.to_le_bytes())
    })
}

/// Read what [`save`] wrote: the state and the settings.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] with the byte offset for anything that is not such a file,
/// truncated or damaged; [`Error::Memory`]; [`Error::Cancelled`].
pub fn load(path: impl AsRef<Path>, monitor: &Monitor) -> Result<(Training, String)> {
    let path = path.as_ref();
    let input = Input::plain(path, monitor)?;
    let size = input.content_size();
    let bad = |offset: u64, message: &str| Error::format(path, Location::Byte(offset), message);
    input.begin(monitor);
    let mut input = Reader {
        path,
        input,
        offset: 0,
        sum: crc32fast::Hasher::new(),
        monitor,
    };
    let header = input.bytes(HEADER)?;
    let u32_at = |at: usize| u32::from_le_bytes(*header[at..].first_chunk().expect("92 bytes"));
    let u64_at = |at: usize| u64::from_le_bytes(*header[at..].first_chunk().expect("92 bytes"));
    if &header[..8] != MAGIC {
        return Err(bad(0, "not a checkpoint of glove-rs"));
    }
    let version = u32_at(8);
    if !(1..=VERSION).contains(&version) {
        let message =
            format!("version {version} of the format; this glove-rs reads 1 to {VERSION}");
        return Err(bad(8, &message));
    }
    if crc32fast::hash(&header[..HEADER - 4]) != u32_at(HEADER - 4) {
        return Err(bad(0, "the header is damaged"));
    }
    let [words, dim, epochs, halvings, settings, reports, anchored] =
        [16, 24, 32, 40, 48, 56, 64].map(u64_at);
    let (sets, wrong) = (u32_at(12), bad(12, "the header contradicts itself"));
    let possible = sets <= 1
        && words <= MAX_WORDS as u64
        && (1..=MAX_DIM as u64).contains(&dim)
        && anchored <= words
        && settings.max(reports) < 1 << 40;
    if !possible {
        return Err(wrong);
    }
    let [words, dim, epochs, halvings, settings, reports, anchored] =
        [words, dim, epochs, halvings, settings, reports, anchored].map(|n| n as usize);
    let sets = 1 + sets as usize;
    let numbers = REPORT[version as usize - 1];
    let expected = length(words, dim, sets, settings, 8 * numbers * reports, anchored);
    if let Some(size) = size.filter(|size| expected != u128::from(*size)) {
        let message = format!("the file is cut off: it has {size} bytes instead of {expected}");
        return Err(bad(size, &message));
    }
    let settings = input.bytes(settings)?;
    let reports = input.bytes(8 * numbers * reports)?;
    let reports = reports.as_chunks::<8>().0.chunks_exact(numbers);
    let reports = reports.map(|fields| {
        let number = |field: usize| f64::from_le_bytes(fields[field]);
        EpochReport {
            epoch: u64::from_le_bytes(fields[0]) as usize,
            loss: number(1),
            data_loss: number(if version == 1 { 1 } else { 5 }),
            validation: Some(number(2)).filter(|loss| !loss.is_nan()),
            seconds: number(3),
            records_per_second: number(4),
        }
    });
    let reports = fallible::collect(reports)?;
    let mut parameters = Vec::new();
    for _ in 0..sets {
        let [values, sums] = [input.exported(words, dim)?, input.exported(words, dim)?];
        parameters.push(Parameters::from_exported(words, dim, &values, &sums)?);
    }
    let anchor = Anchor {
        words: input.numbers(anchored, u32::from_le_bytes)?,
        vectors: input.numbers(anchored * dim, f32::from_le_bytes)?,
        weight: f64::from_bits(u64_at(80)),
    };
    let sum = input.sum.clone().finalize();
    let end = input.bytes(4)?;
    if end != sum.to_le_bytes() {
        return Err(bad(0, "the file is damaged: its checksum does not fit"));
    }
    if !input.input.peek(1)?.is_empty() {
        return Err(bad(input.offset, "the file goes on after its end"));
    }
    if anchored > 0 {
        let checked = anchor.check(words, dim);
        checked.map_err(|e| bad(0, &format!("the anchored words are wrong: {e}")))?;
    }
    let divergence_cost = f64::from_bits(u64_at(72));
    if !parameters.iter().all(Parameters::can_train) {
        let message = "the parameters must be finite numbers, and their accumulators above 0";
        return Err(bad(0, message));
    }
    let mut parameters = parameters.into_iter();
    let training = Training {
        parameters: parameters.next().expect("one set at least"),
        best: parameters.next(),
        progress: Progress {
            epochs,
            halvings,
            divergence_cost: (!divergence_cost.is_nan()).then_some(divergence_cost),
            reports,
        },
        anchor: (anchored > 0).then_some(anchor),
    };
    let settings = String::from_utf8(settings);
    let settings = settings.map_err(|_| bad(HEADER as u64, "the settings are not UTF-8"))?;
    Ok((training, settings))
}

/// Bytes of a file with these sizes.
fn length(
    words: usize,
    dim: usize,
    sets: usize,
    settings: usize,
    reports: usize,
    anchored: usize,
) -> u128 {
    let [words, dim, sets, settings, reports, anchored] =
        [words, dim, sets, settings, reports, anchored].map(|n| n as u128);
    let parameters = (16 * sets * words).saturating_mul(dim + 1);
    let anchor = (4 * anchored).saturating_mul(dim + 1);
    (HEADER as u128 + settings + reports + 4)
        .saturating_add(parameters)
        .saturating_add(anchor)
}

/// A file being written, with the checksum of what it holds.
struct Output<'a, 'b> {
    path: &'a Path,
    out: &'a mut io::Output<'b>,
    sum: crc32fast::Hasher,
    monitor: &'a Monitor,
}

impl Output<'_, '_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.monitor.check()?;
        self.sum.update(bytes);
        at(self.path, self.out.write_all(bytes))
    }

    fn numbers<T: Copy>(&mut self, numbers: &[T], to_le_bytes: fn(T) -> [u8; 4]) -> Result<()> {
        for chunk in numbers.chunks(CHUNK) {
            let bytes: Vec<[u8; 4]> = chunk.iter().map(|&x| to_le_bytes(x)).collect();
            self.bytes(bytes.as_flattened())?;
        }
        Ok(())
    }
}

/// A file being read, with the checksum of what was read.
struct Reader<'a> {
    path: &'a Path,
    input: Input,
    offset: u64,
    sum: crc32fast::Hasher,
    monitor: &'a Monitor,
}

impl Reader<'_> {
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let place = self.input.content_size().unwrap_or(self.offset);
        let path = self.path;
        self.input.exactly(length as u64, &mut bytes, || {
            Error::format(path, Location::Byte(place), "the file is cut off")
        })?;
        self.sum.update(&bytes);
        self.offset += length as u64;
        self.input.report(self.monitor)?;
        Ok(bytes)
    }

    fn numbers<T>(&mut self, mut left: usize, from_le_bytes: fn([u8; 4]) -> T) -> Result<Vec<T>> {
        // The length of a file was compared with its header; that of a pipe is not known.
        let known = self.input.content_size().is_some();
        let mut numbers = fallible::with_capacity(if known { left } else { 0 })?;
        while left > 0 {
            let count = left.min(CHUNK);
            let bytes = self.bytes(4 * count)?;
            fallible::reserve(&mut numbers, count)?;
            let new = bytes.as_chunks().0.iter().copied().map(from_le_bytes);
            numbers.extend(new);
            left -= count;
        }
        Ok(numbers)
    }

    /// Fields are read in the order they are written here.
    fn exported(&mut self, words: usize, dim: usize) -> Result<Exported> {
        let mut next = |count| self.numbers(count, f32::from_le_bytes);
        Ok(Exported {
            w: next(words * dim)?,
            b: next(words)?,
            w_tilde: next(words * dim)?,
            b_tilde: next(words)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Training {
        let parameters = |seed| Parameters::random(3, 2, seed, &Monitor::new()).unwrap();
        Training {
            best: Some(parameters(2)),
            progress: Progress {
                epochs: 4,
                halvings: 1,
                divergence_cost: Some(0.1 + 0.2),
                reports: vec![EpochReport {
                    epoch: 4,
                    loss: 0.25,
                    data_loss: 0.125,
                    validation: None,
                    seconds: 1.5,
                    records_per_second: 1e6,
                }],
            },
            anchor: Some(Anchor {
                words: vec![0, 2],
                vectors: vec![1.0, 2.0, 3.0, 4.0],
                weight: 0.1,
            }),
            ..Training::new(parameters(1))
        }
    }

    fn saved(training: &Training) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        save(file.path(), training, "{\"é\": 1}", &Monitor::new()).unwrap();
        file
    }

    #[test]
    fn a_training_comes_back_whole() {
        let whole = sample();
        let without = Training::new(Parameters::random(2, 3, 0, &Monitor::new()).unwrap());
        for training in [whole, without] {
            let (again, settings) = load(saved(&training).path(), &Monitor::new()).unwrap();
            assert_eq!(settings, "{\"é\": 1}");
            assert_eq!(again.parameters, training.parameters);
            assert_eq!(again.best, training.best);
            assert_eq!(again.progress, training.progress);
            assert_eq!(again.anchor, training.anchor);
        }
    }

    /// The file of a training as version 1 had it.
    fn version_1(training: &Training) -> Vec<u8> {
        let mut bytes = std::fs::read(saved(training).path()).unwrap();
        bytes[8] = 1;
        let end = HEADER - 4;
        let sum = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..HEADER].copy_from_slice(&sum);
        let settings = bytes[48] as usize;
        let data_loss = HEADER + settings + 40;
        bytes.drain(data_loss..data_loss + 8);
        let end = bytes.len() - 4;
        let sum = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&sum);
        bytes
    }

    #[test]
    fn in_a_file_of_version_1_the_loss_is_the_data_loss() {
        let training = sample();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), version_1(&training)).unwrap();
        let (again, _) = load(file.path(), &Monitor::new()).unwrap();
        let mut expected = training.progress.clone();
        expected.reports[0].data_loss = expected.reports[0].loss;
        assert_eq!(again.progress, expected);
        assert_eq!(again.parameters, training.parameters);
        assert_eq!(again.anchor, training.anchor);
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let file = saved(&sample());
        let good = std::fs::read(file.path()).unwrap();
        for place in 0..good.len() {
            let mut bytes = good.clone();
            bytes[place] ^= 0x41;
            for damaged in [&bytes, &good[..place]] {
                std::fs::write(file.path(), damaged).unwrap();
                let error = load(file.path(), &Monitor::new()).unwrap_err();
                assert!(
                    matches!(error, Error::Format { .. }),
                    "byte {place}: {error}"
                );
            }
        }
        std::fs::write(file.path(), [&good[..], b"more"].concat()).unwrap();
        assert!(matches!(
            load(file.path(), &Monitor::new()),
            Err(Error::Format { .. })
        ));
    }

    #[test]
    fn a_cancelled_save_leaves_the_older_checkpoint() {
        let file = saved(&sample());
        let monitor = Monitor::new();
        monitor.cancel();
        let other = Training::new(Parameters::random(5, 4, 0, &Monitor::new()).unwrap());
        assert!(matches!(
            save(file.path(), &other, "", &monitor),
            Err(Error::Cancelled)
        ));
        assert_eq!(
            load(file.path(), &Monitor::new())
                .unwrap()
                .0
                .progress
                .epochs,
            4
        );
    }
}
