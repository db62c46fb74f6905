//! What becomes of a category that training didn't see.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a category that training did not see is handled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "unknown", rename_all = "snake_case")]
pub enum Unknown {
    /// An error that names the row.
    #[default]
    Error,
    /// A category of its own, `other`, after all others; rare categories that are folded are of it,
    /// too.
    Other,
    /// No category: zeros.
    Ignore,
}

impl Unknown {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unknown::Error => "error",
            Unknown::Other => "other",
            Unknown::Ignore => "ignore",
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
    pub(super) fn is_error(&self) -> bool {
        *self == Unknown::Error
    }
}
