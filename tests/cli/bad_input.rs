//! What a user can get wrong: every error says what was expected, what was found, where, and what
//! to do; exit code 1 for what the user gave, 2 for usage; nothing panics.

use crate::support::{Folder, LOAN};

/// A change to loan.yaml and what stderr must hold.
const CONFIGS: &[(&str, &str, &str, &[&str])] = &[
    (
        "unknown key",
        "activation: relu",
        "activaton: relu",
        &["loan.yaml:11", "`activaton`", "did you mean `activation`"],
    ),
    (
        "unknown layer",
        "- dropout",
        "- dropuot",
        &["loan.yaml:12", "unknown layer `dropuot`", "`dropout`"],
    ),
    ("unknown section", "compile:", "compiles:", &["loan.yaml:14", "`compiles`", "`compile`"]),
    (
        "unknown optimizer",
        "{adam: {",
        "{adamm: {",
        &["loan.yaml:15", "unknown optimizer `adamm`", "`adam`"],
    ),
    (
        "unknown loss",
        "sparse_categorical_crossentropy",
        "sparse_crossentropy",
        &["loan.yaml:16", "unknown loss"],
    ),
    (
        "unknown metric",
        "[accuracy]",
        "[acuracy]",
        &["loan.yaml:17", "unknown metric `acuracy`", "`accuracy`"],
    ),
    (
        "unknown activation",
        "activation: relu",
        "activation: rleu",
        &["loan.yaml:11", "`rleu`", "`relu`"],
    ),
    ("wrong type", "units: 8", "units: eight", &["loan.yaml:11", "whole number", "\"eight\""]),
    ("negative units", "units: 8", "units: -8", &["loan.yaml:11", "-8"]),
    ("fraction of units", "units: 8", "units: 8.5", &["loan.yaml:11", "8.5"]),
    ("zero units", "units: 8", "units: 0", &["loan.yaml:11", "`units` must be at least 1, got 0"]),
    ("absurd units", "units: 8", "units: 9000000000000000000", &["loan.yaml:11", "dense"]),
    (
        "missing units",
        "units: 8, activation: relu",
        "activation: relu",
        &["loan.yaml:11", "`units` is missing"],
    ),
    ("duplicate key", "name: loan\n", "name: loan\nname: again\n", &["loan.yaml:2", "name"]),
    ("bad YAML", "  layers:\n", "  layers: [\n", &["loan.yaml:"]),
    ("tab", "  layers:\n", "\tlayers:\n", &["loan.yaml:"]),
    (
        "negative rate",
        "learning_rate: 0.01",
        "learning_rate: -0.01",
        &["loan.yaml:15", "learning_rate", "-0.01"],
    ),
    ("rate of text", "learning_rate: 0.01", "learning_rate: fast", &["loan.yaml:15", "\"fast\""]),
    ("dropout over 1", "rate: 0.1", "rate: 1.5", &["loan.yaml:12", "rate", "1.5"]),
    (
        "zero batch",
        "batch_size: 10",
        "batch_size: 0",
        &["loan.yaml:19", "`batch_size` must be at least 1, got 0"],
    ),
    (
        "zero epochs",
        "epochs: 4",
        "epochs: 0",
        &["loan.yaml:20", "`epochs` must be at least 1, got 0"],
    ),
    (
        "split of all",
        "validation_split: 0.1",
        "validation_split: 1.0",
        &["loan.yaml:21", "validation_split"],
    ),
    (
        "split of nothing",
        "validation_split: 0.1",
        "validation_split: -0.1",
        &["loan.yaml:21", "validation_split"],
    ),
    (
        "split of text",
        "validation_split: 0.1",
        "validation_split: {randm: 0.1}",
        &["loan.yaml:21", "randm"],
    ),
    (
        "softmax of one",
        "units: 2, activation: softmax",
        "units: 1, activation: softmax",
        &["loan.yaml:16", "1 unit", "sigmoid"],
    ),
    (
        "binary loss over two units",
        "sparse_categorical_crossentropy",
        "binary_crossentropy",
        &["loan.yaml:16", "1 unit", "sigmoid"],
    ),
    (
        "categorical loss over labels",
        "loss: sparse_categorical",
        "loss: categorical",
        &["loan.yaml:16", "one_hot"],
    ),
    ("mse over classes", "sparse_categorical_crossentropy", "mse", &["loan.yaml:16"]),
    (
        "logits of softmax",
        "loss: sparse_categorical_crossentropy",
        "loss: {sparse_categorical_crossentropy: {from_logits: true}}",
        &["from_logits"],
    ),
    ("missing file", "train: loan.csv", "train: laon.csv", &["loan.yaml:4", "laon.csv"]),
    ("missing column", "column: age", "column: agge", &["agge", "did you mean `age`"]),
    ("column twice", "{column: area, encode: label}", "{column: age}", &["age"]),
    (
        "text without encode",
        "{column: area, encode: label}",
        "{column: area}",
        &["area", "encode: label"],
    ),
    ("unknown scale", "scale: min_max", "scale: minmaxx", &["loan.yaml:6", "minmaxx"]),
    (
        "input shape that doesn't fit",
        "model:\n",
        "model:\n  input_shape: [3]\n",
        &["input_shape", "3", "2"],
    ),
    (
        "no layers",
        "    - dense: {units: 8, activation: relu}\n    - dropout: {rate: 0.1}\n    - dense: {units: 2, activation: softmax}\n",
        "    []\n",
        &["no layers"],
    ),
    (
        "two names alike",
        "units: 8, activation: relu",
        "units: 8, name: a}\n    - dense: {units: 4, name: a",
        &["`a`"],
    ),
    (
        "two kinds in one entry",
        "    - dropout: {rate: 0.1}\n",
        "    - dropout: {rate: 0.1}\n      flatten: {}\n",
        &["loan.yaml:13", "flatten"],
    ),
    (
        "monitor that doesn't exist",
        "  epochs: 4\n",
        "  epochs: 4\n  callbacks: [early_stopping: {monitor: val_acuracy}]\n",
        &["val_acuracy", "val_accuracy"],
    ),
    ("lambda", "- dropout: {rate: 0.1}", "- lambda", &["lambda"]),
    ("empty", LOAN, "", &["loan.yaml"]),
    ("a list", LOAN, "- a\n- b\n", &["loan.yaml"]),
];

