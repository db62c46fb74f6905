//! What becomes of columns: as in scikit-learn, and where it has no such thing.

use super::*;
use crate::target::Target;
use crate::transforms::{Encoded, Fill};

/// Numbers that scikit-learn made of the columns of a table, by the rule that means the same.
#[test]
fn columns_are_those_of_scikit_learn() {
    let recorded = include_str!("../../../tests/files/columns.json");
    let recorded: Value = serde_json::from_str(recorded).unwrap();
    let table = recorded["table"].as_str().unwrap();
    for (name, case) in recorded["columns"].as_object().unwrap() {
        let section = json!({ "features": [case["rule"]], "target": "y" });
        let loaded = load_text(table.as_bytes(), section, None).unwrap();
        let expected: Vec<f64> = serde_json::from_value(case["values"].clone()).unwrap();
        let found = &loaded.train.x.values;
        assert_eq!(found.len(), expected.len(), "{name}");
        for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
            // the arithmetic is of 64 bits: what is left is the rounding of the result to 32
            let expected = *expected as f32;
            let apart = f64::from((found - expected).abs());
            let most = f64::from(expected.abs() * f32::EPSILON);
            assert!(apart <= most.max(1e-9), "{name}, number {place}: {found}, {expected}");
        }
        let names = loaded.preprocessing.feature_names();
        assert_eq!(names.len(), loaded.train.x.width, "{name}: {names:?}");
        let json = serde_json::to_string(&loaded.preprocessing).unwrap();
        let read: Preprocessing = serde_json::from_str(&json).unwrap();
        assert_eq!(read, loaded.preprocessing, "{name}");
        // a row that is served is a chunk of one
        for (row, line) in table.lines().skip(1).enumerate() {
            let cells: Vec<(&str, &str)> =
                ["a", "b", "c", "tags"].into_iter().zip(line.split(',')).collect();
            let width = loaded.train.x.width;
            assert_eq!(read.row(&cells).unwrap(), found[row * width..][..width], "{name}, {row}");
        }
    }
}

/// How many rows are used of a table for a trained model, and what is told of them.
fn use_on(
    preprocessing: &Preprocessing,
    text: &str,
    with_target: bool,
) -> Result<(usize, Vec<crate::diagnostics::Diagnostic>)> {
    let source = sources::of_bytes("u.csv", text.into(), &CsvConfig::default())?;
    let options = UseOptions { with_target, ..UseOptions::default() };
    let mut rows = 0;
    let told = TableStream::of(source, preprocessing, options)?.read(100, &mut |used| {
        rows += used.data.len();
        Ok(())
    })?;
    Ok((rows, told.notes))
}

fn load_rule(text: &str, rule: Value) -> Result<Loaded> {
    load_text(text.as_bytes(), json!({ "features": [rule], "target": "y" }), None)
}

#[test]
fn categories_that_training_didnt_see_are_what_the_rule_says() {
    let text = "c,y\nred,0\nblue,1\nred,0\n";
    let row =
        |rule: Value, cell: &str| load_rule(text, rule).unwrap().preprocessing.row(&[("c", cell)]);
    let rule = |encode: &str, unknown: &str| json!({ "column": "c", "encode": encode, "unknown": unknown });
    assert_eq!(row(rule("one_hot", "ignore"), "pink").unwrap(), [0.0, 0.0]);
    assert_eq!(row(rule("one_hot", "other"), "pink").unwrap(), [0.0, 0.0, 1.0]);
    assert_eq!(row(rule("one_hot", "other"), "red").unwrap(), [0.0, 1.0, 0.0]);
    assert_eq!(row(rule("label", "other"), "pink").unwrap(), [2.0]);
    assert_eq!(row(rule("frequency", "ignore"), "pink").unwrap(), [0.0]);
    assert_eq!(row(json!({ "column": "c", "encode": "frequency" }), "pink").unwrap(), [0.0]);
    for encode in ["one_hot", "label", "frequency"] {
        let error = row(rule(encode, "error"), "pink").unwrap_err().to_string();
        assert!(error.contains("`pink` was not seen in training"), "{error}");
    }
    let loaded = load_rule(text, rule("one_hot", "other")).unwrap();
    assert_eq!(loaded.preprocessing.feature_names(), ["c_blue", "c_red", "c_other"]);
    let error = load_rule(text, rule("label", "ignore")).unwrap_err().to_string();
    assert!(error.contains("`label` takes `error` or `other`"), "{error}");
}

