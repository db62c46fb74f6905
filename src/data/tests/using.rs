//! A trained model's preprocessing on another table.

use super::super::sources;
use super::*;

fn trained() -> Preprocessing {
    load_in(examples(), loan(), Some(ValidationSplit::Tail(0.1))).unwrap().preprocessing
}

fn use_text(text: &str, options: UseOptions, rows: usize) -> Result<(Vec<UsedRows>, Skipped)> {
    let bytes = text.as_bytes().to_vec();
    let source = sources::of_bytes("new.csv", bytes, &CsvConfig::default())?;
    let (preprocessing, mut all) = (trained(), Vec::new());
    let skipped = TableStream::of(source, &preprocessing, options)?.read(rows, &mut |rows| {
        all.push(rows);
        Ok(())
    })?;
    Ok((all, skipped))
}

#[test]
fn the_models_own_table_is_read_as_in_training() {
    let loaded = load_in(examples(), loan(), None).unwrap();
    let path = examples().join("loan.csv");
    let used =
        load_for_use(&path.as_path().into(), &CsvConfig::default(), &loaded.preprocessing, true)
            .unwrap();
    assert_eq!(used, loaded.train);
}

#[test]
fn the_target_isnt_needed_and_extra_columns_are_ignored() {
    let options = UseOptions { keep_columns: true, ..UseOptions::default() };
    let text = "id,area,age,\"the note\"\n7,urban,18,\"a,\nb\"\n8, rural,20,\n";
    let (used, _) = use_text(text, options, 100).unwrap();
    assert_eq!((used.len(), used[0].data.len()), (1, 2));
    assert_eq!(used[0].data.x.values[1], 1.0);
    assert_eq!(used[0].data.x.values[3], 0.0);
    assert!(used[0].data.y.values.is_empty());
    assert_eq!(used[0].raw, ["7,urban,18,\"a,\nb\"", "8, rural,20,"]);
}

#[test]
fn a_table_is_handed_over_some_rows_at_a_time() {
    let rows: String = (0..10).map(|row| format!("{row},rural\n")).collect();
    let text = format!("age,area\n{rows}");
    let (used, _) = use_text(&text, UseOptions::default(), 4).unwrap();
    assert_eq!(used.iter().map(|rows| rows.data.len()).collect::<Vec<_>>(), [4, 4, 2]);
    let (whole, _) = use_text(&text, UseOptions::default(), 100).unwrap();
    let parts: Vec<f32> = used.iter().flat_map(|rows| rows.data.x.values.to_vec()).collect();
    assert_eq!(parts, whole[0].data.x.values[..]);
}

#[test]
fn rows_that_cant_be_used_are_skipped_where_that_is_asked_for() {
    let text = "age,area,n\n1,rural,a\nx,rural,b\n3,,c\n4,urban,d\n5,moon,e\n6\n7,urban,f\n";
    assert!(use_text(text, UseOptions::default(), 100).is_err());
    let options = UseOptions { skip_errors: true, keep_columns: true, ..UseOptions::default() };
    let (used, skipped) = use_text(text, options, 100).unwrap();
    assert_eq!(used[0].raw, ["1,rural,a", "4,urban,d", "7,urban,f"]);
    assert_eq!((used[0].data.len(), skipped.rows), (3, 4));
    let places: Vec<String> =
        skipped.reasons.iter().map(|reason| reason.place.to_string()).collect();
    for place in ["new.csv:3", "new.csv:4", "new.csv:6", "new.csv:7"] {
        assert!(places.contains(&place.to_string()), "{places:?}");
    }
    let error = use_text("age,area\nx,rural\n", options, 9).unwrap_err().to_string();
    assert!(error.contains("none of the 1 rows can be used"), "{error}");
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
        let options = UseOptions { with_target, ..UseOptions::default() };
        let error = use_text(text, options, 100).expect_err(text);
        let all = error.diagnostics();
        let found = all.iter().next().unwrap();
        assert_eq!(found.place.to_string(), at, "{error}");
        assert!(found.message.contains(message), "{error}");
        assert!(found.help.contains(help), "{error}");
    }
    let error =
        load_for_use(&Path::new("no/such.csv").into(), &CsvConfig::default(), &trained(), false)
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
    assert_eq!((&validation.x.values[..], &validation.y.values[..]), (&[2.0][..], &[1.0][..]));
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
