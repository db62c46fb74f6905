//! `lanthorn data`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::data::{ColumnInUse, ColumnUse, Dataset, PicturesInUse, columns_in_use};
use lanthorn::training::{Plan, SeenData};
use serde_json::json;

use super::common::{CommonArguments, ConfigFile, tables_of};
use super::output::{OutputFile, OutputKind};
use super::view;
use super::view::table::{left, number};

#[derive(Args)]
pub(crate) struct DataArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Write the numbers that the model sees: .csv, .npz, .parquet, or `-` for CSV on stdout
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The formats that are written, by their endings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SeenFormat {
    Csv,
    Npz,
    #[cfg(feature = "parquet")]
    Parquet,
}

pub(crate) fn run(arguments: &DataArguments, common: &CommonArguments) -> Result<()> {
    let form = arguments.out.as_deref().map(form_of).transpose()?;
    let config = &arguments.config;
    let (plan, cells) = Plan::open_with_cells(&config.path, &config.overrides.set)?;
    let data = plan.data()?;
    for warning in &data.warnings {
        view::diagnostic(warning);
    }
    let (Some(out), Some(form)) = (&arguments.out, form) else {
        let columns = columns_in_use(&cells, &data.preprocessing, &data.train);
        drop(cells);
        return if common.json {
            view::json(&as_json(&plan, &columns)?)
        } else {
            view::result(&profile(&plan, &columns)?)
        };
    };
    drop(cells);
    let tables = tables_of(&plan);
    let mut inputs: Vec<(&Path, &str)> =
        tables.iter().map(|path| (path.as_path(), "a table that is read")).collect();
    inputs.push((&config.path, "the configuration"));
    let output = OutputFile::at(out, OutputKind::Text, &inputs)?;
    let seen = SeenData::of(&plan)?;
    output.write(&match form {
        SeenFormat::Csv => seen.to_csv()?,
        SeenFormat::Npz => seen.to_npz()?,
        #[cfg(feature = "parquet")]
        SeenFormat::Parquet => seen.to_parquet()?,
    })?;
    if output.is_file() {
        let rows = data.train.len() + data.validation.as_ref().map_or(0, Dataset::len);
        let (noun, inputs) = (data.train.noun(), data.train.input_width());
        output.tell(&format!("wrote {}: {rows} {noun}, {inputs} inputs\n", out.display()))?;
    }
    Ok(())
}

/// The format that a name says.
fn form_of(path: &Path) -> Result<SeenFormat> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let help = if cfg!(feature = "parquet") {
        "write `.csv`, `.parquet`, or `.npz` for NumPy"
    } else {
        "write `.csv`, or `.npz` for NumPy"
    };
    match ending.as_str() {
        "csv" => Ok(SeenFormat::Csv),
        "npz" => Ok(SeenFormat::Npz),
        "" => Ok(SeenFormat::Csv), // `-`, a pipe, a file without an ending
        #[cfg(feature = "parquet")]
        "parquet" => Ok(SeenFormat::Parquet),
        #[cfg(not(feature = "parquet"))]
        "parquet" => {
            let message = "this build can't write Parquet";
            let help =
                format!("{help}; `cargo build --release --features full` makes one that can");
            Err(Error::run(message).with_help(help).into())
        }
        other => Err(Error::run(format!("`-o` can't write `.{other}`")).with_help(help).into()),
    }
}

/// How the rows are divided: `270 to train on, 30 to validate on`.
fn sizes(plan: &Plan) -> Result<String> {
    let data = plan.data()?;
    let mut text = format!("{} {} to train on", data.train.len(), data.train.noun());
    if let Some(validation) = &data.validation {
        write!(text, ", {} to validate on", validation.len())?;
    }
    if let Some(test) = plan.test()? {
        write!(text, ", {} to test on", test.len())?;
    }
    Ok(text)
}

