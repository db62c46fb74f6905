//! `data.format`: what the files of the tables hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Format of the tables' files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "format", rename_all = "snake_case")]
pub enum FileFormat {
    /// Each file tells.
    #[default]
    Auto,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// Parquet.
    Parquet,
    /// Arrow IPC.
    Arrow,
    /// JSON lines: an object for each row.
    Jsonl,
    /// An array of NumPy.
    Npy,
    /// Several arrays of NumPy.
    Npz,
    /// Arrays as tensors.
    Safetensors,
    /// MNIST's format.
    Idx,
    /// A folder of pictures.
    Images,
}

impl FileFormat {
    /// Its name, as it is written.
    pub fn name(self) -> &'static str {
        match self {
            FileFormat::Auto => "auto",
            FileFormat::Csv => "csv",
            FileFormat::Tsv => "tsv",
            FileFormat::Parquet => "parquet",
            FileFormat::Arrow => "arrow",
            FileFormat::Jsonl => "jsonl",
            FileFormat::Npy => "npy",
            FileFormat::Npz => "npz",
            FileFormat::Safetensors => "safetensors",
            FileFormat::Idx => "idx",
            FileFormat::Images => "images",
        }
    }

    /// Whether a file of the other format is one of this.
    pub(crate) fn takes(self, found: FileFormat) -> bool {
        let is_text = |format| matches!(format, FileFormat::Csv | FileFormat::Tsv);
        self == FileFormat::Auto || self == found || (is_text(self) && is_text(found))
    }
}
