//! Words of PyTorch, scikit-learn, Lightning and Keras 1 that no single name of ours replaces, and words
//! of ours that are planned, with what to do about each; and keys that stand in the wrong section.

use super::names::same_name;
use super::synonyms;
use crate::diagnostics::Code;
use crate::error::Problem;

/// Words that stand for the same thing, and what to do about them.
struct Advice {
    /// `key`, `layer`, …
    noun: &'static str,
    words: &'static [&'static str],
    /// One of these is a name of the list that the word is looked for in; any list where there are
    /// none.
    beside: &'static [&'static str],
    help: &'static str,
}

impl Advice {
    fn is_about(&self, noun: &str, found: &str, valid: &[&str]) -> bool {
        self.noun == noun
            && self.words.iter().any(|word| same_name(word, found))
            && (self.beside.is_empty() || self.beside.iter().any(|name| valid.contains(name)))
    }
}

/// A list of [`Advice`]: `noun: word | word beside name | name => what to do;`
macro_rules! advice {
    ($($noun:ident: $($word:literal)|+ $(beside $($name:literal)|+)? => $help:literal;)*) => {
        &[$(Advice {
            noun: stringify!($noun),
            words: &[$($word),+],
            beside: &[$($($name),+)?],
            help: $help,
        }),*]
    };
}

