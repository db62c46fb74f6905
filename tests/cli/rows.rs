//! `data.rows`: which rows are trained on, evaluated and predicted.

use crate::support::{Folder, LOAN};

#[test]
fn a_condition_is_the_models_and_predict_leaves_no_row_out() {
    let folder = Folder::with_loan();
    let rows = "  train: loan.csv\n  rows: {where: \"area == 'rural'\"}";
    let config = LOAN.replacen("  train: loan.csv", rows, 1);
    folder.write("rows.yaml", &config.replacen("encode: label", "encode: one_hot", 1));
    let table = folder.read("loan.csv");
    let rural = table.lines().filter(|line| line.contains("rural")).count();
    let told =
        format!("{rural} rows are used: of 300 rows, `rows.where` leaves {} out", 300 - rural);

    let call = folder.run("train rows.yaml -o run");
    assert_eq!(call.code, 0, "{}", call.stderr);
    let said = |stderr: &str| stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said(&call.stderr).contains(&told), "{}", call.stderr);

    let call = folder.run("evaluate run loan.csv --json");
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(said(&call.stderr).contains(&told), "{}", call.stderr);
    let json: serde_json::Value = serde_json::from_str(&call.stdout).unwrap();
    assert_eq!(json["rows"], rural);

    let predicted = folder.run("predict run loan.csv");
    assert_eq!(predicted.code, 1, "`urban` is a category that training didn't see");
    let lines: Vec<&str> = table.lines().filter(|line| !line.contains("urban")).collect();
    folder.write("rural.csv", &(lines.join("\n").replace(",rural", ", rural") + "\n"));
    assert_eq!(folder.ok("predict run rural.csv").lines().count(), rural + 1);
}

#[test]
fn a_condition_that_is_wrong_is_pointed_at() {
    let folder = Folder::with_loan();
    let rows = "  train: loan.csv\n  rows: {where: \"age = 30\"}";
    folder.write("rows.yaml", &LOAN.replacen("  train: loan.csv", rows, 1));
    for options in ["", " --no-data"] {
        let call = folder.run(&format!("check rows.yaml{options}"));
        assert_eq!(call.code, 1);
        assert!(call.stderr.contains("found `=` at character 5"), "{}", call.stderr);
        assert!(call.stderr.contains("write `==`"), "{}", call.stderr);
        assert!(call.stderr.contains("rows.yaml:5:"), "{}", call.stderr);
    }
}
