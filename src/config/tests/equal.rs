//! One tree in three formats.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::config::node::Node;
use crate::config::write::shortest;
use crate::config::{Document, Format};

const FORMATS: [Format; 3] = [Format::Yaml, Format::Toml, Format::Json];

const YAML: &str = r"
name: loan # a comment
seed: 42
model:
  input_shape: [2]
  layers:
    - dense: {units: 8, activation: relu}
    - Dense:
        units: 16
        trainable: false
    - dense: {units: 2}
compile:
  optimizer: {sgd: {learning_rate: 1e-4}}
  loss: mse
fit:
  batch_size: 10
  validation_split: 0.5
  shuffle: true
";

const TOML: &str = r#"
name = "loan" # a comment
seed = 42
[model]
input_shape = [2]
[[model.layers]]
dense = { units = 8, activation = "relu" }
[[model.layers]]
Dense.units = 16
Dense.trainable = false
[[model.layers]]
dense.units = 2
[compile]
optimizer.sgd.learning_rate = 1e-4
loss = "mse"
[fit]
batch_size = 1_0
validation_split = 0.5
shuffle = true
"#;

const JSON: &str = r#"
{"name": "loan", "seed": 42, "model": {"input_shape": [2], "layers": [
  {"dense": {"units": 8, "activation": "relu"}},
  {"Dense": {"units": 16, "trainable": false}},
  {"dense": {"units": 2}}]},
 "compile": {"optimizer": {"sgd": {"learning_rate": 1e-4}}, "loss": "mse"},
 "fit": {"batch_size": 10, "validation_split": 0.5, "shuffle": true}}
"#;

fn tree(text: &str, format: Format) -> Value {
    Document::parse(text, "test", format).unwrap().root.to_json()
}

#[test]
fn yaml_toml_and_json_hold_the_same_tree_in_the_same_order() {
    let expected = tree(JSON, Format::Json);
    assert_eq!(tree(YAML, Format::Yaml).to_string(), expected.to_string());
    assert_eq!(tree(TOML, Format::Toml).to_string(), expected.to_string());
}

#[test]
fn what_is_read_is_written_and_read_alike() {
    for (text, name) in [(YAML, "a.yaml"), (TOML, "a.toml"), (JSON, "a.json")] {
        let config = super::read(text, name).unwrap();
        let json = serde_json::to_value(&config).unwrap();
        for format in FORMATS {
            let text = format.write(&json).unwrap();
            let again: super::Config =
                Document::parse(&text, "again", format).unwrap().config().unwrap();
            assert_eq!(serde_json::to_value(&again).unwrap(), json, "{text}");
        }
    }
}

#[test]
fn yaml_is_read_by_the_core_schema_of_version_1_2() {
    for (text, expected) in [
        ("yes", json!("yes")),
        ("no", json!("no")),
        ("on", json!("on")),
        ("True", json!(true)),
        ("~", json!(null)),
        ("", json!(null)),
        ("\"\"", json!("")),
        ("\"8\"", json!("8")),
        ("'true'", json!("true")),
        ("1e-3", json!(1e-3)),
        (".5", json!(0.5)),
        ("5.", json!(5.0)),
        ("+7", json!(7)),
        ("007", json!(7)),
        ("0x1F", json!(31)),
        ("0o17", json!(15)),
        ("0b1", json!("0b1")),
        ("1_000", json!("1_000")),
        ("1e", json!("1e")),
        ("\n- ", json!([null])),
        ("--1", json!("--1")),
        ("2024-01-01", json!("2024-01-01")),
        ("12:30", json!("12:30")),
        ("!!str 8", json!("8")),
        ("!!float 8", json!(8.0)),
        ("18446744073709551615", json!(u64::MAX)),
        ("p*", json!("p*")),
        ("|\n  a\n  b\n", json!("a\nb\n")),
        (">\n  a\n  b\n", json!("a b\n")),
        ("[&a {b: 1}, *a]", json!([{"b": 1}, {"b": 1}])),
    ] {
        let text = format!("x: {text}");
        assert_eq!(tree(&text, Format::Yaml), json!({ "x": expected }), "{text}");
    }
}

