//! What stands around an entry of a list: a whole configuration, and its table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The target, the last layer's units and activation, and a loss for them.
fn of_target(on: &str) -> [&'static str; 4] {
    match on {
        "binary" => ["b0", "1", "sigmoid", "binary_crossentropy"],
        "signs" => ["s", "1", "tanh", "hinge"],
        "classes" => ["c", "3", "softmax", "sparse_categorical_crossentropy"],
        "vectors" => ["{column: c, encode: label}", "3", "linear", "circle"],
        "one_hot" => ["{columns: [p0, p1, p2]}", "3", "softmax", "categorical_crossentropy"],
        "labels" => ["{columns: [b0, b1, b2]}", "3", "sigmoid", "binary_crossentropy"],
        "two" => ["{columns: [y, z]}", "2", "linear", "mse"],
        _ => ["y", "1", "softplus", "mse"],
    }
}

/// A whole configuration around an entry of a list.
pub(super) fn config(list: &str, entry: &str, options: &BTreeMap<String, String>) -> String {
    let option = |key: &str| options.get(key).map(String::as_str).unwrap_or_default();
    let shape = match (option("shape"), option("ids")) {
        ("", "") => "4",
        ("", ids) => ids,
        (shape, _) => shape,
    };
    let sizes: Vec<usize> = shape.split('x').map(|size| size.parse().unwrap()).collect();
    let is_ids = options.contains_key("ids") || option("before") == "embedding";
    let letter = if is_ids { "k" } else { "x" };
    let columns: Vec<String> =
        (0..sizes.iter().product()).map(|i| format!("{letter}{i}")).collect();
    let [target, units, activation, mut loss] = of_target(option("on"));
    let activation = options.get("activation").map_or(activation, String::as_str);
    let before = match option("before") {
        "dense" => "- dense: {units: 4}\n",
        "masking" => "- masking: {mask_value: 0.5}\n",
        "embedding" => "- embedding: {input_dim: 5, output_dim: 3}\n    - flatten\n",
        "explosion" => "- rescaling: {scale: 1e38}\n",
        _ => "",
    };
    let (mut layer, mut after) = ("dense: {units: 3, name: first}", "flatten");
    let (mut optimizer, mut rest) = ("sgd: {learning_rate: 0.01}".to_string(), String::new());
    let mut metrics = String::new();
    match list {
        "layer" => layer = entry,
        "optimizer" => optimizer = entry.to_string(),
        "schedule" => optimizer = format!("sgd: {{learning_rate: {{{entry}}}}}"),
        "loss" => loss = entry,
        "metric" => metrics = format!(", metrics: [{{{entry}}}]"),
        "callback" => rest = format!("\n  callbacks: [{{{entry}}}]"),
        _ => panic!("{list}"),
    }
    if option("after") == "rnn" {
        after = "simple_rnn: {units: 2}";
    }
    let last = if option("on") == "vectors" { "\n    - unit_normalization" } else { "" };
    let loss = if loss.contains(": ") { format!("{{{loss}}}") } else { loss.to_string() };
    format!(
        "name: t
data: {{train: t.csv, features: [{}], target: {target}}}
model:
  input_shape: {sizes:?}
  layers:
    {before}{}- {layer}
    - {after}
    - dense: {{units: {units}, activation: {activation}, name: last}}{last}
compile: {{optimizer: {{{optimizer}}}, loss: {loss}{metrics}}}
fit:
  batch_size: 8
  epochs: 4
  validation_split: 0.25{rest}
",
        columns.join(", "),
        if before.is_empty() { "" } else { "    " },
    )
}

/// A table with columns of every kind, 32 rows.
pub(super) fn csv() -> String {
    let mut text: Vec<String> = (0..64).map(|i| format!("x{i}")).collect();
    text.extend((0..8).map(|i| format!("k{i}")));
    text.extend("y,z,s,c,p0,p1,p2,b0,b1,b2".split(',').map(str::to_string));
    let mut csv = text.join(",") + "\n";
    let mut state: u64 = 1;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f64 / (1u64 << 24) as f64
    };
    for row in 0..32 {
        // every third number is the one that masks ask for
        (0..64).for_each(|i| {
            write!(csv, "{:.2},", if i / 3 % 3 == 2 { 0.5 } else { 2.0 * random() - 1.0 }).unwrap();
        });
        (0..8).for_each(|_| write!(csv, "{},", (random() * 5.0) as usize).unwrap());
        let class = (row * 7 + 1) % 3;
        let one_hot: Vec<String> = (0..3).map(|i| usize::from(i == class).to_string()).collect();
        let bits: Vec<String> = (0..3).map(|_| (random() as f32).round().to_string()).collect();
        let (y, z, sign) = (random() + 0.2, random(), if random() < 0.5 { -1 } else { 1 });
        writeln!(csv, "{y:.2},{z:.2},{sign},{class},{},{}", one_hot.join(","), bits.join(","))
            .unwrap();
    }
    csv
}
