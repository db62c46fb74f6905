//! `target: features`: a model that gives back what it is given.

use crate::support::Folder;
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
fn folds_write_the_features_beside_their_predictions() {
    let folder = folder();
    let text = folder.read("t.yaml").replace("epochs: 60", "epochs: 1, cv: {folds: 2}");
    folder.write("t.yaml", &text);
    folder.ok("train t.yaml -q --out run");
    let rows = folder.read("run/oof.csv");
    let header = "row,fold,target_u,target_v,target_kind_a,target_kind_b,prediction_u";
    assert!(rows.starts_with(header), "{rows}");
    assert!(numbers(&rows, 0).iter().all(|row| row.len() == 10), "{rows}");
}
