//! Every bad input is an error with its place, both halves and a remedy.

use super::*;

/// The section that most cases use.
fn plain() -> Value {
    json!({ "features": ["a", "b"], "target": "y" })
}

fn classes() -> Value {
    json!({ "features": ["a", { "column": "c", "encode": "label" }], "target": { "column": "y", "encode": "label" } })
}

/// The place, the message and the help of an error.
fn parts(error: Error, folder: &str) -> (String, String, String) {
    let all = error.diagnostics();
    let first = all.iter().next().unwrap();
    let (at, message, help) = (first.place.to_string(), first.message.clone(), first.help.clone());
    let short = |text: String| text.replace(folder, "");
    (short(at), short(message), short(help))
}

#[test]
fn every_bad_table_is_an_error_with_its_place_and_a_remedy() {
    let weighted = json!({ "features": ["a", "b"], "target": "y", "sample_weight": "w" });
    let with = |key: &str, value: Value| {
        let mut section = plain();
        section[key] = value;
        section
    };
    let cases: Vec<(&[u8], Value, &str, &str, &str)> = vec![
        // the file
        (b"", plain(), "t.csv", "the file is empty", "first line names the columns"),
        (b"\xef\xbb\xbf\r\n \n", plain(), "t.csv", "the file is empty", ""),
        (b"a,b,y\n", plain(), "t.csv", "a header and no rows", "at least one row"),
        (
            b"a,b,y\n1,2,3\n1,\xe9,3\n",
            plain(),
            "t.csv:3",
            "expected UTF-8 text, found the byte 0xE9",
            "save the file as UTF-8",
        ),
        (b"\xff\xfea\0,\0", plain(), "t.csv", "the encoding that its first bytes name", "utf-16"),
        (b"PK\x03\x04rest", plain(), "t.csv", "the zip archive can't be read", "cut or damaged"),
        // the header
        (b"1,2,3\n4,5,6\n", plain(), "data.target", "column `y` is not in t.csv", "no header"),
        (
            b"1,2,1\n4,5,6\n",
            json!({ "features": [2], "target": 1 }),
            "data.target",
            "two columns of t.csv are named `1`: the 1st and the 3rd",
            "no header",
        ),
        (
            b"\n\na,b,y,b\n4,5,6,7\n",
            plain(),
            "data.features[1]",
            "two columns of t.csv are named `b`: the 2nd and the 4th",
            "another name",
        ),
        (
            b"a;b;y\n4;5;6\n",
            plain(),
            "data.target",
            "column `y` is not in t.csv",
            "set `csv: {delimiter: \";\"}`",
        ),
        (
            b"a,weight,y\n4,5,6\n",
            json!({ "features": ["a", "wieght"], "target": "y" }),
            "data.features[1]",
            "column `wieght` is not in t.csv",
            "did you mean `weight`? columns: `a`, `weight`, `y`",
        ),
        (
            b"a,b,y\n4,5,6\n",
            json!({ "features": ["a", "p*"], "target": "y" }),
            "data.features[1]",
            "column `p*` is not in",
            "{columns: \"p*\"}",
        ),
        (
            b"a,b,y\n4,5,6\n",
            json!({ "features": [{ "columns": "p*" }], "target": "y" }),
            "data.features[0].columns",
            "no column of t.csv matches `p*`",
            "columns: `a`",
        ),
        (
            b"a,b,y\n4,5,6\n",
            json!({ "features": [{ "columns": "[" }], "target": "y" }),
            "data.features[0].columns",
            "`[` is not a pattern",
            "`*` is any text",
        ),
        // rows
        (
            b"a,b,y\n1,2,3\n\n4,5\n",
            plain(),
            "t.csv:4",
            "expected 3 cells, as in the header, found 2",
            "cells are missing",
        ),
        (
            b"a,b,y\r\n1,2,3\r\n4,5,6,7\r\n",
            plain(),
            "t.csv:3",
            "expected 3 cells, as in the header, found 4",
            "double quotes",
        ),
        (
            b"a,b,y\n1,\"2,3\n4,5,6\n",
            plain(),
            "t.csv:2",
            "a `\"` begins a quoted cell here that never ends",
            "close it",
        ),
        (
            b"a,b,y\n1,2,3\n4,red,6\n",
            plain(),
            "t.csv:3",
            "column `b`: expected a number, found `red`",
            "add `encode: label` or `encode: one_hot` to `data.features[1]`",
        ),
        (
            b"a,b,y\n\"1\n\",2,3\n4,\"r\ned\",6\n",
            plain(),
            "t.csv:4",
            "column `b`: expected a number, found `r ed`",
            "encode",
        ),
        (
            b"a,b,y\n1,2,no\n",
            plain(),
            "t.csv:2",
            "column `y`: expected a number, found `no`",
            "add `encode: label` to `data.target`",
        ),
        (
            b"a,b,y\n1,2,3\n4,,6\n",
            plain(),
            "t.csv:3",
            "column `b`: the cell is empty",
            "fill it, or remove the row",
        ),
        (b"a,b,y\n1,2,3\n4,  ,6\n", plain(), "t.csv:3", "column `b`: the cell is empty", ""),
        (b"a,c,y\n1,2,3\n4, ,6\n", classes(), "t.csv:3", "column `c`: the cell is empty", ""),
        (
            b"a,b,y\n1,2,3\n4,NaN,6\n",
            plain(),
            "t.csv:3",
            "column `b`: the value is missing, the cell is `NaN`",
            "fill it",
        ),
        (
            b"a,b,y\n1,2,-inf\n",
            plain(),
            "t.csv:2",
            "column `y`: expected a finite number, found `-inf`",
            "",
        ),
        (
            b"a,b,y\n1,NA,3\n",
            plain(),
            "t.csv:2",
            "column `b`: the value is missing, the cell is `NA`",
            "fill it, or remove the row",
        ),
        (b"a,b,y\n1,1e39,3\n", plain(), "t.csv:2", "fits in 32 bits, found `1e39`", "3.4e38"),
        (b"a,b,y\n1,1e999,3\n", plain(), "t.csv:2", "fits in 32 bits, found `1e999`", ""),
        // weights
        (
            b"a,b,y,w\n1,2,3,1\n1,2,3,-0.5\n",
            weighted.clone(),
            "t.csv:3",
            "a sample weight must be 0 or more, got -0.5",
            "0 leaves the row out",
        ),
        (
            b"a,b,y,w\n1,2,3,nan\n",
            weighted.clone(),
            "t.csv:2",
            "column `w`: the value is missing",
            "",
        ),
        (
            b"a,b,y,w\n1,2,3,heavy\n",
            weighted.clone(),
            "t.csv:2",
            "column `w`: expected a number",
            "weights are numbers",
        ),
        (
            b"a,b,y,w\n1,2,3,0\n1,2,3,0.0\n",
            weighted.clone(),
            "t.csv",
            "all sample weights are 0",
            "above 0",
        ),
        (b"a,b,y\n1,2,3\n", weighted, "data.sample_weight", "column `w` is not in t.csv", ""),
        // the section
        (
            b"a,b,y\n1,2,3\n",
            json!({ "features": [], "target": "y" }),
            "data.features",
            "`features` is empty",
            "at least one column",
        ),
        (
            b"a,b,y\n1,2,3\n",
            json!({ "features": ["a", { "columns": ["b", "a"] }], "target": "y" }),
            "data.features[1]",
            "column `a` is used twice: it is in `data.features[0]` too",
            "name it once",
        ),
        (
            b"a,b,y\n1,2,3\n",
            json!({ "features": ["a", "y"], "target": "y" }),
            "data.features[1]",
            "column `y` is used twice: it is in `data.target` too",
            "",
        ),
        (
            b"a,b,y\n1,2,3\n",
            json!({ "features": [{ "columns": [] }], "target": "y" }),
            "data.features[0].columns",
            "`columns` is empty",
            "",
        ),
        (
            b"a,b,y\n1,2,3\n",
            with(
                "features",
                json!([{ "column": "a", "scale": { "min_max": { "range": [1, 0] } } }]),
            ),
            "data.features[0].scale.min_max.range",
            "`range` must rise, got [1, 0]",
            "low end first",
        ),
        (
            b"a,b,y\n1,2,3\n",
            with("features", json!([{ "column": "a", "encode": "one_hot", "scale": "standard" }])),
            "data.features[0].scale",
            "can't be scaled",
            "remove `scale`",
        ),
        (
            b"a,b,y\n1,2,3\n",
            with("target", json!({ "column": "y", "encode": "label", "scale": "standard" })),
            "data.target.scale",
            "a target of classes can't be scaled",
            "remove",
        ),
        (
            b"a,b,y\n1,2,3\n",
            json!({ "features": ["a"], "target": { "columns": ["b", "y"], "encode": "label" } }),
            "data.target",
            "is one column, got 2",
            "without `encode`",
        ),
        (
            b"a,b,y\n1,2,3\n",
            with("delimiter", json!("1")),
            "data.delimiter",
            "`delimiter` can't be '1'",
            "one character",
        ),
        (
            b"a,b,y\n1,2,3\n",
            with("delimiter", json!("\"")),
            "data.delimiter",
            "`delimiter` can't be",
            "",
        ),
    ];
    for (text, section, at, message, help) in cases {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.csv"), text).unwrap();
        let shown = String::from_utf8_lossy(text).into_owned();
        let error = load_in(folder.path(), section, None).expect_err(&shown);
        let (found_at, found, found_help) = parts(error, &format!("{}/", folder.path().display()));
        assert_eq!(found_at, at, "{shown:?}: {found}");
        assert!(found.contains(message), "{shown:?}: {found}");
        assert!(found_help.contains(help), "{shown:?}: {found_help}");
    }
}

