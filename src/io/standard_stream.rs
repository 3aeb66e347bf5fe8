//! The name of standard input and standard output.

/// Stands for standard input or standard output in place of a path.
pub const STANDARD_STREAM: &str = "-";
