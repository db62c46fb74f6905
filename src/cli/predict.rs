//! `lanthorn predict`.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use lanthorn::Error;
use lanthorn::data::{TableStream, UseOptions, UsedRows, csv_in_use};
use lanthorn::model::{PredictedCell, PredictionTable, Predictor, model_path, rows_at_a_time};
use serde_json::{Map, Value, json};

use super::common::{CommonArguments, load_model, tables_of_run};
use super::output::{OutputFile, OutputKind};
use super::places::PredictionPlaces;
use super::thresholds::thresholds;
use super::view;

#[derive(Args)]
pub(crate) struct PredictArguments {
    /// A run folder or a model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A table with the features; `-` for stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The CSV file to write; `-` for stdout
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    out: PathBuf,
    /// Write the input's columns before the predictions
    #[arg(long)]
    keep_columns: bool,
    /// For a model of windows: predict for every row that has enough rows before it, instead of a
    /// forecast for what follows the last rows
    #[arg(long)]
    each_row: bool,
    /// What to do about a row that can't be used: stop with an error, or skip it and say how many
    /// were skipped
    #[arg(long, value_name = "WHAT", default_value = "stop")]
    on_error: OnError,
    /// Predict a class or label only if its probability is at least P, such as `approved=0.7`; can
    /// be repeated. With `target: features`: the error above which a row is an anomaly, as `error=E`
    /// [default: the thresholds stored in the model by `fit.threshold`]
    #[arg(long, value_name = "CLASS=P")]
    threshold: Vec<String>,
    /// Say how this table is written where the training's was written otherwise, such as
    /// `csv.delimiter=";"`; keys of `data.csv` alone
    #[arg(short, long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Number of rows per batch; it changes the speed, not the results
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: Option<u32>,
    /// Skip the model's self-test
    #[arg(long)]
    no_self_test: bool,
}

/// What to do about a row that can't be used.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    Stop,
    Skip,
}

pub(crate) fn run(arguments: &PredictArguments, common: &CommonArguments) -> Result<()> {
    let file = model_path(&arguments.model)?;
    let tables = tables_of_run(&file);
    let mut inputs =
        vec![(&*arguments.data, "the table that is read"), (&*file, "the model that is used")];
    inputs.extend(tables.iter().map(|table| (&**table, "a table of the run")));
    let output = OutputFile::at(&arguments.out, OutputKind::Text, &inputs)?;
    let model = load_model(&arguments.model, &common.device()?, common)?;
    if !arguments.no_self_test
        && let Some(warning) = model.check()?
    {
        view::warning(&warning);
    }
    let predictor = Predictor::new(model)?;
    let Some(preprocessing) = &predictor.model().preprocessing else {
        return Err(Error::run("the model has no preprocessing").into());
    };
    let thresholds = thresholds(&arguments.threshold, &predictor)?;
    let csv = csv_in_use(&predictor.model().config.csv(), &arguments.set)?;
    // of a folder nobody knows the rows but by their paths
    let keep_columns = arguments.keep_columns || arguments.data.is_dir();
    let options = UseOptions {
        with_target: false,
        keep_columns,
        with_ids: common.json || !keep_columns,
        skip_errors: arguments.on_error == OnError::Skip,
        each_row: arguments.each_row,
    };
    let window = preprocessing.window();
    if arguments.each_row && window.is_none() {
        let help = "leave it out: each row has a prediction";
        return Err(Error::run("`--each-row` is for models of windows").with_help(help).into());
    }
    let group = window.and_then(|window| window.group.as_deref());
    let table = TableStream::open(&arguments.data, &csv, preprocessing, options)?;
    let ids = table.id_names();
    let mut skipped = None;
    output.write_by(&mut |out| {
        let mut text = if common.json { "{\"predictions\":[".to_string() } else { String::new() };
        let mut is_first = true;
        let told = table.read(rows_at_a_time(preprocessing.features()), &mut |rows| {
            let predictions = predictor.table(&rows.data, &thresholds)?;
            let places = PredictionPlaces::of(&rows, arguments.each_row, group);
            if common.json {
                let kept = keep_columns.then(|| cells(&table.raw_header()));
                let named = RowNames { rows: &rows, places: &places, ids: &ids };
                add_json(&predictions, &named, kept.as_deref(), is_first, &mut text);
            } else {
                if is_first {
                    let place = places.header().map(str::to_string);
                    let names: Vec<String> = place.into_iter().chain(ids.clone()).collect();
                    let kept = if keep_columns { vec![table.raw_header()] } else { fields(&names) };
                    add_line(kept.into_iter().chain(fields(&predictions.columns())), &mut text);
                }
                add_csv(
                    &predictions,
                    &RowNames { rows: &rows, places: &places, ids: &ids },
                    &mut text,
                );
            }
            is_first = false;
            out.write_all(text.as_bytes())?;
            text.clear();
            Ok(())
        })?;
        if common.json {
            out.write_all(b"]}\n")?;
        }
        skipped = Some(told);
        Ok(())
    })?;
    for note in skipped.iter().flat_map(|skipped| &skipped.notes) {
        view::diagnostic(note);
    }
    if let Some(skipped) = skipped.filter(|skipped| skipped.rows > 0) {
        view::skipped(&skipped);
    }
    Ok(())
}

