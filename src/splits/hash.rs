//! Rows by a hash of a column.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::role::RowRole;
use super::rows::SplitRows;
use super::split::Split;
use crate::config::plain_name;
use crate::error::Problem;
use crate::random::fnv1a;
use crate::transforms::classes::as_text;

/// Rows by a hash of the cell in `column`, such as an id: a row stays on its side when rows are
/// added to the table or their order changes, whatever the seed; rows with equal cells are on one
/// side. With many different cells, the fraction held back is close to `part`. Ludwig: `hash`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "hash_split", deny_unknown_fields)]
pub struct HashSplit {
    /// Column whose cells are hashed; it need not be a feature.
    #[serde(deserialize_with = "plain_name")]
    pub column: String,
    /// Fraction of the different cells to hold back, between 0 and 1.
    pub part: f64,
}

impl Split for HashSplit {
    fn needs(&self) -> Option<&str> {
        Some(&self.column)
    }

    fn part(&self) -> Option<f64> {
        Some(self.part)
    }

    fn assign(&self, rows: &SplitRows<'_>) -> Result<Vec<RowRole>, Problem> {
        Ok(rows.column()?.map(|text| RowRole::held(place(&as_text(text)) < self.part)))
    }
}

/// A number from 0 to 1 that is a text's own: FNV-1a, its bits mixed as in MurmurHash3.
fn place(text: &str) -> f64 {
    let mut hash = fnv1a(text);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^= hash >> 33;
    (hash >> 11) as f64 / (1u64 << 53) as f64
}
