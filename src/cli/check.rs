//! `lanthorn check`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use lanthorn::data::{Dataset, Loaded, class_counts};
use lanthorn::model::{LayerCost, Need, Network, bytes, layer_costs, thousands};
use lanthorn::training::{CheckedWithoutData, ModelSpec, Plan};
use lanthorn::{Diagnostic, Error};
use serde_json::{Value, json};

use super::common::{CommonArguments, ConfigFile};
use super::view::{self, table};

#[derive(Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Number of rows to show
    #[arg(short = 'n', long, default_value_t = 5, value_name = "N")]
    rows: usize,
    /// Check the configuration alone, without reading any table, and say what was not checked
    #[arg(long, conflicts_with = "rows")]
    no_data: bool,
    /// Exit with code 1 if there are warnings
    #[arg(long, value_name = "WHAT")]
    deny: Option<Deny>,
    /// What to print on stdout: github is a line for each error and warning, which GitHub Actions
    /// shows at its place; json is what --json prints
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: CheckFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings
    Warnings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// Tables and sentences
    Human,
    /// One JSON document
    Json,
    /// Workflow commands of GitHub Actions
    Github,
}

impl CheckArguments {
    /// True with `--format json`.
    pub(super) fn wants_json(&self) -> bool {
        self.format == CheckFormat::Json
    }
}

pub(crate) fn run(arguments: &CheckArguments, common: &CommonArguments) -> Result<ExitCode> {
    let as_github = arguments.format == CheckFormat::Github;
    let folder = arguments.config.path.parent().unwrap_or(Path::new(""));
    if common.json && as_github {
        let help = "leave out `--json`, or write `--format json`";
        return Err(Error::run("`--json` and `--format github` don't go together")
            .with_help(help)
            .into());
    }
    let tell = |error: &Error| {
        if as_github {
            // a reader of stdout that has gone away still gets the exit code
            let _ = error.diagnostics().iter().try_for_each(|one| github(one, folder));
        }
    };
    if arguments.no_data {
        let ConfigFile { path, overrides } = &arguments.config;
        let checked = Plan::check_without_data(path, &overrides.set).inspect_err(tell)?;
        return without_data(&checked, common.json || arguments.wants_json());
    }
    let found = Found::open(arguments).inspect_err(tell)?;
    for warning in &found.warnings {
        view::diagnostic(warning);
    }
    let denied = arguments.deny.is_some() && !found.warnings.is_empty();
    match arguments.format {
        CheckFormat::Github => found.warnings.iter().try_for_each(|one| github(one, folder))?,
        CheckFormat::Json => view::json(&found.to_json(arguments.rows, !denied))?,
        CheckFormat::Human if common.json => {
            view::json(&found.to_json(arguments.rows, !denied))?;
        }
        CheckFormat::Human if common.quiet => view::result(if denied { "" } else { "ok\n" })?,
        CheckFormat::Human => view::result(&found.to_text(arguments.rows, !denied))?,
    }
    if !denied {
        return Ok(ExitCode::SUCCESS);
    }
    let count = match found.warnings.len() {
        1 => "1 warning".to_string(),
        several => format!("{several} warnings"),
    };
    view::answer(&format!("error: {count}, and `--deny warnings` allows none"));
    Ok(ExitCode::FAILURE)
}

