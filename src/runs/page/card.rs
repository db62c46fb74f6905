//! The model card: README.md in Hugging Face's form.

use super::evaluation::Evaluation;
use super::html::number;
use crate::decisions::Decisions;
use crate::history::logs::Logs;
use crate::model::artifact::Model;
use crate::model::predictor::Predictions;

/// By this line a card of ours is known from another README.md.
pub const CARD_MARK: &str = "<!-- written by lanthorn report -->";

/// The card of a model with the metrics of its evaluation.
pub(super) fn card(
    name: &str,
    model: &Model,
    evaluation: &Evaluation,
    logs: &Logs,
    has_curves: bool,
) -> String {
    let task = match &evaluation.predictions {
        Predictions::Numbers { .. } => "tabular-regression",
        _ => "tabular-classification",
    };
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let mut text = format!(
        "---\nlibrary_name: lanthorn\npipeline_tag: {task}\ntags:\n- {task}\n- safetensors\nmodel-index:\n\
         - name: {}\n  results:\n  - task:\n      type: {task}\n    dataset:\n      name: {}\n      \
         type: csv\n    metrics:\n",
        quoted(name),
        quoted(&evaluation.table())
    );
    for (key, value) in logs.iter().filter(|(_, value)| value.is_finite()) {
        text += &format!("    - type: {}\n      value: {value}\n", quoted(key));
    }
    let title = name.replace(['\n', '\r'], " ");
    text += &format!("---\n{CARD_MARK}\n\n# {title}\n\n");
    text += &format!(
        "A model of {} layers and {} parameters, declared in one file and trained with Lanthorn {} for \
         {} epochs.\n\n",
        model.spec.model.layers.len(),
        model.network.weights().count(),
        env!("CARGO_PKG_VERSION"),
        model.training.epochs
    );
    text += "## Use\n\n```console\n$ lanthorn predict . table.csv\n```\n\n";
    if let Some(preprocessing) = &model.preprocessing {
        let code = |names: &[&str]| {
            let shown: Vec<String> =
                names.iter().take(30).map(|name| format!("`{name}`")).collect();
            let more = names.len().saturating_sub(30);
            shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        };
        let targets = preprocessing.target_names();
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        text += &format!("It expects the columns {}, ", code(&preprocessing.feature_columns()));
        text += &format!("as they stand in the table, and predicts {}.", code(&targets));
        if let Some(classes) = preprocessing.classes() {
            let classes: Vec<&str> = classes.iter().map(String::as_str).collect();
            text += &format!(" Classes: {}.", code(&classes));
        }
        text += "\n\n";
    }
    text += &format!(
        "## Evaluation\n\nOn {}, {} rows:\n\n| metric | value |\n|---|--:|\n",
        evaluation.part(),
        evaluation.data().len()
    );
    for (key, value) in logs.iter() {
        text += &format!("| {key} | {} |\n", number(value));
    }
    if let Some(decisions) = &model.decisions {
        text += "\n## Decisions\n\n";
        text.extend(Decisions::lines(decisions).iter().map(|line| format!("- {line}\n")));
    }
    text + if has_curves { "\n![curves](curves.svg)\n" } else { "" }
}
