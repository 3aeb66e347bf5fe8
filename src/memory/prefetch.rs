//! Requests for memory that will be read soon.

/// Ask the processor to load the cache line in which `items[index]` begins, so that it need not wait when it reads the
/// item. Does nothing if there is no such item. Processors other than x86-64 do nothing either, because stable Rust has
/// no such request for them.
#[inline(always)]
pub(crate) fn prefetch<T>(items: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(index) {
        safe_arch::prefetch_t0(item);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}
