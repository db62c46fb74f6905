//! Split: which rows are held back to validate on.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::error::Problem;
use crate::random::Random;

/// The fraction of the training data that is held back for validation.
///
/// A number holds back the last rows, as in Keras. Unlike Keras, the rows can also be drawn at random:
/// `{random: 0.1}`, or `{stratified: 0.1}`, which keeps the proportions of the classes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValidationSplit {
    /// The last rows; 0 holds nothing back.
    Tail(f64),
    /// Any rows.
    Random(f64),
    /// Any rows of each class.
    Stratified(f64),
}

impl ValidationSplit {
    /// The part.
    pub fn part(&self) -> f64 {
        match *self {
            ValidationSplit::Tail(part)
            | ValidationSplit::Random(part)
            | ValidationSplit::Stratified(part) => part,
        }
    }

    /// What is wrong with the part, whatever the data.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let part = self.part();
        if *self == ValidationSplit::Tail(0.0) || (part > 0.0 && part < 1.0) {
            return Ok(());
        }
        let message = format!("`validation_split` must be between 0 and 1, got {part}");
        Err(ConfigError::at("fit.validation_split", message)
            .with_help("it is the fraction of the rows to hold back, such as 0.1"))
    }

    /// Which of `rows` rows are held back; None where nothing is. `classes` gives each row's class,
    /// where the target has classes.
    ///
    /// `⌊rows · (1 - part)⌋` rows are left to train on, as in Keras.
    pub(crate) fn held_back(
        &self,
        rows: usize,
        classes: Option<&[usize]>,
        random: Random,
    ) -> Result<Option<Vec<bool>>, ConfigError> {
        let part = self.part();
        let error = |message: String| {
            Err(ConfigError::at("fit.validation_split", message).with_code(Code::ValidationSplit))
        };
        if *self == ValidationSplit::Tail(0.0) {
            return Ok(None);
        }
        self.check()?;
        let kept = (rows as f64 * (1.0 - part)).floor() as usize;
        if kept == 0 || kept >= rows {
            let side = if kept == 0 { "train" } else { "validate" };
            return error(format!("{part} of {rows} rows leaves nothing to {side} on"))
                .map_err(|error| error.with_help("choose another part, or use more rows"));
        }
        let mut held = vec![false; rows];
        match self {
            ValidationSplit::Tail(_) => held[kept..].fill(true),
            ValidationSplit::Random(_) => {
                for row in drawn((0..rows).collect(), rows - kept, random, "") {
                    held[row] = true;
                }
            }
            ValidationSplit::Stratified(_) => {
                let Some(classes) = classes else {
                    return error("`stratified` needs a target of classes".to_string()).map_err(
                        |error| error.with_help(format!("write `{{random: {part}}}` for numbers")),
                    );
                };
                for row in stratified(classes, rows - kept, random) {
                    held[row] = true;
                }
            }
        }
        Ok(Some(held))
    }
}

/// So many of the rows, drawn from the stream ("split", name).
fn drawn(mut rows: Vec<usize>, count: usize, random: Random, name: &str) -> Vec<usize> {
    random.stream("split", name, 0).shuffle(&mut rows);
    rows.truncate(count);
    rows
}

/// So many rows, each class by its share; a class keeps at least one row to train on.
fn stratified(classes: &[usize], count: usize, random: Random) -> Vec<usize> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); classes.iter().max().map_or(0, |max| max + 1)];
    classes.iter().enumerate().for_each(|(row, class)| rows[*class].push(row));
    let share = |class: &Vec<usize>| class.len() as u128 * count as u128;
    let total = classes.len().max(1) as u128;
    let mut quotas: Vec<usize> = rows.iter().map(|class| (share(class) / total) as usize).collect();
    // what rounding down has left goes to the largest remainders, the first class first
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|class| std::cmp::Reverse(share(&rows[*class]) % total));
    let mut left = count - quotas.iter().sum::<usize>();
    for class in order {
        if left > 0 && quotas[class] + 1 < rows[class].len() {
            quotas[class] += 1;
            left -= 1;
        }
    }
    let parts = rows.into_iter().zip(quotas).enumerate();
    parts
        .flat_map(|(class, (rows, quota))| drawn(rows, quota, random, &class.to_string()))
        .collect()
}

impl Serialize for ValidationSplit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            ValidationSplit::Tail(part) => serializer.serialize_f64(part),
            ValidationSplit::Random(part) => serializer.collect_map([("random", part)]),
            ValidationSplit::Stratified(part) => serializer.collect_map([("stratified", part)]),
        }
    }
}

impl<'de> Deserialize<'de> for ValidationSplit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SplitVisitor)
    }
}

struct SplitVisitor;

impl<'de> Visitor<'de> for SplitVisitor {
    type Value = ValidationSplit;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a part such as `0.1`, `{{random: 0.1}}` or `{{stratified: 0.1}}`")
    }

    fn visit_f64<E: de::Error>(self, part: f64) -> Result<ValidationSplit, E> {
        Ok(ValidationSplit::Tail(part))
    }

    fn visit_i64<E: de::Error>(self, part: i64) -> Result<ValidationSplit, E> {
        Ok(ValidationSplit::Tail(part as f64))
    }

    fn visit_u64<E: de::Error>(self, part: u64) -> Result<ValidationSplit, E> {
        Ok(ValidationSplit::Tail(part as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ValidationSplit, A::Error> {
        let drawn = Drawn::deserialize(MapAccessDeserializer::new(map))?;
        match (drawn.random, drawn.stratified) {
            (Some(part), None) => Ok(ValidationSplit::Random(part)),
            (None, Some(part)) => Ok(ValidationSplit::Stratified(part)),
            _ => {
                let problem = Problem::at("", "expected `random` or `stratified`");
                Err(de::Error::custom(problem.help("write one of them: `{random: 0.1}`")))
            }
        }
    }
}

/// A drawn split, as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Drawn {
    /// Fraction to draw at random.
    random: Option<f64>,
    /// Fraction to draw at random from each class.
    stratified: Option<f64>,
}

impl JsonSchema for ValidationSplit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "validation_split".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let drawn = Drawn::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": "number", "minimum": 0, "exclusiveMaximum": 1 }, drawn] })
    }
}
