//! `lanthorn init`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::config::{Format, Node};
use lanthorn::data::{PictureProfile, Profile};
use lanthorn::runtime::files::is_table_name;
use lanthorn::sections::Config;
use lanthorn::training::{Draft, Plan};
use serde_json::json;

use super::common::CommonArguments;
use super::output::{OutputFile, OutputKind};
use super::{examples, view};

#[derive(Args, Default)]
pub(crate) struct InitArguments {
    /// The table: CSV, JSON lines, Parquet or another format that is read; or a folder of pictures
    /// with a folder for each class
    #[arg(value_name = "DATA", required_unless_present = "example")]
    data: Option<PathBuf>,
    /// Write an example and its table instead: loan, iris, digits_cnn, sequences_lstm, …
    #[arg(long, value_name = "NAME", conflicts_with_all = ["data", "target", "regression", "out"])]
    example: Option<String>,
    /// Column to predict; several that are numbers are separated by commas
    #[arg(short, long, value_name = "COLUMN", value_delimiter = ',')]
    target: Vec<String>,
    /// Take a target of few whole numbers as a number rather than as classes
    #[arg(long)]
    regression: bool,
    /// The configuration to write: .yaml, .toml or .json; `-` prints YAML [default: <table>.yaml]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a configuration that is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(arguments: &InitArguments, common: &CommonArguments) -> Result<()> {
    if let Some(name) = &arguments.example {
        return examples::write(name, arguments.force);
    }
    let Some(data) = &arguments.data else {
        return Err(Error::run("name a table, or an example: `--example loan`").into());
    };
    let out = arguments.out.clone().unwrap_or_else(|| default_name(data));
    let check = |config: Config| Plan::new(config, folder_of(&out)).map(drop);
    write(data, arguments, &out, common, Check::Before(&check))
}

