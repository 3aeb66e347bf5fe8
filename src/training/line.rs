//! A cache line of floats: the unit of the rows that the kernel updates.

/// Floats in the widest vector register, and in a cache line.
pub const LINE: usize = 16;

/// A cache line of floats. It aligns rows without unsafe code.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(crate) struct Line(pub(crate) [f32; LINE]);
