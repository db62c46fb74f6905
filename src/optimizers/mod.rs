//! Optimizers: the one list. The trait is in `optimizer`, what all of them share in `common`.
//!
//! An optimizer's file holds one struct that *is* its configuration and its update rule.
//! [`OptimizerState`] holds what changes from step to step, and does what all of them share.

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
mod candle;
mod common;
mod device_updates;
mod ftrl;
mod in_place;
mod kept_tensors;
mod lamb;
mod lion;
mod loss_scale_optimizer;
mod muon;
mod nadam;
mod on_device;
mod optimizer;
mod rmsprop;
mod schedule_free_adamw;
pub mod schedules;
mod sgd;
mod state;
mod tensor_updates;
mod terms;
mod variables;

use crate::config::catalog;

pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use candle::CandleOptimizer;
pub use common::OptimizerCommon;
pub use ftrl::Ftrl;
pub use in_place::Change;
pub(crate) use in_place::{all_in_place, in_place};
pub use lamb::Lamb;
pub use lion::Lion;
pub use loss_scale_optimizer::LossScaleOptimizer;
pub use muon::Muon;
pub use nadam::Nadam;
pub(crate) use on_device::StepNumbers;
pub use optimizer::{
    LossScaling, Optimizer, OptimizerEntry, Parameter, SlotSpec, TensorParameter, TensorRule,
    UpdateStep, WeightPlace,
};
pub use rmsprop::RmsProp;
pub use schedule_free_adamw::ScheduleFreeAdamW;
pub use sgd::Sgd;
pub use state::OptimizerState;

catalog! { dyn Optimizer, "optimizer", OptimizerCommon, OptimizerKind;
    Sgd: "sgd", "SGD";
    RmsProp: "rmsprop", "RMSprop";
    Adagrad: "adagrad", "Adagrad";
    Adadelta: "adadelta", "Adadelta";
    Adam: "adam", "Adam";
    AdamW: "adamw", "AdamW";
    Adamax: "adamax", "Adamax";
    Nadam: "nadam", "Nadam";
    Ftrl: "ftrl", "Ftrl";
    Lion: "lion", "Lion";
    Lamb: "lamb", "Lamb";
    Adafactor: "adafactor", "Adafactor";
    Muon: "muon", "Muon";
    ScheduleFreeAdamW: "schedule_free_adamw", "ScheduleFreeAdamW";
    LossScaleOptimizer: "loss_scale_optimizer", "LossScaleOptimizer";
}

#[cfg(test)]
mod device_tests;
#[cfg(test)]
mod tests;
