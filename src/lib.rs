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
//! Read `trainer/mod.rs` (the loop), `layers/dense.rs` (a layer) and `kernels/dense.rs` (its kernel) first.
//! The map, in reading order (what a Rust program uses is linked):
//!
//! - [`config`]: a text as typed, every key with its place; the one macro that makes lists
//! - [`sections`]: `data`, `model`, `compile`, `fit` as typed; the configuration as a run keeps it;
//!   `reference`: what all keys and kinds mean, for the reference page and `lanthorn explain`
//! - `transforms`: how a column is scaled or encoded: two lists, a file a member
//! - `splits`: the rows to validate on: a list, a file a member; the folds of a cross-validation
//! - [`data`]: tables in; preprocessing fitted on the training part and saved with the model; samples
//!   in typed batches
//! - `draft`: a first configuration of a table, with the reason for each choice
//! - `spec`: the configuration, checked: every shape known, every default explicit; whether it can be
//!   trained on its data, and what is seldom meant
//! - [`layers`], `activations`, [`losses`], [`metrics`], [`optimizers`] with their schedules,
//!   [`callbacks`]: the vocabulary: a trait, a list, and a file each
//! - `kernels`: the layers again, over slices of numbers, for the CPU; `gpu`: programs for a GPU, each
//!   with its host form
//! - `weights`: the only owner of parameters; how they begin (`initializers`), what they cost
//!   (`regularizers`), where they are kept (`constraints`), how they stand in files
//! - [`model`]: the layers, built (`network`), what runs a step (`engine`: `cpu` by `kernel_model`,
//!   `graph` by candle's autograd, `device` by the same with
//!   everything around it on a GPU), what it is worth (`scores`, `evaluate`, `report`) and what it
//!   says (`predictor`); its file (`artifact`); Keras's table (`summary`)
//! - `decisions`: temperature, thresholds and intervals, as a model keeps them
//! - `trainer`: fit(), the loop; `events`: what happens in it, and `listener`: who listens;
//!   `checkpoint`: all that is needed to go on
//! - [`training`]: a configuration with its data and its spec (`plan`), or the same over a Rust
//!   program's arrays (`sequential`)
//! - [`runs`]: the folders of runs: who writes them, what they say and what they are evaluated on;
//!   `leaderboard`: runs beside each other; `page`: the report of a run; `cross_validation`: a plan
//!   for each fold of one table; `budget`: the epochs that a time allows; `tensorboard`: event files
//! - [`exchange`]: other tools' formats, a file a format; `editors`: the JSON Schema
//! - `target`: what outputs and targets are; `history`: the loss and the metrics by key, of every
//!   epoch, of every fold, and at the end
//! - `disk`: every write and rename; `files`: safetensors files and whole ones; `lock`: one process in
//!   a run's folder
//! - the ground floor: `numeric` (functions of numbers, loops over wide registers), `random` (one
//!   seed, named streams that need no state), `threads` (who computes, and how tiny numbers are
//!   rounded), `shape`, `limits`
//! - `error`, `diagnostics`: what is wrong, and where, as data; commands to be typed
//!
//! `cli` is the binary's: it uses what a Rust program can use, and alone prints.

mod activations;
pub mod callbacks;
pub mod config;
pub mod data;
mod decisions;
mod diagnostics;
mod disk;
mod draft;
mod error;
pub mod exchange;
mod gpu;
mod history;
mod kernels;
pub mod layers;
mod limits;
pub mod losses;
pub mod metrics;
pub mod model;
mod numeric;
pub mod optimizers;
mod random;
pub mod runs;
pub mod sections;
mod shape;
mod spec;
mod splits;
mod target;
mod threads;
mod trainer;
pub mod training;
mod transforms;
mod weights;

/// What a program runs on: its threads, its random streams, and the files that it writes.
pub mod runtime {
    pub use crate::diagnostics::printable;
    pub use crate::diagnostics::shell::{resume_command, shell_word};
    pub use crate::disk::{Disk, DiskFile, Local, create_folders};
    pub use crate::limits::freed_memory::returned_by;
    pub use crate::random::{Random, Stream};
    pub use crate::threads::float_environment::FlushToZero;

    /// Files, written whole or not at all.
    pub mod files {
        pub use crate::disk::files::{
            Inspection, TensorFacts, TensorFile, atomic_write, atomic_write_by, is_index,
            is_table_name, shards, to_safetensors,
        };
    }

    /// The threads that compute.
    pub mod threads {
        pub use crate::threads::{default_count, start, tell_candle, within};
    }
}

pub use diagnostics::{Code, Diagnostic, Diagnostics, Place, Severity, Text};
pub use error::{Error, Problem, Result};
pub use shape::Shape;
pub use training::Sequential;
