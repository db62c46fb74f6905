//! Schedules: the learning rate as a function of the step, by Keras's names.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Problem;

/// A learning rate: a number, or a schedule over the steps.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum LearningRate {
    /// The same at every step, until a callback changes it.
    Constant(f32),
    /// A function of the step.
    Schedule(Schedule),
}

/// A function of the step (0 for the first batch).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// `initial · rate^(step / decay_steps)`; floored exponent if `staircase`.
    ExponentialDecay {
        /// The rate at step 0.
        initial_learning_rate: f32,
        /// Steps per factor of `decay_rate`.
        decay_steps: f32,
        /// The factor.
        decay_rate: f32,
        /// Whether the exponent is floored. Default: false.
        #[serde(default)]
        staircase: bool,
    },
}

impl Schedule {
    /// The learning rate at a step.
    pub fn at(&self, step: u64) -> f32 {
        match self {
            Schedule::ExponentialDecay {
                initial_learning_rate,
                decay_steps,
                decay_rate,
                staircase,
            } => {
                let mut p = step as f32 / decay_steps;
                if *staircase {
                    p = p.floor();
                }
                initial_learning_rate * decay_rate.powf(p)
            }
        }
    }

    /// What is wrong with the arguments.
    pub fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}

impl<'de> Deserialize<'de> for LearningRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = LearningRate;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                write!(f, "a number or a schedule")
            }
            fn visit_f64<E: serde::de::Error>(self, rate: f64) -> Result<LearningRate, E> {
                Ok(LearningRate::Constant(rate as f32))
            }
            fn visit_i64<E: serde::de::Error>(self, rate: i64) -> Result<LearningRate, E> {
                Ok(LearningRate::Constant(rate as f32))
            }
            fn visit_u64<E: serde::de::Error>(self, rate: u64) -> Result<LearningRate, E> {
                Ok(LearningRate::Constant(rate as f32))
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<LearningRate, E> {
                Err(E::custom(format!("expected a number or a schedule, got `{name}`")))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<LearningRate, A::Error> {
                let map = serde::de::value::MapAccessDeserializer::new(map);
                Schedule::deserialize(map).map(LearningRate::Schedule)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
