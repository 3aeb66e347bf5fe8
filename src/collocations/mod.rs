//! Finds the phrases of a text by the counts of neighbouring words.

mod learn;
mod neighbours;
mod score;

pub use learn::learn;
pub use score::{Rule, Scoring};
