//! `data.format`: what the files of the tables hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::names::same_name;

/// Format of the tables' files: `auto`, or the name of one of the formats that `data` reads. The
/// formats are in the list of `data`'s sources, which checks the name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "format", description = "Format of the tables' files.")]
pub struct FileFormat(String);

/// Each file tells.
pub(crate) const AUTO: &str = "auto";

impl Default for FileFormat {
    fn default() -> Self {
        FileFormat(AUTO.to_string())
    }
}

impl FileFormat {
    /// Its name, as it is written.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether it is the format of that name.
    pub(crate) fn is(&self, name: &str) -> bool {
        same_name(&self.0, name)
    }

    /// Whether a file of the format of that name is one of this.
    pub(crate) fn takes(&self, found: &str) -> bool {
        let is_text = |format| same_name(format, "csv") || same_name(format, "tsv");
        self.is(AUTO) || self.is(found) || (is_text(&self.0) && is_text(found))
    }
}
