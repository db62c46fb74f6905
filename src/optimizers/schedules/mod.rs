//! Schedules: the learning rate as a function of the step; the one list.
//!
//! All of them are computed in f32, as Keras does. The step is the number of batches seen, 0 for
//! the first.

mod cosine_decay;
mod cosine_decay_restarts;
mod decay_steps;
mod exponential_decay;
mod inverse_time_decay;
mod learning_rate;
mod piecewise_constant_decay;
mod polynomial_decay;
mod schedule;

use crate::config::{Nothing, catalog};

pub use cosine_decay::CosineDecay;
pub use cosine_decay_restarts::CosineDecayRestarts;
pub use decay_steps::DecaySteps;
pub(crate) use decay_steps::fill_decay_steps;
pub use exponential_decay::ExponentialDecay;
pub use inverse_time_decay::InverseTimeDecay;
pub use learning_rate::LearningRate;
pub use piecewise_constant_decay::PiecewiseConstantDecay;
pub use polynomial_decay::PolynomialDecay;
pub use schedule::{Schedule, ScheduleEntry};

catalog! { dyn Schedule, "schedule", Nothing, ScheduleKind;
    ExponentialDecay: "exponential_decay", "ExponentialDecay";
    InverseTimeDecay: "inverse_time_decay", "InverseTimeDecay";
    PolynomialDecay: "polynomial_decay", "PolynomialDecay";
    PiecewiseConstantDecay: "piecewise_constant_decay", "PiecewiseConstantDecay";
    CosineDecay: "cosine_decay", "CosineDecay";
    CosineDecayRestarts: "cosine_decay_restarts", "CosineDecayRestarts";
}