/// When a draft is checked, which reads the table.
enum Check<'a> {
    /// Before it is written.
    Before(&'a dyn Fn(Config) -> lanthorn::Result<()>),
    /// As the file that is written, which is removed again where it can't be trained.
    After(&'a mut dyn FnMut(&Path) -> lanthorn::Result<()>),
}

/// Writes the configuration of a table that is to be trained on, with these overrides; gives its
/// file and its plan, for which the table is read once.
pub(super) fn for_training(
    data: &Path,
    targets: &[String],
    overrides: &[String],
    common: &CommonArguments,
) -> Result<(PathBuf, Option<Plan>)> {
    let out = default_name(data);
    if out.exists() {
        let message = format!("{} exists already: it may hold choices of yours", out.display());
        let help = format!(
            "train it by `lanthorn train {0}`, or write it anew by `lanthorn init {1} --force`",
            out.display(),
            data.display()
        );
        return Err(Error::run(message).with_help(help).into());
    }
    let arguments = InitArguments { target: targets.to_vec(), ..InitArguments::default() };
    let mut plan = None;
    let mut check = |path: &Path| {
        plan = Some(Plan::open(path, overrides)?);
        Ok(())
    };
    write(data, &arguments, &out, common, Check::After(&mut check))?;
    Ok((out, plan))
}

fn folder_of(out: &Path) -> &Path {
    out.parent().unwrap_or(Path::new(""))
}

/// `loan.yaml` for `data/loan.csv` and `data/loan.csv.gz`.
fn default_name(data: &Path) -> PathBuf {
    let is_packed = data.extension().is_some_and(|ending| ending == "gz" || ending == "zst");
    let name = Path::new(data.file_stem().unwrap_or_default());
    let stem = if is_packed { name.file_stem() } else { Some(name.as_os_str()) };
    PathBuf::from(format!("{}.yaml", stem.unwrap_or_default().to_string_lossy()))
}

/// Writes a draft of a table's configuration, and tells what was made of the table.
fn write(
    data: &Path,
    arguments: &InitArguments,
    out: &Path,
    common: &CommonArguments,
    check: Check<'_>,
) -> Result<()> {
    if Format::of(data).is_ok() {
        let message = format!("{} is a configuration, where a table is expected", data.display());
        let help = format!("`lanthorn check {}` checks it", data.display());
        return Err(Error::run(message).with_help(help).into());
    }
    let output = OutputFile::at(out, OutputKind::Config, &[(data, "the table")])?;
    if output.is_file() && out.exists() && !arguments.force {
        let message = format!("{} exists already", out.display());
        let help = "name another file by `-o FILE`, or replace it by `--force`";
        return Err(Error::run(message).with_help(help).into());
    }
    let format = output.format()?;
    let (draft, size) = draft(data, arguments, &relative(data, out, output.is_file()))?;
    let text = draft.text(format)?;
    if let Check::Before(check) = &check {
        check(Node::from_json(&draft.tree).read()?)?;
    }
    if !common.json || !output.is_stdout() {
        output.write(text.as_bytes())?;
    }
    if let Check::After(check) = check
        && let Err(error) = check(out)
    {
        fs_err::remove_file(out)?;
        return Err(error.into());
    }
    if common.json {
        let written = output.is_file().then_some(out);
        return view::json(
            &json!({ "config": draft.tree, "choices": draft.choices, "written": written }),
        );
    }
    if !output.is_file() {
        return Ok(());
    }
    let mut told = format!("{}: {size}\n", data.display());
    for choice in &draft.choices {
        told += &format!("  {choice}\n");
    }
    told += &format!("wrote {0}\nnext: lanthorn train {0}\n", out.display());
    output.tell(&told)
}

/// The draft of a table, which the configuration names so, and how large the table is.
fn draft(data: &Path, arguments: &InitArguments, train: &str) -> Result<(Draft, String)> {
    let stem = data.file_stem().unwrap_or_default().to_string_lossy();
    let targets: Vec<&str> = arguments.target.iter().map(String::as_str).collect();
    if data.is_dir() {
        if arguments.regression || targets.iter().any(|target| *target != "class") {
            let message = "the target of a folder of pictures is `class`, the names of its folders";
            let help = "leave out `--target` and `--regression`; for another target, list the paths in a CSV file";
            return Err(Error::run(message).with_help(help).into());
        }
        let profile = PictureProfile::read(data)?;
        let draft = Draft::of_pictures(&profile, &name(&stem), train)?;
        let size = format!("{} pictures of {} classes", profile.pictures(), profile.classes.len());
        return Ok((draft, size));
    }
    let profile = Profile::read(data)?;
    if targets.is_empty() {
        return Err(which_target(data, &profile).into());
    }
    let draft = Draft::new(&profile, &name(&stem), train, &targets, arguments.regression)?;
    Ok((draft, format!("{} rows, {} columns", profile.rows, profile.columns.len())))
}

/// The table's path as the configuration names it.
fn relative(data: &Path, out: &Path, is_file: bool) -> String {
    let full = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let table = full(data);
    let folder = if is_file { full(out).parent().map(Path::to_path_buf) } else { None };
    let folder = folder.or_else(|| std::env::current_dir().ok()).unwrap_or_default();
    let is_near = table.components().nth(1) == folder.components().nth(1);
    let relative = if is_near { pathdiff::diff_paths(&table, &folder) } else { None };
    relative.unwrap_or(table).display().to_string()
}

/// A name for the runs: letters, digits, `-` and `_`.
fn name(stem: &str) -> String {
    let plain: String = stem
        .chars()
        .map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '_' })
        .collect();
    let plain = plain.trim_matches('_').to_lowercase();
    if plain.is_empty() { "model".to_string() } else { plain.chars().take(40).collect() }
}

/// The error that lists what the target may be.
fn which_target(data: &Path, profile: &Profile) -> Error {
    let candidates = Draft::candidates(profile);
    let mut names = profile.columns.iter().map(|column| &column.name).enumerate();
    if profile.has_header && names.all(|(place, name)| place.to_string() == *name) {
        let message = "it is an array without a name, and which of its columns is to be predicted?";
        return Error::run(message).with_help(
            "with the labels in a file of their own, as MNIST's, name both: \
             `data: {train: {x: FILE, y: LABELS}, x: x, y: y}`, see docs/data.md; a column is named \
             by `--target COLUMN`, from 0",
        );
    }
    let message = "which column is to be predicted? `--target COLUMN` names it";
    let help = match candidates.first() {
        Some(first) => format!(
            "likely ones, the likeliest first: {}\n  for example: lanthorn init {} --target {first}",
            candidates.join(", "),
            data.display()
        ),
        None => "no column looks like one; for an autoencoder, write a configuration with \
                 `target: features`"
            .to_string(),
    };
    Error::run(message).with_help(help)
}

/// The format that a file's name says is a table's, rather than a configuration's.
pub(super) fn is_table(path: &Path) -> bool {
    Format::of(path).is_err() && is_table_name(path)
}
