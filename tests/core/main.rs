//! Tests of the core's public interface. One program, because each is linked anew after every edit of the core.

mod checkpoint;
mod naive;
mod pipeline;
