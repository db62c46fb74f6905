//! `data.window`: windows over rows in the order of time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::csv::optional_name;

/// Windows over rows in the order of time: the model sees `sequence_length` rows, in the shape
/// (sequence_length, features), and the target is that of a later row. No window crosses from one
/// group into another, nor from the rows to train on into those to validate on. Keras:
/// `timeseries_dataset_from_array`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "window", deny_unknown_fields)]
pub struct WindowConfig {
    /// Number of rows that the model sees.
    pub sequence_length: usize,
    /// How many rows ahead the target is, counted from the last row of the window; 1 is the next
    /// row. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub horizon: usize,
    /// Number of rows from the start of one window to the start of the next. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub sequence_stride: usize,
    /// Number of rows from one row of a window to the next: 6 takes every sixth row. Default: 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub sampling_rate: usize,
    /// Column that tells the series apart, such as a station; it need not be a feature. Default:
    /// none, the table is one series.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    pub group: Option<String>,
    /// Column with the time of each row, by which the rows are sorted: numbers, or dates such as
    /// `2026-01-31 10:00`; it need not be a feature. Default: none, the rows are already in
    /// chronological order.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_name")]
    pub order_by: Option<String>,
    /// Number of rows to leave out between the rows to train on and those held back after them. With
    /// 0, the first windows to validate on see the last rows that were trained on; with any other
    /// number, they see no such row. Default: 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gap: usize,
    /// Whether windows that share rows may be divided at random, which makes the validation metrics
    /// look better than they are. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overlap: bool,
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks by reference
fn is_one(value: &usize) -> bool {
    *value == 1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks by reference
fn is_zero(value: &usize) -> bool {
    *value == 0
}
