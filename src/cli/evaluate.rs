//! `lanthorn evaluate`.

use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::data;
use lanthorn::engine::Engine;
use lanthorn::evaluate::{Scores, score_each};
use lanthorn::metrics::report::Report;
use lanthorn::plan::samples;
use serde_json::json;

use super::{Common, view};

#[derive(Args)]
pub(crate) struct EvaluateArguments {
    /// A run folder or a model file
    #[arg(value_name = "MODEL")]
    model: PathBuf,
    /// A CSV file with the features and the target; `-` for stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Rows at a time
    #[arg(long, default_value_t = 32, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch_size: u32,
    /// For classes: also precision, recall and F1 of each, and who is taken for whom
    #[arg(long)]
    report: bool,
}

pub(crate) fn run(arguments: &EvaluateArguments, common: &Common) -> Result<()> {
    let model = super::load_model(&arguments.model, &common.device()?, common)?;
    let (Some(preprocessing), Some(train)) = (&model.preprocessing, &model.spec.train) else {
        return Err(Error::run("the model was saved without its training settings").into());
    };
    let used = data::load_for_use(&arguments.data, preprocessing, true, false)?;
    let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_unit());
    let mut scores = Scores::new(&model.spec, train)?.with_unit(unit);
    let mut report = if arguments.report { Some(Report::of(&model, preprocessing)?) } else { None };
    let mut engine = Engine::new(&model.network);
    let (network, rows) = (&model.network, samples(&used.data));
    let (width, logits) = (model.spec.model.output().last(), train.loss.item.from_logits());
    let mut each = |engine: &Engine| {
        if let Some(report) = &mut report {
            report.add(&engine.batch.y, engine.output(), width, logits);
        }
        ControlFlow::Continue(())
    };
    let size = arguments.batch_size as usize;
    let _: ControlFlow<()> =
        score_each(&mut engine, network, &train.loss, &mut scores, &rows, size, &mut each)?;
    let logs = scores.logs("");
    if common.json {
        let mut document = json!({ "rows": used.data.len(), "metrics": logs });
        if let Some(report) = &report {
            report.to_json(&mut document);
        }
        return view::json(&document);
    }
    let mut text = String::new();
    for (key, value) in logs.iter() {
        text += &format!("{key}: {}\n", view::keras_number(value));
    }
    text += &format!("rows: {}\n", used.data.len());
    if let Some(report) = &report {
        text += &report.to_text();
    }
    view::result(&text)
}
