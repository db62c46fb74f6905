//! `lanthorn check`.

use anyhow::Result;
use clap::Args;
use lanthorn::Diagnostic;
use lanthorn::training::Plan;
use serde_json::json;

use super::common::{CommonArguments, ConfigFile};
use super::view::{self, table};

#[derive(Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Number of rows to show
    #[arg(long, default_value_t = 5, value_name = "N")]
    rows: usize,
}

pub(crate) fn run(arguments: &CheckArguments, common: &CommonArguments) -> Result<()> {
    let plan = Plan::open(&arguments.config.path, &arguments.config.overrides.set)?;
    if let Some(problem) = plan.need()?.problem() {
        view::diagnostic(&problem.as_warning());
    }
    let test = plan.test()?;
    let Some(data) = &plan.data else {
        let layers = plan.spec.model.layers.len();
        return view::result(&format!("{layers} layers, no data\nok\n"));
    };
    for warning in &data.warnings {
        view::diagnostic(warning);
    }
    let head = data.head(arguments.rows);
    if common.json {
        return view::json(&json!({
            "ok": true,
            "rows": data.train.len(),
            "validation_rows": data.validation.as_ref().map(lanthorn::data::Dataset::len),
            "test_rows": test.as_ref().map(lanthorn::data::Dataset::len),
            "columns": head.raw_names, "raw": head.raw,
            "features": head.model_names, "as_the_model_sees_them": head.model,
            "classes": data.preprocessing.classes(),
            "input_shape": plan.spec.model.input, "output_shape": plan.spec.model.output(),
            "warnings": data.warnings.iter().map(|warning| &warning.message).collect::<Vec<_>>(),
            "diagnostics": data.warnings.iter().map(Diagnostic::to_json).collect::<Vec<_>>(),
        }));
    }
    let mut text = String::new();
    text += &format!("{}\n", plan.config.data.as_ref().map_or("", |data| data.train.as_str()));
    text += &table::plain(&head.raw_names, &head.raw);
    text += "\nas the model sees them\n";
    let numbers: Vec<Vec<String>> = head
        .model
        .iter()
        .map(|row| row.iter().map(|value| table::number(*value)).collect())
        .collect();
    text += &table::plain(&head.model_names, &numbers);
    text += &format!("\n{} rows to train on", data.train.len());
    if let Some(validation) = &data.validation {
        text += &format!(", {} to validate on", validation.len());
    }
    if let Some(test) = &test {
        text += &format!(", {} to test on", test.len());
    }
    if let Some(classes) = data.preprocessing.classes() {
        text += &format!("; classes: {}", classes.join(", "));
    }
    let model = &plan.spec.model;
    text += &format!("\ninput {}, output {}\nok\n", model.input, model.output());
    view::result(&text)
}
