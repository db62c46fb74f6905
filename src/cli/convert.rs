//! `lanthorn convert`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use lanthorn::config::{Document, Format, Node};
use lanthorn::exchange::keras::read_json;
use lanthorn::exchange::python::{self, CodeNote, SectionLines};
use lanthorn::exchange::tidy::tidy;
use lanthorn::model::{DataFacts, Target};
use lanthorn::sections::Config;
use lanthorn::training::{Plan, Spec};
use lanthorn::{Error, Place};
use serde_json::{Map, Value, json};

use super::common::CommonArguments;
use super::output::{OutputFile, OutputKind};
use super::view;

#[derive(Args)]
pub(crate) struct ConvertArguments {
    /// Keras code (.py; it is read, never run), Keras JSON, or a configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The configuration to write: .yaml, .toml or .json [default: print YAML]
    #[arg(value_name = "OUT")]
    to: Option<PathBuf>,
    /// The same as OUT
    #[arg(short, long, value_name = "OUT", conflicts_with = "to")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &ConvertArguments, common: &CommonArguments) -> Result<()> {
    let out = arguments.to.as_ref().or(arguments.out.as_ref());
    let out = out.map_or(Path::new("-"), PathBuf::as_path);
    let inputs = [(arguments.file.as_path(), "the file that is read")];
    let output = OutputFile::at(out, OutputKind::Config, &inputs)?;
    let format = output.format()?;
    let ConvertedFile { tree, notes, lines } = read(&arguments.file)?;
    let place = if output.is_file() { out } else { arguments.file.as_path() };
    let folder = place.parent().unwrap_or(Path::new(""));
    let refusal = refused(&tree, folder).map(|why| refusal(&why, lines));
    let text = match format {
        Format::Json => format.write(&tree)?,
        _ => commented(&format.write(&tree)?, &notes, refusal.as_ref(), format),
    };
    for text in notes.iter().chain(&refusal).map(CodeNote::text) {
        view::warning(&text);
    }
    if !common.json || !output.is_stdout() {
        output.write(text.as_bytes())?;
    }
    let written = output.is_file().then_some(out);
    if common.json {
        let note = |note: &CodeNote| {
            let line = (note.line > 0).then_some(note.line);
            json!({ "line": line, "message": note.message, "before_layer": note.layer })
        };
        let document = json!({
            "config": tree,
            "not_carried": notes.iter().map(note).collect::<Vec<_>>(),
            "refusal": refusal.as_ref().map(|note| &note.message),
            "refusal_line": refusal.as_ref().map(|note| note.line).filter(|line| *line > 0),
            "written": written,
        });
        return view::json(&document);
    }
    match written {
        Some(out) => output.tell(&format!("wrote {}\n", out.display())),
        None => Ok(()),
    }
}

/// Why `check` would refuse a configuration; without data, one whose target suits the loss is
/// supposed.
fn refused(tree: &Value, folder: &Path) -> Option<Error> {
    let config: Config = match Node::from_json(tree).read() {
        Ok(config) => config,
        Err(error) => return Some(error.into()),
    };
    if config.data.is_some() {
        return Plan::new(config, folder).err();
    }
    let no_data = DataFacts { has_validation: true, ..DataFacts::default() };
    let spec = match Spec::resolve(&config, &no_data) {
        Ok(spec) => spec,
        Err(error) => return Some(error),
    };
    let outputs = spec.model.output().elements();
    let classes = outputs.max(2);
    let loss = config.compile.as_ref().map_or("", |compile| compile.loss.kind.name);
    let mut targets = [Target::Numbers(outputs), Target::OneHot(classes), Target::Classes(classes)];
    if loss.starts_with("sparse") {
        targets.reverse();
    } else if loss.starts_with("categorical") {
        targets.swap(0, 1);
    }
    let check = |target: Target| {
        Spec::resolve(&config, &DataFacts { target: Some(target), ..no_data }).err()
    };
    let mut errors = targets.into_iter().map(check);
    let first = errors.next()??;
    errors.all(|error| error.is_some()).then_some(first)
}

/// A configuration's text with a comment at whatever was not carried: before the layer that came
/// after it, or at the top.
fn commented(text: &str, notes: &[CodeNote], refusal: Option<&CodeNote>, format: Format) -> String {
    let comment = |note: &CodeNote| format!("# not carried: {}", note.text().replace('\n', " "));
    let is_placed = |note: &&CodeNote| note.layer.is_some() && format == Format::Yaml;
    let mut lines: Vec<String> =
        notes.iter().filter(|note| !is_placed(note)).map(comment).collect();
    lines.extend(refusal.map(|why| format!("# {}", why.text())));
    let (mut layer, mut inside) = (0, false);
    let place = |at: usize, lines: &mut Vec<String>| {
        let here = notes.iter().filter(is_placed).filter(|note| note.layer == Some(at));
        lines.extend(here.map(|note| format!("    {}", comment(note))));
    };
    for line in text.lines() {
        if inside && line.starts_with("    - ") {
            place(layer, &mut lines);
            layer += 1;
        } else if inside && !line.starts_with("     ") {
            place(layer, &mut lines);
            inside = false;
        }
        inside |= line == "  layers:";
        lines.push(line.to_string());
    }
    if inside {
        place(layer, &mut lines);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What `check` says against it, at the line of the code that it comes from.
fn refusal(error: &Error, lines: SectionLines) -> CodeNote {
    let line = match error.diagnostics().iter().next().map(|first| &first.place) {
        Some(Place::Config { path, .. }) => lines.of(path),
        _ => lines.model,
    };
    let why = error.to_string();
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = format!("`lanthorn check` refuses it as it stands: {why}");
    CodeNote { line, message, layer: None }
}

/// A file that was read.
#[derive(Default)]
struct ConvertedFile {
    /// The configuration's tree.
    tree: Value,
    /// What it could not carry.
    notes: Vec<CodeNote>,
    /// The lines of the code that its sections come from.
    lines: SectionLines,
}

/// A file as a configuration's tree, and what it could not carry.
fn read(path: &Path) -> Result<ConvertedFile> {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if ending == "py" {
        let code = text_of(path)?;
        let code = python::convert(&code)
            .map_err(|message| Error::data(path.display().to_string(), message))?;
        return Ok(ConvertedFile {
            tree: tidy(&code.config),
            notes: code.notes,
            lines: code.lines,
        });
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
            let note = |message| CodeNote { line: 0, message, layer: None };
            let notes = converted.notes.into_iter().map(note).collect();
            let tree = tidy(&Value::Object(tree));
            return Ok(ConvertedFile { tree, notes, ..ConvertedFile::default() });
        }
    }
    Ok(ConvertedFile { tree: Document::open(path)?.config::<Value>()?, ..ConvertedFile::default() })
}

fn text_of(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|error| {
        Error::data(path.display().to_string(), format!("can't be read: {error}"))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Error::data(path.display().to_string(), "not UTF-8 text"))?;
    Ok(text)
}
