//! A learning rate: a number or a schedule.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schedule::ScheduleEntry;
use crate::config::checks;
use crate::error::Problem;

/// A learning rate: a number, or a schedule over the steps.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum LearningRate {
    /// The same at every step, until a callback changes it.
    Constant(f64),
    /// A function of the step.
    Schedule(ScheduleEntry),
}

impl LearningRate {
    /// The learning rate at a step (0 for the first batch), where no callback has changed it.
    pub fn at(&self, step: u64) -> f32 {
        match self {
            LearningRate::Constant(rate) => *rate as f32,
            LearningRate::Schedule(schedule) => schedule.item.at(step),
        }
    }

    /// What is wrong with it, as the argument `learning_rate`.
    pub fn check(&self) -> Result<(), Problem> {
        match self {
            LearningRate::Constant(rate) => checks::not_negative("learning_rate", *rate),
            LearningRate::Schedule(schedule) => schedule.item.check().map_err(|problem| {
                let key = format!("learning_rate.{}.{}", schedule.kind.name, problem.key);
                Problem { key, ..problem }
            }),
        }
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        LearningRate::Constant(rate)
    }
}

impl From<ScheduleEntry> for LearningRate {
    fn from(schedule: ScheduleEntry) -> Self {
        LearningRate::Schedule(schedule)
    }
}

impl<'de> Deserialize<'de> for LearningRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> serde::de::Visitor<'de> for Visitor {
    type Value = LearningRate;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a number or a schedule with its arguments")
    }

    fn visit_f64<E: serde::de::Error>(self, rate: f64) -> Result<LearningRate, E> {
        Ok(LearningRate::Constant(rate))
    }

    fn visit_i64<E: serde::de::Error>(self, rate: i64) -> Result<LearningRate, E> {
        Ok(LearningRate::Constant(rate as f64))
    }

    fn visit_u64<E: serde::de::Error>(self, rate: u64) -> Result<LearningRate, E> {
        Ok(LearningRate::Constant(rate as f64))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<LearningRate, A::Error> {
        let map = serde::de::value::MapAccessDeserializer::new(map);
        ScheduleEntry::deserialize(map).map(LearningRate::Schedule)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Node;

    fn read(json: serde_json::Value) -> Result<LearningRate, String> {
        Node::from_json(&json).read().map_err(|error| error.to_string())
    }

    #[test]
    fn a_rate_is_a_number_or_a_schedule_by_either_spelling() {
        assert_eq!(read(json!(1)).unwrap(), LearningRate::Constant(1.0));
        assert_eq!(read(json!(0.1)).unwrap().at(7), 0.1);
        let arguments = json!({"initial_learning_rate": 0.2, "decay_steps": 2, "decay_rate": 0.5});
        for name in ["exponential_decay", "ExponentialDecay"] {
            let rate = read(json!({ name: arguments })).unwrap();
            assert_eq!(rate.at(2), 0.1);
        }
    }

    #[test]
    fn a_rate_is_written_as_it_was_read() {
        for rate in [
            json!(0.0001),
            json!({"polynomial_decay": {"initial_learning_rate": 0.2, "decay_steps": 5.0,
                "end_learning_rate": 0.0001, "power": 1.0, "cycle": false}}),
        ] {
            assert_eq!(serde_json::to_value(read(rate.clone()).unwrap()).unwrap(), rate);
        }
    }

    #[test]
    fn wrong_rates_are_refused_with_their_key() {
        let problem = read(json!(-0.1)).unwrap().check().unwrap_err();
        assert_eq!(problem.message, "`learning_rate` must be 0 or greater, got -0.1");
        assert_eq!(problem.key, "learning_rate");
        let rate = read(json!({"cosine_decay": {"initial_learning_rate": 0.1, "decay_steps": 0}}));
        let problem = rate.unwrap().check().unwrap_err();
        assert_eq!(problem.key, "learning_rate.cosine_decay.decay_steps");
        assert_eq!(problem.message, "`decay_steps` must be at least 1, got 0");
        let error = read(json!("exponential_decay")).unwrap_err();
        assert!(error.contains("a number or a schedule with its arguments"), "{error}");
        let error = read(json!({"cosine": {}})).unwrap_err();
        assert!(error.contains("unknown schedule `cosine`"), "{error}");
    }
}
