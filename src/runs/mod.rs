//! Runs: their folders, which hold what a training makes and needs to go on.

pub(crate) mod event_log;
#[cfg(test)]
mod faults;
pub(crate) mod keeper;
pub(crate) mod run;
pub(crate) mod run_data;
pub(crate) mod run_folder;
pub(crate) mod run_metrics;
pub(crate) mod standing;
pub(crate) mod writer;
