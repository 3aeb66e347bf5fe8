//! The memory limit, and memory for data that grows with the text: allocation that can fail, large buffers,
//! prefetching, and temporary files for data beyond the limit.

pub(crate) mod fallible;
mod fixed_array;
mod huge_buffer;
mod huge_list;
mod limit;
mod prefetch;
pub(crate) mod system;
mod temporary_file;

pub(crate) use fixed_array::FixedArray;
pub(crate) use huge_buffer::HugeBuffer;
pub(crate) use huge_list::HugeList;
pub use limit::MemoryLimit;
pub(crate) use prefetch::prefetch;
pub(crate) use temporary_file::TemporaryFile;
