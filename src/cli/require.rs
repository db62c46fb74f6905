//! `--require accuracy>=0.9`: what a loss or metric must reach.

use std::fmt;
use std::str::FromStr;

use lanthorn::Error;
use lanthorn::callbacks::Logs;
use lanthorn::config::names::suggestion;

/// A bound on a loss or metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Requirement {
    metric: String,
    relation: &'static str,
    bound: f64,
}

/// The longer ones first: `>=` begins with `>`.
const RELATIONS: [&str; 4] = [">=", "<=", ">", "<"];

impl FromStr for Requirement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let split = |relation: &'static str| {
            let (metric, bound) = text.split_once(relation)?;
            Some((metric.trim(), relation, bound.trim()))
        };
        let expected = "expected a metric, `>=`, `<=`, `>` or `<`, and a number: `accuracy>=0.9`";
        let found = RELATIONS.into_iter().find_map(split);
        let (metric, relation, bound) = found.ok_or(expected)?;
        let bound: f64 =
            bound.parse().map_err(|_| format!("{expected}; `{bound}` is no number"))?;
        if metric.is_empty() || bound.is_nan() {
            return Err(expected.to_string());
        }
        Ok(Requirement { metric: metric.to_string(), relation, bound })
    }
}

impl Requirement {
    /// Those that aren't met, each in words. A metric that isn't a number meets nothing.
    pub(super) fn unmet(all: &[Requirement], logs: &Logs) -> lanthorn::Result<Vec<String>> {
        let mut unmet = Vec::new();
        for requirement in all {
            let Some(value) = logs.get(&requirement.metric) else {
                return Err(requirement.unknown(logs));
            };
            let bound = requirement.bound;
            let is_met = match requirement.relation {
                ">=" => value >= bound,
                "<=" => value <= bound,
                ">" => value > bound,
                _ => value < bound,
            };
            if !is_met {
                unmet.push(format!("{requirement}: it is {value}"));
            }
        }
        Ok(unmet)
    }

    fn unknown(&self, logs: &Logs) -> Error {
        let keys: Vec<&str> = logs.iter().map(|(key, _)| key).collect();
        let help = suggestion(&self.metric, &keys, &format!("there are {}", keys.join(", ")));
        Error::run(format!("the model has no metric `{}`", self.metric)).with_help(help)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.metric, self.relation, self.bound)
    }
}
