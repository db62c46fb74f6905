//! `target: features`: a model that gives back what it is given.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use serde_json::Value;

use crate::support::{Folder, project};
use crate::tables::refused;

/// Forty rows near a line, and one that is not.
fn folder() -> Folder {
    let folder = Folder::new();
    let row = |i: i32| format!("{i},{},{},{}\n", 2 * i + 5, ["a", "b"][(i % 2) as usize], i % 7);
    let rows: String = (0..40).map(row).collect();
    folder.write("t.csv", &format!("u,v,kind,note\n{rows}"));
    folder.write(
        "t.yaml",
        &config(
            "[{columns: [u, v], scale: standard}, {column: kind, encode: one_hot}]",
            "features",
        ),
    );
    folder
}

fn config(features: &str, target: &str) -> String {
    format!(
        "seed: 1
data: {{train: t.csv, features: {features}, target: {target}}}
model: {{layers: [{{dense: {{units: 3, activation: tanh}}}}, {{dense: {{units: 4}}}}]}}
compile: {{optimizer: {{adam: {{learning_rate: 0.02}}}}, loss: mse}}
fit: {{batch_size: 8, epochs: 60}}
"
    )
}

fn numbers(csv: &str, first: usize) -> Vec<Vec<f64>> {
    let row = |line: &str| line.split(',').skip(first).map(|cell| cell.parse().unwrap()).collect();
    csv.lines().skip(1).map(row).collect()
}

#[test]
fn predict_writes_the_reconstruction_error_of_each_row() {
    let folder = folder();
    folder.ok("train t.yaml -q --out run");
    let predicted = folder.ok("predict run t.csv");
    let header = "error,prediction_u,prediction_v,prediction_kind_a,prediction_kind_b";
    assert_eq!(predicted.lines().next(), Some(header));
    folder.ok("data t.yaml -o seen.csv");
    let seen = folder.read("seen.csv");
    assert_eq!(seen.lines().next(), Some("split,u,v,kind_a,kind_b")); // y is no second copy
    let rows = numbers(&predicted, 0);
    assert_eq!(rows.len(), 40);
    for (row, x) in rows.iter().zip(numbers(&seen, 1)) {
        let error: f64 = x.iter().zip(&row[1..]).map(|(x, p)| (x - p).powi(2)).sum::<f64>() / 4.0;
        assert!((row[0] - error).abs() < 1e-5, "{row:?} {x:?}");
    }
    // the mean of the errors is the loss, and a row unlike the others stands out
    let mean = rows.iter().map(|row| row[0]).sum::<f64>() / 40.0;
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("evaluate run t.csv --json")).unwrap();
    let loss = json["metrics"]["loss"].as_f64().unwrap_or_else(|| panic!("{json}"));
    assert!((loss - mean).abs() < 1e-5, "{loss} {mean}");
    folder.write("odd.csv", "kind,v,u\na,5,39\n");
    let odd = numbers(&folder.ok("predict run odd.csv"), 0)[0][0];
    assert!(rows.iter().all(|row| row[0] < odd / 4.0), "{odd} {mean}");
    let json = folder.ok("predict run odd.csv --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let error = json["predictions"][0]["error"].as_f64().unwrap();
    assert!((error - odd).abs() < 1e-5, "{json}");
}

/// Recorded by tests/files/autoencoder/make.py.
#[test]
fn the_first_epochs_are_those_of_keras_from_equal_weights() {
    let text = std::fs::read_to_string(project("tests/files/autoencoder/keras.json")).unwrap();
    let keras: Value = serde_json::from_str(&text).unwrap();
    let folder = Folder::new();
    let columns = keras["columns"].as_object().unwrap();
    let names: Vec<&str> = columns.keys().map(String::as_str).collect();
    let mut table = names.join(",") + "\n";
    for row in 0..60 {
        let cell = |name: &&str| columns[*name][row].to_string().replace('"', "");
        table += &(names.iter().map(cell).collect::<Vec<_>>().join(",") + "\n");
    }
    folder.write("t.csv", &table);
    let config = config(
        "[{columns: [u, v, w], scale: standard}, {column: kind, encode: one_hot}]",
        "features",
    );
    let config = config.replace("dense: {units: 4}", "dense: {units: 5}");
    let config = config.replace("loss: mse", "loss: mse, metrics: [mae]");
    folder.write(
        "t.yaml",
        &config.replace("batch_size: 8, epochs: 60", "batch_size: 16, epochs: 6, shuffle: false"),
    );
    let numbers = |of: &Value| -> Vec<f32> {
        of.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
    };
    let tensor = |place: usize| {
        let of = &keras["weights"][place];
        if of[0].is_array() {
            let rows: Vec<Vec<f32>> = of.as_array().unwrap().iter().map(numbers).collect();
            return Tensor::new(rows, &Device::Cpu).unwrap().t().unwrap().contiguous().unwrap();
        }
        Tensor::new(numbers(of), &Device::Cpu).unwrap()
    };
    let tensors = ["dense.weight", "dense.bias", "dense_1.weight", "dense_1.bias"];
    let tensors =
        tensors.iter().enumerate().map(|(place, name)| ((*name).to_string(), tensor(place)));
    let tensors: HashMap<String, Tensor> = tensors.collect();
    candle_core::safetensors::save(&tensors, folder.path("w.safetensors")).unwrap();
    folder.ok("train t.yaml -q --out run --init-weights w.safetensors");
    let history = folder.read("run/history.csv");
    let header: Vec<&str> = history.lines().next().unwrap().split(',').collect();
    for key in ["loss", "mae"] {
        let place = header.iter().position(|name| *name == key).unwrap();
        for (line, want) in history.lines().skip(1).zip(numbers(&keras["history"][key])) {
            let ours: f32 = line.split(',').nth(place).unwrap().parse().unwrap();
            assert!((ours - want).abs() < 1e-4, "{key}: {ours}, Keras {want}");
        }
    }
    let ours = folder.ok("predict run t.csv");
    let ours =
        ours.lines().skip(1).map(|line| line.split(',').next().unwrap().parse::<f32>().unwrap());
    for (ours, want) in ours.zip(numbers(&keras["errors"])) {
        assert!((ours - want).abs() < 1e-4, "{ours}, Keras {want}");
    }
}

