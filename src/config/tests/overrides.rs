//! `--set`.

use serde_json::{Value, json};

use crate::config::{Document, Format};

const FILE: &str = r"
model:
  layers:
    - dense: {units: 8}
    - Dense: {units: 4}
    - dense
compile:
  optimizer: sgd
  loss: mse
fit:
name: loan
";

fn document(overrides: &[&str]) -> crate::Result<Document> {
    let mut document = Document::parse(FILE, "loan.yaml", Format::Yaml)?;
    overrides.iter().try_for_each(|text| document.set(text))?;
    Ok(document)
}

fn error_of(overrides: &[&str]) -> String {
    let config = document(overrides).and_then(|document| document.config::<super::Config>());
    config.expect_err("an override that can't be").to_string()
}

#[test]
fn a_value_is_set_at_its_path() {
    for (text, pointer, expected) in [
        ("name=other", "/name", json!("other")),
        ("name=", "/name", json!(null)),
        ("name='7'", "/name", json!("7")),
        ("name=a=b", "/name", json!("a=b")),
        ("seed=7", "/seed", json!(7)),
        ("model.layers[0].dense.units=16", "/model/layers/0/dense/units", json!(16)),
        ("model.layers[1].dense.units=16", "/model/layers/1/Dense/units", json!(16)),
        ("model.layers[2].dense.units=16", "/model/layers/2/dense/units", json!(16)),
        ("model.layers[2]={dense: {units: 3}}", "/model/layers/2/dense/units", json!(3)),
        ("model.layers=[flatten]", "/model/layers", json!(["flatten"])),
        ("model.inputShape=[2, 3]", "/model/inputShape", json!([2, 3])),
        ("compile.optimizer=adam", "/compile/optimizer", json!("adam")),
        ("compile.optimizer={adam: {beta_1: 0.5}}", "/compile/optimizer/adam/beta_1", json!(0.5)),
        (
            "compile.optimizer.sgd.learning_rate=1e-3",
            "/compile/optimizer/sgd/learning_rate",
            json!(1e-3),
        ),
        ("compile.optimizer.SGD.nesterov=true", "/compile/optimizer/sgd/nesterov", json!(true)),
        ("fit.epochs=30", "/fit/epochs", json!(30)),
        ("data.train=C:\\data\\x.csv", "/data/train", json!("C:\\data\\x.csv")),
        ("a.b.c=[1, yes, {d: null}]", "/a/b/c", json!([1, "yes", {"d": null}])),
    ] {
        let tree = document(&[text]).unwrap().root.to_json();
        assert_eq!(tree.pointer(pointer), Some(&expected), "{text}");
    }
}

#[test]
fn a_later_override_sees_an_earlier_one() {
    let document = document(&["fit.epochs=3", "compile.optimizer=adam", "fit.epochs=4"]).unwrap();
    let tree = document.root.to_json();
    assert_eq!(tree.pointer("/fit"), Some(&json!({"epochs": 4})));
    let document = self::document(&["compile.optimizer=adam", "compile.optimizer.adam.beta_1=0"]);
    let tree: Value = document.unwrap().root.to_json();
    assert_eq!(tree.pointer("/compile/optimizer"), Some(&json!({"adam": {"beta_1": 0}})));
}

#[test]
fn an_override_that_cannot_be_is_drawn_on_the_command_line() {
    for (text, message, place, help) in [
        ("fit.epochs", "expected KEY=VALUE, got no `=`", 7, "--set fit.epochs=30"),
        ("=3", "expected a key", 7, "model.layers[0]"),
        ("fit..epochs=3", "expected a key", 11, ""),
        (
            "model.layers[x].dense=3",
            "expected an index such as `[0]`, got `[x]`",
            19,
            "count from 0",
        ),
        ("model.layers[0.dense=3", "expected an index such as `[0]`, got `[0`", 19, ""),
        ("model.layers[3].dense.units=3", "`model.layers` has 3 items, `[0]` to `[2]`", 19, ""),
        (
            "model.layers.dense=3",
            "`model.layers` is a list, which has no key `dense`",
            20,
            "`model.layers[0]`",
        ),
        ("model[0]=3", "`model` is a table of keys, not a list", 12, ""),
        ("fit.callbacks[0]=3", "`fit.callbacks` is nothing, not a list", 20, ""),
        ("name.first=3", "`name` is `loan`, so that nothing of `first` can be set", 12, ""),
        (
            "compile.optimizer.adam.learning_rate=3",
            "`compile.optimizer` is `sgd`, so that nothing of `adam` can be set",
            25,
            "compile.optimizer.sgd",
        ),
        ("name=[1", "`[` is never closed", 12, ""),
        ("name=*", "an anchor or alias has no name", 12, "needs quotes"),
        ("fit={a: 1, a: 2}", "`a` is given twice", 18, ""),
    ] {
        let error = document(&[text]).expect_err(text).to_string();
        assert!(error.starts_with(&format!("error: {message}\n")), "{error}");
        assert!(error.contains(&format!(" --> command line:1:{place}\n")), "{error}");
        assert!(error.contains(&format!("1 | --set {text}\n")), "{error}");
        assert!(error.contains(help), "{error}");
    }
}

#[test]
fn a_wrong_value_from_the_command_line_is_drawn_there() {
    let good = "model.layers[2].dense.units=1";
    for (text, message, place) in [
        ("fit.epochs=-3", "expected a whole number of at least 0, got -3", 18),
        ("fit.epoch=3", "unknown key `epoch`", 11),
        ("fitt.epochs=3", "unknown key `fitt`", 7),
        ("model.layers[1].dense.activation=rellu", "unknown activation `rellu`", 40),
        ("compile.optimizer={sgd: {momentum: x}}", "expected a number, got the text \"x\"", 42),
        (
            "model.layers[0].dropout.rate=0.5",
            "`model.layers[0]` is `dense`, so that nothing of `dropout` can be set",
            23,
        ),
    ] {
        let error = error_of(&[good, text]);
        assert!(error.starts_with(&format!("error: {message}\n")), "{error}");
        assert!(error.contains(&format!(" --> command line:1:{place}\n")), "{error}");
        assert!(error.contains(&format!("1 | --set {text}\n")), "{error}");
    }
    // what the file says wrong is still drawn in the file
    let error = error_of(&["fit.epochs=3"]);
    assert!(error.contains("`units` is missing\n --> loan.yaml:6:7\n"), "{error}");
}

#[test]
fn nothing_is_set_deeper_than_trees_may_be() {
    let path = vec!["a"; 10_000].join(".");
    let error = document(&[&format!("{path}=1")]).unwrap_err().to_string();
    assert!(error.contains("nested over 64 deep"), "{error}");
}