/// What `--no-data` has found to be right, and what it leaves open.
fn without_data(checked: &CheckedWithoutData, as_json: bool) -> Result<ExitCode> {
    let CheckedWithoutData { model, not_checked } = checked;
    if as_json {
        view::json(&json!({
            "ok": true,
            "input_shape": model.as_ref().map(|model| &model.input),
            "output_shape": model.as_ref().map(ModelSpec::output),
            "not_checked": not_checked,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    if let Some(model) = model {
        text += &format!("input {}, output {}\n", model.input, model.output());
    }
    if !not_checked.is_empty() {
        text += &format!("not checked:\n  - {}\n", not_checked.join("\n  - "));
    }
    view::result(&(text + "ok\n"))?;
    Ok(ExitCode::SUCCESS)
}

fn github(diagnostic: &Diagnostic, folder: &Path) -> Result<()> {
    view::result(&format!("{}\n", diagnostic.to_github(folder)))
}

/// A configuration without mistakes, and what there is to say of it.
struct Found {
    plan: Plan,
    test: Option<Dataset>,
    warnings: Vec<Diagnostic>,
    layers: Vec<LayerCost>,
    need: Need,
}

impl Found {
    fn open(arguments: &CheckArguments) -> Result<Found, Error> {
        let plan = Plan::open(&arguments.config.path, &arguments.config.overrides.set)?;
        let need = plan.need()?;
        let test = plan.test()?;
        let of_data = plan.data.iter().flat_map(|data| data.warnings.iter().cloned());
        let of_memory = need.problem().map(Diagnostic::as_warning);
        let warnings = of_memory.into_iter().chain(of_data).collect();
        let layers = layer_costs(&Network::planned(&plan.spec.model)?);
        Ok(Found { plan, test, warnings, layers, need })
    }

    fn to_json(&self, rows: usize, ok: bool) -> Value {
        let Found { plan, test, warnings, need, .. } = self;
        let layers = self.layers.iter().map(|layer| {
            json!({
                "name": layer.name, "class_name": layer.class_name,
                "output_shape": layer.output, "parameters": layer.parameters,
                "multiply_adds": layer.multiply_adds,
            })
        });
        let mut document = json!({
            "ok": ok,
            "input_shape": plan.spec.model.input, "output_shape": plan.spec.model.output(),
            "layers": layers.collect::<Vec<_>>(),
            "memory_bytes": {
                "weights": need.weights, "gradients": need.gradients,
                "optimizer": need.optimizer, "activations": need.activations,
                "best": need.best, "checkpoint": need.checkpoint, "total": need.total(),
            },
            "warnings": warnings.iter().map(|warning| &warning.message).collect::<Vec<_>>(),
            "diagnostics": warnings.iter().map(Diagnostic::to_json).collect::<Vec<_>>(),
        });
        if let Some(data) = &plan.data {
            let head = data.head(rows);
            document["rows"] = json!(data.train.len());
            document["validation_rows"] = json!(data.validation.as_ref().map(Dataset::len));
            document["test_rows"] = json!(test.as_ref().map(Dataset::len));
            document["columns"] = json!(head.raw_names);
            document["raw"] = json!(head.raw);
            document["features"] = json!(head.model_names);
            document["as_the_model_sees_them"] = json!(head.model);
            document["id"] = json!(data.preprocessing.id_columns());
            document["classes"] = json!(data.preprocessing.classes());
        }
        document
    }

    fn to_text(&self, rows: usize, ok: bool) -> String {
        let end = if ok { "ok\n" } else { "" };
        format!("{}{}{end}", self.data(rows), self.model())
    }

    /// The first rows as they are and as the model sees them, and how many there are.
    fn data(&self, rows: usize) -> String {
        let Some(data) = &self.plan.data else { return "no data\n\n".to_string() };
        let head = data.head(rows);
        let mut text = String::new();
        let table = self.plan.config.data.as_ref().map(|data| data.train.to_string());
        let table = table.unwrap_or_default();
        text += &format!("{table}\n{}", table::plain(&head.raw_names, &head.raw));
        if let Some(pictures) = &data.train.x.pictures {
            let [height, width, channels] = pictures.shape();
            let [(least_height, most_height), (least_width, most_width)] = pictures.sizes();
            text += &format!(
                "\npictures from {least_height} x {least_width} to {most_height} x {most_width}, as the \
                 model sees them {height} x {width} x {channels}; {} of memory",
                bytes(pictures.bytes())
            );
            if pictures.in_files() > 0 {
                let count = pictures.in_files();
                text += &format!(", and {count} that are decoded in each epoch");
            }
            return text + "\n" + &self.counts(data);
        }
        text += "\nas the model sees them\n";
        let numbers: Vec<Vec<String>> = head
            .model
            .iter()
            .map(|row| row.iter().map(|value| table::number(*value)).collect())
            .collect();
        text += &table::plain(&head.model_names, &numbers);
        text + &self.counts(data)
    }

    /// How many rows there are, and what classes.
    fn counts(&self, data: &Loaded) -> String {
        let mut text = format!("\n{} {} to train on", data.train.len(), data.train.noun());
        if let Some(validation) = &data.validation {
            text += &format!(", {} to validate on", validation.len());
        }
        if let Some(test) = &self.test {
            text += &format!(", {} to test on", test.len());
        }
        if let Some(classes) = data.preprocessing.classes() {
            let counts = class_counts(&data.train.y, classes.len());
            let each =
                classes.iter().zip(counts).map(|(class, count)| match &data.train.x.pictures {
                    Some(_) => format!("{class} ({count})"),
                    None => class.clone(),
                });
            text += &format!("; classes: {}", each.collect::<Vec<_>>().join(", "));
        }
        if let Some(labels) = data.preprocessing.labels() {
            text += &format!("; labels: {}", labels.join(", "));
        }
        if let ids @ [_, ..] = data.preprocessing.id_columns() {
            text += &format!("; id: {}", ids.join(", "));
        }
        text + "\n\n"
    }

    /// The layers with what they cost, and the memory of a training.
    fn model(&self) -> String {
        let (mut parameters, mut multiply_adds) = (0usize, 0usize);
        let title = |layer: &LayerCost| format!("{} ({})", layer.name, layer.class_name);
        let width = self.layers.iter().map(|layer| title(layer).chars().count()).max();
        let left = |text: &str| format!("{text:<width$}", width = width.unwrap_or(0));
        let mut rows = Vec::new();
        for layer in &self.layers {
            parameters = parameters.saturating_add(layer.parameters);
            multiply_adds = multiply_adds.saturating_add(layer.multiply_adds);
            rows.push(vec![
                left(&title(layer)),
                layer.output.to_string(),
                thousands(layer.parameters),
                thousands(layer.multiply_adds),
            ]);
        }
        let totals = [thousands(parameters), thousands(multiply_adds)];
        rows.push([left("total"), String::new()].into_iter().chain(totals).collect());
        let names = [&left("layer"), "output shape", "parameters", "multiply-adds"];
        let mut text = table::plain(&names.map(String::from), &rows);
        let total = bytes(usize::try_from(self.need.total()).unwrap_or(usize::MAX));
        let batches = match &self.plan.spec.train {
            Some(train) => format!("training in batches of {}", train.batch_size),
            None => "the model".to_string(),
        };
        text += &format!("\nmemory of {batches}: {total} ({})\n", self.need);
        let model = &self.plan.spec.model;
        text + &format!("input {}, output {}\n", model.input, model.output())
    }
}
