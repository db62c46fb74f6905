//! `ViewStyle`: a way to show a training.

use lanthorn::callbacks::Logs;
use lanthorn::training::{Event, Trainer};

use super::super::keras_number;

/// A way to show a training.
pub(super) trait ViewStyle: Send {
    fn show(&mut self, event: &Event);
    /// Shows how far the epoch is.
    fn batch(&mut self, _trainer: &Trainer) {}
    /// Takes away what must not stay when the training has ended.
    fn close(&mut self) {}
    /// Why an event could not be shown.
    fn failure(&mut self) -> &mut Option<anyhow::Error>;
}

/// `accuracy: 0.9210 - loss: 0.2143`
pub(super) fn words(logs: &Logs) -> String {
    let words: Vec<String> =
        logs.iter().map(|(key, value)| format!("{key}: {}", keras_number(value))).collect();
    words.join(" - ")
}
