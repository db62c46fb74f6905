//! Where a table is: `data.train`, `data.validation` and `data.test`.

use std::fmt;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::disk::files::{from_text, to_text};

/// The files of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TablePaths {
    /// A file, a pattern of several with the same columns, or `-` for standard input.
    One(String),
    /// Several files or patterns with the same columns: their rows follow each other.
    Several(Vec<String>),
    /// A file for each array, by the name that it gets here: their columns stand side by side.
    Arrays(Vec<(String, String)>),
}

impl TablePaths {
    /// The same with other paths.
    pub fn map(&self, change: impl Fn(&str) -> String) -> TablePaths {
        match self {
            TablePaths::One(path) => TablePaths::One(change(path)),
            TablePaths::Several(paths) => {
                TablePaths::Several(paths.iter().map(|path| change(path)).collect())
            }
            TablePaths::Arrays(arrays) => {
                let change = |(name, path): &(String, String)| (name.clone(), change(path));
                TablePaths::Arrays(arrays.iter().map(change).collect())
            }
        }
    }

    /// The same with paths that were relative to a folder.
    pub fn within(&self, folder: &Path) -> TablePaths {
        self.map(|path| match path {
            STDIN => path.to_string(),
            path => to_text(&folder.join(from_text(path))),
        })
    }

    /// Each path.
    pub fn each(&self) -> Vec<&str> {
        match self {
            TablePaths::One(path) => vec![path],
            TablePaths::Several(paths) => paths.iter().map(String::as_str).collect(),
            TablePaths::Arrays(arrays) => arrays.iter().map(|(_, path)| path.as_str()).collect(),
        }
    }

    /// Whether it is read from standard input.
    pub fn is_stdin(&self) -> bool {
        *self == TablePaths::One(STDIN.to_string())
    }
}

/// The path that means standard input.
pub(crate) const STDIN: &str = "-";

impl From<&Path> for TablePaths {
    fn from(path: &Path) -> Self {
        TablePaths::One(to_text(path))
    }
}

impl fmt::Display for TablePaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.each().join(", "))
    }
}

impl Serialize for TablePaths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            TablePaths::One(path) => serializer.serialize_str(path),
            TablePaths::Several(paths) => paths.serialize(serializer),
            TablePaths::Arrays(arrays) => {
                serializer.collect_map(arrays.iter().map(|(name, path)| (name, path)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for TablePaths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PathsVisitor)
    }
}

struct PathsVisitor;

impl<'de> Visitor<'de> for PathsVisitor {
    type Value = TablePaths;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "the path of a table, a list of them, or a file for each array: `{{x: x.npy, y: y.npy}}`"
        )
    }

    fn visit_str<E: de::Error>(self, path: &str) -> Result<TablePaths, E> {
        Ok(TablePaths::One(path.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<TablePaths, A::Error> {
        let mut paths: Vec<String> = Vec::new();
        while let Some(path) = list.next_element()? {
            paths.push(path);
        }
        match paths.len() {
            0 => Err(de::Error::custom("the list is empty: name at least one table")),
            1 => Ok(TablePaths::One(paths.remove(0))),
            _ => Ok(TablePaths::Several(paths)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TablePaths, A::Error> {
        let mut arrays = Vec::new();
        while let Some(array) = map.next_entry::<String, String>()? {
            arrays.push(array);
        }
        if arrays.is_empty() {
            Err(de::Error::custom("expected a file for each array, got none"))
        } else {
            Ok(TablePaths::Arrays(arrays))
        }
    }
}

impl JsonSchema for TablePaths {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "tables".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            { "type": "object", "additionalProperties": { "type": "string" }, "minProperties": 1 },
        ] })
    }
}
