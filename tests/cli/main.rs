//! The binary, end to end.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod advice;
mod autoencoder;
mod bad_files;
mod bad_input;
mod budget;
mod check;
mod columns;
mod data;
mod decisions;
mod devices;
mod embedding;
mod ending;
mod engines;
mod every_key;
mod explain;
mod find_lr;
mod folds;
mod forms;
mod help;
mod hints;
#[cfg(feature = "keras")]
mod hostile;
mod ids;
mod init;
mod labels;
mod memory;
mod outputs;
mod parquet;
#[cfg(feature = "images")]
mod pictures;
mod precision;
mod report;
mod resume;
mod rows;
mod run_folder;
mod runs;
mod rust_api;
#[cfg(unix)]
mod sources;
mod streams;
mod suspects;
mod tables;
mod tables_in_use;
mod tensorboard;
mod trainable;
mod watch;
mod windows;
mod workflow;
