//! A cache line of floats: every row that the kernel updates consists of whole lines.

/// Number of floats in the widest vector register, and in a cache line.
pub const LINE: usize = 16;

/// Number of floats in half a cache line.
pub const HALF_LINE: usize = LINE / 2;

/// A cache line of floats. The type is aligned to 64 bytes, so every row is too.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct Line(pub(crate) [f32; LINE]);

/// The kernel needs rows whose addresses are multiples of this many bytes.
pub const ROW_ALIGNMENT: usize = align_of::<Line>();
