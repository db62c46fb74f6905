//! A model: its network and weights, its file, and what it predicts. Start at [`Predictor`].

pub(crate) mod artifact;
pub(crate) mod costs;
pub(crate) mod engine;
pub(crate) mod engine_choice;
pub(crate) mod evaluate;
pub(crate) mod init_weights;
pub(crate) mod kernel_model;
pub(crate) mod memory;
pub(crate) mod network;
pub(crate) mod prediction_table;
pub(crate) mod predictor;
pub(crate) mod report;
pub(crate) mod scores;
pub(crate) mod self_test;
pub(crate) mod summary;

pub use crate::class_report::*;
pub use crate::decisions::*;
pub use crate::target::*;
pub use crate::weights::stored::*;
pub use crate::weights::*;
pub use artifact::*;
pub use costs::*;
pub use evaluate::*;
pub use network::*;
pub use prediction_table::*;
pub use predictor::*;
pub use report::*;
pub use scores::*;
pub use self_test::*;
pub use summary::*;

/// Weights alone, in safetensors files of ours and of other tools.
pub mod weights_file {
    pub use crate::weights::weights_file::*;
}