#[test]
fn every_mistake_in_a_configuration_is_told_with_its_place() {
    for (what, from, to, fragments) in CONFIGS {
        let folder = Folder::with_loan();
        assert!(LOAN.contains(from), "{what}: loan.yaml lacks {from}");
        folder.write("loan.yaml", &LOAN.replacen(from, to, 1));
        let call = folder.run("train loan.yaml -q --out run");
        told(what, &call, 1, fragments);
        assert!(!folder.path("run").exists(), "{what}: a run folder was made");
    }
}

#[test]
fn all_mistakes_of_a_configuration_are_told_at_once() {
    let folder = Folder::with_loan();
    let changes = [
        ("column: age, scale", "column: agge, scal"),
        ("units: 8, activation: relu", "units: 8, activaton: relu"),
        ("rate: 0.1", "rate: 1.5"),
        ("learning_rate: 0.01", "learning_rate: fast"),
        ("metrics: [accuracy]", "metrics: [acuracy]"),
        ("epochs: 4", "epochs: 0"),
        ("validation_split: 0.1", "validation_split: {randm: 0.1}"),
    ];
    let mut text = LOAN.to_string();
    for (from, to) in changes {
        assert!(text.contains(from));
        text = text.replacen(from, to, 1);
    }
    folder.write("loan.yaml", &text);
    let call = folder.run("check loan.yaml");
    told("seven", &call, 1, &["scal`", "activaton", "1.5", "fast", "acuracy", "epochs", "randm"]);
    assert_eq!(call.stderr.matches("error: ").count(), 7, "{}", call.stderr);
    let json = folder.run("check loan.yaml --json");
    let objects: Vec<serde_json::Value> =
        json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects.len(), 7, "{}", json.stdout);
    let lines: Vec<u64> =
        objects.iter().map(|object| object["place"]["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [6, 11, 12, 15, 17, 20, 21]);
    assert_eq!((&objects[0]["code"], &objects[0]["kind"]), (&"L010".into(), &"unknown_key".into()));
    assert_eq!(objects[0]["place"]["path"], "data.features[0].scal");
    let [start, end] = [0, 1].map(|i| objects[0]["place"]["bytes"][i].as_u64().unwrap() as usize);
    assert_eq!(&text[start..end], "scal");
}

#[test]
fn what_depends_on_a_mistake_is_not_judged() {
    for (what, changes, mistakes) in [
        // the loss and the callbacks need the model and the metrics
        ("model", &[("units: 2, activation: softmax", "units: two, activation: softmax")][..], 1),
        ("data", &[("train: loan.csv", "train: laon.csv"), ("units: 8", "units: 0")], 2),
        ("section", &[("data:\n", "dta:\n")], 1),
        ("column", &[("column: age", "column: agge"), ("{column: area", "{column: aera")], 2),
        (
            "metric",
            &[
                ("metrics: [accuracy]", "metrics: [acuracy]"),
                ("epochs: 4\n", "epochs: 4\n  callbacks: [early_stopping: {monitor: accuracy}]\n"),
            ],
            1,
        ),
        ("split and column", &[("column: age", "column: agge"), ("split: 0.1", "split: 2")], 2),
        (
            "split",
            &[("split: 0.1", "split: 2"), ("[accuracy]", "[{top_k_categorical_accuracy: {k: 0}}]")],
            2,
        ),
        // all layers are judged, as far as their own arguments go
        (
            "layers",
            &[("units: 8", "units: 0"), ("rate: 0.1", "rate: 2"), ("units: 2", "units: 0")],
            3,
        ),
    ] {
        let folder = Folder::with_loan();
        let mut text = LOAN.to_string();
        for (from, to) in changes {
            assert!(text.contains(from), "{what}: {from}");
            text = text.replacen(from, to, 1);
        }
        folder.write("loan.yaml", &text);
        let call = folder.run("train loan.yaml -q --out run");
        told(what, &call, 1, &[]);
        assert_eq!(call.stderr.matches("error: ").count(), mistakes, "{what}: {}", call.stderr);
    }
}

#[test]
fn usage_errors_exit_2() {
    let folder = Folder::with_loan();
    for call in [
        "",
        "trian loan.yaml",
        "train",
        "predict",
        "train loan.yaml --threads 0",
        "train loan.yaml --partial",
    ] {
        let call: Vec<&str> = call.split(' ').filter(|word| !word.is_empty()).collect();
        assert_eq!(folder.call(&call).code, 2, "{call:?}");
    }
    told("no such device", &folder.run("train loan.yaml --device tpu"), 1, &["tpu", "cpu"]);
    told("no cuda", &folder.run("train loan.yaml --device cuda"), 1, &["cuda"]);
}

#[test]
fn set_is_typed_and_checked_like_the_file() {
    let folder = Folder::with_loan();
    for (set, fragments) in [
        ("fit.epoks=3", &["epoks", "`epochs`"][..]),
        ("fit.epochs=many", &["epochs", "many"]),
        ("fit.epochs", &["fit.epochs"]),
        ("compile.optimizer.sgd.momentum=0.9", &["sgd", "adam"]),
        ("model.layers[9].dense.units=3", &["9"]),
        ("model.layers[0].dense.units=0", &["at least 1"]),
    ] {
        told(set, &folder.call(&["train", "loan.yaml", "-q", "--set", set]), 1, fragments);
    }
}

#[test]
fn a_loss_that_is_not_a_number_names_the_epoch_the_batch_and_the_checkpoint() {
    let folder = Folder::with_loan();
    let call = folder.run("train loan.yaml -q --out run --set compile.optimizer=sgd --set compile.optimizer.sgd.learning_rate=1e30 --set compile.loss=mse --set model.layers[2].dense.units=1 --set model.layers[2].dense.activation=linear --set compile.metrics=[]");
    told("nan", &call, 1, &["epoch 1", "batch", "run"]);
}

pub fn told(what: &str, call: &crate::support::Call, code: i32, fragments: &[&str]) {
    assert_eq!(call.code, code, "{what}: {}{}", call.stdout, call.stderr);
    assert!(!call.stderr.contains("panicked"), "{what}: {}", call.stderr);
    assert!(call.stderr.lines().any(|line| line.starts_with("error: ")), "{what}: {}", call.stderr);
    for fragment in fragments {
        assert!(
            call.stderr.contains(fragment),
            "{what}: `{fragment}` is missing in\n{}",
            call.stderr
        );
    }
    if std::env::var_os("LANTHORN_SHOW").is_some() {
        println!("--- {what}\n{}", call.stderr);
    }
}