/// Words of other tools.
const FOREIGN: &[Advice] = advice! {
    key: "in_features" | "input_size" beside "units" => "leave it out: the size of the input comes from the layer before";
    key: "in_channels" beside "filters" => "leave it out: the channels come from the layer before";
    key: "dropout" beside "units" | "filters" => "dropout is a layer of its own, behind this one: `- dropout: {rate: 0.5}`";
    key: "batch_norm" beside "units" => "it is a layer of its own, behind this one: `- batch_normalization`";
    key: "learning_rate" | "lr" beside "optimizer" => "it belongs to the optimizer: `optimizer: {adam: {learning_rate: 0.001}}`";
    key: "learning_rate" | "lr" beside "epochs" => "it belongs to the optimizer: `compile: {optimizer: {adam: {learning_rate: 0.001}}}`";
    key: "weight_decay" beside "optimizer" => "it belongs to the optimizer: `optimizer: {adam: {weight_decay: 0.004}}`";
    key: "fit" beside "optimizer" => "`fit` stands beside `compile`, not within it: indent it less";
    key: "compile" beside "layers" => "`compile` stands beside `model`, not within it: indent it less";
    key: "fit" beside "layers" => "`fit` stands beside `model`, not within it: indent it less";
    key: "model" beside "features" => "`model` stands beside `data`, not within it: indent it less";
    key: "layers" beside "compile" => "the layers stand under `model`: `model: {layers: […]}`";
    key: "normalize" beside "scale" => "write `scale: min_max` (from 0 to 1) or `scale: standard` (mean 0, deviation 1)";
    key: "standardize" beside "scale" => "write `scale: standard`";
    key: "one_hot" beside "encode" => "write `encode: one_hot`";
    key: "patience" beside "epochs" => "it belongs to a callback: `callbacks: [{early_stopping: {patience: 5}}]`";
    key: "early_stopping" beside "epochs" => "it is a callback: `callbacks: [{early_stopping: {patience: 5}}]`";
    key: "scheduler" | "lr_scheduler" beside "optimizer" | "epochs" => "a schedule stands at the learning rate: `optimizer: {adam: {learning_rate: {cosine_decay: {initial_learning_rate: 0.001, decay_steps: 1000}}}}`";
    key: "mixed_precision" | "precision" | "dtype_policy" beside "optimizer" => "write `dtype: mixed_bfloat16`, or leave it out for float32";
    key: "dtype" beside "units" | "filters" | "trainable" => "it stands in `compile`, for all layers: `compile: {dtype: mixed_bfloat16}`";
    dtype: "float16" | "mixed_float16" | "f16" | "fp16" | "half" => "float16 loses small gradients; write `mixed_bfloat16`, which has float32's range and is as fast on a GPU";
    dtype: "bfloat16" => "weights in bfloat16 lose small updates; write `mixed_bfloat16`, which keeps them in float32";
    dtype: "float64" | "f64" | "double" => "leave it out: float32 is the most precise type there is";
    key: "decay" beside "learning_rate" => "Keras 1's `decay` is a schedule: `learning_rate: {inverse_time_decay: {initial_learning_rate: 0.01, decay_steps: 1, decay_rate: 0.001}}`";
    key: "num_layers" beside "units" => "write the layer once for each, all but the last with `return_sequences: true`";
    key: "batch_first" beside "units" => "leave it out: the batch always comes first";
    key: "weight_decay" beside "units" => "write `kernel_regularizer: {l2: 0.01}`, or give the optimizer a `weight_decay`";
    key: "num_workers" | "n_jobs" beside "epochs" => "leave it out; `lanthorn train --threads N` sets the threads";
    key: "device" beside "epochs" => "it is an option: `lanthorn train --device cuda`";
    key: "precision" beside "epochs" => "leave it out: numbers have 32 bits";
    key: "gradient_clip_val" | "max_grad_norm" beside "epochs" => "it belongs to the optimizer: `optimizer: {adam: {global_clipnorm: 1.0}}`";
    key: "accumulate_grad_batches" beside "epochs" => "it belongs to the optimizer: `optimizer: {adam: {gradient_accumulation_steps: 2}}`";
    key: "dtype" | "type" beside "encode" => "leave it out: a column holds numbers unless it has an `encode`";
    key: "impute" | "fillna" beside "encode" => "a column's `missing` says what becomes of missing cells: `{column: age, missing: mean}`";
    key: "index_col" beside "train" => "columns that are not named are no features; `id: COLUMN` copies one to the predictions";
    key: "nrows" | "n_rows" | "max_rows" | "limit" beside "train" => "it belongs to `rows`: `rows: {limit: 1000}`";
    key: "query" | "filter" | "where" beside "train" => "it belongs to `rows`: `rows: {where: \"amount > 0\"}`";
    key: "usecols" beside "train" => "name the columns to use: `features: [age, income]`";
    key: "normalize" beside "features" => "each column has its own: `features: [{columns: \"*\", scale: standard}]`";
    optimizer: "None" => "leave `compile` out if the model is not trained";
    loss: "None" => "leave `compile` out if the model is not trained";
    loss: "softmax" => "the last layer has it, `activation: softmax`; the loss is `sparse_categorical_crossentropy`";
    metric: "confusion_matrix" => "`lanthorn evaluate RUN --report` shows it, with precision and recall of each class";
    metric: "classification_report" => "`lanthorn evaluate RUN --report` shows it";
    loss: "CrossEntropyLoss" => "PyTorch's takes class numbers and logits: `sparse_categorical_crossentropy: {from_logits: true}`; behind a softmax, `sparse_categorical_crossentropy` alone";
    loss: "NLLLoss" => "behind a softmax (not log_softmax) write `sparse_categorical_crossentropy`";
    loss: "BCEWithLogitsLoss" => "it takes logits: `binary_crossentropy: {from_logits: true}`";
    layer: "Sequential" => "the layers stand directly under `model.layers`, without a model around them";
    layer: "Input" | "InputLayer" => "the shape of the input comes from the data, or stands beside the layers: `model: {input_shape: [8], layers: […]}`";
    layer: "relu" => "write `- re_lu`, or `activation: relu` within the layer before";
    layer: "sigmoid" => "write `- activation: sigmoid`, or `activation: sigmoid` within the layer before";
    layer: "tanh" => "write `- activation: tanh`, or `activation: tanh` within the layer before";
    layer: "gelu" => "write `- activation: gelu`, or `activation: gelu` within the layer before";
    activation: "None" => "leave the key out: without an activation the layer is linear";
    initializer: "None" => "leave the key out, or write `null`, for the default";
    regularizer: "None" => "leave the key out, or write `null`, for none";
    constraint: "None" => "leave the key out, or write `null`, for none";
    scaling: "None" => "write `none`, or leave the key out";
    encoding: "None" => "leave the key out: the column is then a number";
    callback: "StepLR" => "a schedule stands at the learning rate: `optimizer: {sgd: {learning_rate: {exponential_decay: {initial_learning_rate: 0.1, decay_steps: 1000, decay_rate: 0.9, staircase: true}}}}`";
    callback: "tensorboard" => "it stands beside the sections: `logging: {tensorboard: true}`";
};

