//! A column of the `data` section, as typed: which, and how its cells become numbers.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::csv::{self, MissingValues};
use super::names::Names;
use crate::config::missing_key;
use crate::diagnostics::Code;
use crate::error::Problem;
use crate::transforms::{
    Date, Encode, ImageConfig, MissingRule, OneOrSeveral, Scale, TextVectorization, Unknown,
    VectorText,
};

/// The target that is the features themselves.
pub(crate) const FEATURES: &str = "features";

/// One column or several, and how their cells become numbers: `age`,
/// `{column: age, scale: min_max}`, `{columns: [a, b]}`, `{columns: "p*", scale: standard}`.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnConfig {
    /// Which columns.
    pub columns: Columns,
    /// How numbers are scaled: by one scaling, or by several in this order. Default: none.
    pub scale: OneOrSeveral<Scale>,
    /// How categories become numbers. Default: the cells are numbers.
    pub encode: Option<Encode>,
    /// What becomes of missing cells. Default: they are errors.
    pub missing: MissingRule,
    /// What reads as missing in these columns alone, besides what does in any. Default: nothing.
    pub missing_values: MissingValues,
    /// Whether a further column says which cells were missing. Default: false.
    pub indicator: bool,
    /// What becomes of categories that training didn't see. Default: that of the encoding.
    pub unknown: Option<Unknown>,
    /// What a pattern leaves out: names and patterns.
    pub exclude: Vec<String>,
}

/// Which columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Columns {
    /// One, by its name.
    One(String),
    /// All whose names match a pattern with `*`, `?` and `[…]`, in the order of the table; never
    /// the target, the sample weights, a column without a name or one that another rule names.
    Pattern(String),
    /// Several, by their names.
    Many(Vec<String>),
    /// Of a target: those of the features.
    Features,
}

impl ColumnConfig {
    /// A column as it is: a number.
    pub fn number(name: impl Into<String>) -> Self {
        ColumnConfig {
            columns: Columns::One(name.into()),
            scale: OneOrSeveral::default(),
            encode: None,
            missing: MissingRule::Error,
            missing_values: MissingValues::default(),
            indicator: false,
            unknown: None,
            exclude: Vec::new(),
        }
    }

    /// The same with another scale.
    pub fn scaled(mut self, scale: impl Into<Scale>) -> Self {
        self.scale = OneOrSeveral::new([scale.into()]);
        self
    }

    /// The same with categories for numbers.
    pub fn encoded(mut self, encode: impl Into<Encode>) -> Self {
        self.encode = Some(encode.into());
        self
    }
}

/// A column and how its cells are read.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename = "column", deny_unknown_fields)]
struct Written {
    /// Name of the column.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "csv::optional_name"
    )]
    column: Option<String>,
    /// Several columns: a list of names, or a pattern such as `p*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Names>,
    /// Columns to leave out of a pattern: names and patterns. Default: none.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "crate::config::plain_names"
    )]
    exclude: Vec<String>,
    /// Scaling of the numbers, or a list of scalings, applied in this order. Default: none.
    #[serde(default, skip_serializing_if = "OneOrSeveral::is_none")]
    scale: OneOrSeveral<Scale>,
    /// Encoding of the categories. Default: none, the cells are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    encode: Option<Encode>,
    /// Numbers of a date: short for `encode: {date: …}`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<Date>,
    /// Several numbers in a cell: short for `encode: {vector: …}`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<VectorText>,
    /// Text, as its tokens: short for `encode: {text: …}`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<TextVectorization>,
    /// Pictures, by their paths: short for `encode: {image: …}`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<ImageConfig>,
    /// How a missing cell is handled. Default: error.
    #[serde(default, skip_serializing_if = "MissingRule::is_error")]
    missing: MissingRule,
    /// Texts and numbers that mean a missing value in these columns alone, such as `[0]`, in addition to
    /// `data.missing_values`. Default: none.
    #[serde(default, skip_serializing_if = "MissingValues::is_none")]
    missing_values: MissingValues,
    /// Whether to add a column, `…_missing`, which is 1 where the cell is missing. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    indicator: bool,
    /// How a category that training did not see is handled. Default: error; for `frequency`,
    /// ignore.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<Unknown>,
}

