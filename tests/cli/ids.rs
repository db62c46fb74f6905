//! `data.id`: columns that name a row, are copied to the predictions, and are never a feature.

use crate::support::Folder;
use crate::tables::refused;

/// Forty customers with two numbers; the names hold what must be quoted.
fn folder(id: &str, features: &str) -> Folder {
    let folder = Folder::new();
    let row = |i: i32| {
        let name = if i == 3 { "\"Smith, \"\"J\"\"\"".to_string() } else { format!("c{i:03}") };
        format!("{},{name},{},{i:03}\n", 20 + i % 9, if i % 9 > 4 { "yes" } else { "no" })
    };
    let rows: String = (0..40).map(row).collect();
    folder.write("t.csv", &format!("age,customer,bought,order\n{rows}"));
    folder.write(
        "t.yaml",
        &format!(
            "seed: 1
data: {{train: t.csv, features: {features}, target: {{column: bought, encode: label}}, id: {id}}}
model: {{layers: [{{dense: {{units: 4, activation: relu}}}}, {{dense: {{units: 2, activation: softmax}}}}]}}
compile: {{optimizer: adam, loss: sparse_categorical_crossentropy}}
fit: {{epochs: 1}}
"
        ),
    );
    folder
}

#[test]
fn ids_stand_before_the_predictions_as_they_stand_in_the_table() {
    let folder = folder("[order, customer]", "[{columns: \"*\"}]"); // a pattern doesn't mean them
    let check = folder.ok("check t.yaml");
    assert_eq!(check.matches("customer").count(), 1, "{check}");
    assert!(check.contains("; id: order, customer\n"), "{check}");
    folder.ok("train t.yaml -q --out run");
    let csv = folder.ok("predict run t.csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "order,customer,prediction,p_no,p_yes");
    assert!(lines[4].starts_with("003,\"Smith, \"\"J\"\"\","), "{}", lines[4]);
    assert!(lines[40].starts_with("039,c039,"), "{}", lines[40]);
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("predict run t.csv --json")).unwrap();
    let ids = serde_json::json!({ "order": "003", "customer": "Smith, \"J\"" });
    assert_eq!(json["predictions"][3]["id"], ids);
    // with all columns they are there once
    let kept = folder.ok("predict run t.csv --keep-columns");
    assert!(kept.starts_with("age,customer,bought,order,prediction,p_no,p_yes\n"), "{kept}");
    // in a table of another order and format, whose rows that can't be used are left out
    folder.write(
        "new.jsonl",
        "{\"customer\": \"x\", \"order\": 7, \"age\": 30}\n{\"customer\": \"y\", \"order\": 8, \"age\": \"?\"}\n{\"customer\": \"z\", \"order\": 9, \"age\": 31}\n",
    );
    let csv = folder.ok("predict run new.jsonl --on-error skip");
    let ids: Vec<&str> = csv.lines().skip(1).map(|line| &line[..4]).collect();
    assert_eq!(ids, ["7,x,", "9,z,"]);
    // a table without one is predicted, and told
    folder.write("bare.csv", "age,order\n30,1\n");
    let call = folder.run("predict run bare.csv");
    assert_eq!((call.code, call.stdout.lines().next()), (0, Some("order,prediction,p_no,p_yes")));
    assert!(call.stderr.contains("column `customer`"), "{}", call.stderr);
}

#[test]
fn an_id_is_nothing_else() {
    let both = folder("customer", "[age, {column: customer, encode: label}]");
    refused(&both.run("check t.yaml"), &["column `customer` is used twice", "never a feature"]);
    let target = folder("bought", "[age]");
    refused(&target.run("check t.yaml"), &["column `bought` is used twice"]);
    let absent = folder("custmer", "[age]");
    refused(&absent.run("check t.yaml"), &["id: custmer", "did you mean `customer`"]);
    // but the folds may be by it
    let text = both.read("t.yaml").replace(", {column: customer, encode: label}", "");
    both.write(
        "t.yaml",
        &text.replace("epochs: 1", "epochs: 1, cv: {folds: 2, by: {group: customer}}"),
    );
    both.ok("train t.yaml -q --out cv");
    let rows = both.read("cv/oof.csv");
    assert!(rows.starts_with("row,fold,customer,target,prediction,p_no,p_yes\n"), "{rows}");
    assert!(rows.lines().nth(6).unwrap().contains(",c005,"), "{rows}");
}

#[test]
fn rows_that_are_left_out_shift_no_row_of_the_folds() {
    let folder = folder("customer", "[{column: age, missing: drop_row}]");
    folder.write("t.csv", &folder.read("t.csv").replace("22,c002", "NA,c002"));
    let text = folder.read("t.yaml").replace("epochs: 1", "epochs: 1, cv: {folds: 2}");
    folder.write("t.yaml", &text);
    folder.ok("train t.yaml -q --out cv");
    let table = folder.read("t.csv");
    for line in folder.read("cv/oof.csv").lines().skip(5) {
        let cells: Vec<&str> = line.split(',').collect();
        let row = table.lines().nth(1 + cells[0].parse::<usize>().unwrap()).unwrap();
        assert!(row.contains(&format!("{},{}", cells[2], cells[3])), "{line} {row}");
    }
}

#[test]
fn the_report_shows_ids_among_the_worst_rows() {
    let folder = folder("customer", "[age]");
    folder.ok("train t.yaml -q --out run");
    folder.ok("report run");
    let page = folder.read("run/report.html");
    let worst = page.split("Worst rows</h2>").nth(1).unwrap();
    assert!(worst.contains("<th>customer</th>") || worst.contains("customer"), "{worst}");
    assert!(worst.contains("c0"), "{worst}");
}
