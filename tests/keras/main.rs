//! Layers beside candle's own, and the shapes that they promise.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

mod candle_peer;
mod shapes;
