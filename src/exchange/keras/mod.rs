//! Keras's files: `.keras`, `.weights.h5`, legacy `.h5`, and the JSON of a model.

#[cfg(not(feature = "keras"))]
mod absent;
#[cfg(feature = "keras")]
pub(crate) mod archive;
mod branches;
#[cfg(feature = "keras")]
mod file;
pub(crate) mod functional;
#[cfg(feature = "keras")]
mod guard;
#[cfg(feature = "keras")]
pub(crate) mod hdf5;
pub mod model_json;
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
