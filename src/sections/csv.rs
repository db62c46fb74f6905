//! `data.csv` and `data.missing_values`: how tables are written.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::{PlainText, plain_names};
use crate::diagnostics::Code;
use crate::error::Problem;

/// Format of a CSV file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "csv", deny_unknown_fields)]
pub struct CsvConfig {
    /// Separator of the cells. Default: a comma.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Whether the first line names the columns. With `false` there is no such line, and the columns
    /// are named 0, 1, …; a list gives them names. Default: true.
    #[serde(default, skip_serializing_if = "HeaderConfig::is_first_line")]
    pub header: HeaderConfig,
}

/// Where the names of the columns come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HeaderConfig {
    /// The first line.
    #[default]
    FirstLine,
    /// They are 0, 1, …
    None,
    /// They are these; the table has no such line.
    Names(Vec<String>),
}

impl CsvConfig {
    /// What stands between two cells: one byte.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()).unwrap_or(b',')
    }
}

impl HeaderConfig {
    /// Whether the first line names the columns.
    pub fn is_first_line(&self) -> bool {
        *self == HeaderConfig::FirstLine
    }
}

/// What reads as missing, besides the empty cell, which always is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "missing_values")]
pub struct MissingValues(
    #[serde(deserialize_with = "plain_names")]
    #[schemars(with = "Vec<PlainText>")]
    pub Vec<String>,
);

impl MissingValues {
    /// The default.
    pub fn usual() -> MissingValues {
        let words =
            ["NA", "N/A", "n/a", "<NA>", "#N/A", "NaN", "nan", "None", "null", "NULL", "?", "-"];
        MissingValues(words.map(str::to_string).to_vec())
    }

    /// Whether this is the default.
    pub fn is_usual(&self) -> bool {
        *self == MissingValues::usual()
    }

    /// None but the empty cell; serde's default for models that know no other.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for HeaderConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            HeaderConfig::FirstLine => serializer.serialize_bool(true),
            HeaderConfig::None => serializer.serialize_bool(false),
            HeaderConfig::Names(names) => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for HeaderConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = HeaderConfig;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "`true`, `false` or a list of names")
    }

    fn visit_bool<E: de::Error>(self, is_first_line: bool) -> Result<HeaderConfig, E> {
        Ok(if is_first_line { HeaderConfig::FirstLine } else { HeaderConfig::None })
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<HeaderConfig, E> {
        let problem = Problem::at("", "a number of lines to skip is not supported yet");
        let problem = problem.help("remove the lines before the header");
        Err(E::custom(problem.code(Code::Unsupported)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<HeaderConfig, A::Error> {
        let mut names = Vec::new();
        while let Some(PlainText(name)) = list.next_element()? {
            names.push(name);
        }
        Ok(HeaderConfig::Names(names))
    }
}

impl JsonSchema for HeaderConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "header".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let text = generator.subschema_for::<PlainText>();
        json_schema!({ "anyOf": [{ "type": "boolean" }, { "type": "array", "items": text }] })
    }
}

/// A name that may be left out.
pub(super) fn optional_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<PlainText>::deserialize(deserializer)?.map(|text| text.0))
}
