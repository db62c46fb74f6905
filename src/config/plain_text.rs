//! Texts that may be written without quotes, such as the name of a column.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A text that may be written without quotes where it looks like a number, or like nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PlainText(pub String);

impl<'de> Deserialize<'de> for PlainText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = PlainText;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PlainText, E> {
        Ok(PlainText(text.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<PlainText, E> {
        Ok(PlainText(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<PlainText, E> {
        Ok(PlainText(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<PlainText, E> {
        Ok(PlainText(number.to_string()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<PlainText, E> {
        Ok(PlainText("null".to_string()))
    }
}

impl JsonSchema for PlainText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "text".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "null"] })
    }
}

/// A list of [`PlainText`]s.
pub(crate) struct PlainTexts(pub Vec<String>);

impl<'de> Deserialize<'de> for PlainTexts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<PlainText>::deserialize(deserializer)?;
        Ok(PlainTexts(texts.into_iter().map(|text| text.0).collect()))
    }
}

/// A name for serde's `deserialize_with`.
pub(crate) fn plain_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    PlainText::deserialize(deserializer).map(|name| name.0)
}

/// The same for several.
pub(crate) fn plain_names<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    PlainTexts::deserialize(deserializer).map(|names| names.0)
}
