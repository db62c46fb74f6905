//! Keras's files: `.keras`, `.weights.h5`, legacy `.h5`, and the JSON of a model.

#[cfg(feature = "keras")]
pub(crate) mod archive;
#[cfg(feature = "keras")]
mod file;
#[cfg(feature = "keras")]
pub(crate) mod hdf5;
mod read_compile;
pub mod read_json;
pub mod write_json;

#[cfg(feature = "keras")]
pub use file::{KerasFile, LayerWeights, write_keras, write_weights};
