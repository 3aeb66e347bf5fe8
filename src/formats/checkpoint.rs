//! The checkpoint file: the state of a training between two epochs. To continue the training, only
//! the counts are needed besides this file.
//!
//! All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `gloveCKP` |
//! | 4 | version: 4 if there are contexts of adjacent words, 3 if X is rectangular, else 2 |
//! | 4 | 1 if the file also has the parameters of an earlier, better epoch, else 0; plus 2 if a vector has one accumulator; plus 4 if X is rectangular; plus 8 if there are contexts of adjacent words |
//! | 8 · 4 | number of words V, dim, number of finished epochs, number of halvings of the learning rate |
//! | 8 · 3 | number S of bytes of the settings; number R of reported epochs; number A of anchored words or, if X is rectangular, number C of context words |
//! | 8 + 8 | as IEEE 754 doubles: the cost above which an epoch diverges (NaN if unknown), μ of the anchor |
//! | 4 | CRC-32 of the 88 bytes so far |
//! | S | settings, in UTF-8, as the caller gave them; glove_rs writes JSON |
//! | 48 R | per epoch: its number; as doubles loss, validation loss (NaN if none), seconds, records per second, data loss |
//! | 4 (V + C) (dim + g + 2) | as singles W, b, W̃, b̃, then their accumulators G in the same order. A vector has g accumulators: dim, or 1 |
//! | as many, or 0 | the same for the better epoch |
//! | 4 A + 4 A dim | the ranks of the anchored words, their vectors as singles |
//! | 4 | CRC-32 of everything before |
//!
//! X is the matrix of co-occurrence counts, and C the number of context vectors: V, or V + 2 min(V, 16384) with
//! contexts of adjacent words ([`ContextColumns`]). If X is rectangular, C is the number of context words, which the
//! header has, and no words are anchored: A is 0. A file of version 1 has one loss for each epoch, which is the data
//! loss, and so only 40 bytes for each epoch.
//!
//! There is no random state: the random numbers of an epoch depend only on the seed, which the
//! caller stores in the settings, and on the number of the epoch.

use super::binary_reader::BinaryReader;
use super::header::{HeaderFormat, contradiction, wrong_size};
use crate::cooccurrence::ContextColumns;
use crate::error::{Error, Location, Result};
use crate::io::Input;
use crate::io::{self, at, write_atomically};
use crate::memory::fallible;
use crate::monitor::Monitor;
use crate::report::EpochReport;
use crate::training::{
    Accumulators, Anchor, EpochLog, Exported, MAX_DIM, Parameters, RowLayout, TrainingState,
};
use crate::vocabulary::MAX_WORDS;
use std::io::Write;
use std::path::Path;

/// The first bytes of the file.
pub const MAGIC: &[u8; 8] = b"gloveCKP";
const HEADER: HeaderFormat = HeaderFormat {
    magic: MAGIC,
    versions: [1, 4],
    length: 92,
};
/// How many numbers of 8 bytes an epoch's report has, in each version of the format.
const REPORT: [usize; 4] = [5, 6, 6, 6];
/// The flag of contexts of adjacent words in the header.
const ADJACENT: u32 = 8;
/// How many numbers are converted at a time.
const CHUNK: usize = 1 << 18;