/// What the columns are like and what they become, in text of 60 columns where names allow.
fn profile(plan: &Plan, columns: &[ColumnInUse]) -> Result<String> {
    let data = plan.data()?;
    let train = plan.config.data.as_ref().map(|section| section.train.to_string());
    let mut text = format!("{}: {}\n", train.unwrap_or_default(), sizes(plan)?);
    if let Some(cv) = plan.config.fit.cv.as_ref().filter(|cv| cv.fold.is_none()) {
        writeln!(text, "this is fold 1 of {}", cv.folds)?;
    }
    let names = ["column", "holds", "missing", "becomes"].map(str::to_string);
    for (used_as, title) in [
        (ColumnUse::Feature, "features"),
        (ColumnUse::Target, "target"),
        (ColumnUse::Weight, "sample weight"),
    ] {
        let of_use = columns.iter().filter(|column| column.used_as == used_as);
        let rows: Vec<Vec<String>> = of_use.map(row).collect();
        if !rows.is_empty() {
            write!(text, "\n{title}\n{}", left(&names, &rows))?;
        }
    }
    if let ids @ [_, ..] = data.preprocessing.id_columns() {
        writeln!(text, "\nid\n{}", ids.join(", "))?;
    }
    if let Some(classes) = data.preprocessing.classes() {
        text += "\nclasses\n";
        let names = ["class", "train", "validation"].map(str::to_string);
        let count = |part: &Dataset| lanthorn::data::class_counts(&part.y, classes.len());
        let train = count(&data.train);
        let validation = data.validation.as_ref().map(count);
        let rows = classes.iter().enumerate().map(|(class, name)| {
            let held = validation.as_ref().map(|counts| counts[class].to_string());
            vec![name.clone(), train[class].to_string(), held.unwrap_or_default()]
        });
        text += &left(&names, &rows.collect::<Vec<_>>());
    }
    let model = &plan.spec.model;
    write!(text, "\n{} numbers a row; input {}\n", data.preprocessing.features(), model.input)?;
    Ok(text)
}

fn row(column: &ColumnInUse) -> Vec<String> {
    if let Some(PicturesInUse { count, heights, widths, shape, .. }) = &column.pictures {
        let sizes = format!("{} x {}", span(*heights), span(*widths));
        let [height, width, channels] = shape;
        let becomes = format!("{height} x {width} x {channels}");
        let holds = format!("{count} pictures of {sizes}");
        return vec![column.name.clone(), holds, column.missing.to_string(), becomes];
    }
    let holds = match column.range {
        _ if !column.categories.is_empty() => {
            const SHOWN: usize = 3;
            let shown = column.categories.iter().take(SHOWN);
            let shown: Vec<&str> = shown.map(|(name, _)| name.as_str()).collect();
            let more = if column.categories.len() > SHOWN { ", …" } else { "" };
            format!("{} categories: {}{more}", column.categories.len(), shown.join(", "))
        }
        Some((low, high)) => format!("{} to {}", number(low as f32), number(high as f32)),
        None => String::new(),
    };
    let becomes = match column.becomes.as_slice() {
        [first, .., last] if column.becomes.len() > 3 => {
            format!("{first} … {last} ({})", column.becomes.len())
        }
        names => names.join(", "),
    };
    let becomes = match column.seen {
        Some((low, high)) => format!("{becomes}: {} to {}", number(low), number(high)),
        None => becomes,
    };
    vec![column.name.clone(), holds, column.missing.to_string(), becomes]
}

/// `64`, or `48 to 640`.
fn span((low, high): (usize, usize)) -> String {
    if low == high { low.to_string() } else { format!("({low} to {high})") }
}

fn as_json(plan: &Plan, columns: &[ColumnInUse]) -> Result<serde_json::Value> {
    let data = plan.data()?;
    Ok(json!({
        "rows": data.train.len(),
        "validation_rows": data.validation.as_ref().map(Dataset::len),
        "test_rows": plan.test()?.as_ref().map(Dataset::len),
        "columns": columns,
        "inputs": data.input_names(),
        "input_shape": plan.spec.model.input,
        "id": data.preprocessing.id_columns(),
        "classes": data.preprocessing.classes(),
    }))
}