#[test]
fn a_target_of_the_same_columns_is_told_of_the_word() {
    let folder = folder();
    let check = |features: &str, target: &str| {
        folder.write("t.yaml", &config(features, target));
        folder.run("check t.yaml")
    };
    let words = "to train an autoencoder, write `target: features`";
    refused(&check("[u, v]", "{columns: [u, v]}"), &["column `u` is used twice", words]);
    let call = check("[{columns: \"[uv]\"}]", "{columns: [u, v]}");
    refused(&call, &["no column left", "write `target: features`"]);
    folder.write("t.csv", "u,v,kind,features\n1,2,a,3\n2,3,b,4\n");
    let call = check("[u, v]", "features");
    refused(&call, &["a column `features` too", "`target: {column: features}`"]);
    let call = check("[u, v, {column: kind, encode: one_hot}]", "{column: features}");
    assert!(call.stderr.contains("give the last layer 1 unit"), "{}", call.stderr); // it is one number
}

#[test]
fn a_threshold_on_the_error_marks_anomalies() {
    let folder = folder();
    let text = folder.read("t.yaml");
    let with = |threshold: &str| {
        let fit = format!("epochs: 60, validation_split: {{random: 0.25}}, threshold: {threshold}");
        folder.write("t.yaml", &text.replace("epochs: 60", &fit));
    };
    with("{quantile: 0.8}");
    folder.ok("train t.yaml -q --out run");
    let csv = folder.ok("predict run t.csv");
    assert!(csv.starts_with("error,anomaly,prediction_u,"), "{csv}");
    let rows = numbers(&csv, 0);
    let marked = |rows: &[Vec<f64>]| rows.iter().filter(|row| row[1] == 1.0).count();
    // what is marked has larger errors than what isn't
    let least = rows.iter().filter(|row| row[1] == 1.0).map(|row| row[0]).fold(9.0, f64::min);
    assert!(rows.iter().all(|row| (row[0] >= least) == (row[1] == 1.0)), "{csv}");
    assert!(marked(&rows) > 0, "{csv}");
    let json: serde_json::Value = serde_json::from_str(&folder.ok("evaluate run --json")).unwrap();
    assert_eq!(json["rows"], 10);
    assert!((json["metrics"]["anomalies"].as_f64().unwrap() - 0.2).abs() < 1e-9, "{json}");
    folder.ok("report run");
    let card = folder.read("run/README.md");
    assert!(card.contains("(quantile 0.8; 20.0 % of them)"), "{card}");
    // another one at predict
    let none = folder.ok("predict run t.csv --threshold error=99");
    assert_eq!(marked(&numbers(&none, 0)), 0);
    let json = folder.ok("predict run t.csv --threshold error=0 --json");
    assert!(!json.contains("\"anomaly\":0"), "{json}");
    refused(&folder.run("predict run t.csv --threshold u=1"), &["write it as `error=0.25`"]);
    // what doesn't go together
    with("f1");
    refused(&folder.run("check t.yaml"), &["`threshold: f1` needs classes", "{quantile: 0.99}"]);
    with("{quantile: 1}");
    refused(&folder.run("check t.yaml"), &["between 0 and 1, got 1"]);
    let loan = Folder::with_loan();
    let call = loan.call(&["check", "loan.yaml", "--set", "fit.threshold={quantile: 0.9}"]);
    refused(&call, &["is for autoencoders", "`target: features`"]);
}

#[test]
fn folds_write_the_features_beside_their_predictions() {
    let folder = folder();
    let text = folder.read("t.yaml").replace("epochs: 60", "epochs: 1, cv: {folds: 2}");
    folder.write("t.yaml", &text);
    folder.ok("train t.yaml -q --out run");
    let rows = folder.read("run/oof.csv");
    let header = "row,fold,target_u,target_v,target_kind_a,target_kind_b,error,prediction_u";
    assert!(rows.starts_with(header), "{rows}");
    assert!(numbers(&rows, 0).iter().all(|row| row.len() == 11), "{rows}");
}
