//! `lanthorn convert`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::config::{Document, Format};
use lanthorn::exchange::keras::read_json;
use lanthorn::exchange::python;
use lanthorn::files::atomic_write;
use serde_json::{Map, Value};

use super::view;

#[derive(Args)]
pub(crate) struct ConvertArguments {
    /// Literal Keras code (.py, read and never run), Keras's JSON, or a configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The configuration to write: .yaml, .toml or .json [default: print YAML]
    #[arg(value_name = "OUT")]
    to: Option<PathBuf>,
    /// The same as OUT
    #[arg(short, long, value_name = "OUT", conflicts_with = "to")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &ConvertArguments) -> Result<()> {
    let (tree, notes) = read(&arguments.file)?;
    let out = arguments.to.as_ref().or(arguments.out.as_ref());
    let format = match out {
        Some(out) => Format::of(out)?,
        None => Format::Yaml,
    };
    let mut text = String::new();
    if format != Format::Json {
        for note in &notes {
            text += &format!("# not carried: {}\n", note.replace('\n', " "));
        }
    }
    text += &format.write(&tree)?;
    for note in &notes {
        view::warning(note);
    }
    match out {
        Some(out) => {
            atomic_write(out, text.as_bytes())?;
            view::result(&format!("wrote {}\n", out.display()))
        }
        None => view::result(&text),
    }
}

/// A file as a configuration's tree, and what it could not carry.
fn read(path: &Path) -> Result<(Value, Vec<String>)> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if ending == "py" {
        let code = text_of(path)?;
        let code = python::convert(&code)
            .map_err(|message| Error::data(path.display().to_string(), message))?;
        let words = |note: &python::Note| match note.line {
            0 => note.message.clone(),
            line => format!("line {line}: {}", note.message),
        };
        return Ok((code.config.clone(), code.notes.iter().map(words).collect()));
    }
    if ending == "json" {
        let text = text_of(path)?;
        let json: Value = serde_json::from_str(&text).map_err(|error| {
            Error::data(path.display().to_string(), format!("not JSON: {error}"))
        })?;
        if json.get("class_name").is_some() {
            let converted = read_json::model(&json, &Value::Null)
                .map_err(|message| Error::data(path.display().to_string(), message))?;
            let mut tree = Map::from_iter([("model".to_string(), converted.model)]);
            if !converted.compile.is_null() {
                tree.insert("compile".to_string(), converted.compile);
            }
            return Ok((Value::Object(tree), converted.notes));
        }
    }
    Ok((Document::open(path)?.config::<Value>()?, Vec::new()))
}

fn text_of(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::data(path.display().to_string(), format!("can't be read: {error}"))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::data(path.display().to_string(), "not UTF-8 text"))?;
    Ok(text)
}