#[test]
fn json_is_read_with_its_escapes() {
    let text = r#"{"a\u0041\n": "\ud83d\ude00\/", "b": [-0.0, 1E3, []], "c": {}}"#;
    let expected = json!({"aA\n": "😀/", "b": [-0.0, 1000.0, []], "c": {}});
    assert_eq!(tree(text, Format::Json), expected);
}

#[test]
fn files_are_written_as_a_person_would_write_them() {
    let config = json!({
        "name": "loan", "seed": 1, "data": null,
        "model": {"input_shape": [8, 8, 1], "layers": [
            {"dense": {"units": 8, "activation": "relu"}}, "flatten",
            {"dense": {"units": 2, "name": "a rather long name, so that it doesn't fit on the line",
                       "activation": "softmax"}}]},
        "compile": {"optimizer": {"sgd": {"learning_rate": 1e-7_f32}}, "metrics": ["accuracy"]},
        "fit": {},
    });
    assert_eq!(Format::Yaml.write(&config).unwrap(), YAML_WRITTEN);
    assert_eq!(Format::Toml.write(&config).unwrap(), TOML_WRITTEN);
}

const YAML_WRITTEN: &str = r#"name: loan
seed: 1
data: null
model:
  input_shape: [8, 8, 1]
  layers:
    - dense: {units: 8, activation: relu}
    - flatten
    - dense:
        units: 2
        name: "a rather long name, so that it doesn't fit on the line"
        activation: softmax
compile:
  optimizer: {sgd: {learning_rate: 1e-7}}
  metrics: [accuracy]
fit: {}
"#;

const TOML_WRITTEN: &str = r#"name = "loan"
seed = 1

[model]
input_shape = [8, 8, 1]
layers = [
    { dense = { units = 8, activation = "relu" } },
    "flatten",
    { dense = { units = 2, name = "a rather long name, so that it doesn't fit on the line", activation = "softmax" } },
]

[compile]
optimizer = { sgd = { learning_rate = 1e-7 } }
metrics = ["accuracy"]

[fit]
"#;

/// Any tree of JSON; without nulls, which TOML doesn't have, where they are not wanted.
fn any_tree(nulls: bool) -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        "(yes|No|null|~|0x1f|1e5|\\.inf|<<|---|true|[0-9_.+e-]{1,6})",
    ];
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no others", |n| n.is_finite())
            .prop_map(|n| Value::from(shortest(n))),
        text.clone().prop_map(Value::from),
        Just(if nulls { Value::Null } else { json!("null") }),
    ];
    let tree = leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    });
    prop::collection::vec(("[a-z]{1,5}|.{1,5}", tree), 1..5)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_comes_back_from_yaml_and_json(value in any_tree(true)) {
        for format in [Format::Yaml, Format::Json] {
            let text = format.write(&value).unwrap();
            prop_assert_eq!(&tree(&text, format), &value, "{}", text);
        }
        prop_assert_eq!(&Node::from_json(&value).to_json(), &value);
    }

    #[test]
    fn any_tree_comes_back_from_toml(value in any_tree(false)) {
        let text = Format::Toml.write(&value).unwrap();
        prop_assert_eq!(&tree(&text, Format::Toml), &value, "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), value in "\\PC{0,30}") {
        for format in FORMATS {
            drop(Document::parse(&text, "test", format).and_then(|d| d.config::<super::Config>()));
        }
        let mut document = Document::parse(YAML, "test", Format::Yaml).unwrap();
        drop(document.set(&value));
        drop(document.set(&format!("fit.epochs={value}")));
        drop(document.config::<super::Config>());
    }

    #[test]
    fn a_text_like_a_configuration_is_read_or_refused(
        parts in prop::collection::vec(
            "(model|layers|dense|units|fit|:|: |\n|\n  |\n    - |- |\\{|\\}|\\[|\\]|, |&a |\\*a|!!int |\"|'|#|=| = |8|é|\t|\\\\|---\n)",
            0..40,
        )
    ) {
        for format in FORMATS {
            let text = parts.concat();
            drop(Document::parse(&text, "test", format).and_then(|d| d.config::<super::Config>()));
        }
    }
}
