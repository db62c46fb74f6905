//! `data.csv` and `data.missing_values`: how tables are written.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::{PlainText, plain_names};
use crate::transforms::OneOrSeveral;

/// Format of a CSV file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "csv", deny_unknown_fields)]
pub struct CsvConfig {
    /// Separator of the cells. Default: a comma.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Whether the first line names the columns. With `false` there is no such line, and the
    /// columns are named 0, 1, …; a list gives them names. A number skips that many lines before
    /// the one with the names. Default: true.
    #[serde(default, skip_serializing_if = "HeaderConfig::is_usual")]
    pub header: HeaderConfig,
    /// Character that begins a line of comments, such as `#`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<char>,
    /// Character used to quote cells. Default: `"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<char>,
    /// Decimal mark of the numbers: `.` or `,`. Default: `.`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Mark between groups of three digits: `,`, `.`, `'`, `_` or a blank. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// Texts to remove before and after numbers, such as `$` or `%`; the numbers stay as they are.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "plain_names")]
    pub strip: Vec<String>,
    /// Encoding of the text. UTF-16 with a byte order mark is recognised. Default: `utf-8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<TextEncoding>,
    /// What a delimiter at the end of a line means. With `error`, an empty cell follows it; with
    /// `drop` it is ignored. Default: `error`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trailing_delimiter: Option<TrailingDelimiter>,
}

/// The encoding of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TextEncoding {
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "latin1")]
    Latin1,
    /// Windows-1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
    /// UTF-16: by its byte order mark, else little-endian.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// What a delimiter at the end of a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrailingDelimiter {
    /// There is an empty cell behind it.
    Error,
    /// It is ignored.
    Drop,
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
    /// The line after so many lines, which are skipped.
    After(usize),
}

impl CsvConfig {
    /// What stands between two cells: one byte.
    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()).unwrap_or(b',')
    }

    /// Whether a delimiter at the end of a line is ignored.
    pub(crate) fn drops_trailing(&self) -> bool {
        self.trailing_delimiter == Some(TrailingDelimiter::Drop)
    }
}

impl HeaderConfig {
    /// Whether a line of the table names the columns.
    pub fn is_first_line(&self) -> bool {
        matches!(self, HeaderConfig::FirstLine | HeaderConfig::After(_))
    }

    /// Whether this is the default.
    pub fn is_usual(&self) -> bool {
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
            HeaderConfig::After(lines) => lines.serialize(serializer),
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
        write!(f, "`true`, `false`, a number of lines to skip or a list of names")
    }

    fn visit_bool<E: de::Error>(self, is_first_line: bool) -> Result<HeaderConfig, E> {
        Ok(if is_first_line { HeaderConfig::FirstLine } else { HeaderConfig::None })
    }

    fn visit_u64<E: de::Error>(self, lines: u64) -> Result<HeaderConfig, E> {
        Ok(match usize::try_from(lines) {
            Ok(0) => HeaderConfig::FirstLine,
            lines => HeaderConfig::After(lines.unwrap_or(usize::MAX)),
        })
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
        json_schema!({ "anyOf": [
            { "type": "boolean" },
            { "type": "integer", "minimum": 0 },
            { "type": "array", "items": text },
        ] })
    }
}

/// A name, or a list of names.
pub(super) fn one_or_several_names<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OneOrSeveral<String>, D::Error> {
    let names = OneOrSeveral::<PlainText>::deserialize(deserializer)?;
    Ok(OneOrSeveral::new(names.steps().iter().map(|text| text.0.clone())))
}

/// A name that may be left out.
pub(super) fn optional_name<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Option::<PlainText>::deserialize(deserializer)?.map(|text| text.0))
}
