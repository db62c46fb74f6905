//! The leak detector: tables whose rows carry their number and their series show what each window
//! sees.

use super::*;
use crate::splits::{ColumnSplit, GroupSplit, HashSplit, RowRole, TimeSplit};
use ValidationSplit::{Column, Group, Hash, Random as Drawn, Stratified, Tail, Time};

/// Rows of `time,series,y`: `lengths` series, one after the other or turn by turn; `y` is the time.
fn table(lengths: &[usize], in_turn: bool) -> String {
    let mut rows: Vec<(usize, usize)> = Vec::new();
    for (series, length) in lengths.iter().enumerate() {
        rows.extend((0..*length).map(|time| (time, series)));
    }
    if in_turn {
        rows.sort_unstable();
    }
    let lines = rows.iter().map(|(time, series)| format!("{time},{series},{time},s{series}\n"));
    format!("time,series,y,name\n{}", lines.collect::<String>())
}

fn section(window: &Value) -> Value {
    json!({ "features": ["time", "series"], "target": "y", "window": window })
}

fn windows(text: &str, window: &Value, split: Option<ValidationSplit>) -> Result<Loaded> {
    load_text(text.as_bytes(), section(window), split)
}

/// What each sample sees, as (time, series), and the time of its target.
fn samples(part: &Dataset) -> Vec<(Vec<(usize, usize)>, usize)> {
    let seen = |sample: usize| {
        let inputs = part.inputs(sample..sample + 1).unwrap();
        inputs.chunks(2).map(|row| (row[0] as usize, row[1] as usize)).collect::<Vec<_>>()
    };
    (0..part.len()).map(|sample| (seen(sample), part.y.values[sample] as usize)).collect()
}

/// Each window is rows of one series, evenly apart, with its target `horizon` after the last.
fn check_shape(part: &Dataset, window: &Value) {
    let number = |key: &str| window[key].as_u64().unwrap_or(1) as usize;
    for (seen, target) in samples(part) {
        assert_eq!(seen.len(), number("sequence_length"));
        assert!(seen.iter().all(|row| row.1 == seen[0].1), "{seen:?}");
        assert!(seen.windows(2).all(|two| two[1].0 - two[0].0 == number("sampling_rate")));
        assert_eq!(seen[seen.len() - 1].0 + number("horizon"), target);
    }
}

#[test]
fn no_window_crosses_a_group_or_the_split() {
    let shapes = [
        json!({"sequence_length": 3}),
        json!({"sequence_length": 4, "horizon": 3, "sampling_rate": 2}),
        json!({"sequence_length": 1, "horizon": 2, "sequence_stride": 3}),
        json!({"sequence_length": 3, "gap": 2}),
        json!({"sequence_length": 2, "gap": 9}),
    ];
    for (mut window, in_turn) in shapes.into_iter().flat_map(|w| [(w.clone(), false), (w, true)]) {
        window["group"] = json!("name");
        window["order_by"] = json!("time");
        let lengths = [40, 50, 60];
        let text = table(&lengths, in_turn);
        let loaded = windows(&text, &window, Some(Tail(0.25))).unwrap();
        let held = loaded.validation.as_ref().unwrap();
        check_shape(&loaded.train, &window);
        check_shape(held, &window);
        let boundary = |series: usize| lengths[series] * 3 / 4;
        let gap = window["gap"].as_u64().unwrap_or(0) as usize;
        for (seen, target) in samples(&loaded.train) {
            assert!(target < boundary(seen[0].1) - gap, "{window} {seen:?} {target}");
        }
        for (seen, target) in samples(held) {
            assert!(target >= boundary(seen[0].1), "{window} {seen:?} {target}");
            let is_apart = seen[0].0 >= boundary(seen[0].1) - gap;
            assert!(gap == 0 || is_apart, "{window} {seen:?}");
        }
        if gap == 0 {
            // between the two parts no target is lost, and none counts twice
            let whole = windows(&text, &window, None).unwrap().train;
            let (a, b) = (samples(&loaded.train), samples(held));
            assert_eq!(a.len() + b.len(), whole.len());
            assert!(
                held.len() > 3 && samples(&whole).iter().all(|w| a.contains(w) || b.contains(w))
            );
        }
    }
}

