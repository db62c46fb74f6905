//! A training: a configuration with its data, and all that is judged and measured of the two before
//! the loop begins. Start at [`Plan`] and [`Trainer`]; a Rust program's arrays begin at
//! [`Sequential`].
//!
//! `opened`: a configuration as it was read; `plan`: with its data read and its spec resolved;
//! `without_data`: checked without its tables; `baseline`: what a prediction that knows nothing is
//! worth; `decide`: temperature, thresholds and intervals, chosen on held-back rows; `seen_data`: the
//! numbers that a model sees, for other tools; `sequential`, `arrays`: the same for a Rust program,
//! without a configuration or a table.

mod arrays;
mod baseline;
pub(crate) mod decide;
pub(crate) mod opened;
pub(crate) mod plan;
mod seen_data;
mod sequential;
mod without_data;

pub use crate::draft::Draft;
pub use crate::history::folds::FoldScores;
pub use crate::history::results::{
    Baseline, BestEpoch, DataUsed, FinalWeights, Machine, RunMetrics, Timing,
};
pub use crate::history::{EpochLogs, History};
pub use crate::spec::{LayerSpec, MetricSpec, ModelSpec, Spec, TrainSpec};
pub use crate::splits::RowRole;
pub use crate::trainer::checkpoint::Checkpoint;
pub use crate::trainer::events::{Ending, Event, Outcome, Position};
pub use crate::trainer::{
    Flow, LearningRatePoint, LearningRateRange, LearningRateSearch, Listener, Listeners, Trainer,
    TrainerState, TrainingData,
};
pub use arrays::Arrays;
pub use plan::Plan;
pub use seen_data::SeenData;
pub use sequential::Sequential;
pub use without_data::CheckedWithoutData;
