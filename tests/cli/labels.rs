//! A target of several labels in a cell: `encode: multi_hot`.

use crate::support::Folder;
use crate::tables::refused;

/// Eighty rows: `low` below 3, `high` above 5, `odd` where it is odd; some have none.
fn folder(target: &str, units: usize, fit: &str) -> Folder {
    let folder = Folder::new();
    let row = |i: i32| {
        let x = i % 9;
        let labels = [("low", x < 3), ("high", x > 5), ("big one", i % 2 == 1)];
        let labels: Vec<&str> =
            labels.iter().filter(|(_, is)| *is).map(|(name, _)| *name).collect();
        format!("{x},{},{}\n", i % 2, labels.join(" | "))
    };
    let rows: String = (0..80).map(row).collect();
    folder.write("t.csv", &format!("x,parity,tags\n{rows}"));
    folder.write(
        "t.yaml",
        &format!(
            "seed: 1
data: {{train: t.csv, features: [{{column: x, scale: standard}}, parity], target: {target}}}
model: {{layers: [{{dense: {{units: 12, activation: relu}}}}, {{dense: {{units: {units}, activation: sigmoid}}}}]}}
compile: {{optimizer: {{adam: {{learning_rate: 0.05}}}}, loss: binary_crossentropy, metrics: [binary_accuracy]}}
fit: {{batch_size: 8, epochs: 40{fit}}}
"
        ),
    );
    folder
}

const TAGS: &str =
    "{column: tags, encode: {multi_hot: {separator: \"|\"}}, missing: {constant: \"\"}}";

#[test]
fn a_cell_of_labels_is_learned_reported_and_predicted() {
    let folder = folder(TAGS, 3, ", validation_split: {random: 0.3}, threshold: f1");
    let check = folder.ok("check t.yaml");
    assert!(
        check.contains("tags_big one") && check.contains("; labels: big one, high, low"),
        "{check}"
    );
    folder.ok("train t.yaml -q --out run");
    let report = folder.ok("evaluate run t.csv --report");
    for label in ["big one", "high", "low"] {
        assert!(report.lines().any(|line| line.starts_with(label)), "{report}");
    }
    let csv = folder.ok("predict run t.csv");
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("prediction,p_big one,p_high,p_low"));
    let predicted: Vec<&str> = lines.map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(predicted[0..6], ["low", "big one|low", "low", "big one", "", "big one"]);
    assert_eq!(predicted[7], "big one|high");
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("predict run t.csv --json")).unwrap();
    assert_eq!(json["predictions"][7]["prediction"], serde_json::json!(["big one", "high"]));
    assert!(json["predictions"][7]["probabilities"]["big one"].as_f64().unwrap() > 0.5);
    // a threshold of its own for each
    let all = folder.ok("predict run t.csv --threshold high=0 --threshold low=1");
    assert!(
        all.lines().skip(1).all(|line| line.split(',').next().unwrap().contains("high")),
        "{all}"
    );
    folder.ok("report run");
    let card = folder.read("run/README.md");
    assert!(card.contains("`big one` from"), "{card}");
}

#[test]
fn what_does_not_go_with_labels_is_refused() {
    let absent = folder("{column: tags, encode: {multi_hot: {separator: \"|\"}}}", 3, "");
    let call = absent.run("check t.yaml");
    refused(&call, &["column `tags`", "missing: {constant: \"\"}"]);
    refused(&folder(TAGS, 2, "").run("check t.yaml"), &["the last layer 3 units"]);
    let unseen = folder(TAGS, 3, "");
    unseen.ok("train t.yaml -q --out run --set fit.epochs=1");
    unseen.write("new.csv", "x,parity,tags\n1,1,low|wide\n");
    refused(&unseen.run("evaluate run new.csv"), &["new.csv:2", "`wide`"]);
    let drawn = folder(TAGS, 3, ", validation_split: {stratified: 0.2}");
    refused(&drawn.run("check t.yaml"), &["`stratified` needs a target of classes"]);
}

#[test]
fn folds_write_the_labels_as_predict_does() {
    let folder = folder(TAGS, 3, ", cv: {folds: 2}");
    folder.ok("train t.yaml -q --out run --set fit.epochs=1");
    let rows = folder.read("run/oof.csv");
    assert!(rows.starts_with("row,fold,target,prediction,p_big one,p_high,p_low\n"), "{rows}");
    assert!(
        rows.lines().nth(2).unwrap().starts_with("1,1,big one | low,")
            || rows.contains(",low | big one,"),
        "{rows}"
    );
}

#[test]
fn a_cell_of_numbers_is_a_target_of_numbers_in_their_own_unit() {
    let folder = Folder::new();
    let row = |i: i32| format!("{i},{} {}\n", 100 * i, 3 - i);
    folder.write("t.csv", &format!("x,vec\n{}", (0..40).map(row).collect::<String>()));
    folder.write(
        "t.yaml",
        "seed: 1
data: {train: t.csv, features: [{column: x, scale: standard}], target: {column: vec, vector: {length: 2}, scale: standard}}
model: {layers: [{dense: {units: 2}}]}
compile: {optimizer: {adam: {learning_rate: 0.1}}, loss: mse, metrics: [mae]}
fit: {batch_size: 8, epochs: 150}
",
    );
    folder.ok("train t.yaml -q --out run");
    let csv = folder.ok("predict run t.csv");
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("prediction_vec_0,prediction_vec_1"));
    let row: Vec<f64> =
        lines.nth(20).unwrap().split(',').map(|cell| cell.parse().unwrap()).collect();
    assert!((row[0] - 2000.0).abs() < 40.0 && (row[1] + 17.0).abs() < 1.0, "{row:?}");
}
