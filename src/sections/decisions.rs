//! What `fit` says of the decisions that are kept in the model: calibration, thresholds, intervals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the model's probabilities are calibrated once training has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Calibration {
    /// One number, the temperature, divides the kernel and the bias of the last layer, a `dense`.
    Temperature,
}

/// How the threshold is chosen: between two classes, for each label, or for an autoencoder's error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdRule {
    /// The largest F1.
    F1,
    /// The largest difference between true positive rate and false positive rate.
    Youden,
    /// The smallest total cost of the errors.
    Cost(ErrorCost),
    /// For `target: features`: this fraction of the rows has smaller reconstruction errors.
    Quantile(#[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))] f64),
}

/// What an error of each kind costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorCost {
    /// Cost of a false positive; 0 or more.
    #[schemars(range(min = 0))]
    pub fp: f64,
    /// Cost of a false negative; 0 or more.
    #[serde(rename = "fn")]
    #[schemars(range(min = 0))]
    pub fn_: f64,
}

impl ErrorCost {
    /// Whether both costs are finite and not negative, and one is above 0.
    pub fn is_valid(self) -> bool {
        let is_cost = |cost: f64| cost.is_finite() && cost >= 0.0;
        is_cost(self.fp) && is_cost(self.fn_) && self.fp + self.fn_ > 0.0
    }
}

impl ThresholdRule {
    /// `f1`, as it is written.
    pub fn name(self) -> &'static str {
        match self {
            ThresholdRule::F1 => "f1",
            ThresholdRule::Youden => "youden",
            ThresholdRule::Cost(_) => "cost",
            ThresholdRule::Quantile(_) => "quantile",
        }
    }
}
