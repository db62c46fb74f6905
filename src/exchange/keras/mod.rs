//! Keras's files: `.keras`, `.weights.h5`, legacy `.h5`, and the JSON of a model.

#[cfg(not(feature = "keras"))]
mod absent;
#[cfg(feature = "keras")]
pub(crate) mod archive;
#[cfg(feature = "keras")]
mod file;
#[cfg(feature = "keras")]
mod guard;
#[cfg(feature = "keras")]
pub(crate) mod hdf5;
mod read_compile;
pub mod read_json;
#[cfg(feature = "keras")]
mod write;
pub mod write_json;

#[cfg(not(feature = "keras"))]
pub use absent::{KerasFile, write_keras, write_weights};
#[cfg(feature = "keras")]
pub use file::{KerasFile, LayerWeights};
#[cfg(feature = "keras")]
pub use write::{write_keras, write_weights};