/// Words that are planned, with what to do today. A word goes from here once it is built.
const PLANNED: &[Advice] = advice! {
    key: "streaming" beside "train" => "leave it out: a table is read into memory as a whole";
    key: "shuffle_limit" beside "train" => "leave it out: all rows are in memory, and shuffled as a whole";
    key: "cache" beside "train" => "leave it out: a table is read anew for each training";
};

/// The keys of the sections, each section with a key by which it is known.
const SECTIONS: &[(&str, &str, &[&str])] = &[
    (
        "data",
        "features",
        &[
            "train",
            "validation",
            "test",
            "features",
            "target",
            "sample_weight",
            "delimiter",
            "missing_values",
        ],
    ),
    ("model", "layers", &["layers", "input_shape"]),
    (
        "compile",
        "optimizer",
        &["optimizer", "loss", "metrics", "weighted_metrics", "dtype", "tf32"],
    ),
    (
        "fit",
        "epochs",
        &[
            "epochs",
            "batch_size",
            "validation_split",
            "shuffle",
            "class_weight",
            "callbacks",
            "verbose",
        ],
    ),
    ("", "compile", &["seed", "compile", "fit", "data", "model"]),
];

/// What to do about a word that no listed name replaces.
pub(super) fn advice(noun: &str, found: &str, valid: &[&str]) -> Option<&'static str> {
    FOREIGN.iter().find(|advice| advice.is_about(noun, found, valid)).map(|advice| advice.help)
}

/// The problem of a word that is planned, where it isn't one of the `valid` ones.
pub(super) fn planned(noun: &str, found: &str, valid: &[&str]) -> Option<Problem> {
    if valid.contains(&found) {
        return None;
    }
    let advice = PLANNED.iter().find(|advice| advice.is_about(noun, found, valid))?;
    let problem = Problem::at("", format!("`{found}` is not supported yet")).help(advice.help);
    Some(problem.code(Code::Unsupported))
}

/// Where a key belongs that stands in another section, whose keys are `valid`.
pub(super) fn of_another_section(found: &str, valid: &[&str]) -> Option<String> {
    let is_section = |known_by: &str| valid.contains(&known_by);
    if !SECTIONS.iter().any(|(_, known_by, _)| is_section(known_by)) {
        return None;
    }
    let others = || SECTIONS.iter().filter(|(_, known_by, _)| !is_section(known_by));
    others().find_map(|(section, _, keys)| {
        let key = keys.iter().find(|key| same_name(key, found)).copied();
        let key = key.or_else(|| synonyms::meant("key", found, keys))?;
        Some(match *section {
            "" if SECTIONS.iter().any(|(section, ..)| *section == key) => {
                format!("`{key}` stands beside the other sections, not within one: indent it less")
            }
            "" => format!("`{key}` stands at the top, beside the sections: indent it less"),
            section => format!("it belongs to `{section}`: `{section}: {{{key}: …}}`"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_the_sections_are_theirs() {
        let schema = crate::config::schema_of::<crate::sections::Config>();
        for (section, known_by, keys) in SECTIONS {
            let properties = match *section {
                "" => schema["properties"].clone(),
                section => {
                    let mut of = &schema["properties"][section];
                    if let Some(list) = of["anyOf"].as_array() {
                        of = &list[0];
                    }
                    let name = of["$ref"].as_str().map(|name| name.trim_start_matches("#/$defs/"));
                    name.map_or(of.clone(), |name| schema["$defs"][name].clone())["properties"]
                        .clone()
                }
            };
            for key in keys.iter().chain([known_by]) {
                assert!(properties.get(key).is_some(), "{section}: {key}: {properties}");
            }
        }
    }
}
