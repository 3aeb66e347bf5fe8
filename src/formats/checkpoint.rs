//! The file of a training between two epochs: all that going on needs but the counts.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `gloveCKP` |
//! | 4 | version, 1 |
//! | 4 | 1 if the parameters of an earlier, better epoch are held too, else 0 |
//! | 8 · 4 | V words, dim, finished epochs, halvings of the learning rate |
//! | 8 · 3 | bytes of settings S, epochs reported R, words anchored A |
//! | 8 + 8 | as IEEE 754 doubles: the cost of a hopeless epoch (NaN if unknown), μ of the anchor |
//! | 4 | CRC-32 of the 88 bytes so far |
//! | S | settings, in UTF-8, as the caller gave them; glove_rs writes JSON |
//! | 40 R | per epoch: its number; as doubles loss, validation loss (NaN if none), seconds, records per second |
//! | 16 V (dim + 1) | as singles W, b, W̃, b̃, then their accumulators G in the same order |
//! | as many, or 0 | the same of the better epoch |
//! | 4 A + 4 A dim | the anchored words' numbers, their vectors as singles |
//! | 4 | CRC-32 of everything before |
//!
//! The random numbers of an epoch follow from the seed, which the settings tell, and its number:
//! there is no other random state.

use super::atomic::{at, settle, write_durably};
use super::stanford::open;
use crate::error::{Error, Location, Result};
use crate::monitor::{EpochReport, Monitor};
use crate::training::{Anchor, Exported, Parameters, Progress, Training};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// What the file begins with.
pub const MAGIC: &[u8; 8] = b"gloveCKP";
const VERSION: u32 = 1;
const HEADER: usize = 92;
/// Numbers converted at a time.
const CHUNK: usize = 1 << 18;
/// Bytes between two waits for the disk, each of which Ctrl-C has to wait for.
const SETTLE: usize = 16 << 20;

