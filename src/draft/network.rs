//! The layers and the training of a draft, by the size of the table and what is learned.

use serde_json::{Value, json};

use super::columns::{self, Role};
use super::comments::Spot;
use super::goal::Goal;
use super::in_time::InTime;
use super::shapes::Form;
use crate::data::{ColumnProfile, Profile, RARE};

/// The rest of a draft.
pub(super) struct Chosen {
    pub model: Value,
    pub compile: Value,
    pub fit: Value,
    pub comments: Vec<(Spot, String)>,
}

/// What suits the table.
pub(super) fn choose(
    profile: &Profile,
    task: &Goal,
    roles: &[(&ColumnProfile, Role)],
    (form, in_time): (&Form, Option<&InTime>),
) -> Chosen {
    let mut comments = Vec::new();
    let (mut layers, input) = match in_time {
        Some(_) => (vec![json!({ "lstm": { "units": 32 } })], None),
        None => body(profile.rows, form),
    };
    let (last, loss, metrics) = head(task);
    layers.push(last);
    let mut model = serde_json::Map::new();
    if let Some((shape, why)) = input {
        model.insert("input_shape".to_string(), shape);
        comments.push((Spot::Key("input_shape"), why));
    }
    model.insert("layers".to_string(), Value::Array(layers));
    let is_small = profile.rows < 2_000 && !matches!(form, Form::Picture { .. });
    let rate = if is_small { 0.005 } else { 0.001 };
    let compile = json!({
        "optimizer": { "adam": { "learning_rate": rate } }, "loss": loss, "metrics": metrics,
    });
    let (split, why) = split(profile.rows, task, roles);
    comments.push((Spot::Key("validation_split"), why));
    let (batch_size, epochs) = match profile.rows {
        0..500 => (16, 200),
        500..20_000 => (32, 100),
        20_000..200_000 => (128, 50),
        _ => (256, 20),
    };
    let patience = (epochs / 10).max(5);
    comments.push((Spot::Key("epochs"), "at most: early_stopping ends it before".to_string()));
    let mut fit = json!({ "batch_size": batch_size, "epochs": epochs, "validation_split": split });
    if has_rare_class(task, profile.rows) {
        fit["class_weight"] = json!("balanced");
        comments
            .push((Spot::Key("class_weight"), "a class has less than 5 % of the rows".to_string()));
    }
    fit["callbacks"] = json!([
        { "early_stopping": { "patience": patience, "restore_best_weights": true } }
    ]);
    Chosen { model: Value::Object(model), compile, fit, comments }
}

/// The layers but the last, and the shape of the input where it isn't the number of the features.
fn body(rows: usize, form: &Form) -> (Vec<Value>, Option<(Value, String)>) {
    let dense = |units: usize| json!({ "dense": { "units": units, "activation": "relu" } });
    match form {
        Form::Table => {
            let units = match rows {
                0..1_000 => 16,
                1_000..20_000 => 32,
                20_000..200_000 => 64,
                _ => 128,
            };
            (vec![dense(units), dense(units)], None)
        }
        Form::Picture { shape: [height, width, channels], .. } => {
            let conv = |filters: usize| json!({ "conv2d": { "filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu" } });
            let mut layers = vec![conv(32), conv(32), json!("max_pooling2d")];
            if *height >= 16 {
                layers.extend([conv(64), json!("max_pooling2d")]);
            }
            layers.extend([
                json!({ "dropout": { "rate": 0.25 } }),
                json!("flatten"),
                dense(64),
                json!({ "dropout": { "rate": 0.5 } }),
            ]);
            (
                layers,
                Some((json!([height, width, channels]), "height, width, channels".to_string())),
            )
        }
        Form::Sequence { steps, measures, .. } => (
            vec![json!({ "lstm": { "units": 32 } })],
            Some((json!([steps, measures]), "steps, measures".to_string())),
        ),
        Form::Words { vocabulary, has_padding, .. } => {
            let mut embedding = json!({ "input_dim": vocabulary, "output_dim": 16 });
            if *has_padding {
                embedding["mask_zero"] = json!(true);
            }
            (vec![json!({ "embedding": embedding }), json!({ "gru": { "units": 32 } })], None)
        }
    }
}

/// Whether a class is so rare that each must be given its weight.
pub(super) fn has_rare_class(task: &Goal, rows: usize) -> bool {
    let Goal::Classes { counts, .. } = task else { return false };
    counts.iter().any(|(_, count)| (*count as f64) < RARE * rows as f64)
        && counts.iter().all(|(_, count)| *count > 1)
}

/// The last layer, the loss and the metrics.
pub(super) fn head(task: &Goal) -> (Value, &'static str, Vec<&'static str>) {
    let dense = |units: usize, activation: &str| json!({ "dense": { "units": units, "activation": activation } });
    match task {
        Goal::Classes { counts, .. } if counts.len() == 2 => {
            (dense(1, "sigmoid"), "binary_crossentropy", vec!["accuracy", "auc"])
        }
        Goal::Classes { counts, .. } => {
            (dense(counts.len(), "softmax"), "sparse_categorical_crossentropy", vec!["accuracy"])
        }
        Goal::Labels { targets } => {
            (dense(targets.len(), "sigmoid"), "binary_crossentropy", vec!["binary_accuracy"])
        }
        Goal::Numbers { targets, .. } => {
            (json!({ "dense": { "units": targets.len() } }), "mse", vec!["mae", "r2_score"])
        }
    }
}

/// How rows are held back for validation.
pub(super) fn split(rows: usize, task: &Goal, roles: &[(&ColumnProfile, Role)]) -> (Value, String) {
    const PART: f64 = 0.2;
    let in_time = roles.iter().find(|(column, _)| columns::is_time(column));
    if let Some((column, _)) = in_time {
        return (
            json!(PART),
            format!("the last rows: the table is in the order of `{}`", column.name),
        );
    }
    match task {
        Goal::Classes { counts, .. }
            if counts.iter().all(|(_, count)| *count >= 5) && rows >= 20 =>
        {
            (json!({ "stratified": PART }), "each class keeps its share".to_string())
        }
        _ => (json!({ "random": PART }), "drawn at random".to_string()),
    }
}
