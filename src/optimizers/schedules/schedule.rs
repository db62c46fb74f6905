//! A schedule: the trait.

use std::fmt;

use crate::config::{AnyItem, Entry};
use crate::error::Problem;

/// A schedule in a config: `exponential_decay: {initial_learning_rate: 0.1, …}`.
pub type ScheduleEntry = Entry<dyn Schedule>;

/// A function of the step.
pub trait Schedule: fmt::Debug + Send + Sync + AnyItem {
    /// The learning rate at a step (0 for the first batch).
    fn at(&self, step: u64) -> f32;

    /// What is wrong with its arguments.
    fn check(&self) -> Result<(), Problem>;
}
