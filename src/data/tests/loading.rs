//! What is made of a table that is right.

use super::*;
use crate::target::Target;

#[test]
fn the_loan_table_is_scaled_and_encoded() {
    let loaded = load_in(examples(), loan(), Some(ValidationSplit::Tail(0.1))).unwrap();
    assert_eq!(loaded.train.len(), 9000);
    assert_eq!(loaded.validation.as_ref().unwrap().len(), 1000);
    assert_eq!(loaded.warnings, []);
    let preprocessing = &loaded.preprocessing;
    assert_eq!(preprocessing.classes().unwrap(), ["approved", "rejected"]);
    assert_eq!(preprocessing.target_kind(), Target::Classes(2));
    assert_eq!(preprocessing.features(), 2);
    assert!(!preprocessing.is_target_scaled());
    let ages = || loaded.train.x.values.iter().step_by(2);
    assert_eq!(ages().copied().fold(f32::MAX, f32::min), 0.0);
    assert_eq!(ages().copied().fold(f32::MIN, f32::max), 1.0);
    assert_eq!(loaded.train.y.shape(), [0usize; 0]);

    let head = loaded.head(2);
    assert_eq!(head.raw_names, ["age", "area", "application_outcome"]);
    assert_eq!(head.raw, [["91", "rural", "rejected"], ["37", "rural", "approved"]]);
    assert_eq!(head.model_names, ["age", "area", "application_outcome"]);
    assert_eq!(head.model[0][1..], [0.0, 1.0]);
    assert_eq!(head.model[1][1..], [0.0, 0.0]);
    assert_eq!(loaded.head(20_000).raw.len(), 9000);
}

#[test]
fn the_other_examples_load() {
    for (file, target, features, kind) in [
        ("iris.csv", "class", 4, Target::Classes(3)),
        ("breast_cancer.csv", "diagnosis", 30, Target::Classes(2)),
        ("digits.csv", "digit", 64, Target::Classes(10)),
    ] {
        let text = std::fs::read_to_string(examples().join(file)).unwrap();
        let names: Vec<&str> = text.lines().next().unwrap().split(',').collect();
        let target = if names.contains(&target) { target } else { names[names.len() - 1] };
        let section = json!({
            "train": file,
            "features": [{ "columns": "*", "scale": "standard" }],
            "target": { "column": target, "encode": "label" },
        });
        let loaded = load_in(examples(), section, Some(ValidationSplit::Tail(0.1))).unwrap();
        assert_eq!(loaded.preprocessing.features(), features, "{file}");
        assert_eq!(loaded.preprocessing.target_kind(), kind, "{file}");
        assert_eq!(loaded.warnings, [], "{file}");
    }
}

#[test]
fn a_scaled_target_tells_its_unit() {
    let section = json!({
        "train": "diabetes.csv",
        "features": [{ "columns": "*", "scale": "standard" }],
        "target": { "column": "progression", "scale": "standard" },
    });
    let loaded = load_in(examples(), section, Some(ValidationSplit::Tail(0.2))).unwrap();
    assert!(loaded.preprocessing.is_target_scaled());
    assert_eq!(loaded.train.y.shape(), [1]);
    let unit = &loaded.preprocessing.target_units()[0];
    let offset = unit.original(0.0);
    let factor = unit.original(1.0) - offset;
    let text = std::fs::read_to_string(examples().join("diabetes.csv")).unwrap();
    let target: Vec<f64> = text
        .lines()
        .skip(1)
        .map(|line| line.rsplit(',').next().unwrap().parse().unwrap())
        .collect();
    let n = loaded.train.len();
    assert_eq!(n, 353); // ⌊442 · 0.8⌋
    let mean = target[..n].iter().sum::<f64>() / n as f64;
    let squares: f64 = target[..n].iter().map(|value| (value - mean).powi(2)).sum();
    assert!((offset - mean).abs() < 1e-9, "{offset} {mean}");
    assert!((factor - (squares / n as f64).sqrt()).abs() < 1e-9);
    for (scaled, original) in loaded.train.y.values.iter().zip(&target) {
        assert!((factor * f64::from(*scaled) + offset - original).abs() < 1e-4);
    }
}

