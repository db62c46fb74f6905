//! What is learned of columns is what scikit-learn learns: to 1e-9 of each statistic, and exactly where
//! numbers are whole. Recorded by tests/files/scikit_learn/make.py.

use super::*;

fn recorded() -> Value {
    let text = include_str!("../../../tests/files/scikit_learn/statistics.json");
    serde_json::from_str(text).unwrap()
}

fn numbers(of: &Value) -> Vec<f64> {
    match of {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        one => vec![one.as_f64().unwrap_or_else(|| panic!("no number: {one}"))],
    }
}

/// The column `x` of these cells as the rule has it, fitted.
fn fitted(cells: &[String], mut rule: Value) -> (Value, Vec<f32>) {
    let rows: String = cells.iter().map(|cell| format!("{cell},1\n")).collect();
    rule["column"] = json!("x");
    let section = json!({ "features": [rule], "target": "y" });
    let loaded = load_text(format!("x,y\n{rows}").as_bytes(), section, None).unwrap();
    let column = serde_json::to_value(&loaded.preprocessing).unwrap()["features"][0].clone();
    (column, loaded.train.x.values.to_vec())
}

fn assert_equal(found: &Value, expected: &Value, what: &str) {
    let (found, expected) = (numbers(found), numbers(expected));
    assert_eq!(found.len(), expected.len(), "{what}: {found:?}, {expected:?}");
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() <= 1e-9 * b.abs(), "{what}: {a}, {b}");
    }
}

#[test]
fn statistics_of_numbers_are_those_of_scikit_learn() {
    let recorded = recorded();
    for case in recorded["numbers"].as_array().unwrap() {
        let name = case["column"].as_str().unwrap();
        let cells: Vec<String> =
            numbers(&recorded["columns"][name]).iter().map(ToString::to_string).collect();
        for (scale, ours, theirs) in [
            (json!("standard"), ["mean", "std"], ["mean", "scale"]),
            (json!({"min_max": {"range": [-1, 3]}}), ["factor", "offset"], ["scale", "min"]),
            (
                json!({"robust": {"quantile_range": [10, 80]}}),
                ["center", "scale"],
                ["center", "scale"],
            ),
        ] {
            let kind = scale.as_str().map_or_else(
                || scale.as_object().unwrap().keys().next().unwrap().clone(),
                str::to_string,
            );
            let (column, _) = fitted(&cells, json!({ "scale": scale }));
            for (ours, theirs) in ours.iter().zip(theirs) {
                let what = format!("{name}: {kind} {theirs}");
                assert_equal(&column["scale"][&kind][ours], &case[&kind][theirs], &what);
            }
        }
        let (column, _) = fitted(&cells, json!({ "scale": ["max_abs", "standard"] }));
        assert_equal(&column["scale"][0]["max_abs"]["size"], &case["max_abs"], name);
        if case["quantiles"].is_array() {
            let (column, _) =
                fitted(&cells, json!({ "scale": { "quantile": { "n_quantiles": 17 } } }));
            let quantiles = &column["scale"]["quantile"]["quantiles"];
            assert_equal(quantiles, &case["quantiles"], &format!("{name}: quantiles"));
            let (column, _) =
                fitted(&cells, json!({ "encode": { "discretize": { "num_bins": 5 } } }));
            let boundaries = &column["encode"]["discretize"]["boundaries"];
            assert_equal(boundaries, &case["bins"], &format!("{name}: bins"));
        }
        let Some(fills) = case["fill"].as_object() else { continue };
        let holes: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(row, cell)| if row % 7 == 3 { String::new() } else { cell.clone() })
            .collect();
        for (strategy, expected) in fills {
            let (column, _) = fitted(&holes, json!({ "missing": strategy, "scale": "standard" }));
            assert_equal(&column["missing"]["number"], expected, &format!("{name}: {strategy}"));
        }
    }
}

#[test]
fn categories_are_those_of_scikit_learn() {
    let recorded = &recorded()["categories"];
    let texts: Vec<String> = serde_json::from_value(recorded["texts"].clone()).unwrap();
    for (kind, encode) in [
        ("label", json!("label")),
        ("one_hot", json!("one_hot")),
        ("ordinal", json!({ "ordinal": { "categories": recorded["order"] } })),
    ] {
        let (column, found) =
            fitted(&texts, json!({ "encode": encode, "missing": "most_frequent" }));
        let found: Vec<f64> = found.iter().map(|number| f64::from(*number)).collect();
        assert_eq!(found, numbers(&recorded[kind]), "{kind}");
        assert_eq!(column["missing"]["text"], recorded["fill"], "{kind}");
    }
}
