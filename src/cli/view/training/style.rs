//! `ViewStyle`: a way to show a training.

use lanthorn::callbacks::Logs;
use lanthorn::training::{Event, Trainer};

use super::super::keras_number;

/// A way to show a training.
pub(super) trait ViewStyle: Send {
    fn show(&mut self, event: &Event);
    /// Shows what happens in the training's loop.
    fn told(&mut self, event: &Event, _trainer: &Trainer) {
        self.show(event);
    }
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

/// A large number in groups of three digits: `12,345`.
pub(super) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
