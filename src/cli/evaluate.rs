//! `lanthorn evaluate`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::artifact::Model;
use lanthorn::data;
use lanthorn::engine::Engine;
use lanthorn::evaluate::{Scores, score};
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
    #[arg(long, default_value_t = 32, value_name = "N")]
    batch_size: usize,
}

pub(crate) fn run(arguments: &EvaluateArguments, common: &Common) -> Result<()> {
    let model = Model::load(&arguments.model, &common.device()?)?;
    let (Some(preprocessing), Some(train)) = (&model.preprocessing, &model.spec.train) else {
        return Err(Error::run("the model was saved without its training settings").into());
    };
    let used = data::load_for_use(&arguments.data, preprocessing, true, false)?;
    let unit = preprocessing.is_target_scaled().then(|| preprocessing.target_unit());
    let mut scores = Scores::new(&model.spec, train)?.with_unit(unit);
    let batch_size = arguments.batch_size.max(1);
    let mut engine = Engine::new(&model.sequential);
    let (sequential, rows) = (&model.sequential, samples(&used.data));
    score(&mut engine, sequential, &train.loss, &mut scores, &rows, batch_size)?;
    let logs = scores.logs("");
    if common.json {
        return view::json(&json!({ "rows": used.data.len(), "metrics": logs }));
    }
    let mut text = String::new();
    for (key, value) in logs.iter() {
        text += &format!("{key}: {}\n", view::keras_number(value));
    }
    text += &format!("rows: {}\n", used.data.len());
    view::result(&text)
}