impl Written {
    /// The encoding, by whichever of its names it is written.
    fn take_encode(&mut self) -> Result<Option<Encode>, Problem> {
        let all = [
            self.encode.take(),
            self.date.take().map(Encode::from),
            self.vector.take().map(Encode::from),
            self.text.take().map(Encode::from),
            self.image.take().map(Encode::from),
        ];
        let mut given = all.into_iter().flatten();
        match (given.next(), given.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => {
                let message =
                    "expected one of `encode`, `date`, `vector`, `text` and `image`, got several";
                Err(Problem::at("", message).help("keep one of them").code(Code::Conflict))
            }
        }
    }
}

impl Serialize for ColumnConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (column, columns) = match &self.columns {
            Columns::Features => return serializer.serialize_str(FEATURES),
            // as a target, the word alone stands for the features
            Columns::One(name) if name != FEATURES && *self == ColumnConfig::number(name) => {
                return serializer.serialize_str(name);
            }
            Columns::One(name) => (Some(name.clone()), None),
            Columns::Pattern(pattern) => (None, Some(Names::Pattern(pattern.clone()))),
            Columns::Many(names) => (None, Some(Names::Many(names.clone()))),
        };
        let (mut encode, mut date, mut vector, mut text, mut image) =
            (None, None, None, None, None);
        match self.encode.clone() {
            Some(Encode::Date(own)) => date = Some(own),
            Some(Encode::VectorText(own)) => vector = Some(own),
            Some(Encode::TextVectorization(own)) => text = Some(own),
            Some(Encode::ImageConfig(own)) => image = Some(own),
            own => encode = own,
        }
        let written = Written {
            column,
            columns,
            exclude: self.exclude.clone(),
            scale: self.scale.clone(),
            encode,
            date,
            vector,
            text,
            image,
            missing: self.missing.clone(),
            missing_values: self.missing_values.clone(),
            indicator: self.indicator,
            unknown: self.unknown,
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ColumnConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ColumnVisitor)
    }
}

pub(super) struct ColumnVisitor;

impl<'de> Visitor<'de> for ColumnVisitor {
    type Value = ColumnConfig;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the name of a column, or `{{column: …, scale: …, encode: …}}`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ColumnConfig, E> {
        Ok(ColumnConfig::number(name))
    }

    fn visit_u64<E: de::Error>(self, name: u64) -> Result<ColumnConfig, E> {
        Ok(ColumnConfig::number(name.to_string()))
    }

    fn visit_i64<E: de::Error>(self, name: i64) -> Result<ColumnConfig, E> {
        Ok(ColumnConfig::number(name.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ColumnConfig, A::Error> {
        let mut written = Written::deserialize(MapAccessDeserializer::new(map))?;
        let encode = written.take_encode().map_err(de::Error::custom)?;
        let columns = match (written.column, written.columns) {
            (Some(name), None) => Columns::One(name),
            (None, Some(Names::Pattern(pattern))) => Columns::Pattern(pattern),
            (None, Some(Names::Many(names))) => Columns::Many(names),
            (None, None) => {
                let help = "name it: `{column: age}`; or several: `{columns: [a, b]}`";
                return Err(de::Error::custom(missing_key("column").help(help)));
            }
            (Some(_), Some(_)) => {
                let problem = Problem::at("", "expected `column` or `columns`, got both");
                return Err(de::Error::custom(
                    problem.help("keep one of the two").code(Code::Conflict),
                ));
            }
        };
        if !written.exclude.is_empty() && !matches!(columns, Columns::Pattern(_)) {
            let message = "`exclude` goes with a pattern, such as `columns: \"*\"`";
            let problem = Problem::at("exclude", message).code(Code::Conflict);
            return Err(de::Error::custom(problem.help("leave the names out of the list instead")));
        }
        Ok(ColumnConfig {
            columns,
            scale: written.scale,
            encode,
            missing: written.missing,
            missing_values: written.missing_values,
            indicator: written.indicator,
            unknown: written.unknown,
            exclude: written.exclude,
        })
    }
}

impl JsonSchema for ColumnConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "column".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let written = Written::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": ["string", "integer"] }, written] })
    }
}
