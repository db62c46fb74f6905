//! `lanthorn inspect`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use lanthorn::exchange::keras::KerasFile;
use lanthorn::model::model_path;
use lanthorn::model::{bytes, thousands};
use lanthorn::runtime::files::{Inspection, TensorFile};
use serde_json::json;

use super::common::CommonArguments;
use super::import::no_foreign_file;
use super::view;
use super::view::table;

#[derive(Args)]
pub(crate) struct InspectArguments {
    /// Any safetensors file, an index of several, a run folder, or a .keras or .h5 file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) fn run(arguments: &InspectArguments, common: &CommonArguments) -> Result<()> {
    let path = file(&arguments.file)?;
    let found = inspection(&path)?;
    if !common.no_verify
        && found.is_ours()
        && let Ok(file) = TensorFile::read(&path)
        && let Err(error) = file.verify(&path)
    {
        view::warning(&error.to_string());
    }
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

/// The file that is meant.
fn file(path: &Path) -> Result<PathBuf> {
    let index = path.join("model.safetensors.index.json");
    let path = if index.is_file() { index } else { model_path(path)? };
    no_foreign_file(&path, "inspected")?;
    Ok(path)
}

/// What a file holds; its ending says of what kind it is.
fn inspection(path: &Path) -> Result<Inspection> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    Ok(match ending {
        "keras" | "h5" | "hdf5" => KerasFile::read(path)?.inspection(),
        _ => Inspection::read(path)?,
    })
}
