//! Tables and models that are broken: every error names the file and the line.

use crate::bad_input::told;
use crate::support::Folder;

/// A change to loan.csv's first lines and what stderr must hold.
const TABLES: &[(&str, &str, &[&str])] = &[
    ("empty file", "", &["loan.csv", "empty"]),
    ("header only", "age,area,application_outcome\n", &["loan.csv", "row"]),
    ("no header", "91,rural,rejected\n37,rural,approved\n", &["loan.csv", "header"]),
    (
        "ragged row",
        "age,area,application_outcome\n91,rural,rejected\n37,rural\n",
        &["loan.csv:3", "2", "3"],
    ),
    ("long row", "age,area,application_outcome\n91,rural,rejected,x\n", &["loan.csv:2"]),
    (
        "text for a number",
        "age,area,application_outcome\n91,rural,rejected\nold,rural,approved\n",
        &["loan.csv:3", "age", "old"],
    ),
    (
        "empty cell",
        "age,area,application_outcome\n91,rural,rejected\n,rural,approved\n",
        &["loan.csv:3", "age", "empty"],
    ),
    (
        "empty class",
        "age,area,application_outcome\n91,rural,rejected\n5,rural,\n",
        &["loan.csv:3", "application_outcome", "empty"],
    ),
    (
        "nan",
        "age,area,application_outcome\nnan,rural,rejected\n5,rural,approved\n",
        &["loan.csv:2", "age", "nan"],
    ),
    (
        "inf",
        "age,area,application_outcome\n5,rural,rejected\ninf,rural,approved\n",
        &["loan.csv:3", "age", "inf"],
    ),
    ("duplicate header", "age,age,application_outcome\n5,3,rejected\n", &["loan.csv", "age"]),
    (
        "one class",
        "age,area,application_outcome\n5,rural,rejected\n6,rural,rejected\n7,rural,rejected\n",
        &["class"],
    ),
];

#[test]
fn a_cell_is_told_with_its_file_line_and_column() {
    let folder = Folder::with_loan();
    folder
        .write("loan.csv", "age,area,application_outcome\n91,rural,rejected\nold,rural,approved\n");
    let call = folder.run("check loan.yaml --json");
    let object: serde_json::Value = serde_json::from_str(&call.stdout).unwrap();
    assert_eq!(object["code"], "L104");
    let place = serde_json::json!({ "file": "loan.csv", "line": 3, "column_name": "age" });
    assert_eq!(object["place"], place);
}

#[test]
fn every_mistake_in_a_table_is_told_with_its_line() {
    for (what, table, fragments) in TABLES {
        let folder = Folder::with_loan();
        folder.write("loan.csv", table);
        told(what, &folder.run("train loan.yaml -q --out run"), 1, fragments);
    }
    let folder = Folder::with_loan();
    folder.write_bytes("loan.csv", b"age,area,application_outcome\n5,\xff\xfe,rejected\n");
    told("not UTF-8", &folder.run("train loan.yaml -q"), 1, &["loan.csv:2", "UTF-8"]);
}

#[test]
fn classes_and_categories_that_training_never_saw_are_told() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    folder.write("new.csv", "age,area\n37,rural\n38,swamp\n");
    told(
        "category",
        &folder.run("predict run new.csv"),
        1,
        &["new.csv:3", "area", "swamp", "rural"],
    );
    folder.write("new.csv", "age,area,application_outcome\n37,rural,perhaps\n");
    told("class", &folder.run("evaluate run new.csv"), 1, &["new.csv:2", "perhaps", "approved"]);
    folder.write("new.csv", "age,area\n37,rural\n");
    told("no target", &folder.run("evaluate run new.csv"), 1, &["application_outcome"]);
    folder.write("new.csv", "area\nrural\n");
    told("no feature", &folder.run("predict run new.csv"), 1, &["new.csv", "age"]);
    told(
        "threshold of no class",
        &folder.run("predict run loan.csv --threshold aproved=0.7"),
        1,
        &["approved"],
    );
    told(
        "threshold of text",
        &folder.run("predict run loan.csv --threshold approved=high"),
        1,
        &["approved=high"],
    );
}

#[test]
fn a_damaged_model_is_told_and_never_panics() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let whole = folder.read_bytes("run/model.safetensors");
    let damaged = |what: &str, bytes: &[u8], fragments: &[&str]| {
        folder.write_bytes("bad.safetensors", bytes);
        for verb in [
            "predict bad.safetensors loan.csv",
            "evaluate bad.safetensors loan.csv",
            "summary bad.safetensors",
        ] {
            let mut all = vec!["bad.safetensors"];
            all.extend_from_slice(fragments);
            told(what, &folder.run(verb), 1, &all);
        }
    };
    damaged("empty", b"", &[]);
    damaged("cut short", &whole[..whole.len() - 7], &[]);
    damaged("cut in the header", &whole[..100], &[]);
    let mut huge = whole.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    damaged("huge header", &huge, &[]);
    let text = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let mut bytes = whole.clone();
        let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    damaged("another version", &text("\\\"major\\\":1", "\\\"major\\\":9"), &["version"]);
    damaged("another tensor", &text("dense.bias", "dense.bios"), &["dense.bias"]);
    damaged("another dtype", &text("F32", "I32"), &[]);
    for position in (0..whole.len().min(3000)).step_by(97) {
        let mut bytes = whole.clone();
        bytes[position] ^= 0x41;
        folder.write_bytes("bad.safetensors", &bytes);
        let call = folder.run("predict bad.safetensors loan.csv");
        assert!(
            call.code == 0 || call.code == 1,
            "byte {position}: {}\n{}",
            call.code,
            call.stderr
        );
        assert!(!call.stderr.contains("panicked"), "byte {position}: {}", call.stderr);
    }
    folder.write_bytes("bad.safetensors", b"\x02\0\0\0\0\0\0\0{}");
    told("no metadata", &folder.run("predict bad.safetensors loan.csv"), 1, &["metadata"]);
    told("no file", &folder.run("predict nothing loan.csv"), 1, &["nothing"]);
    told("no folder", &folder.run("train --resume nothing"), 1, &["nothing"]);
}
