//! `lanthorn inspect`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lanthorn::artifact::model_path;
use lanthorn::files::Inspection;
use lanthorn::summary::{bytes, thousands};
use serde_json::json;

use super::view::table;
use super::{Common, view};

#[derive(Args)]
pub(crate) struct InspectArguments {
    /// Any safetensors file, ours or not, or a run folder
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(arguments: &InspectArguments, common: &Common) -> Result<()> {
    let path = model_path(&arguments.file)?;
    let found = Inspection::read(&path)?;
    if common.json {
        let tensors: Vec<_> = found
            .tensors
            .iter()
            .map(
                |t| json!({ "name": t.name, "dtype": t.dtype, "shape": t.shape, "bytes": t.bytes }),
            )
            .collect();
        return view::json(&json!({
            "tensors": tensors, "parameters": found.parameters(), "metadata": found.metadata,
        }));
    }
    let names = ["tensor", "dtype", "shape", "size"].map(String::from);
    let rows: Vec<Vec<String>> = found
        .tensors
        .iter()
        .map(|t| vec![t.name.clone(), t.dtype.clone(), format!("{:?}", t.shape), bytes(t.bytes)])
        .collect();
    let mut text = table::plain(&names, &rows);
    let size: usize = found.tensors.iter().map(|tensor| tensor.bytes).sum();
    let (count, parameters) = (found.tensors.len(), thousands(found.parameters()));
    text += &format!("\n{count} tensors, {parameters} parameters, {}\n", bytes(size));
    for (key, value) in &found.metadata {
        let short: String = value.chars().take(200).collect();
        let more = if short.len() < value.len() { "…" } else { "" };
        text += &format!("metadata {key}: {short}{more}\n");
    }
    view::result(&text)
}
