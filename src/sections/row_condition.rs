//! `RowCondition`: a condition on the cells of a row, such as `amount > 0 and country in ['DE', 'FR']`.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::condition_parser;
use super::row_test::{CellKind, RowTest};
use crate::error::Problem;

/// A condition on the cells of a row, as it is written, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCondition {
    text: String,
    pub(crate) test: RowTest,
}

impl RowCondition {
    /// A condition from its text; the problem says where it is wrong.
    pub fn new(text: &str) -> Result<RowCondition, Problem> {
        let test = condition_parser::parse(text)?;
        let condition = RowCondition { text: text.to_string(), test };
        condition.columns()?;
        Ok(condition)
    }

    /// As it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns that it asks for, in the order in which they are met, and what each is taken for:
    /// none where it is only asked whether cells are missing. A column is taken for one thing.
    pub(crate) fn columns(&self) -> Result<Vec<(&str, Option<CellKind>)>, Problem> {
        let mut columns = Vec::new();
        self.test.add_columns(&mut columns)?;
        Ok(columns)
    }
}

impl Serialize for RowCondition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for RowCondition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ConditionVisitor)
    }
}

struct ConditionVisitor;

impl Visitor<'_> for ConditionVisitor {
    type Value = RowCondition;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a condition in quotes, such as \"amount > 0\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RowCondition, E> {
        RowCondition::new(text).map_err(E::custom)
    }
}

impl JsonSchema for RowCondition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "condition".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_what_to_write() {
        for (written, told, help) in [
            ("a = 1", "found `=` at character 3", "`==`"),
            ("a > 1 & b > 2", "found `&` at character 7", "`and`"),
            ("a <> 1", "found `<>`", "`!=`"),
            ("", "expected a column or a value, found its end", "a condition is such as"),
            ("a", "expected a comparison such as `> 0`, found its end", ""),
            ("a > 1 b", "expected `and`, `or` or the end, found `b` at character 7", ""),
            ("a + 1 > 2", "found `+` at character 3", "computes nothing"),
            ("'a' == 'b'", "no column is compared at character 1", "without quotes"),
            ("a > 'abc'", "`>` compares numbers and dates, got the text 'abc'", "2026-01-31"),
            ("a > true", "`>` can't be asked of true and false", "`==`"),
            ("a == null", "no cell equals `null`", "is missing"),
            ("a == 'x", "the `'` at character 6 is never closed", ""),
            ("a in [b]", "a list holds values, got `b`", "`'b'`"),
            ("a in 'b'", "expected a list", ""),
            ("a > 2026-01-31", "expected `and`", ""),
            ("a > 1e999", "`1e999` at character 5 is not a number", ""),
            ("a > 1 and a == 'x'", "`a` is taken for a number and for a text", "one kind"),
            ("a in [1, 'x']", "`a` is taken for a number and for a text", "one kind"),
        ] {
            let problem = RowCondition::new(written).unwrap_err();
            assert!(problem.message.contains(told), "{written}: {}", problem.message);
            assert!(problem.help.contains(help), "{written}: {}", problem.help);
        }
        let deep = "not ".repeat(2000) + "a > 1";
        assert!(RowCondition::new(&deep).unwrap_err().message.contains("too deeply"));
        let deep = "(".repeat(5000);
        assert!(RowCondition::new(&deep).unwrap_err().message.contains("too deeply"));
        assert!(RowCondition::new(&"a".repeat(20_000)).is_err());
    }
}
