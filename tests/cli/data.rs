//! `lanthorn data`: what the model sees, shown and written.

use crate::support::Folder;

#[test]
fn the_profile_tells_of_columns_sizes_and_classes() {
    let folder = Folder::with_loan();
    let said = folder.ok("data loan.yaml");
    for words in [
        "loan.csv: 270 rows to train on, 30 to validate on",
        "age: 0 to 1",
        "2 categories: rural, urban",
        "2 numbers a row; input (None, 2)",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("data loan.yaml --json")).unwrap();
    assert_eq!((&json["rows"], &json["validation_rows"]), (&270.into(), &30.into()));
    assert_eq!(json["columns"][1]["becomes"], serde_json::json!(["area"]));
    assert_eq!(json["columns"][0]["missing"], 0);
    assert_eq!(json["columns"][0]["seen"], serde_json::json!([0.0, 1.0]));
}

#[test]
fn a_table_of_what_the_model_sees_is_what_check_shows() {
    let folder = Folder::with_loan();
    let said = folder.ok("data loan.yaml -o seen.csv");
    assert_eq!(said, "wrote seen.csv: 300 rows, 2 inputs\n");
    let table = folder.read("seen.csv");
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!((rows[0], rows.len()), ("split,age,area,application_outcome", 301));
    assert_eq!(rows.iter().filter(|row| row.starts_with("validation,")).count(), 30);
    assert_eq!(folder.ok("data loan.yaml -o -"), table);
    let check: serde_json::Value =
        serde_json::from_str(&folder.ok("check loan.yaml --json")).unwrap();
    for (seen, row) in check["as_the_model_sees_them"].as_array().unwrap().iter().zip(&rows[1..]) {
        let numbers: Vec<f32> = row.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
        let seen: Vec<f32> =
            seen.as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect();
        assert_eq!(numbers, seen);
    }
}

#[test]
fn arrays_are_numpys() {
    let folder = Folder::with_loan();
    let text = folder.read("loan.yaml");
    let text = text.replace("outcome, encode: label", "outcome, encode: one_hot");
    let text = text.replace("loss: sparse_", "loss: ");
    let text = text.replace("  layers:\n", "  input_shape: [2, 1]\n  layers:\n    - flatten\n");
    folder.write("shaped.yaml", &text);
    folder.ok("data shaped.yaml -o seen.npz");
    let bytes = folder.read_bytes("seen.npz");
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(bytes.starts_with(b"PK"));
    for text in [
        "x_train.npy",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (270, 2, 1), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (30, 2), }",
        "{'descr': '<U8', 'fortran_order': False, 'shape': (2,), }",
    ] {
        assert!(has(text), "{text}");
    }
    folder.ok("data loan.yaml -o a.npz");
    folder.ok("data loan.yaml -o b.npz");
    assert!(folder.read_bytes("a.npz") == folder.read_bytes("b.npz"));
}

#[test]
fn what_cannot_be_written_is_refused() {
    let folder = Folder::with_loan();
    for (call, words) in [
        #[cfg(not(feature = "parquet"))]
        ("data loan.yaml -o x.parquet", "write Parquet"),
        ("data loan.yaml -o x.xlsx", "can't write `.xlsx`"),
        ("data loan.yaml -o loan.csv", "would overwrite a table"),
        ("data loan.yaml -o no/x.csv", "there is no folder"),
        ("data nothing.yaml", "nothing.yaml"),
    ] {
        let call = folder.run(call);
        assert_eq!(call.code, 1, "{}", call.stderr);
        assert!(call.stderr.contains(words), "{words}\n{}", call.stderr);
    }
    folder.write("model.yaml", "model: {input_shape: [2], layers: [{dense: {units: 1}}]}\n");
    let call = folder.run("data model.yaml");
    assert!(call.code == 1 && call.stderr.contains("no `data` section"), "{}", call.stderr);
}