/// Write a checkpoint of `training` with its `settings`. The file appears complete or not at all.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an empty name and for a name with the ending of a format that glove-rs
/// does not write; [`Error::Memory`]; [`Error::Cancelled`].
pub fn save(
    path: impl AsRef<Path>,
    training: &TrainingState,
    settings: &str,
    monitor: &Monitor,
) -> Result<()> {
    let path = path.as_ref();
    let TrainingState {
        parameters,
        best,
        log,
        anchor,
    } = training;
    let reports = &log.reports;
    let anchored = anchor.as_ref().map_or(0, |anchor| anchor.words.len());
    let layout = parameters.layout();
    let [words, contexts] = parameters.shape();
    let is_rectangular = words != contexts;
    let flags = u32::from(best.is_some())
        + 2 * u32::from(layout.is_rowwise())
        + 4 * u32::from(is_rectangular)
        + ADJACENT * u32::from(parameters.has_adjacent());
    let version = match (is_rectangular, parameters.has_adjacent()) {
        (_, true) => 4,
        (true, false) => 3,
        (false, false) => 2,
    };
    let weight = anchor.as_ref().map_or(0.0, |anchor| anchor.weight);
    let number = |number: usize| (number as u64).to_le_bytes();
    let header = HEADER.header_of(
        version,
        &[
            &flags.to_le_bytes(),
            &number(words),
            &number(parameters.dim()),
            &number(log.epochs),
            &number(log.halvings),
            &number(settings.len()),
            &number(reports.len()),
            &number(if is_rectangular { contexts } else { anchored }),
            &log.divergence_cost.unwrap_or(f64::NAN).to_le_bytes(),
            &weight.to_le_bytes(),
        ],
    );
    write_atomically(path, monitor, |out| {
        let mut out = CheckpointWriter {
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
                    let (vectors, biases) = parameters.whole_side(contexts, accumulators)?;
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

/// Read a checkpoint: the training and the settings. The path `-` means standard input.
///
/// # Errors
/// [`Error::Io`]; [`Error::Parameter`] for an archive of several files, and for compressed data that take too much
/// memory to unpack; [`Error::Format`] with the byte offset for a file that is not a checkpoint, is cut off or is
/// damaged; [`Error::Memory`]; [`Error::Cancelled`].
pub fn load(path: impl AsRef<Path>, monitor: &Monitor) -> Result<(TrainingState, String)> {
    let path = path.as_ref();
    let input = Input::open_or_standard_input(path, monitor)?;
    let size = input.content_size();
    let bad = |offset: u64, message: &str| Error::format(path, Location::Byte(offset), message);
    let fault = |(offset, message): (u64, String)| bad(offset, &message);
    let mut input = CheckpointReader {
        reader: BinaryReader::new(input, monitor),
        sum: crc32fast::Hasher::new(),
        monitor,
    };
    let header = input.bytes(HEADER.length)?;
    if &header[..8] != MAGIC {
        return Err(bad(0, "not a checkpoint of glove-rs"));
    }
    let header = HEADER.check(&header).map_err(fault)?;
    let [words, dim, epochs, halvings, settings, reports, anchored] =
        [16, 24, 32, 40, 48, 56, 64].map(|offset| header.u64(offset));
    let flags = header.u32(12);
    let is_rectangular = flags & 4 != 0;
    let has_adjacent = flags & ADJACENT != 0;
    let (contexts, anchored) = if is_rectangular {
        (anchored, 0)
    } else {
        let possible = words.min(MAX_WORDS as u64) as usize;
        let columns = if has_adjacent {
            ContextColumns::with_adjacent(possible)
        } else {
            ContextColumns::of_window(possible)
        };
        (columns.number() as u64, anchored)
    };
    let needed = [(3, is_rectangular), (4, has_adjacent)];
    let possible = flags < 1 << header.version()
        && needed
            .iter()
            .all(|&(version, holds)| holds == (header.version() == version))
        && contexts <= MAX_WORDS as u64
        && words <= MAX_WORDS as u64
        && (1..=MAX_DIM as u64).contains(&dim)
        && anchored <= words
        && settings.max(reports) < 1 << 40;
    if !possible {
        return Err(fault(contradiction(12)));
    }
    let [
        words,
        contexts,
        dim,
        epochs,
        halvings,
        settings,
        reports,
        anchored,
    ] = [
        words, contexts, dim, epochs, halvings, settings, reports, anchored,
    ]
    .map(|n| n as usize);
    let (sets, layout) = (
        1 + flags as usize % 2,
        RowLayout::with_accumulators(dim, Accumulators::rowwise(flags & 2 != 0)),
    );
    let shape = [words, contexts];
    let numbers = REPORT[header.version() as usize - 1];
    let expected = length(
        shape,
        layout,
        sets,
        settings,
        8 * numbers * reports,
        anchored,
    );
    if let Some(size) = size.filter(|size| expected != u128::from(*size)) {
        return Err(fault(wrong_size(size, expected)));
    }
    let settings = input.bytes(settings)?;
    let reports = input.bytes(8 * numbers * reports)?;
    let reports = reports.as_chunks::<8>().0.chunks_exact(numbers);
    let reports = reports.map(|fields| {
        let number = |field: usize| f64::from_le_bytes(fields[field]);
        EpochReport {
            epoch: u64::from_le_bytes(fields[0]) as usize,
            loss: number(1),
            data_loss: number(if header.version() == 1 { 1 } else { 5 }),
            validation: Some(number(2)).filter(|loss| !loss.is_nan()),
            seconds: number(3),
            records_per_second: number(4),
        }
    });
    let reports = fallible::collect(reports)?;
    let mut parameters = Vec::new();
    for _ in 0..sets {
        let [values, sums] =
            [dim, layout.accumulators_per_vector()].map(|width| input.exported(shape, width));
        let (values, sums) = (values?, sums?);
        parameters.push(if has_adjacent {
            Parameters::from_whole_sides(words, layout, &values, &sums)?
        } else {
            Parameters::from_shaped(shape, layout, &values, &sums)?
        });
    }
    let anchor = Anchor {
        words: input.numbers(anchored, u32::from_le_bytes)?,
        vectors: input.numbers(anchored * dim, f32::from_le_bytes)?,
        weight: header.f64(80),
    };
    let sum = input.sum.clone().finalize();
    let end = input.bytes(4)?;
    if end != sum.to_le_bytes() {
        return Err(bad(0, "the file is damaged: its checksum is wrong"));
    }
    input.reader.expect_end("checkpoint")?;
    if anchored > 0 {
        let checked = anchor.check(words, dim);
        checked.map_err(|e| bad(0, &format!("the anchored words are wrong: {e}")))?;
    }
    let divergence_cost = header.f64(72);
    if !parameters.iter().all(Parameters::can_train) {
        let message = "the parameters must be finite numbers, and their accumulators above 0";
        return Err(bad(0, message));
    }
    let mut parameters = parameters.into_iter();
    let training = TrainingState {
        parameters: parameters.next().expect("one set at least"),
        best: parameters.next(),
        log: EpochLog {
            epochs,
            halvings,
            divergence_cost: (!divergence_cost.is_nan()).then_some(divergence_cost),
            reports,
        },
        anchor: (anchored > 0).then_some(anchor),
    };
    let settings = String::from_utf8(settings);
    let settings = settings.map_err(|_| bad(HEADER.length as u64, "the settings are not UTF-8"))?;
    Ok((training, settings))
}

/// Number of bytes of a checkpoint: `sets` is the number of sets of parameters (1 or 2), `settings`
/// and `reports` are numbers of bytes, and `anchored` is the number of anchored words.
fn length(
    shape: [usize; 2],
    layout: RowLayout,
    sets: usize,
    settings: usize,
    reports: usize,
    anchored: usize,
) -> u128 {
    let (dim, sums) = (layout.dim(), layout.accumulators_per_vector());
    let [rows, dim, sums, sets, settings, reports, anchored] = [
        shape[0] + shape[1],
        dim,
        sums,
        sets,
        settings,
        reports,
        anchored,
    ]
    .map(|n| n as u128);
    let parameters = (4 * sets * rows).saturating_mul(dim + sums + 2);
    let anchor = (4 * anchored).saturating_mul(dim + 1);
    (HEADER.length as u128 + settings + reports + 4)
        .saturating_add(parameters)
        .saturating_add(anchor)
}

/// A file being written, with the checksum of its content so far.
struct CheckpointWriter<'a, 'b> {
    path: &'a Path,
    out: &'a mut io::Output<'b>,
    sum: crc32fast::Hasher,
    monitor: &'a Monitor,
}

impl CheckpointWriter<'_, '_> {
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

/// A file being read, with the checksum of its content so far.
struct CheckpointReader<'a> {
    reader: BinaryReader,
    sum: crc32fast::Hasher,
    monitor: &'a Monitor,
}

impl CheckpointReader<'_> {
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let bytes = self.reader.bytes(length as u64)?;
        self.sum.update(&bytes);
        self.reader.input.report(self.monitor)?;
        Ok(bytes)
    }

    fn numbers<T>(&mut self, mut left: usize, from_le_bytes: fn([u8; 4]) -> T) -> Result<Vec<T>> {
        // The length of a pipe is not known, and its header may claim more numbers than the pipe has. So memory is
        // then allocated only for numbers that were read.
        let known = self.reader.input.content_size().is_some();
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

    /// Read W, b, W̃ and b̃, or their accumulators, in the order of the file. A vector has `width` numbers.
    fn exported(&mut self, [words, contexts]: [usize; 2], width: usize) -> Result<Exported> {
        let mut next = |count| self.numbers(count, f32::from_le_bytes);
        Ok(Exported {
            w: next(words * width)?,
            b: next(words)?,
            w_tilde: next(contexts * width)?,
            b_tilde: next(contexts)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(rowwise: bool) -> TrainingState {
        let parameters = |seed| {
            Parameters::random(
                3,
                RowLayout::with_accumulators(2, Accumulators::rowwise(rowwise)),
                seed,
                &Monitor::new(),
            )
            .unwrap()
        };
        TrainingState {
            best: Some(parameters(2)),
            log: EpochLog {
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
            ..TrainingState::new(parameters(1))
        }
    }

    fn saved(training: &TrainingState) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        save(file.path(), training, "{\"é\": 1}", &Monitor::new()).unwrap();
        file
    }

    #[test]
    fn a_training_comes_back_whole() {
        let [whole, rowwise] = [false, true].map(sample);
        let without = TrainingState::new(
            Parameters::random(
                2,
                RowLayout::with_accumulators(3, Accumulators::PerComponent),
                0,
                &Monitor::new(),
            )
            .unwrap(),
        );
        for training in [whole, rowwise, without] {
            let (again, settings) = load(saved(&training).path(), &Monitor::new()).unwrap();
            assert_eq!(settings, "{\"é\": 1}");
            assert_eq!(again.parameters, training.parameters);
            assert_eq!(again.best, training.best);
            assert_eq!(again.log, training.log);
            assert_eq!(again.anchor, training.anchor);
        }
    }

    /// The bytes of a file of version 1 for a training.
    fn version_1(training: &TrainingState) -> Vec<u8> {
        let mut bytes = std::fs::read(saved(training).path()).unwrap();
        bytes[8] = 1;
        let end = HEADER.length - 4;
        let sum = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..HEADER.length].copy_from_slice(&sum);
        let settings = bytes[48] as usize;
        let data_loss = HEADER.length + settings + 40;
        bytes.drain(data_loss..data_loss + 8);
        let end = bytes.len() - 4;
        let sum = crc32fast::hash(&bytes[..end]).to_le_bytes();
        bytes[end..].copy_from_slice(&sum);
        bytes
    }

    #[test]
    fn in_a_file_of_version_1_the_loss_is_the_data_loss() {
        let training = sample(false);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), version_1(&training)).unwrap();
        let (again, _) = load(file.path(), &Monitor::new()).unwrap();
        let mut expected = training.log.clone();
        expected.reports[0].data_loss = expected.reports[0].loss;
        assert_eq!(again.log, expected);
        assert_eq!(again.parameters, training.parameters);
        assert_eq!(again.anchor, training.anchor);
    }

    #[test]
    fn no_damage_goes_unnoticed() {
        let file = saved(&sample(true));
        let good = std::fs::read(file.path()).unwrap();
        for position in 0..good.len() {
            let mut bytes = good.clone();
            bytes[position] ^= 0x41;
            for damaged in [&bytes, &good[..position]] {
                std::fs::write(file.path(), damaged).unwrap();
                let error = load(file.path(), &Monitor::new()).unwrap_err();
                assert!(
                    matches!(error, Error::Format { .. }),
                    "byte {position}: {error}"
                );
            }
        }
        std::fs::write(file.path(), [&good[..], b"more"].concat()).unwrap();
        let error = load(file.path(), &Monitor::new()).unwrap_err().to_string();
        let position = format!("byte {}: the file is too long", good.len());
        assert!(error.contains(&position), "{error}");
    }

    #[test]
    fn a_cancelled_save_leaves_the_older_checkpoint() {
        let file = saved(&sample(true));
        let monitor = Monitor::new();
        monitor.cancel();
        let other = TrainingState::new(
            Parameters::random(
                5,
                RowLayout::with_accumulators(4, Accumulators::PerVector),
                0,
                &Monitor::new(),
            )
            .unwrap(),
        );
        assert!(matches!(
            save(file.path(), &other, "", &monitor),
            Err(Error::Cancelled)
        ));
        assert_eq!(load(file.path(), &Monitor::new()).unwrap().0.log.epochs, 4);
    }
}
