//! Tests of the core's public interface. As a program of their own they see nothing that is private. They are
//! compiled with the unit tests too (`src/lib.rs`), for `make quick`.

mod checkpoint;
mod naive;
mod pipeline;