#[test]
fn statistics_are_those_of_rows_before_the_boundary() {
    let early: String = (0..30).map(|i| format!("{i},{}\n", i % 4)).collect();
    let late: String = (30..40).map(|i| format!("{i},1000000\n")).collect();
    let rule = |column: &str| json!({ "column": column, "scale": "standard" });
    let section = |gap: usize| {
        json!({
            "features": [rule("v")], "target": rule("v"),
            "window": { "sequence_length": 2, "gap": gap, "order_by": "t" },
        })
    };
    let load =
        |text: String, gap: usize| load_text(text.as_bytes(), section(gap), Some(Tail(0.25)));
    for gap in [0, 4] {
        let with = load(format!("t,v\n{early}{late}"), gap).unwrap();
        let plain: String = (30..40).map(|i| format!("{i},1\n")).collect();
        let without = load(format!("t,v\n{early}{plain}"), gap).unwrap();
        assert_eq!(with.preprocessing, without.preprocessing);
        assert_eq!(with.train, without.train);
        // the same in any order of the table
        let mut lines: Vec<&str> = early.lines().chain(late.lines()).collect();
        lines.reverse();
        let turned = load(format!("t,v\n{}\n", lines.join("\n")), gap).unwrap();
        assert_eq!(turned.train.x, with.train.x);
        assert_eq!(turned.validation.unwrap().x, with.validation.unwrap().x);
        assert_eq!(turned.preprocessing, with.preprocessing);
    }
    let trained = load(format!("t,v\n{early}{late}"), 0).unwrap();
    let json = serde_json::to_value(&trained.preprocessing).unwrap();
    assert_eq!(json["features"][0]["scale"]["standard"]["mean"], 43.0 / 30.0); // 0 1 2 3 …, 30 rows
}

#[test]
fn rows_are_held_once_however_many_windows_see_them() {
    let text = table(&[400], false);
    let window = json!({ "sequence_length": 100, "order_by": "time" });
    let loaded = windows(&text, &window, Some(Tail(0.25))).unwrap();
    assert_eq!((loaded.train.len(), loaded.train.x.values.len()), (200, 299 * 2));
    let held = loaded.validation.unwrap();
    assert_eq!((held.len(), held.x.values.len()), (100, 199 * 2));
}

#[test]
fn random_splits_are_refused_where_windows_share_rows() {
    let text = table(&[60, 60], false);
    let window =
        |stride: usize| json!({ "sequence_length": 5, "sequence_stride": stride, "group": "name" });
    let hash = HashSplit { column: "time".to_string(), part: 0.3 };
    let groups = GroupSplit { column: "time".to_string(), part: 0.3 };
    for split in [Drawn(0.3), Stratified(0.3), Hash(hash), Group(groups)] {
        let error = windows(&text, &window(1), Some(split.clone())).unwrap_err().to_string();
        assert!(error.contains("can't be divided at random"), "{error}");
        assert!(error.contains("overlap: true"), "{error}");
    }
    let apart = windows(&text, &window(5), Some(Drawn(0.3))).unwrap();
    let held = apart.validation.unwrap();
    assert_eq!((apart.train.len(), held.len()), (15, 7));
    let mut shared = window(1);
    shared["overlap"] = json!(true);
    let loaded = windows(&text, &shared, Some(Drawn(0.5))).unwrap();
    assert_eq!((loaded.train.len(), loaded.validation.unwrap().len()), (55, 55));

    // whole series are no draw of rows
    let series = GroupSplit { column: "name".to_string(), part: 0.5 };
    let loaded = windows(&text, &window(1), Some(Group(series))).unwrap();
    let held = loaded.validation.unwrap();
    assert_eq!((loaded.train.len(), held.len()), (55, 55));
    let of = |part: &Dataset| samples(part)[0].0[0].1;
    assert!(samples(&held).iter().all(|(seen, _)| seen[0].1 != of(&loaded.train)));
}

#[test]
fn splits_by_a_column_leave_no_window_across() {
    let text = table(&[40, 40], true);
    let window = json!({ "sequence_length": 4, "group": "name" });
    let time = Time(TimeSplit { column: "time".to_string(), part: 0.25 });
    let loaded = windows(&text, &window, Some(time)).unwrap();
    let held = loaded.validation.unwrap();
    assert!(samples(&loaded.train).iter().all(|(_, target)| *target < 30));
    assert!(samples(&held).iter().all(|(_, target)| *target >= 30));
    assert_eq!((loaded.train.len(), held.len()), (2 * 26, 2 * 10));

    let series = Column(ColumnSplit {
        name: "name".to_string(),
        value: "s1".to_string(),
        leave_out: Vec::new(),
    });
    let loaded = windows(&text, &window, Some(series)).unwrap();
    assert!(samples(&loaded.train).iter().all(|(seen, _)| seen[0].1 == 0));
    assert_eq!((loaded.train.len(), loaded.validation.unwrap().len()), (36, 36));
}

