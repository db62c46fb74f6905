//! Stopping at a loss that is not a number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::callback::{Callback, Hook, Requests, TrainingInfo};
use crate::error::Problem;
use crate::history::logs::Logs;

/// Stops the training when the loss is NaN or infinite. Keras: `keras.callbacks.TerminateOnNaN`.
///
/// Unlike Keras, the update of that batch is skipped, so that the weights remain usable; without
/// this callback, such a loss is an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TerminateOnNan {
    /// Whether to raise an error instead. Default: false.
    pub raise_error: bool,
}

impl Callback for TerminateOnNan {
    fn start(&self, _: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
        Ok(Box::new(Guard { raises: self.raise_error }))
    }
}

#[derive(Clone)]
struct Guard {
    raises: bool,
}

impl Hook for Guard {
    fn on_batch_end(&mut self, batch: usize, logs: &Logs, requests: &mut Requests) {
        let Some(loss) = logs.get("loss").filter(|loss| !loss.is_finite()) else { return };
        requests.messages.push(format!("Batch {batch}: Invalid loss, terminating training"));
        requests.stop = Some(format!("the loss is {loss}"));
    }

    fn tolerates_nan(&self) -> bool {
        !self.raises
    }
}
