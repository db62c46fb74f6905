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
mod row_blocks;
pub(crate) mod scores;
pub(crate) mod self_test;
pub(crate) mod summary;

pub use crate::decisions::{ClassThresholds, Decisions, StoredInterval, StoredThreshold};
pub use crate::metrics::class_report::{ClassReport, ClassScores};
pub use crate::target::{DataFacts, Output, Target, TargetRange};
pub use crate::weights::gradients::Gradients;
pub use crate::weights::stored::Stored;
pub use crate::weights::{LayerWeight, Scope, Weight, WeightOptions, WeightSpec, Weights};
pub use artifact::{
    FORMAT_MAJOR, FORMAT_MINOR, Interrupted, MODEL, Model, NOT_AS_WRITTEN, Training, is_model,
    model_path,
};
pub use costs::{LayerCost, layer_costs};
pub use engine::{
    CpuEngine, DeviceEngine, Engine, GraphEngine, NotFinite, StepsDone, Task, TrainingSteps,
    Upcoming, of as engine_of,
};
pub use evaluate::{score, score_each, score_more};
pub use memory::Need;
pub use network::Network;
pub use prediction_table::{PredictedCell, PredictionTable};
pub use predictor::{Predictions, Predictor, rows_at_a_time};
pub use report::Report;
pub use scores::{Deferred, ScoredBatch, Scores};
pub use self_test::{ROWS, SelfTest, TOLERANCE};
pub use summary::{bytes, summary, thousands};

/// Weights alone, in safetensors files of ours and of other tools.
pub mod weights_file {
    pub use crate::weights::weights_file::*;
}