/// What names the rows that predictions are written for.
struct RowNames<'a> {
    rows: &'a UsedRows,
    places: &'a PredictionPlaces<'a>,
    /// The names of the columns that name a row.
    ids: &'a [String],
}

/// A line for each row: behind the row itself where it is kept, else behind what names it.
fn add_csv(predictions: &PredictionTable<'_>, named: &RowNames<'_>, text: &mut String) {
    let RowNames { rows, places, .. } = named;
    for row in places.order(predictions.len()) {
        let mut comma = ",";
        let ids = rows.ids.get(row).into_iter().flatten().cloned();
        let names: Vec<String> = places.cell(row).into_iter().chain(ids).collect();
        match rows.raw.get(row) {
            Some(kept) => *text += kept,
            None if names.is_empty() => comma = "",
            None => *text += &fields(&names).join(","),
        }
        predictions.cells(row, &mut |cell| {
            text.push_str(comma);
            comma = ",";
            match &cell {
                PredictedCell::Text(name) => text.push_str(&field(name)),
                // a String takes anything
                cell => drop(write!(text, "{cell}")),
            }
        });
        text.push('\n');
    }
}

/// An object for each row, with a comma before all but the first: with what names it, and with the
/// input's columns where they are kept.
fn add_json(
    predictions: &PredictionTable<'_>,
    named: &RowNames<'_>,
    columns: Option<&[String]>,
    is_first: bool,
    text: &mut String,
) {
    let object = |names: &[String], cells: &[String]| -> Value {
        names
            .iter()
            .cloned()
            .zip(cells.iter().map(|cell| json!(cell)))
            .collect::<Map<_, _>>()
            .into()
    };
    let RowNames { rows, places, ids } = named;
    for (count, row) in places.order(predictions.len()).into_iter().enumerate() {
        let mut one = predictions.json(row);
        places.json(row, &mut one);
        if let Some(cells) = rows.ids.get(row) {
            one["id"] = object(ids, cells);
        }
        if let (Some(columns), Some(kept)) = (columns, rows.raw.get(row)) {
            one["columns"] = object(columns, &cells(kept));
        }
        if !(is_first && count == 0) {
            text.push(',');
        }
        *text += &one.to_string();
    }
}

fn add_line(cells: impl Iterator<Item = String>, text: &mut String) {
    *text += &cells.collect::<Vec<_>>().join(",");
    text.push('\n');
}

fn fields(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| field(text).into_owned()).collect()
}

/// The cells of a line of CSV.
fn cells(line: &str) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok);
    record.map(|record| record.iter().map(str::to_string).collect()).unwrap_or_default()
}

/// A text as a cell of CSV.
fn field(text: &str) -> Cow<'_, str> {
    if text.contains(['"', ',', '\n', '\r']) {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(text)
    }
}
