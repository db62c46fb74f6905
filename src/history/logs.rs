//! `Logs`: the loss and the metrics by key.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// The loss and the metrics of an epoch or of its batches so far: `accuracy`, `loss`, `val_loss`;
/// in alphabetical order, as Keras shows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Logs {
    values: BTreeMap<String, Exact>,
}

impl Logs {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<f64> {
        self.values.get(key).map(|value| value.0)
    }

    /// Sets the value under a key.
    pub fn insert(&mut self, key: impl Into<String>, value: f64) {
        self.values.insert(key.into(), Exact(value));
    }

    /// Takes over every key of another.
    pub fn extend(&mut self, other: Logs) {
        self.values.extend(other.values);
    }

    /// Keys and values, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.0))
    }

    /// The keys, joined for a message.
    pub(crate) fn words(&self) -> String {
        self.iter().map(|(key, _)| key).collect::<Vec<_>>().join(", ")
    }
}

impl<K: Into<String>> FromIterator<(K, f64)> for Logs {
    fn from_iter<I: IntoIterator<Item = (K, f64)>>(pairs: I) -> Self {
        Logs { values: pairs.into_iter().map(|(key, value)| (key.into(), Exact(value))).collect() }
    }
}

/// A number that JSON keeps exactly: NaN and the infinities are written as text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exact(pub f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExactVisitor)
    }
}

struct ExactVisitor;

impl Visitor<'_> for ExactVisitor {
    type Value = Exact;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a number, or one of the texts NaN, inf and -inf")
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Exact, E> {
        Ok(Exact(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Exact, E> {
        Ok(Exact(value as f64))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Exact, E> {
        Ok(Exact(value as f64))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Exact, E> {
        let unexpected = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
        text.parse().map(Exact).map_err(|_| unexpected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_alphabetical_whatever_the_order_of_insertion() {
        let logs = Logs::from_iter([("val_loss", 2.0), ("accuracy", 0.5), ("loss", 1.0)]);
        assert_eq!(logs.words(), "accuracy, loss, val_loss");
    }

    #[test]
    fn logs_come_back_from_json_bit_for_bit() {
        let values = [0.1, 1.0 / 3.0, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, -0.0];
        let logs: Logs = values.iter().enumerate().map(|(i, x)| (i.to_string(), *x)).collect();
        let text = serde_json::to_string(&logs).unwrap();
        assert_eq!(serde_json::from_str::<Logs>(&text).unwrap(), logs);

        let logs = Logs::from_iter([("loss", f64::NAN)]);
        let text = serde_json::to_string(&logs).unwrap();
        assert_eq!(text, r#"{"loss":"NaN"}"#);
        assert!(serde_json::from_str::<Logs>(&text).unwrap().get("loss").unwrap().is_nan());
    }
}
