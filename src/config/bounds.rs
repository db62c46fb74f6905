//! The bounds of numbers that the program checks after reading, for the JSON Schema. A test compares
//! them with what the program refuses.

use serde_json::{Map, Value, json};

/// Where (all, a list, or a kind), which keys, and from where to where: `[` and `]` take the end in,
/// `(` and `)` don't. What stands further down is more special.
const BOUNDS: &[(&str, &str, &str)] = &[
    // sizes and counts
    ("", "units filters groups n kernel_size strides dilation_rate pool_size size", "[1"),
    ("", "depth_multiplier output_dim output_size input_dim output_shape", "[1"),
    ("", "batch_size validation_batch_size epochs validation_freq", "[1"),
    ("", "k top_k num_classes num_thresholds ns_steps dynamic_growth_steps", "[1"),
    ("", "ema_overwrite_frequency decay_steps first_decay_steps t_mul", "[1"),
    ("", "gradient_accumulation_steps", "[2"),
    ("FitConfig", "epochs", "[0"),
    ("metric", "num_thresholds", "[1, 20000]"),
    ("metric", "num_classes", "[1, 4096]"),
    ("metric.auc", "num_thresholds", "[2, 20000]"),
    // parts of 1
    ("", "rate dropout recurrent_dropout label_smoothing ema_momentum momentum margin", "[0, 1]"),
    ("", "specificity sensitivity precision recall thresholds random stratified", "[0, 1]"),
    ("", "beta_1 beta_2 adam_beta_1 adam_beta_2 rho", "[0, 1)"),
    ("", "q", "(0, 1)"),
    ("validation_split", "random stratified part", "(0, 1)"),
    ("window", "sequence_length horizon sequence_stride sampling_rate", "[1, 16777216]"),
    ("cv", "folds", "[2, 1000]"),
    ("cv", "fold", "[1"),
    ("image", "fill_value", "[0, 255]"),
    ("layer.gaussian_dropout", "rate", "[0, 1)"),
    ("layer.alpha_dropout", "rate", "[0, 1)"),
    ("layer.group_normalization", "groups", "[-1"),
    ("layer.random_contrast", "factor", "[0, 1]"),
    ("layer.random_rotation", "factor", "[-1, 1]"),
    ("layer.random_zoom", "height_factor width_factor", "[-1, 1]"),
    ("layer.random_translation", "height_factor width_factor", "[-1, 1]"),
    ("metric.f1_score", "threshold", "(0, 1]"),
    ("metric.fbeta_score", "threshold", "(0, 1]"),
    ("optimizer.muon", "momentum", "[0, 1)"),
    ("optimizer.schedule_free_adamw", "beta_1", "(0, 1)"),
    ("schedule", "alpha", "[0, 1]"),
    ("loss.binary_focal_crossentropy", "alpha", "[0, 1]"),
    ("callback.reduce_lr_on_plateau", "factor", "(0, 1)"),
    // rates, weights and small numbers
    ("", "learning_rate initial_learning_rate end_learning_rate warmup_target min_lr", "[0"),
    ("", "weight_decay adam_weight_decay decay_rate l1 l2 stddev variance epsilon", "[0"),
    ("", "adam_lr_ratio rms_rate initial_accumulator_value", "[0"),
    ("", "l1_regularization_strength l2_regularization_strength", "[0"),
    ("", "l2_shrinkage_regularization_strength", "[0"),
    ("", "clipnorm clipvalue global_clipnorm loss_scale_factor initial_scale", "(0"),
    ("", "epsilon_1 epsilon_2 clip_threshold m_mul power delta", "(0"),
    ("optimizer", "epsilon", "(0"),
    ("optimizer.ftrl", "learning_rate", "(0"),
    ("optimizer.ftrl", "learning_rate_power", "(, 0]"),
    ("optimizer.ftrl", "beta", "[0"),
    ("optimizer.adafactor", "beta_2_decay", "(, 0)"),
    ("schedule", "warmup_steps", "[0"),
    ("layer.re_lu", "max_value negative_slope threshold", "[0"),
    ("loss", "alpha beta gamma", "[0"),
    ("loss.binary_focal_crossentropy", "alpha", "[0, 1]"),
    ("loss.circle", "gamma", "(0"),
    ("metric.fbeta_score", "beta", "(0"),
    ("callback", "verbose", "[0, 1]"),
];

/// Keys that Keras has and that must be false here, and where they stand.
const FALSE: &[(&str, &str)] = &[
    ("layer", "return_state stateful renorm synchronized rms_scaling"),
    ("callback", "append save_weights_only double_checkpoint delete_checkpoint"),
];

/// Adds the bounds of the keys among the properties of a table, which stands in the definition
/// `place`; they count for numbers alone.
pub(super) fn add(properties: &mut Map<String, Value>, place: &str) {
    let is_there = |within: &str| {
        within.is_empty()
            || place == within
            || place.split_once('.').is_some_and(|(list, _)| list == within)
    };
    let mut each = |keys: &str, change: &dyn Fn(&mut Map<String, Value>)| {
        for key in keys.split(' ') {
            if let Some(Value::Object(schema)) = properties.get_mut(key) {
                change(schema);
            }
        }
    };
    for (_, keys, range) in BOUNDS.iter().filter(|(within, ..)| is_there(within)) {
        each(keys, &|schema| bound(schema, range));
    }
    for (_, keys) in FALSE.iter().filter(|(within, _)| is_there(within)) {
        each(keys, &|schema| {
            schema.insert("const".to_string(), json!(false));
        });
    }
}

/// Sets a range in place of any other.
fn bound(schema: &mut Map<String, Value>, range: &str) {
    let words = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"];
    for word in words {
        schema.shift_remove(word);
    }
    let (low, high) = range.split_once(", ").unwrap_or((range, ""));
    let mut set = |text: &str, is_within: bool, [within, beyond]: [&str; 2]| {
        if let Ok(number) = text.trim_matches(['(', '[', ')', ']']).parse::<i64>() {
            schema.insert(if is_within { within } else { beyond }.to_string(), json!(number));
        }
    };
    set(low, low.starts_with('['), ["minimum", "exclusiveMinimum"]);
    set(high, high.ends_with(']'), ["maximum", "exclusiveMaximum"]);
}
