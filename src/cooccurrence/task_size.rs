//! How much text one segment of counting has, how many rows one of its tasks sums, and how many tasks run before
//! their rows are stored. `memory/limit.rs` says which fraction of the memory limit each of these may use.

use crate::memory::MemoryLimit;

/// Bytes for each token of a segment that is counted: 2 for its symbol, 4 for its position in the
/// index, and the rest for the ranks of rare words, whose symbol does not tell the rank.
const TOKEN_BYTES: u64 = 8;
/// A task sums the rows of about this many occurrences of words. The number is small enough to balance the load,
/// and large enough that the cost of starting a task does not matter.
pub(crate) const TASK_OCCURRENCES: u64 = 1 << 15;

/// About the largest number of tokens in a segment. It is never larger than 2³¹, because positions in a segment are
/// 32-bit numbers.
pub(super) fn segment_tokens(memory: &MemoryLimit) -> usize {
    (memory.segment_bytes() / TOKEN_BYTES).clamp(1 << 10, 1 << 31) as usize
}

/// A task sums the rows of about this many occurrences of words. The number is smaller under a
/// small limit: with a window of 15 words, each occurrence can add 30 neighbours of 12 bytes to
/// the rows of a task, and the rows of all tasks of a wave are in memory together.
pub(super) fn task_occurrences(memory: &MemoryLimit) -> u64 {
    (memory.buffer_bytes() / (1 << 12)).clamp(1 << 8, TASK_OCCURRENCES)
}

/// Number of tasks in a wave: all tasks if there is no limit, else 8 for each thread. When all tasks of a wave have
/// ended, their rows are passed to the row writer.
pub(super) fn wave_tasks(memory: &MemoryLimit, all: usize) -> usize {
    match memory.bytes {
        None => all.max(1),
        Some(_) => 8 * rayon::current_num_threads(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads;

    fn limited(bytes: u64) -> MemoryLimit {
        MemoryLimit {
            bytes: Some(bytes),
            ..MemoryLimit::default()
        }
    }

    #[test]
    fn segments_and_tasks_are_smaller_under_a_small_limit() {
        let unlimited = MemoryLimit::default();
        assert_eq!(segment_tokens(&unlimited), 1 << 31);
        assert_eq!(segment_tokens(&limited(8 << 20)), 3 << 17);
        assert_eq!(segment_tokens(&limited(1)), 1 << 10);
        assert_eq!(task_occurrences(&unlimited), TASK_OCCURRENCES);
        assert_eq!(task_occurrences(&limited(8 << 24)), 1 << 12);
        assert_eq!(task_occurrences(&limited(1)), 1 << 8);
    }

    #[test]
    fn all_tasks_are_one_wave_without_a_limit() {
        threads::in_pool(2, || {
            let unlimited = MemoryLimit::default();
            assert_eq!([0, 100].map(|all| wave_tasks(&unlimited, all)), [1, 100]);
            assert_eq!(wave_tasks(&limited(1), 100), 16);
        })
        .unwrap();
    }
}
