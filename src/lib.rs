//! Lanthorn: Keras-style Sequential models declared in one YAML or TOML file, trained on candle.
//!
//! The straight line, one type a station and one function an arrow:
//!
//! ```text
//!  text ──parse──▶ Config ──resolve──▶ Spec ──build──▶ Network ──fit──▶ History
//!                                                                         │
//!                                             model.safetensors ◀──save───┘
//!                                                     │ load
//!                                                     ▼
//!                                                 Predictor ──▶ rows
//! ```
//!
//! Read `trainer.rs` (the loop), `layers/dense.rs` (a layer) and `kernels/dense.rs` (its kernel) first.
//! The map, in reading order:
//!
//! - [`config`]: a text as typed, every key with its place; the one macro that makes lists
//! - `sections`: `data`, `model`, `compile`, `fit` as typed
//! - `transforms`: how a column is scaled or encoded: two lists, a file a member
//! - `splits`: the rows to validate on: a list, a file a member; the folds of a cross-validation
//! - [`data`]: tables in; preprocessing fitted on the training part and saved with the model
//! - `draft`: a first configuration of a table, with the reason for each choice
//! - `spec`: the configuration, checked: every shape known, every default explicit; `supposed`:
//!   the columns of a model that was made without a table
//! - `opened`, `plan`: a configuration as it was read; with its data read and its spec resolved; `trainable` and `advice`:
//!   what can't be learned or used, and what is seldom meant
//! - [`layers`], [`activations`], [`initializers`], [`regularizers`], [`constraints`]: the vocabulary
//! - `weights`: the only owner of parameters; `stored`: how they stand in files
//! - `network`: the layers, built; `summary`: Keras's table of them
//! - `cross_validation`: a plan for each fold of one table, and what comes of them; `fold_scores`:
//!   the loss and the metrics of each
//! - `trainer`: fit(), the loop, and who listens to it; `events`: what happens in it; `keeper`: who
//!   keeps its run; `logs`: the loss and the metrics by key; `engine`: what runs a step, `cpu` by `kernel_model` over the kernels
//!   of `kernels`, or `graph` by candle's autograd; `gradients`: all of them in one buffer
//! - [`losses`], [`metrics`], [`optimizers`], `schedules`, [`callbacks`]: a trait, a list, and a
//!   file each
//! - `batch`: some samples in typed columns; `data::Samples` is where they come from, `data::Order`
//!   in which order
//! - [`reference`]: what the lists and the keys mean, for the reference page and `lanthorn explain`
//! - `random`: one seed, named streams that need no state
//! - `decisions`, `decide`: temperature, thresholds and intervals, chosen on held-back rows and kept in the model
//! - `scores`, `class_report`, `report`, `evaluate`, `predictor`, `history`: what a model is worth, and what it says; `meaning`:
//!   what its outputs stand for
//! - `baseline`: what a prediction that knows nothing is worth; `results`, `run_metrics`, `event_log`:
//!   what a run tells other programs
//! - `page`: the report of a run as a page; `run_data`: what a run is evaluated on;
//!   `run_diff`, `run_filter`, `run_notes`: runs beside each other
//! - `artifact`, `checkpoint`, `run`, `run_folder`, `self_test`, `weights_file`, `init_weights`, `files`: what is
//!   on disk; `disk`: every write and rename; `lock`: one process in a run's folder
//! - [`exchange`]: other tools' formats, a file a format
//! - `threads`, `float_environment`: who computes, and how tiny numbers are rounded
//! - `numeric`, `simd`, `limits`, `checks`, `free_memory`: the ground floor: functions of numbers,
//!   loops over wide registers, the largest sizes, checks of arguments, the memory that is free
//! - `target`: what outputs and targets are, for data, losses and metrics alike
//! - `error`, [`diagnostics`]: what is wrong, and where, as data; `shape`