#[test]
fn folds_are_purged_on_both_sides() {
    use crate::sections::{CvConfig, FoldsBy};
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), table(&[60], false)).unwrap();
    let mut whole = section(&json!({ "sequence_length": 4, "order_by": "time" }));
    whole["train"] = json!("t.csv");
    let section: DataConfig = Node::from_json(&whole).read().unwrap();
    for by in [FoldsBy::Rows, FoldsBy::Time(None), FoldsBy::Time(Some("time".to_string()))] {
        let cv = CvConfig { folds: 3, by: by.clone(), ..CvConfig::default() };
        let cells = read_for_folds(&section, folder.path(), &cv).unwrap();
        let mut targets = Vec::new();
        for fold in 1..=3 {
            let roles = super::fold(&cells, &cv, fold, &Random::new(0)).unwrap();
            let preprocessing = fit(&cells, Part::Train(&roles)).unwrap();
            let part = |part| samples(&apply(&cells, &preprocessing, part).unwrap());
            for (seen, target) in part(Part::Train(&roles)) {
                let rows = seen[0].0..=target;
                assert!(rows.clone().all(|row| roles[row] == RowRole::Train), "{by:?} {rows:?}");
            }
            let held = part(Part::Validate(&roles));
            assert!(held.iter().all(|(_, target)| roles[*target] == RowRole::Validate));
            targets.extend(held.into_iter().map(|(_, target)| target));
        }
        let first = if by == FoldsBy::Rows { 4 } else { 15 };
        assert_eq!(targets, (first..60).collect::<Vec<_>>(), "{by:?}");
    }
}

#[test]
fn what_cannot_be_a_window_is_told_with_the_numbers() {
    let text = table(&[9], false);
    let refused = |window: Value, split: Option<ValidationSplit>| {
        windows(&text, &window, split).unwrap_err().to_string()
    };
    let error = refused(json!({ "sequence_length": 9 }), None);
    assert!(error.contains("needs 10 rows, but the table has 9 rows"), "{error}");
    let error = refused(json!({ "sequence_length": 3, "gap": 8 }), Some(Tail(0.3)));
    assert!(error.contains("no window to train on"), "{error}");
    assert!(error.contains("needs 4 rows, and the table has 0 of 9 to train on"), "{error}");
    let error = refused(json!({ "sequence_length": 0 }), None);
    assert!(error.contains("`sequence_length` must be between 1 and"), "{error}");
    let error = refused(json!({ "sequence_length": 2, "order_by": "name" }), None);
    assert!(error.contains("`name` holds `s0`, which is no time"), "{error}");
    let error = refused(json!({ "sequence_length": 2, "group": "nme" }), None);
    assert!(error.contains("column `nme` is not in"), "{error}");

    let with = |key: &str, value: Value| {
        let mut section = section(&json!({ "sequence_length": 2 }));
        section[key] = value;
        load_text(text.as_bytes(), section, None).unwrap_err().to_string()
    };
    let error = with("features", json!([{ "column": "time", "missing": "drop_row" }]));
    assert!(error.contains("`missing: drop_row` doesn't go with `data.window`"), "{error}");
    let error = with("target", json!("features"));
    assert!(error.contains("`target: features` doesn't go with `data.window`"), "{error}");
}

#[test]
fn short_series_and_repeated_times_are_told() {
    let text = table(&[20, 2, 3], false);
    let window = json!({ "sequence_length": 4, "group": "name", "order_by": "time" });
    let loaded = windows(&text, &window, None).unwrap();
    let told: Vec<&str> = loaded.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert!(
        told.contains(&"2 of 3 series are too short for a window, and are not used: `s1`, `s2`")
    );
    assert_eq!(loaded.train.len(), 16);

    let one = json!({ "sequence_length": 4, "order_by": "time" });
    let loaded = windows(&text, &one, None).unwrap();
    let warning =
        loaded.warnings.iter().find(|warning| warning.message.contains("the same `time`"));
    assert!(warning.unwrap().help.contains("group: COLUMN"), "{warning:?}");
}

#[test]
fn targets_weights_and_last_values_are_of_their_rows() {
    let text: String = (0..12).map(|i| format!("{i},{},{}\n", i * 10, i % 3)).collect();
    let section = json!({
        "features": ["a"], "target": { "columns": ["a", "b"] }, "sample_weight": "w",
        "window": { "sequence_length": 2, "horizon": 2 },
    });
    let loaded = load_text(format!("a,b,w\n{text}").as_bytes(), section, Some(Tail(0.25))).unwrap();
    let train = &loaded.train;
    assert_eq!(train.y.shape(), [2]);
    assert_eq!(train.y.values.as_slice(), [3., 30., 4., 40., 5., 50., 6., 60., 7., 70., 8., 80.]);
    assert_eq!(train.weights.as_deref().unwrap(), [0., 1., 2., 0., 1., 2.]);
    let held = loaded.validation.as_ref().unwrap().windows.as_ref().unwrap();
    assert_eq!(
        (held.rows.as_slice(), held.last.as_slice()),
        (&[9, 10, 11][..], &[7., 70., 8., 80., 9., 90.][..])
    );
    assert_eq!(loaded.validation_rows(), [9, 10, 11]);
}