#[test]
fn scalers_are_scikit_learns() {
    // a: 1, 2, 4; b is constant; c as min_max over [-1, 1]
    let text = b"a,b,c,y\n1,7,10,0\n2,7,20,0\n4,7,15,0\n";
    let load_with = |a: Value, b: Value| {
        let features = json!([
            { "column": "a", "scale": a },
            { "column": "b", "scale": b },
            { "column": "c", "scale": { "min_max": { "range": [-1, 1] } } },
        ]);
        load_text(text, json!({ "features": features, "target": "y" }), None).unwrap()
    };
    let x = load_with(json!("min_max"), json!("min_max")).train.x;
    assert_eq!(x.values[..], [0.0, 0.0, -1.0, 1.0 / 3.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    let x = load_with(json!("standard"), json!("standard")).train.x;
    let std = (14.0f64 / 9.0).sqrt(); // the biased one
    let a: Vec<f32> = x.values.iter().step_by(3).copied().collect();
    let expected: Vec<f32> = [1.0, 2.0, 4.0].map(|v: f64| ((v - 7.0 / 3.0) / std) as f32).to_vec();
    assert_eq!(a, expected);
    assert!(x.values.iter().skip(1).step_by(3).all(|value| *value == 0.0));
}

#[test]
fn statistics_are_those_of_the_training_part() {
    let text = b"a,y\n0,0\n10,0\n1000,0\n";
    let section = json!({ "features": [{ "column": "a", "scale": "min_max" }], "target": "y" });
    let loaded = load_text(text, section, Some(ValidationSplit::Tail(0.3))).unwrap();
    assert_eq!(loaded.train.x.values[..], [0.0, 1.0]);
    assert_eq!(loaded.validation.unwrap().x.values[..], [100.0]);
}

#[test]
fn a_large_offset_costs_no_digits() {
    let text = b"a,y\n100000000.25,0\n100000000.5,0\n100000000.75,0\n";
    let section = json!({ "features": [{ "column": "a", "scale": "min_max" }], "target": "y" });
    assert_eq!(load_text(text, section, None).unwrap().train.x.values[..], [0.0, 0.5, 1.0]);
}

#[test]
fn features_are_in_the_order_of_the_config_and_patterns_in_that_of_the_table() {
    let text = b"p2,w,p1,y,c\n1,1,2,3,red\n4,2,5,6,blue\n";
    let section = json!({
        "features": [{ "column": "c", "encode": "one_hot" }, { "columns": "*" }],
        "target": "y",
        "sample_weight": "w",
    });
    let loaded = load_text(text, section, None).unwrap();
    assert_eq!(loaded.preprocessing.feature_names(), ["c_blue", "c_red", "p2", "p1"]);
    assert_eq!(loaded.preprocessing.feature_columns(), ["c", "p2", "p1"]);
    assert_eq!(loaded.train.x.values[..], [0.0, 1.0, 1.0, 2.0, 1.0, 0.0, 4.0, 5.0]);
    assert_eq!(loaded.train.weights.as_deref(), Some([1.0, 2.0].as_slice()));
    assert_eq!(loaded.head(1).raw, [["red", "1", "2", "3", "1"]]);
    assert_eq!(loaded.head(1).model, [[0.0, 1.0, 1.0, 2.0, 3.0]]);
}

#[test]
fn a_pattern_means_all_but_target_and_weight() {
    let text = b",a,w,y,b,\n0,1,2,3,4,x\n";
    let section = json!({ "features": [{ "columns": "*" }], "target": "y", "sample_weight": "w" });
    assert_eq!(load_text(text, section, None).unwrap().train.x.values[..], [1.0, 4.0]);
}

#[test]
fn targets_are_classes_columns_or_several_numbers() {
    let text = b"a,c,d\n1,2,3\n4,10,6\n7,2.0,8\n";
    let one_hot = json!({ "features": ["a"], "target": { "column": "c", "encode": "one_hot" } });
    let loaded = load_text(text, one_hot, None).unwrap();
    assert_eq!(loaded.preprocessing.target_kind(), Target::OneHot(2));
    assert_eq!(loaded.preprocessing.classes().unwrap(), ["2", "10"]);
    assert_eq!(loaded.train.y.values[..], [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    assert_eq!(loaded.train.y.shape(), [2]);
    let numbers =
        json!({ "features": ["a"], "target": { "columns": ["d", "c"], "scale": "min_max" } });
    let loaded = load_text(text, numbers, None).unwrap();
    assert_eq!(loaded.preprocessing.target_kind(), Target::Numbers(2));
    assert_eq!(loaded.preprocessing.target_names(), ["d", "c"]);
    assert_eq!(loaded.train.y.values[..], [0.0, 0.0, 0.6, 1.0, 1.0, 0.0]);
    let units = loaded.preprocessing.target_units();
    let (low, high) = (units[0].original(0.0), units[0].original(1.0));
    assert!((low - 3.0).abs() < 1e-12 && (high - 8.0).abs() < 1e-12, "{units:?}");
    assert_eq!(loaded.preprocessing.classes(), None);
}

#[test]
fn a_label_may_be_scaled_like_a_number() {
    let text = b"c,y\nx,0\ny,0\nz,0\n";
    let rule = json!({ "column": "c", "encode": "label", "scale": "min_max" });
    let loaded = load_text(text, json!({ "features": [rule], "target": "y" }), None).unwrap();
    assert_eq!(loaded.train.x.values[..], [0.0, 0.5, 1.0]);
}

#[test]
fn marks_breaks_quotes_and_delimiters_dont_matter() {
    let section =
        || json!({ "features": ["a", { "column": "c", "encode": "label" }], "target": "y" });
    let plain = load_text(b"a,c,y\n1,red,3\n4,blue,6\n", section(), None).unwrap();
    for text in [
        &b"\xef\xbb\xbfa,c,y\r\n1,red,3\r\n4,blue,6\r\n"[..],
        b"a,c,y\n1,red,3\n4,blue,6",
        b"\n\na,c,y\n\n1,red,3\n\n\n4,blue,6\n\n",
        b"a,c,y\r1,red,3\r4,blue,6\r",
        b" a ,c , y\n1 , red ,3\n 4,\tblue, 6\n",
        b"\"a\",\"c\",\"y\"\n1,red,3\n4,blue,6\n",
        b"a,c,y,\"a\nnote\"\n\"1\",\"red\",3,\"x\n, \"\"y\"\"\"\n4,blue,6,\n",
    ] {
        let loaded = load_text(text, section(), None).unwrap();
        let shown = String::from_utf8_lossy(text);
        assert_eq!(loaded.train, plain.train, "{shown:?}");
        assert_eq!(loaded.preprocessing, plain.preprocessing, "{shown:?}");
        assert_eq!(loaded.head(9).raw, plain.head(9).raw, "{shown:?}");
    }
    let mut other = section();
    other["delimiter"] = json!("\t");
    let loaded = load_text(b"a\tc\ty\n1\tred\t3\n4\tblue\t6\n", other, None).unwrap();
    assert_eq!(loaded.train, plain.train);
}

#[test]
fn the_fingerprint_is_that_of_what_is_used() {
    let section = || json!({ "features": ["a"], "target": { "column": "y", "encode": "label" } });
    let of =
        |text: &str| load_text(text.as_bytes(), section(), None).unwrap().fingerprint().unwrap();
    let first = of("a,y,note\n1,no,x\n2,yes,y\n");
    assert_eq!(first, of("a,y,note\n1,no,other\n2,yes,y\n"));
    assert_ne!(first, of("a,y,note\n1.5,no,x\n2,yes,y\n"));
    assert_ne!(first, of("a,y,note\n1,no,x\n2,no,y\n"));
    assert_ne!(first, of("a,y,note\n2,yes,y\n1,no,x\n"));
    assert_ne!(first, of("a,y,note\n1,no,x\n2,yess,y\n"));
    assert_ne!(first, of("a,y,note\n1,no,x\n2,yes,y\n2,yes,y\n"));
    let drawn = |part| {
        let text = b"a,y\n1,no\n2,yes\n3,no\n4,yes\n5,no\n6,yes\n";
        load_text(text, section(), Some(part)).unwrap().fingerprint().unwrap()
    };
    assert_ne!(drawn(ValidationSplit::Random(0.4)), drawn(ValidationSplit::Tail(0.4)));
}

#[test]
fn a_robust_column_is_scaled_by_its_quartiles() {
    let text = b"a,b,y\n1,5,0\n2,5,0\n3,5,0\n4,5,0\n100,5,0\n";
    let section = json!({
        "features": [{ "columns": ["a", "b"], "scale": "robust" }],
        "target": { "column": "y", "scale": { "robust": { "with_centering": false } } },
    });
    let loaded = load_text(text, section, None).unwrap();
    let x: Vec<f32> = loaded.train.x.values.iter().step_by(2).copied().collect();
    assert_eq!(x, [-1.0, -0.5, 0.0, 0.5, 48.5]);
    assert!(loaded.train.x.values.iter().skip(1).step_by(2).all(|b| *b == 0.0));
    let json = serde_json::to_value(&loaded.preprocessing).unwrap();
    assert_eq!(json["features"][0]["scale"], json!({ "robust": { "center": 3.0, "scale": 2.0 } }));
    assert_eq!(serde_json::from_value::<Preprocessing>(json).unwrap(), loaded.preprocessing);
}

#[test]
fn a_hashed_column_takes_any_text() {
    let text = b"a,y\nrural,0\nurban,1\nrural,0\n";
    let load_with = |arguments: Value| {
        let features = json!([{ "column": "a", "encode": { "hashing": arguments } }]);
        load_text(text, json!({ "features": features, "target": "y" }), None)
    };
    let loaded = load_with(json!({ "num_bins": 1024 })).unwrap();
    let rows = |cell: &str| loaded.preprocessing.row(&[("a", cell)]).unwrap();
    assert_eq!(loaded.train.x.values[..2], [rows("rural")[0], rows(" urban ")[0]]);
    assert!(rows("never seen")[0] < 1024.0);
    let loaded = load_with(json!({ "num_bins": 3, "output": "one_hot", "salt": 1 })).unwrap();
    assert_eq!(loaded.preprocessing.feature_names(), ["a_0", "a_1", "a_2"]);
    assert_eq!(loaded.train.x.values.iter().sum::<f32>(), 3.0);
    for (arguments, path, message) in [
        (json!({ "num_bins": 0 }), "data.features[0].encode.hashing.num_bins", "got 0"),
        (json!({ "num_bins": 5000, "output": "one_hot" }), "data.features[0]", "4096"),
    ] {
        let error = load_with(arguments).unwrap_err().to_string();
        assert!(error.contains(path) && error.contains(message), "{error}");
    }
}

#[test]
fn one_form_of_a_column_is_that_of_earlier_versions() {
    let old = json!({
        "delimiter": ";",
        "features": [
            { "name": "a", "transform": { "number": { "scaling": "none" } } },
            { "name": "b", "transform": { "number": { "scaling": { "standard": { "mean": 1.0, "std": 2.0 } } } } },
            { "name": "c", "transform": { "label": {
                "classes": { "names": ["x", "y"], "numeric": false, "rule": "as_texts" },
                "scaling": { "min_max": { "factor": 2.0, "offset": 0.5 } } } } },
            { "name": "d", "transform": { "one_hot": { "classes": { "names": ["1", "2"], "numeric": true } } } },
            { "name": "e", "transform": { "label": {
                "classes": { "names": ["no", "yes"], "numeric": false, "rule": "booleans" }, "scaling": "none" } } },
        ],
        "target": [{ "name": "y", "transform": { "number": { "scaling": "none" } } }],
    });
    let read: Preprocessing = serde_json::from_value(old).unwrap();
    let cells = [("a", "3"), ("b", "5"), ("c", "y"), ("d", "2.0"), ("e", "T")];
    assert_eq!(read.row(&cells).unwrap(), [3.0, 2.0, 2.5, 0.0, 1.0, 1.0]);
    let new = serde_json::to_value(&read).unwrap();
    assert_eq!(
        new["features"],
        json!([
            { "name": "a" },
            { "name": "b", "scale": { "standard": { "mean": 1.0, "std": 2.0 } } },
            { "name": "c",
              "encode": { "label": { "names": ["x", "y"], "numeric": false, "rule": "as_texts" } },
              "scale": { "min_max": { "factor": 2.0, "offset": 0.5 } } },
            { "name": "d", "encode": { "one_hot": { "names": ["1", "2"], "numeric": true } } },
            { "name": "e", "encode": { "boolean": { "names": ["no", "yes"], "numeric": false, "rule": "booleans" } } },
        ])
    );
    assert_eq!(serde_json::from_value::<Preprocessing>(new).unwrap(), read);
}

/// Of a large table the memory that its cells took is returned while they become the matrix.
#[test]
fn memory_of_chunks_is_returned_on_the_way() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static RETURNED: AtomicUsize = AtomicUsize::new(0);
    crate::limits::freed_memory::returned_by(|| {
        RETURNED.fetch_add(1, Ordering::Relaxed);
    });
    let folder = tempfile::tempdir().unwrap();
    for file in 0..70 {
        let text = format!("x,y\n{file},1\n{file}.5,0\n");
        std::fs::write(folder.path().join(format!("t{file:02}.csv")), text).unwrap();
    }
    let section = json!({ "train": "t*.csv", "features": ["x"], "target": "y" });
    let section: DataConfig = Node::from_json(&section).read().unwrap();
    let loaded = load(&section, folder.path(), None, &Random::new(1)).unwrap();
    let x: Vec<f32> = (0..140).map(|row| row as f32 / 2.0).collect();
    assert_eq!(*loaded.train.x.values, x);
    // before each of three groups of chunks and after the last, on each thread
    assert!(RETURNED.load(Ordering::Relaxed) >= 4);
}