#[test]
fn rare_categories_are_one_whether_training_saw_them_or_not() {
    let text = "c,y\na,0\na,0\nb,0\nc,0\na,0\n";
    let rule = json!({ "column": "c", "encode": { "one_hot": { "min_frequency": 2 } }, "unknown": "other" });
    let loaded = load_rule(text, rule).unwrap();
    assert_eq!(loaded.preprocessing.feature_names(), ["c_a", "c_other"]);
    let rows = ["a", "b", "zzz"].map(|cell| loaded.preprocessing.row(&[("c", cell)]).unwrap());
    assert_eq!(rows, [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]);
    let rule = json!({ "column": "c", "encode": { "one_hot": { "min_frequency": 2 } } });
    let loaded = load_rule(text, rule).unwrap();
    assert_eq!(loaded.preprocessing.row(&[("c", "c")]).unwrap(), [0.0, 1.0]);
    assert!(loaded.preprocessing.row(&[("c", "zzz")]).is_err());
}

/// 0 is a missing value in some columns, as in Pima's diabetes table, and a number in others.
#[test]
fn a_column_may_have_missing_values_of_its_own() {
    let text = "bmi,births,kind,y\n20,0,a,0\n0,2,x,1\n0.0,0,b,0\nNA,1,a,0\n40,3,a,1\n";
    let features = json!([
        { "column": "bmi", "missing": "mean", "missing_values": [0], "indicator": true },
        "births",
        { "column": "kind", "encode": "one_hot", "missing": "most_frequent", "missing_values": ["x"] },
    ]);
    let section = json!({ "features": features, "target": "y" });
    let loaded = load_text(text.as_bytes(), section.clone(), None).unwrap();
    let expected = [
        [20.0, 0.0, 0.0, 1.0, 0.0],
        [30.0, 1.0, 2.0, 1.0, 0.0],
        [30.0, 1.0, 0.0, 0.0, 1.0],
        [30.0, 1.0, 1.0, 1.0, 0.0],
        [40.0, 0.0, 3.0, 1.0, 0.0],
    ];
    assert_eq!(loaded.train.x.values[..], expected.concat());
    // kept in the model, and read by every way in
    let json = serde_json::to_string(&loaded.preprocessing).unwrap();
    let read: Preprocessing = serde_json::from_str(&json).unwrap();
    assert_eq!(read, loaded.preprocessing);
    for (line, expected) in text.lines().skip(1).zip(&expected) {
        let cells: Vec<(&str, &str)> =
            ["bmi", "births", "kind"].into_iter().zip(line.split(',')).collect();
        assert_eq!(read.row(&cells).unwrap(), expected, "{line}");
    }
    let used =
        load_bytes_for_use("u.csv", text.into(), &CsvConfig::default(), &read, true).unwrap();
    assert_eq!(used.x, loaded.train.x);
    let quoted = text.replace("0.0", "\"0.0\"").replace("\n20", "\n\"20\"");
    assert_eq!(load_text(quoted.as_bytes(), section.clone(), None).unwrap().train, loaded.train);
    let lines = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        format!(
            "{{\"bmi\": {}, \"births\": {}, \"kind\": \"{}\", \"y\": {}}}\n",
            cells[0].replace("NA", "null"),
            cells[1],
            cells[2],
            cells[3]
        )
    });
    let lines = lines.collect::<String>();
    assert_eq!(load_text(lines.as_bytes(), section, None).unwrap().train, loaded.train);
}

