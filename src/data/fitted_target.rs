//! The columns of a target as they stand in a model: a list, or the word `features` where the target is
//! the features themselves.

use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use super::fitted::FittedColumn;
use super::preprocessing::at_least_one;
use crate::sections::FEATURES;

pub(super) fn serialize<S: Serializer>(
    columns: &[FittedColumn],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if columns.is_empty() {
        serializer.serialize_str(FEATURES)
    } else {
        columns.serialize(serializer)
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<FittedColumn>, D::Error> {
    deserializer.deserialize_any(FittedTargetVisitor)
}

struct FittedTargetVisitor;

impl<'de> Visitor<'de> for FittedTargetVisitor {
    type Value = Vec<FittedColumn>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a list of columns, or `{FEATURES}`")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
        if word == FEATURES {
            return Ok(Vec::new());
        }
        Err(E::invalid_value(de::Unexpected::Str(word), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        at_least_one(SeqAccessDeserializer::new(list))
    }
}
