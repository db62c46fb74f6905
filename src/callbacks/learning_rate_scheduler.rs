//! The learning rate as a function of the epoch.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::callback::{Callback, Hook, Requests, TrainingInfo, check_verbose};
use crate::error::Problem;
use crate::history::logs::Logs;
use crate::optimizers::schedules::LearningRate;

/// Sets the learning rate at the start of each epoch and adds `learning_rate` to the logs.
/// Keras: `keras.callbacks.LearningRateScheduler`, with a table or a schedule in place of a
/// function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LearningRateScheduler {
    /// Table of epochs (from 0) and the rates from then on, such as `{0: 0.1, 10: 0.01}` or `[[0,
    /// 0.1], [10, 0.01]]`; or a schedule, with epochs as its steps.
    pub schedule: EpochSchedule,
    /// 1 to print the rate at each epoch. Default: 0.
    #[serde(default)]
    pub verbose: u8,
}

/// A function of the epoch.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(with = "Value")]
pub enum EpochSchedule {
    /// The epochs from which a rate holds, rising; before the first one the optimizer's own does.
    Table(Vec<(usize, f64)>),
    /// One of the optimizers' schedules.
    Schedule(LearningRate),
}

impl Callback for LearningRateScheduler {
    fn start(&self, training: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
        check_verbose(self.verbose)?;
        not_with_a_schedule("learning_rate_scheduler", training)?;
        self.schedule.check()?;
        Ok(Box::new(Setter { schedule: self.schedule.clone(), speaks: self.verbose > 0 }))
    }
}

#[derive(Clone)]
struct Setter {
    schedule: EpochSchedule,
    speaks: bool,
}

impl Hook for Setter {
    fn on_epoch_begin(&mut self, epoch: usize, requests: &mut Requests) {
        let Some(rate) = self.schedule.at(epoch) else { return };
        requests.new_learning_rate = Some(rate);
        if self.speaks {
            requests.messages.push(format!(
                "Epoch {}: LearningRateScheduler setting learning rate to {rate:?}.",
                epoch + 1
            ));
        }
    }

    fn on_epoch_end(&mut self, _: usize, logs: &mut Logs, requests: &mut Requests) {
        if let Some(rate) = requests.learning_rate {
            logs.insert("learning_rate", f64::from(rate));
        }
    }

    fn watches_batches(&self) -> bool {
        false
    }
}

impl EpochSchedule {
    /// The rate of an epoch (from 0); None where it is left as it is.
    pub fn at(&self, epoch: usize) -> Option<f32> {
        match self {
            EpochSchedule::Table(rows) => {
                let begun = rows.iter().take_while(|(from, _)| *from <= epoch);
                begun.last().map(|(_, rate)| *rate as f32)
            }
            EpochSchedule::Schedule(rate) => Some(rate.at(epoch as u64)),
        }
    }

    fn check(&self) -> Result<(), Problem> {
        let rows = match self {
            EpochSchedule::Table(rows) => rows,
            EpochSchedule::Schedule(LearningRate::Schedule(schedule)) => {
                return schedule.item.check();
            }
            EpochSchedule::Schedule(LearningRate::Constant(_)) => return Ok(()),
        };
        if rows.is_empty() {
            let help = "give the epoch from which each rate holds: `{0: 0.1, 10: 0.01}`";
            return Err(Problem::at("schedule", "`schedule` has no epoch").help(help));
        }
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            let (before, after) = (pair[0].0, pair[1].0);
            let message = format!("the epochs of `schedule` must rise, got {after} after {before}");
            return Err(Problem::at("schedule", message));
        }
        match rows.iter().find(|(_, rate)| !(rate.is_finite() && *rate >= 0.0)) {
            Some((epoch, rate)) => {
                let message = format!("the rate from epoch {epoch} must be at least 0, got {rate}");
                Err(Problem::at("schedule", message))
            }
            None => Ok(()),
        }
    }
}

impl Serialize for EpochSchedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            EpochSchedule::Table(rows) => rows.serialize(serializer),
            EpochSchedule::Schedule(schedule) => schedule.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EpochSchedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScheduleVisitor)
    }
}

struct ScheduleVisitor;

impl<'de> Visitor<'de> for ScheduleVisitor {
    type Value = EpochSchedule;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a table from epochs to rates, `{{0: 0.1, 10: 0.01}}`, or a schedule by its name")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<EpochSchedule, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element::<(usize, f64)>()? {
            rows.push(row);
        }
        Ok(EpochSchedule::Table(rows))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EpochSchedule, A::Error> {
        let mut rows = Vec::new();
        let mut named = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.parse() {
                Ok(epoch) => rows.push((epoch, map.next_value()?)),
                Err(_) => drop(named.insert(key, map.next_value()?)),
            }
        }
        match (named.keys().next(), rows.is_empty()) {
            (None, _) => Ok(EpochSchedule::Table(rows)),
            (Some(_), true) => serde_json::from_value(Value::Object(named))
                .map(EpochSchedule::Schedule)
                .map_err(de::Error::custom),
            (Some(key), false) => {
                Err(de::Error::custom(format!("an epoch must be a number from 0, got `{key}`")))
            }
        }
    }
}

/// A callback that sets the learning rate can't where a schedule does.
pub(super) fn not_with_a_schedule(name: &str, training: &TrainingInfo) -> Result<(), Problem> {
    if training.scheduled {
        let message = format!("`{name}` sets the learning rate, but the optimizer's is a schedule");
        return Err(Problem::at("", message)
            .help("give the optimizer a number for its `learning_rate`, or remove the callback"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callbacks::CallbackEntry;
    use crate::config::Node;
    use serde_json::json;

    fn read(schedule: Value) -> EpochSchedule {
        let config = json!({"learning_rate_scheduler": {"schedule": schedule}});
        let entry: CallbackEntry = Node::from_json(&config).read().unwrap();
        let written = serde_json::to_value(&entry).unwrap();
        let again: CallbackEntry = Node::from_json(&written).read().unwrap();
        assert_eq!(again, entry);
        let arguments = Value::Object(entry.arguments());
        serde_json::from_value::<LearningRateScheduler>(arguments).unwrap().schedule
    }

    #[test]
    fn a_table_holds_each_rate_from_its_epoch_on() {
        for table in [json!({"2": 0.1, "10": 0.01}), json!([[2, 0.1], [10, 0.01]])] {
            let schedule = read(table);
            let rates = [0, 2, 9, 10, 99].map(|epoch| schedule.at(epoch));
            assert_eq!(rates, [None, Some(0.1), Some(0.1), Some(0.01), Some(0.01)]);
        }
    }

    #[test]
    fn a_schedule_counts_epochs_for_steps() {
        let arguments = json!({"initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 0.5});
        let schedule = read(json!({"exponential_decay": arguments}));
        assert_eq!(schedule.at(3), Some(0.125));
    }

    #[test]
    fn epochs_must_rise() {
        let schedule = EpochSchedule::Table(vec![(5, 0.1), (5, 0.2)]);
        let problem = schedule.check().unwrap_err();
        assert_eq!(problem.message, "the epochs of `schedule` must rise, got 5 after 5");
    }
}
