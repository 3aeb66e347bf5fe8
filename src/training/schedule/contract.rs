//! What a schedule does for the threads that train.

/// Hands out the batches of one epoch, each once, to any number of threads.
pub trait Schedule: Sync {
    /// The number of a batch to train, or `None` if no batch is left or the schedule was aborted. May wait for
    /// other threads.
    fn claim(&self) -> Option<usize>;
    /// Tell the schedule that this thread has trained a batch that it claimed.
    fn finish(&self, batch: usize);
    /// Hand out no more batches.
    fn abort(&self);
}
