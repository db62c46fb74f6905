//! What `-o` names. Every verb that writes a file asks here, before it computes.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use lanthorn::Error;
use lanthorn::config::{Format, is_configuration};
use lanthorn::model::{MODEL, is_model};
use lanthorn::runs::{CHECKPOINT, CONFIG, EVENTS, HISTORY, METRICS};
use lanthorn::runtime::files::{atomic_write, atomic_write_by};

use super::view::{self, streams};

/// Where a verb writes to.
pub(crate) struct OutputFile {
    name: PathBuf,
    place: OutputPlace,
}

enum OutputPlace {
    /// `-`, or a path to what our stdout is.
    Stdout,
    /// A pipe or a device: written to, never replaced.
    Stream(PathBuf),
    /// A plain file, there or not yet; links are followed.
    File(PathBuf),
}

/// What a verb writes, which decides what it may replace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputKind {
    /// A table, a page, a program.
    Text,
    /// A configuration: the one kind that may take another configuration's place.
    Config,
    /// Weights or a model in another tool's format.
    Weights,
    /// A model of ours: the one kind that may take another model's place.
    Model,
}

/// The names of a run's files.
const OF_A_RUN: [&str; 6] = [MODEL, CHECKPOINT, CONFIG, HISTORY, METRICS, EVENTS];

impl OutputFile {
    /// Decides what `-o` names. A file that is read (each with words for it), a file of a run, and a
    /// model are refused, the last unless another takes its place; any other file is replaced.
    pub(crate) fn at(
        path: &Path,
        kind: OutputKind,
        inputs: &[(&Path, &str)],
    ) -> Result<OutputFile> {
        let name = path.to_path_buf();
        if path.to_string_lossy().ends_with(std::path::is_separator) && !path.is_dir() {
            let message =
                format!("`-o {}` names a folder, where a file is written", path.display());
            let help = format!("name a file in it: `-o {}`", path.join("FILE").display());
            return Err(Error::run(message).with_help(help).into());
        }
        if path == Path::new("-") {
            return Ok(OutputFile { name, place: OutputPlace::Stdout });
        }
        let found = match std::fs::metadata(path) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                return Err(Error::run(format!("can't write {}: {error}", path.display())).into());
            }
        };
        let place = match found {
            Some(found) if found.is_dir() => {
                let message = format!("{} is a folder, where a file is written", path.display());
                return Err(Error::run(message).with_help("name a file: `-o FILE`").into());
            }
            Some(found) if streams::is_stdout(&found) => OutputPlace::Stdout,
            Some(found) if !found.is_file() => OutputPlace::Stream(name.clone()),
            found => {
                let file = followed(path);
                refuse(path, &file, found.as_ref(), kind, inputs)?;
                OutputPlace::File(file)
            }
        };
        Ok(OutputFile { name, place })
    }

    /// Writes all bytes: a plain file whole or not at all.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<()> {
        match &self.place {
            OutputPlace::Stdout => view::bytes(bytes),
            OutputPlace::File(file) => Ok(atomic_write(file, bytes)?),
            OutputPlace::Stream(path) => {
                let opened = OpenOptions::new().write(true).open(path);
                match opened.and_then(|mut stream| stream.write_all(bytes)) {
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                        Err(cannot_write(path, &error).into())
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Writes by and by: a plain file appears once all is written.
    pub(crate) fn write_by(
        &self,
        fill: &mut dyn FnMut(&mut dyn Write) -> lanthorn::Result<()>,
    ) -> Result<()> {
        match &self.place {
            OutputPlace::Stdout => Ok(fill(&mut view::Stdout)?),
            OutputPlace::File(file) => Ok(atomic_write_by(file, fill)?),
            OutputPlace::Stream(path) => {
                let stream = OpenOptions::new().write(true).open(path);
                let mut stream = stream.map_err(|error| cannot_write(path, &error))?;
                match fill(&mut stream) {
                    Err(Error::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                    written => Ok(written?),
                }
            }
        }
    }

    /// True for a plain file, which can be read back and whose name says its format.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.place, OutputPlace::File(_))
    }

    /// True where the output is stdout itself.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.place, OutputPlace::Stdout)
    }

    /// The format of a configuration that is written here: what the name says; YAML for a stream.
    pub(crate) fn format(&self) -> Result<Format> {
        if self.is_file() { Ok(Format::of(&self.name)?) } else { Ok(Format::Yaml) }
    }

    /// Prints what was done: to stdout, unless that holds the output itself.
    pub(crate) fn tell(&self, text: &str) -> Result<()> {
        match self.place {
            OutputPlace::Stdout => {
                view::note(text.trim_end());
                Ok(())
            }
            _ => view::result(text),
        }
    }
}

/// An error where a file must not be written over.
fn refuse(
    path: &Path,
    file: &Path,
    found: Option<&Metadata>,
    kind: OutputKind,
    inputs: &[(&Path, &str)],
) -> Result<()> {
    let out = path.display();
    let is_text = matches!(kind, OutputKind::Text | OutputKind::Config);
    let refused = |what: &str, help: &str| {
        let message = format!("`-o {out}` would overwrite {what}");
        Err(Error::run(message).with_help(help).into())
    };
    if let Some(found) = found
        && let Some((_, what)) = inputs.iter().find(|(input, _)| is_same(input, file, found))
    {
        return refused(what, "name another file");
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let message = format!("can't write {out}: there is no folder {}", folder.display());
        return Err(Error::run(message).with_help("make the folder first, or name another").into());
    }
    if is_of_a_run(file, folder) {
        let what = format!("a file of the run in {}", folder.display());
        return refused(&what, "name another file, or another folder");
    }
    if found.is_some() && kind != OutputKind::Model && is_model(file) {
        return refused("a trained model", "name another file");
    }
    if found.is_some() && kind != OutputKind::Config && is_configuration(file) {
        return refused("a configuration", "name another file");
    }
    if found.is_some() && is_text && has_a_models_ending(file) {
        return refused("a file of weights or a model", "name another file");
    }
    Ok(())
}

/// Whether a file that is read is the one that would be written; `-` is our stdin.
fn is_same(input: &Path, file: &Path, found: &Metadata) -> bool {
    if input == Path::new("-") {
        return streams::is_stdin(found);
    }
    match (std::fs::metadata(input), input.canonicalize(), file.canonicalize()) {
        (Ok(other), Ok(a), Ok(b)) => a == b || streams::is_one(&other, found),
        _ => false,
    }
}

/// Whether a path has the name of a run's file in the folder of a run.
fn is_of_a_run(file: &Path, folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    let is_run = has(CHECKPOINT) || has(CONFIG) && (has(MODEL) || has(HISTORY));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    is_run && (OF_A_RUN.contains(&&*name) || name.starts_with("checkpoint"))
}

fn has_a_models_ending(file: &Path) -> bool {
    let ending = file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    ["safetensors", "keras", "h5", "hdf5", "onnx", "pt", "pth", "ckpt", "pkl"]
        .contains(&ending.as_str())
}

/// The file that a path means once its links are followed, there or not yet.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_path_buf();
    while let Ok(target) = std::fs::read_link(&path) {
        path = path.with_file_name("").join(target); // ends: the system has followed them before
    }
    path
}

fn cannot_write(path: &Path, error: &io::Error) -> Error {
    let message = format!("can't write {}: {error}", path.display());
    Error::from(io::Error::new(error.kind(), message))
}
