//! Which rows are held back, and the warning where they aren't like the rest.

use super::*;
use ValidationSplit::{Random as Drawn, Stratified, Tail};

/// A table of classes, one letter a row.
fn rows(classes: &str) -> String {
    let rows: String =
        classes.chars().enumerate().map(|(row, class)| format!("{row},{class}\n")).collect();
    format!("a,y\n{rows}")
}

fn split(text: &str, split: ValidationSplit, encode: bool) -> Loaded {
    let target = if encode { json!({ "column": "y", "encode": "label" }) } else { json!("y") };
    load_text(text.as_bytes(), json!({ "features": ["a"], "target": target }), Some(split)).unwrap()
}

#[test]
fn the_tail_is_kerass() {
    for (n, part, kept) in [(768, 0.33, 514), (7, 0.2, 5), (10, 0.1, 9), (10, 0.25, 7), (4, 0.5, 2)]
    {
        let loaded = split(&rows(&"ab".repeat(n)[..n]), Tail(part), true);
        assert_eq!(loaded.train.len(), kept, "{n} {part}");
        let held = loaded.validation.unwrap();
        assert_eq!(held.x.values[0], kept as f32);
        assert_eq!(held.len(), n - kept);
    }
    let whole = split(&rows("abab"), Tail(0.0), true);
    assert!(whole.validation.is_none());
}

#[test]
fn drawn_rows_keep_the_order_of_the_file_and_are_a_function_of_the_seed() {
    let text = rows(&"ab".repeat(500));
    let loaded = split(&text, Drawn(0.2), true);
    let held = loaded.validation.clone().unwrap();
    assert_eq!((loaded.train.len(), held.len()), (800, 200));
    let is_sorted = |values: &[f32]| values.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(is_sorted(&loaded.train.x.values) && is_sorted(&held.x.values));
    assert!(held.x.values[0] < 100.0);
    let mut all = [&loaded.train.x.values[..], &held.x.values].concat();
    all.sort_by(f32::total_cmp);
    assert_eq!(all, (0..1000).map(|row| row as f32).collect::<Vec<_>>());
    assert_eq!(loaded, split(&text, Drawn(0.2), true));
    let head = loaded.head(5);
    for (raw, model) in head.raw.iter().zip(&head.model) {
        assert_eq!(raw[0].parse::<f32>().unwrap(), model[0]);
    }
}

#[test]
fn a_stratified_draw_keeps_each_classs_share() {
    let text = rows(&("a".repeat(700) + &"b".repeat(250) + &"c".repeat(49) + "d"));
    let loaded = split(&text, Stratified(0.1), true);
    let held = loaded.validation.unwrap();
    assert_eq!(class_counts(&held.y, 4), [70, 25, 5, 0]);
    assert_eq!(class_counts(&loaded.train.y, 4), [630, 225, 44, 1]);
    assert!(loaded.warnings.is_empty());
    // 1 and 1.0 are one class, though the texts differ
    let numbers = "a,y\n1,1\n2,1.0\n3,2\n4,2\n5,1\n6,2.0\n7,1.0\n8,2\n";
    let loaded = split(numbers, Stratified(0.5), true);
    assert_eq!(class_counts(&loaded.validation.unwrap().y, 2), [2, 2]);
}

#[test]
fn a_tail_that_isnt_like_the_rest_is_told() {
    let sorted = "b".repeat(10) + &"a".repeat(45) + &"b".repeat(45);
    let warnings = split(&rows(&sorted), Tail(0.1), true).warnings;
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert_eq!(
        warning.to_string(),
        "the last 10 rows, held back by `validation_split: 0.1`, are not like the others: `y` is \
         never `a` in them\n  help: draw them instead: `validation_split: {stratified: 0.1}`"
    );
    let shifted = "ab".repeat(400) + &"aaaab".repeat(40);
    let warnings = split(&rows(&shifted), Tail(0.2), true).warnings;
    assert!(
        warnings[0].to_string().contains("`y` is `b` in 20% of them, in 50% of the others"),
        "{warnings:?}"
    );
    assert!(split(&rows(&shifted), Stratified(0.2), true).warnings.is_empty());
    let numbers: String = (0..200).map(|row| format!("1,{}\n", row / 10)).collect();
    let warnings = split(&format!("a,y\n{numbers}"), Tail(0.1), false).warnings;
    assert!(
        warnings[0].to_string().contains("the mean of `y` is 18.50 in them, 8.500 in the others"),
        "{warnings:?}"
    );
    assert!(warnings[0].to_string().contains("{random: 0.1}"), "{warnings:?}");
}

#[test]
fn a_tail_that_chance_explains_is_not_told() {
    let mut alarms = 0;
    for seed in 0..200 {
        let mut stream = Random::new(seed).stream("test", "", 0);
        let classes: String = (0..150).map(|_| ["a", "b", "c"][stream.below(3)]).collect();
        alarms += split(&rows(&classes), Tail(0.1), true).warnings.len();
        let numbers: String = (0..150).map(|_| format!("1,{}\n", stream.normal())).collect();
        alarms += split(&format!("a,y\n{numbers}"), Tail(0.1), false).warnings.len();
    }
    assert!(alarms <= 3, "{alarms} of 400");
}

#[test]
fn a_split_is_written_as_it_was_read() {
    let read = |json: Value| Node::from_json(&json).read::<ValidationSplit>();
    for json in [json!(0.1), json!({ "random": 0.1 }), json!({ "stratified": 0.25 })] {
        assert_eq!(serde_json::to_value(read(json.clone()).unwrap()).unwrap(), json);
    }
    assert_eq!(read(json!(0)).unwrap(), Tail(0.0));
    let error = read(json!({ "randm": 0.1 })).unwrap_err();
    assert!(error.help.contains("did you mean `random`"), "{error}");
    assert!(read(json!({ "random": 0.1, "stratified": 0.1 })).is_err());
    assert!(read(json!("a tenth")).unwrap_err().message.contains("a part such as `0.1`"));
}