#[test]
fn missing_values_of_a_column_are_errors_or_left_out_as_others_are() {
    let text = "a,y\n1,0\n0,1\n3,0\n0,1\n";
    let rule = |missing: &str| json!({ "column": "a", "missing": missing, "missing_values": [0] });
    let error = load_rule(text, rule("error")).unwrap_err().to_string();
    for words in [
        ":3: column `a`: the value is missing, the cell is `0`",
        "2 cells of `a` are missing",
        "take it out of `missing_values`",
    ] {
        assert!(error.contains(words), "{error}");
    }
    let loaded = load_rule(text, rule("drop_row")).unwrap();
    assert_eq!(loaded.train.x.values[..], [1.0, 3.0]);
    let error = loaded.preprocessing.row(&[("a", "0")]).unwrap_err().to_string();
    assert!(error.contains("the value is missing, the cell is `0`"), "{error}");
    let marked = load_rule(text, json!({ "column": "a", "missing_values": [7] })).unwrap();
    assert_eq!(marked.train.x.values[..], [1.0, 0.0, 3.0, 0.0]);
}

#[test]
fn what_stands_for_a_missing_cell_is_kept_and_applied_at_predict() {
    let text = "a,c,y\n1,x,0\n,NA,1\n3,x,0\n2,z,1\n";
    let features = json!([
        { "column": "a", "missing": "median", "indicator": true },
        { "column": "c", "encode": "one_hot", "missing": { "constant": "none" }, "indicator": true },
    ]);
    let loaded =
        load_text(text.as_bytes(), json!({ "features": features, "target": "y" }), None).unwrap();
    let names = ["a", "a_missing", "c_none", "c_x", "c_z", "c_missing"];
    assert_eq!(loaded.preprocessing.feature_names(), names);
    assert_eq!(loaded.train.x.values[6..12], [2.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(loaded.preprocessing.features[0].missing, Some(Fill::Number(2.0)));
    let row = loaded.preprocessing.row(&[("a", "n/a"), ("c", "")]).unwrap();
    assert_eq!(row, [2.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    let encode = loaded.preprocessing.features[1].encode.as_ref().unwrap();
    assert_eq!(encode.count(), 3);
}

#[test]
fn dates_and_vectors_are_columns_of_their_own() {
    let text = "d,v,y\n2026-01-31,1 2,0\n2026-02-01,3 5,1\n";
    let features = json!([
        { "column": "d", "date": { "parts": ["month", "weekday"], "since": "2026-01-30" } },
        { "column": "v", "vector": { "length": 2 }, "scale": "min_max" },
    ]);
    let section = json!({ "features": features, "target": "y" });
    let loaded = load_text(text.as_bytes(), section, None).unwrap();
    assert_eq!(
        loaded.preprocessing.feature_names(),
        ["d_month", "d_weekday", "d_days", "v_0", "v_1"]
    );
    assert_eq!(loaded.train.x.values[..], [1.0, 5.0, 1.0, 0.0, 0.0, 2.0, 6.0, 2.0, 1.0, 1.0]);
    let json = serde_json::to_string(&loaded.preprocessing).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessing>(&json).unwrap(), loaded.preprocessing);
    let row = |d: &str, v: &str| loaded.preprocessing.row(&[("d", d), ("v", v)]);
    assert_eq!(row("2026-03-01T12:00", "[2 3.5]").unwrap(), [3.0, 6.0, 30.5, 0.5, 0.5]);
    for (d, v, message) in [
        ("31.01.2026", "1 2", "expected a date such as 2026-01-31, found `31.01.2026`"),
        ("2026-01-31", "1 2 3", "expected 2 numbers, found 3"),
        ("2026-01-31", "1 x", "expected a number, found `x`"),
    ] {
        let error = row(d, v).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn rules_that_dont_go_together_are_errors_that_say_what_does() {
    let text = "a,c,y\n1,x,0\n2,z,1\n";
    for (rule, path, message) in [
        (
            json!({ "column": "a", "indicator": true }),
            "indicator",
            "`indicator` goes with `missing`",
        ),
        (
            json!({ "column": "c", "encode": "label", "missing": "mean" }),
            "missing",
            "goes with numbers",
        ),
        (json!({ "column": "a", "missing": { "constant": "x" } }), "missing", "must be a number"),
        (json!({ "column": "a", "unknown": "other" }), "unknown", "goes with categories"),
        (
            json!({ "column": "a", "scale": ["log1p", { "min_max": { "range": [1, 0] } }] }),
            "scale[1].min_max.range",
            "must rise",
        ),
        (
            json!({ "column": "a", "scale": { "quantile": { "n_quantiles": 1 } } }),
            "n_quantiles",
            "between 2 and",
        ),
        (
            json!({ "column": "a", "encode": "discretize" }),
            "encode",
            "`num_bins` or `bin_boundaries`",
        ),
        (
            json!({ "column": "c", "encode": { "ordinal": { "categories": ["x", "x"] } } }),
            "categories[1]",
            "listed twice",
        ),
        (
            json!({ "column": "c", "encode": { "ordinal": { "categories": ["x"] } } }),
            "t.csv:3",
            "`z` is none of the `categories`",
        ),
        (json!({ "column": "c", "date": {} }), "date", "`parts` or `since`"),
        (json!({ "column": "c", "date": { "since": "1.1.2020" } }), "since", "must be a date"),
        (
            json!({ "column": "c", "date": { "since": "2020-01-01", "format": "dd.mm.yyyy" } }),
            "format",
            "a pattern",
        ),
        (
            json!({ "column": "c", "encode": "one_hot", "scale": "standard" }),
            "scale",
            "can't be scaled",
        ),
    ] {
        let error = load_rule(text, rule.clone()).unwrap_err().to_string();
        assert!(error.contains(path) && error.contains(message), "{rule}: {error}");
    }
    let error =
        load_rule("a,y\n-1,0\n2,1\n", json!({ "column": "a", "scale": "log1p" })).unwrap_err();
    assert!(
        error.to_string().contains("`log1p` takes numbers above -1, and the smallest is -1"),
        "{error}"
    );
    for (target, message) in [
        (json!({ "column": "y", "missing": "mean" }), "write `missing: drop_row`"),
        (json!({ "column": "y", "scale": "quantile" }), "there is no way back"),
        (json!({ "column": "y", "encode": "frequency" }), "can't be encoded by `frequency`"),
        (json!({ "column": "y", "encode": "label", "unknown": "other" }), "remove `unknown`"),
    ] {
        let error =
            load_text(text.as_bytes(), json!({ "features": ["a"], "target": target }), None);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn a_target_in_logarithms_is_told_in_its_unit() {
    let text = "a,y\n1,10\n2,1000\n3,100\n";
    let target = json!({ "column": "y", "scale": ["log1p", "standard"] });
    let loaded =
        load_text(text.as_bytes(), json!({ "features": ["a"], "target": target }), None).unwrap();
    let unit = &loaded.preprocessing.target_units()[0];
    for (scaled, original) in loaded.train.y.values.iter().zip([10.0, 1000.0, 100.0]) {
        assert!((unit.original(f64::from(*scaled)) / original - 1.0).abs() < 1e-5);
    }
}

#[test]
fn rows_are_left_out_with_a_count_and_keep_their_lines() {
    let text = "a,c,y\n1,x,0\nNA,x,1\n3,,0\n4,x,\n5,x,1\n6,w,1\n";
    let section = json!({
        "features": [{ "column": "a", "missing": "drop_row" }, { "column": "c", "encode": "label", "missing": "drop_row" }],
        "target": { "column": "y", "missing": "drop_row" },
    });
    let loaded = load_text(text.as_bytes(), section.clone(), None).unwrap();
    assert_eq!(loaded.train.x.values[..], [1.0, 1.0, 5.0, 1.0, 6.0, 0.0]);
    assert_eq!(loaded.train.y.values[..], [0.0, 1.0, 1.0]);
    let told = loaded.warnings.iter().map(|warning| warning.message.clone()).collect::<String>();
    assert!(
        told.contains("3 of 6 rows are left out") && told.contains("`a` in 1, `c` in 1, `y` in 1"),
        "{told}"
    );
    assert_eq!(loaded.head(9).raw, [["1", "x", "0"], ["5", "x", "1"], ["6", "w", "1"]]);
    // a prediction is never left out
    let error = loaded.preprocessing.row(&[("a", "NA"), ("c", "x")]).unwrap_err().to_string();
    assert!(error.contains("`a`"), "{error}");
    let used = |text, with_target| use_on(&loaded.preprocessing, text, with_target);
    let error = used("a,c\n1,x\n,x\n", false).unwrap_err().to_string();
    assert!(error.contains("u.csv:3"), "{error}");
    let evaluated = used("a,c,y\n1,x,0\n,x,1\n2,w,0\n", true).unwrap();
    assert_eq!(evaluated.0, 2);
    assert!(evaluated.1[0].message.contains("1 of 3 rows are left out"));
    // an error is told at its line of the file
    let error = used("a,c,y\n,x,0\n1,q,1\n", true).unwrap_err().to_string();
    assert!(error.contains("u.csv:3"), "{error}");
    let error = load_text(b"a,c,y\n,x,1\n", section, None).unwrap_err().to_string();
    assert!(error.contains("no row is left"), "{error}");
}

#[test]
fn categories_that_predict_takes_without_knowing_them_are_counted() {
    let rule = json!({ "column": "c", "encode": "one_hot", "unknown": "ignore" });
    let loaded = load_rule("c,y\nred,0\nblue,1\n", rule).unwrap();
    let text = "c\nred\npink\npink\ngrey\n";
    let (_, notes) = use_on(&loaded.preprocessing, text, false).unwrap();
    let told = &notes[0].message;
    assert!(told.contains("3 rows hold 2 categories") && told.contains("`pink`"), "{told}");
}

#[test]
fn a_target_of_the_features_is_what_the_model_sees_of_them() {
    let text = b"a,b\n0,x\n10,y\n5,x\n";
    let features =
        json!([{ "column": "a", "scale": "min_max" }, { "column": "b", "encode": "one_hot" }]);
    let loaded = load_text(text, json!({ "features": features, "target": "features" }), None);
    let Loaded { train, preprocessing, .. } = loaded.unwrap();
    assert_eq!(train.x.values[..], [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.5, 1.0, 0.0]);
    assert_eq!((&train.y.values, train.y.shape()), (&train.x.values, &[3][..]));
    assert_eq!(preprocessing.target_kind(), Target::Numbers(3));
    assert_eq!(preprocessing.target_names(), ["a", "b_x", "b_y"]);
    assert!(!preprocessing.is_target_scaled() && !preprocessing.is_of_bits());
    let stored = serde_json::to_value(&preprocessing).unwrap();
    assert_eq!(stored["target"], "features");
    assert_eq!(serde_json::from_value::<Preprocessing>(stored.clone()).unwrap(), preprocessing);
    for wrong in [json!([]), json!("rows"), json!(null)] {
        let mut stored = stored.clone();
        stored["target"] = wrong;
        assert!(serde_json::from_value::<Preprocessing>(stored).is_err());
    }
    let used =
        load_bytes_for_use("t.csv", text.to_vec(), &CsvConfig::default(), &preprocessing, true);
    assert_eq!(used.unwrap(), train);
}

#[test]
fn the_targets_of_an_autoencoder_are_the_features_and_no_copy() {
    let rows: String = (0..40).map(|i| format!("{i},{}\n", i % 7)).collect();
    let section = json!({ "features": ["a", "b"], "target": "features" });
    let text = format!("a,b\n{rows}");
    let loaded = load_text(text.as_bytes(), section, Some(ValidationSplit::Random(0.25))).unwrap();
    for data in [&loaded.train, loaded.validation.as_ref().unwrap()] {
        assert!(std::sync::Arc::ptr_eq(&data.x.values, &data.y.values));
        assert_eq!(data.y.shape(), [2]);
        let rows = data.rows(&[3, 1]);
        assert_eq!((&rows.y.values[..], rows.len()), (&rows.x.values[..], 2));
    }
    let mut rows = loaded.train.rows(&[0, 1, 2]);
    let rest = rows.split_off(1);
    assert_eq!((&rest.y.values[..], &rows.y.values[..]), (&rest.x.values[..], &rows.x.values[..]));
    rows.append(rest);
    assert_eq!(rows, loaded.train.rows(&[0, 1, 2]));
}
