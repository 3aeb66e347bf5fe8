//! Requests for memory that will be read soon.

/// Ask the processor to load the cache line in which `items[index]` begins, so that reading the item later does not wait
/// for memory. Does nothing if there is no such item.
///
/// Stable Rust has an instruction for this on x86-64 only. Elsewhere the item is read, and the processor goes on with
/// what does not depend on it.
#[inline(always)]
pub(crate) fn prefetch<T: Copy>(items: &[T], index: usize) {
    if let Some(item) = items.get(index) {
        #[cfg(target_arch = "x86_64")]
        safe_arch::prefetch_t0(item);
        #[cfg(not(target_arch = "x86_64"))]
        std::hint::black_box(*item);
    }
}