pub mod activations;
mod advice;
mod arrays;
mod artifact;
mod baseline;
mod batch;
pub mod callbacks;
mod checkpoint;
mod checks;
mod checksum;
mod class_report;
pub mod config;
pub mod constraints;
mod cross_validation;
pub mod data;
mod decide;
mod decisions;
pub mod diagnostics;
mod disk;
mod draft;
mod engine;
mod engine_choice;
mod error;
mod evaluate;
mod event_log;
mod events;
pub mod exchange;
#[cfg(test)]
mod faults;
mod files;
mod float_environment;
mod fold_folders;
mod fold_scores;
mod free_memory;
mod gradients;
mod history;
mod init_weights;
pub mod initializers;
mod intake;
mod keeper;
mod kernel_model;
mod kernels;
pub mod layers;
mod limits;
mod lock;
mod logs;
pub mod losses;
mod meaning;
mod memory;
pub mod metrics;
mod network;
mod numeric;
mod opened;
pub mod optimizers;
mod page;
mod plan;
mod predictor;
mod random;
pub mod reference;
pub mod regularizers;
mod report;
mod results;
mod run;
mod run_config;
mod run_data;
mod run_diff;
mod run_filter;
mod run_folder;
mod run_metrics;
mod run_notes;
mod runs;
mod schedules;
mod scores;
mod sections;
mod self_test;
mod sequential;
mod shape;
mod simd;
mod spec;
mod splits;
mod standing;
mod stored;
mod summary;
mod supposed;
mod target;
mod threads;
mod trainable;
mod trainer;
mod transforms;
mod vector;
mod weights;
mod weights_file;
mod writer;

/// A model: its network and weights, its file, and what it predicts. Start at [`Predictor`](model::Predictor).
pub mod model {
    pub use crate::artifact::*;
    pub use crate::class_report::*;
    pub use crate::decisions::*;
    pub use crate::evaluate::*;
    pub use crate::network::*;
    pub use crate::predictor::*;
    pub use crate::report::*;
    pub use crate::scores::*;
    pub use crate::self_test::*;
    pub use crate::stored::*;
    pub use crate::summary::*;
    pub use crate::target::*;
    pub use crate::weights::*;

    /// Weights alone, in safetensors files of ours and of other tools.
    pub mod weights_file {
        pub use crate::weights_file::*;
    }
}

/// A training: a configuration with its data, the loop, and the run's folder. Start at
/// [`Plan`](training::Plan) and [`Trainer`](training::Trainer).
pub mod training {
    pub use crate::arrays::*;
    pub use crate::batch::*;
    pub use crate::checkpoint::*;
    pub use crate::cross_validation::*;
    pub use crate::draft::*;
    pub use crate::engine::{CpuEngine, Engine, GraphEngine, Task, of as engine_of};
    pub use crate::event_log::EVENTS;
    pub use crate::events::*;
    pub use crate::fold_folders::*;
    pub use crate::fold_scores::*;
    pub use crate::gradients::*;
    pub use crate::history::*;
    pub use crate::keeper::*;
    pub use crate::lock::*;
    pub use crate::memory::*;
    pub use crate::page::*;
    pub use crate::plan::*;
    pub use crate::results::*;
    pub use crate::run::*;
    pub use crate::run_data::*;
    pub use crate::run_diff::*;
    pub use crate::run_filter::*;
    pub use crate::run_metrics::METRICS;
    pub use crate::run_notes::*;
    pub use crate::runs::*;
    pub use crate::sections::*;
    pub use crate::sequential::*;
    pub use crate::spec::*;
    pub use crate::splits::RowRole;
    pub use crate::standing::*;
    pub use crate::target::DataFacts;
    pub use crate::trainer::*;
}

/// What computes: the threads, the kernels, the random streams, and the writing of files.
pub mod runtime {
    pub use crate::disk::*;
    pub use crate::float_environment::*;
    pub use crate::kernel_model::*;
    pub use crate::random::*;

    /// Files, written whole or not at all.
    pub mod files {
        pub use crate::files::*;
    }

    /// Layers over slices of numbers, for the CPU.
    pub mod kernels {
        pub use crate::kernels::*;
    }

    /// The threads that compute.
    pub mod threads {
        pub use crate::threads::*;
    }
}

pub use diagnostics::{Code, Diagnostic, Diagnostics};
pub use error::{Error, Problem, Result};
pub use sequential::Sequential;
pub use shape::Shape;
