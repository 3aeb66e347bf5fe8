//! Tests of the core's public interface. They are one program, because every test program must be
//! linked again after each edit of the core.

mod checkpoint;
mod naive;
mod pipeline;
