//! The features and the target of the `data` section, where they are more than columns: words.

use std::fmt;

use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::column::{ColumnConfig, ColumnVisitor, Columns, FEATURES};
use crate::diagnostics::Code;
use crate::error::Problem;

/// The features: a list, and not a word for all columns.
pub(super) fn features<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<ColumnConfig>, D::Error> {
    deserializer.deserialize_any(FeaturesVisitor)
}

struct FeaturesVisitor;

impl<'de> Visitor<'de> for FeaturesVisitor {
    type Value = Vec<ColumnConfig>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a list of columns")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
        let help = match word {
            "all" | "*" | "auto" | "rest" => {
                "for all columns but the target, write `[{columns: \"*\"}]`".to_string()
            }
            _ => format!("write `[{word}]`"),
        };
        let message = format!("`features` is a list of columns, got the text \"{word}\"");
        Err(E::custom(Problem::at("", message).code(Code::WrongType).help(help)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list))
    }
}

/// The target: a column with its rule, or the word `features`.
pub(super) fn target<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ColumnConfig>, D::Error> {
    deserializer.deserialize_any(TargetVisitor).map(Some)
}

struct TargetVisitor;

impl<'de> Visitor<'de> for TargetVisitor {
    type Value = ColumnConfig;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        ColumnVisitor.expecting(f)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<ColumnConfig, E> {
        if name == FEATURES {
            return Ok(ColumnConfig { columns: Columns::Features, ..ColumnConfig::number("") });
        }
        ColumnVisitor.visit_str(name)
    }

    fn visit_u64<E: de::Error>(self, name: u64) -> Result<ColumnConfig, E> {
        ColumnVisitor.visit_u64(name)
    }

    fn visit_i64<E: de::Error>(self, name: i64) -> Result<ColumnConfig, E> {
        ColumnVisitor.visit_i64(name)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ColumnConfig, A::Error> {
        ColumnVisitor.visit_map(map)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Node;
    use crate::sections::DataConfig;

    #[test]
    fn the_word_features_is_not_the_column_of_that_name() {
        let read = |target: serde_json::Value| -> DataConfig {
            let json = json!({ "train": "t.csv", "features": ["x"], "target": target });
            let config: DataConfig = Node::from_json(&json).read().unwrap();
            assert_eq!(serde_json::to_value(&config).unwrap(), json);
            config
        };
        let target = |target| read(target).target.unwrap();
        assert_eq!(target(json!("features")).columns, Columns::Features);
        let column = target(json!({ "column": "features" }));
        assert_eq!(column, ColumnConfig::number("features"));
        assert_eq!(target(json!("y")), ColumnConfig::number("y"));
    }
}
