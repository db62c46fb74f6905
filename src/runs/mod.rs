//! Runs: their folders, which hold what a training makes and needs to go on, and what is made of
//! them: tables of several runs, a run's report, and the folds of one table.

mod budget;
mod cross_validation;
mod event_log;
#[cfg(test)]
mod faults;
mod keeper;
mod leaderboard;
mod page;
mod run;
mod run_data;
mod run_folder;
mod run_metrics;
mod standing;
mod tensorboard;
mod writer;

pub use crate::disk::files::CHECKPOINT;
pub use crate::disk::lock::{LOCK, Lock};
pub use crate::history::HISTORY;
pub use crate::history::folds::{CV, OOF, fold_folder, refit_folder};
pub use crate::sections::run_config::CONFIG;
pub use budget::SettledBudget;
pub use cross_validation::{CrossValidated, CrossValidation, FoldsTable, OutOfFold};
pub use event_log::EVENTS;
pub use keeper::Keeper;
pub use leaderboard::{
    KeyDiff, MetricDiff, NOTES, Removal, RunDiff, RunFilter, RunNotes, RunState, RunSummary,
    runs_in, sort_runs,
};
pub use page::{CARD, CARD_MARK, CURVES, REPORT, ReportRequest, RunReport};
pub use run::{Resumed, Run, SavedRun, model_of, self_test};
pub use run_data::EvaluationData;
pub use run_metrics::METRICS;
pub use standing::{epochs_of_checkpoint, plan_of_run, standing};
pub use tensorboard::{TENSORBOARD, TensorBoard};
