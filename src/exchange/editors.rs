//! The JSON Schema of configurations, by which editors check and complete them.

use serde_json::Value;

use crate::data::format_names;
use crate::sections::schema_with;

/// The JSON Schema of a whole configuration.
pub fn schema() -> Value {
    schema_with(&format_names())
}
