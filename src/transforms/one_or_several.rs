//! Several scalings, one after the other.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::ONE_OR_SEVERAL;

/// One member, or several in the order in which they are applied: `standard`, or
/// `[log1p, standard]`. It may be empty: the numbers stay as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOrSeveral<T>(Vec<T>);

impl<T> Default for OneOrSeveral<T> {
    fn default() -> Self {
        OneOrSeveral(Vec::new())
    }
}

impl<T: Default + PartialEq> OneOrSeveral<T> {
    /// These in their order, without those that change nothing.
    pub fn new(steps: impl IntoIterator<Item = T>) -> Self {
        let nothing = T::default();
        OneOrSeveral(steps.into_iter().filter(|step| *step != nothing).collect())
    }
}

impl<T> OneOrSeveral<T> {
    /// True where the numbers stay as they are.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The members in their order.
    pub fn steps(&self) -> &[T] {
        &self.0
    }

    /// The same, to be changed.
    pub(crate) fn steps_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Serialize> Serialize for OneOrSeveral<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de> + Default + PartialEq> Deserialize<'de> for OneOrSeveral<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ONE_OR_SEVERAL, OneOrSeveralVisitor(PhantomData))
    }
}

struct OneOrSeveralVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default + PartialEq> Visitor<'de> for OneOrSeveralVisitor<T> {
    type Value = OneOrSeveral<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "one, or a list of them")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        one: D,
    ) -> Result<OneOrSeveral<T>, D::Error> {
        T::deserialize(one).map(|one| OneOrSeveral::new([one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrSeveral<T>, A::Error> {
        let mut steps = Vec::new();
        while let Some(step) = list.next_element()? {
            steps.push(step);
        }
        if steps.is_empty() {
            return Err(de::Error::custom("the list is empty: name at least one"));
        }
        Ok(OneOrSeveral::new(steps))
    }
}

impl<T: JsonSchema> JsonSchema for OneOrSeveral<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("one or several of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}
