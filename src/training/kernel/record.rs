//! A record of a tile.

/// A record of a tile: the positions of its words in the two blocks of the tile, and ln X. For the
/// kernel, a negative pair is a record too; its `ln_x` is its target.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Record {
    /// The position of the word (a row of W) in its block; in a mirrored tile, that of the context
    /// word.
    pub i: u16,
    /// The position of the context word (a row of W̃) in its block; in a mirrored tile, that of the
    /// word.
    pub j: u16,
    /// ln X
    pub ln_x: f32,
}
