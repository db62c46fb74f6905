//! A trained model's preprocessing on another table.

use super::*;

fn trained() -> Preprocessing {
    load_in(examples(), loan(), Some(ValidationSplit::Tail(0.1))).unwrap().preprocessing
}

fn use_text(text: &str, with_target: bool, keep_columns: bool) -> Result<Used> {
    load_bytes_for_use(
        "new.csv",
        text.as_bytes().to_vec(),
        &CsvConfig::default(),
        &trained(),
        with_target,
        keep_columns,
    )
}

#[test]
fn the_models_own_table_is_read_as_in_training() {
    let loaded = load_in(examples(), loan(), None).unwrap();
    let path = examples().join("loan.csv");
    let used =
        load_for_use(&path, &CsvConfig::default(), &loaded.preprocessing, true, false).unwrap();
    assert_eq!(used.data, loaded.train);
    assert!(used.raw.is_empty());
}

#[test]
fn the_target_isnt_needed_and_extra_columns_are_ignored() {
    let used =
        use_text("id,area,age,\"the note\"\n7,urban,18,\"a,\nb\"\n8, rural,20,\n", false, true)
            .unwrap();
    assert_eq!(used.data.len(), 2);
    assert_eq!(used.data.x.values[1], 1.0);
    assert_eq!(used.data.x.values[3], 0.0);
    assert!(used.data.y.values.is_empty());
    assert_eq!(used.raw_names, ["id", "area", "age", "the note"]);
    assert_eq!(used.raw[0], ["7", "urban", "18", "a,\nb"][..]);
    assert_eq!(used.raw[1], ["8", " rural", "20", ""][..]);
}

#[test]
fn what_doesnt_fit_the_model_is_an_error_with_its_place() {
    for (text, with_target, at, message, help) in [
        ("age\n1\n", false, "new.csv:1", "column `area` is missing", "columns: `age`"),
        (
            "agee,area\n1,rural\n",
            false,
            "new.csv:1",
            "column `age` is missing",
            "did you mean `agee`?",
        ),
        ("age,area\n1,rural\n", true, "new.csv:1", "column `application_outcome` is missing", ""),
        (
            "age,area\n1,rural\n\n2,rual\n",
            false,
            "new.csv:4",
            "column `area`: `rual` was not seen in training",
            "did you mean `rural`? known: `rural`, `urban`",
        ),
        (
            "age,area\nold,rural\n",
            false,
            "new.csv:2",
            "column `age`: expected a number, found `old`",
            "the model was trained on numbers",
        ),
        (
            "age,area,application_outcome\n1,rural,maybe\n",
            true,
            "new.csv:2",
            "column `application_outcome`: `maybe` was not seen",
            "known: `approved`, `rejected`",
        ),
        ("age,area\n", false, "new.csv", "a header and no rows", ""),
        ("", false, "new.csv", "the file is empty", ""),
    ] {
        let error = use_text(text, with_target, false).expect_err(text);
        let all = error.diagnostics();
        let found = all.iter().next().unwrap();
        assert_eq!(found.place.to_string(), at, "{error}");
        assert!(found.message.contains(message), "{error}");
        assert!(found.help.contains(help), "{error}");
    }
    let error =
        load_for_use(Path::new("no/such.csv"), &CsvConfig::default(), &trained(), false, false)
            .unwrap_err();
    assert_eq!(error.to_string(), "there is no file `no/such.csv`");
}

#[test]
fn a_validation_table_is_read_with_the_training_tables_statistics() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "a,y,w\n0,0,1\n10,0,1\n").unwrap();
    std::fs::write(folder.path().join("v.csv"), "y,a\n1,20\n").unwrap();
    let section = json!({
        "features": [{ "column": "a", "scale": "min_max" }], "target": "y",
        "validation": "v.csv", "test": "never read", "sample_weight": "w",
    });
    let loaded = load_in(folder.path(), section, Some(ValidationSplit::Tail(0.0))).unwrap();
    let validation = loaded.validation.unwrap();
    assert_eq!((validation.x.values, validation.y.values), (vec![2.0], vec![1.0]));
    assert!(loaded.train.weights.is_some() && validation.weights.is_none());
}

#[test]
fn one_row_by_names_is_that_row_of_a_table() {
    let text = b"a,c,d,y\n1.5,red,x,0\n4,blue,y,1\n9,green,x,2\n";
    let section = json!({
        "features": [
            { "column": "c", "encode": "one_hot" },
            { "column": "a", "scale": "standard" },
            { "column": "d", "encode": "label", "scale": "standard" },
        ],
        "target": "y",
    });
    let loaded = load_text(text, section, None).unwrap();
    let preprocessing = &loaded.preprocessing;
    let row = preprocessing.row(&[("a", " 4"), ("other", ""), ("c", "blue "), ("d", "y")]).unwrap();
    assert_eq!(row, loaded.train.x.values[5..10]);
    for (cells, words) in [
        (vec![("a", "4"), ("c", "blue")], "column `d` is missing"),
        (vec![("a", "4"), ("c", "bleu"), ("d", "x")], "`bleu` was not seen in training"),
        (vec![("a", "x"), ("c", "blue"), ("d", "x")], "expected a number, found `x`"),
        (vec![("a", "inf"), ("c", "blue"), ("d", "x")], "expected a finite number"),
        (vec![("a", "nan"), ("c", "blue"), ("d", "x")], "column `a`: the value is missing"),
        (vec![("a", "1"), ("c", "NA"), ("d", "x")], "column `c`: the value is missing"),
        (vec![("a", ""), ("c", "blue"), ("d", "x")], "column `a`: the cell is empty"),
    ] {
        let error = preprocessing.row(&cells).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn preprocessing_survives_json_to_the_bit() {
    let text = b"a,b,c,y\n0.1,1,x,5\n0.2,3,y,7\n0.7,9,x,11\n";
    let section = json!({
        "features": [{ "columns": ["a", "b"], "scale": "standard" }, { "column": "c", "encode": "label" }],
        "target": { "column": "y", "scale": { "min_max": { "range": [-1, 1] } } },
    });
    let preprocessing = load_text(text, section, None).unwrap().preprocessing;
    let json = serde_json::to_string(&preprocessing).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessing>(&json).unwrap(), preprocessing);
    let damaged = r#"{"delimiter":",","features":[],"target":[]}"#;
    assert!(serde_json::from_str::<Preprocessing>(damaged).is_err());
}

#[test]
fn class_weights_and_sample_weights_exclude_each_other() {
    let mut data = load_in(examples(), loan(), None).unwrap().train;
    let weights = balanced(&data.y, 2);
    data.set_class_weights(weights.clone()).unwrap();
    let problem = data.set_class_weights(weights).unwrap_err();
    assert!(problem.message.contains("can't be used together"), "{}", problem.message);
}