/// Write the state of `training` with its `settings`. The file appears complete or not at all, and
/// would outlive the machine's failing right afterwards.
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
        reports,
        anchor,
    } = training;
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
    for number in [progress.hopeless.unwrap_or(f64::NAN), weight] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
    write_durably(path, |out| {
        let mut out = Output {
            path,
            out,
            sum: crc32fast::Hasher::new(),
            unsettled: 0,
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
/// truncated or damaged; [`Error::Memory`].
pub fn load(path: impl AsRef<Path>) -> Result<(Training, String)> {
    let path = path.as_ref();
    let file = open(path)?;
    let size = at(path, file.metadata())?.len();
    let bad = |offset: u64, message: &str| Error::format(path, Location::Byte(offset), message);
    let mut input = Input {
        path,
        reader: BufReader::with_capacity(1 << 20, file),
        sum: crc32fast::Hasher::new(),
    };
    if size < HEADER as u64 {
        return Err(bad(size, "the file is cut off"));
    }
    let header = input.bytes(HEADER)?;
    let u32_at = |at: usize| u32::from_le_bytes(*header[at..].first_chunk().expect("92 bytes"));
    let u64_at = |at: usize| u64::from_le_bytes(*header[at..].first_chunk().expect("92 bytes"));
    if &header[..8] != MAGIC {
        return Err(bad(0, "not a checkpoint of glove-rs"));
    }
    if u32_at(8) != VERSION {
        let message = format!(
            "version {} of the format; this glove-rs reads {VERSION}",
            u32_at(8)
        );
        return Err(bad(8, &message));
    }
    if crc32fast::hash(&header[..HEADER - 4]) != u32_at(HEADER - 4) {
        return Err(bad(0, "the header is damaged"));
    }
    let sets = 1 + usize::from(u32_at(12) == 1);
    let [words, dim, epochs, halvings, settings, reports, anchored] =
        [16, 24, 32, 40, 48, 56, 64].map(|at| u64_at(at) as usize);
    let expected = length(words, dim, sets, settings, reports, anchored);
    if expected != u128::from(size) {
        let message = format!("the file is cut off: it has {size} bytes instead of {expected}");
        return Err(bad(size, &message));
    }
    let settings = input.bytes(settings)?;
    let reports: Vec<EpochReport> = (0..reports)
        .map(|_| {
            let epoch = u64::from_le_bytes(input.array()?) as usize;
            let mut next = || input.array().map(f64::from_le_bytes);
            let (loss, validation) = (next()?, next()?);
            Ok(EpochReport {
                epoch,
                loss,
                validation: (!validation.is_nan()).then_some(validation),
                seconds: next()?,
                records_per_second: next()?,
            })
        })
        .collect::<Result<_>>()?;
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
    if u32::from_le_bytes(input.array()?) != sum {
        return Err(bad(0, "the file is damaged: its checksum does not fit"));
    }
    let hopeless = f64::from_bits(u64_at(72));
    let mut parameters = parameters.into_iter();
    let training = Training {
        parameters: parameters.next().expect("one set at least"),
        best: parameters.next(),
        progress: Progress {
            epochs,
            halvings,
            hopeless: (!hopeless.is_nan()).then_some(hopeless),
        },
        reports,
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
    (HEADER as u128 + settings + 40 * reports + 4)
        .saturating_add(parameters)
        .saturating_add(anchor)
}

/// A file being written, with the checksum of what it holds.
struct Output<'a, 'b> {
    path: &'a Path,
    out: &'a mut BufWriter<&'b File>,
    sum: crc32fast::Hasher,
    unsettled: usize,
    monitor: &'a Monitor,
}

impl Output<'_, '_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.monitor.check()?;
        self.sum.update(bytes);
        at(self.path, self.out.write_all(bytes))?;
        self.unsettled += bytes.len();
        if self.unsettled >= SETTLE {
            self.unsettled = 0;
            at(self.path, settle(self.out))?;
        }
        Ok(())
    }

    fn numbers<T: Copy>(&mut self, numbers: &[T], to_le_bytes: fn(T) -> [u8; 4]) -> Result<()> {
        for chunk in numbers.chunks(CHUNK) {
            let bytes: Vec<[u8; 4]> = chunk.iter().map(|&x| to_le_bytes(x)).collect();
            self.bytes(bytes.as_flattened())?;
        }
        Ok(())
    }
}

/// A file being read, with the checksum of what was read. Its length was checked.
struct Input<'a> {
    path: &'a Path,
    reader: BufReader<File>,
    sum: crc32fast::Hasher,
}

impl Input<'_> {
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        at(self.path, self.reader.read_exact(&mut bytes))?;
        self.sum.update(&bytes);
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        at(self.path, self.reader.read_exact(&mut bytes))?;
        self.sum.update(&bytes);
        Ok(bytes)
    }

    fn numbers<T>(&mut self, mut left: usize, from_le_bytes: fn([u8; 4]) -> T) -> Result<Vec<T>> {
        let mut numbers = Vec::with_capacity(left);
        while left > 0 {
            let count = left.min(CHUNK);
            let bytes = self.bytes(4 * count)?;
            numbers.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&bytes| from_le_bytes(bytes)),
            );
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
                hopeless: Some(0.1 + 0.2),
            },
            reports: vec![EpochReport {
                epoch: 4,
                loss: 0.25,
                validation: None,
                seconds: 1.5,
                records_per_second: 1e6,
            }],
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
            let (again, settings) = load(saved(&training).path()).unwrap();
            assert_eq!(settings, "{\"é\": 1}");
            assert_eq!(again.parameters, training.parameters);
            assert_eq!(again.best, training.best);
            assert_eq!(again.progress, training.progress);
            assert_eq!(again.reports, training.reports);
            assert_eq!(again.anchor, training.anchor);
        }
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
                let error = load(file.path()).unwrap_err();
                assert!(
                    matches!(error, Error::Format { .. }),
                    "byte {place}: {error}"
                );
            }
        }
        std::fs::write(file.path(), [&good[..], b"more"].concat()).unwrap();
        assert!(matches!(load(file.path()), Err(Error::Format { .. })));
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
        assert_eq!(load(file.path()).unwrap().0.progress.epochs, 4);
    }
}