#[test]
fn a_file_that_cant_be_read_is_an_error_of_the_config() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("loan.csv"), "a,b,y\n1,2,3\n").unwrap();
    std::fs::create_dir(folder.path().join("tables")).unwrap();
    let here = format!("{}/", folder.path().display());
    let with = |key: &str, path: &str| {
        let mut section = plain();
        section["train"] = json!("loan.csv");
        section[key] = json!(path);
        parts(load_in(folder.path(), section, None).unwrap_err(), &here)
    };
    let (at, message, help) = with("train", "lona.csv");
    assert_eq!((at.as_str(), message.as_str()), ("data.train", "there is no file `lona.csv`"));
    assert_eq!(help, "did you mean `loan.csv`? paths are relative to the configuration file");
    let (at, message, help) = with("train", "data/other.csv");
    assert_eq!(
        (at.as_str(), message.as_str()),
        ("data.train", "there is no file `data/other.csv`")
    );
    assert_eq!(help, "paths are relative to the configuration file");
    let (at, message, _) = with("train", "tables");
    assert_eq!(
        (at.as_str(), message.as_str()),
        ("data.train", "`tables` is a folder without pictures")
    );
    let (at, message, _) = with("validation", "v.csv");
    assert_eq!((at.as_str(), message.as_str()), ("data.validation", "there is no file `v.csv`"));
}

#[test]
fn bad_splits_are_errors_at_their_key() {
    use ValidationSplit::{Random, Stratified, Tail};
    let text = b"a,b,y\n1,2,3\n4,5,6\n";
    for (split, message, help) in [
        (Tail(0.9), "0.9 of 2 rows leaves nothing to train on", "another part"),
        (Random(0.6), "0.6 of 2 rows leaves nothing to train on", "another part"),
        (Tail(1.5), "must be between 0 and 1, got 1.5", "such as 0.1"),
        (Tail(-0.1), "must be between 0 and 1, got -0.1", ""),
        (Tail(f64::NAN), "must be between 0 and 1, got NaN", ""),
        (Random(0.0), "must be between 0 and 1, got 0", ""),
        (Stratified(0.5), "`stratified` needs a target of classes", "{random: 0.5}"),
    ] {
        let (at, found, found_help) = parts(load_text(text, plain(), Some(split)).unwrap_err(), "");
        assert_eq!(at, "fit.validation_split", "{found}");
        assert!(found.contains(message) && found_help.contains(help), "{found}: {found_help}");
    }
    let mut section = plain();
    section["validation"] = json!("t.csv");
    let (at, found, _) = parts(load_text(text, section, Some(Tail(0.5))).unwrap_err(), "");
    assert_eq!(at, "fit.validation_split");
    assert!(found.contains("both given"), "{found}");
}

#[test]
fn a_class_that_only_the_held_back_rows_have_is_an_error_with_its_line() {
    let text = b"a,c,y\n1,red,no\n2,red,no\n\n3,red,yes\n";
    let error = load_text(text, classes(), Some(ValidationSplit::Tail(0.3))).unwrap_err();
    let (at, message, help) = parts(error, "");
    assert!(at.ends_with("t.csv:5"), "{at}");
    assert_eq!(message, "column `y`: `yes` was not seen in training");
    assert!(help.contains("known: `no`"), "{help}");
    assert!(help.contains("which `validation_split: 0.3` holds back"), "{help}");
}

#[test]
fn one_hot_of_too_many_categories_is_refused() {
    let rows: String = (0..5000).map(|row| format!("1,c{row},2\n")).collect();
    let mut section = classes();
    section["features"][1]["encode"] = json!("one_hot");
    let error = load_text(format!("a,c,y\n{rows}").as_bytes(), section, None).unwrap_err();
    let (at, message, _) = parts(error, "");
    assert_eq!(at, "data.features[1].encode");
    assert!(message.contains("5000 categories"), "{message}");
}
