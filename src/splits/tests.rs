//! The splits by a column, and the folds, against scikit-learn's definitions.

use super::*;
use crate::config::ConfigError;
use crate::random::Random;

fn column(cells: &[&str]) -> KeyColumn {
    let mut texts: Vec<String> = Vec::new();
    let codes = cells.iter().map(|cell| {
        let place = texts.iter().position(|text| text == cell).unwrap_or_else(|| {
            texts.push((*cell).to_string());
            texts.len() - 1
        });
        place as u32
    });
    let codes = codes.collect();
    let numbers = texts.iter().map(|text| text.parse().ok()).collect();
    KeyColumn { name: "c".to_string(), texts, numbers, codes }
}

fn rows<'a>(
    count: usize,
    classes: Option<&'a [usize]>,
    column: Option<&'a KeyColumn>,
) -> SplitRows<'a> {
    SplitRows { count, classes, column, random: Random::new(7) }
}

fn held(roles: &[RowRole]) -> Vec<usize> {
    (0..roles.len()).filter(|row| roles[*row] == RowRole::Validate).collect()
}

fn trained(roles: &[RowRole]) -> Vec<usize> {
    (0..roles.len()).filter(|row| roles[*row] == RowRole::Train).collect()
}

fn split(split: &ValidationSplit, cells: &[&str]) -> Result<Vec<RowRole>, ConfigError> {
    let column = column(cells);
    split.assign(&rows(cells.len(), None, Some(&column))).map(Option::unwrap_or_default)
}

/// The rows that each fold validates on, and those that it is trained on.
fn folds(cv: &CvConfig, rows: &SplitRows<'_>) -> Vec<(Vec<usize>, Vec<usize>)> {
    let roles = (1..=cv.folds).map(|fold| cv.assign(fold, rows).unwrap());
    roles.map(|roles| (held(&roles), trained(&roles))).collect()
}

#[test]
fn groups_are_whole_and_near_to_the_part() {
    let names: Vec<String> = (0..400).map(|row| format!("p{}", row * row % 37)).collect();
    let cells: Vec<&str> = names.iter().map(String::as_str).collect();
    let by = ValidationSplit::Group(GroupSplit { column: "c".to_string(), part: 0.25 });
    let roles = split(&by, &cells).unwrap();
    for (a, b) in (0..400).flat_map(|a| (0..400).map(move |b| (a, b))) {
        assert!(cells[a] != cells[b] || roles[a] == roles[b]);
    }
    assert!((90..=110).contains(&held(&roles).len()), "{}", held(&roles).len());
    // two groups, the part nearer to none than to either: one is held back all the same
    let roles = split(&by, &["a", "b", "b", "b", "b", "b", "b", "b", "b", "b"]).unwrap();
    assert_eq!(held(&roles), [0]);
    let error = split(&by, &["a"; 5]).unwrap_err();
    assert_eq!(error.path, "fit.validation_split.group.column");
    assert!(error.message.contains("has one group"), "{error}");
}

#[test]
fn the_latest_rows_are_held_back_wherever_they_stand() {
    let by = |part| ValidationSplit::Time(TimeSplit { column: "c".to_string(), part });
    let days = ["2026-01-03", "2026-01-01", "2026-01-04 08:00", "2026-01-02", "2025-12-31"];
    assert_eq!(held(&split(&by(0.4), &days).unwrap()), [0, 2]);
    assert_eq!(held(&split(&by(0.2), &["9", "10", "8", "1e1", "-3"]).unwrap()), [1, 3]);
    let error = split(&by(0.2), &["2026-01-03", "3.1.2026"]).unwrap_err();
    assert!(error.message.contains("`3.1.2026`, which is no time"), "{error}");
    let error = split(&by(0.5), &["1", "1", "1", "2"]).unwrap_err();
    assert_eq!(error.path, "fit.validation_split.time.part");
}

#[test]
fn a_column_names_the_rows() {
    let by = |value: &str, leave_out: &[&str]| {
        let leave_out = leave_out.iter().map(|text| (*text).to_string()).collect();
        let (name, value) = ("c".to_string(), value.to_string());
        ValidationSplit::Column(ColumnSplit { name, value, leave_out })
    };
    let cells = ["train", "val", "test", "train", "val"];
    let roles = split(&by("val", &["test"]), &cells).unwrap();
    assert_eq!((held(&roles), trained(&roles)), (vec![1, 4], vec![0, 3]));
    assert_eq!(trained(&split(&by("val", &[]), &cells).unwrap()), [0, 2, 3]);
    assert_eq!(held(&split(&by("1", &[]), &["0", "1.0", "1"]).unwrap()), [1, 2]);
    let error = split(&by("valid", &[]), &cells).unwrap_err();
    assert!(error.help.contains("`train`, `val`, `test`"), "{error}");
    assert!(split(&by("val", &["val"]), &cells).is_err());
    assert!(split(&by("a", &[]), &["a", "a"]).unwrap_err().message.contains("to train on"));
}

#[test]
fn a_hashed_row_stays_on_its_side_when_rows_are_added() {
    let by = ValidationSplit::Hash(HashSplit { column: "c".to_string(), part: 0.2 });
    let names: Vec<String> = (0..2000).map(|row| format!("id{row}")).collect();
    let cells: Vec<&str> = names.iter().map(String::as_str).collect();
    let few = split(&by, &cells[..500]).unwrap();
    let all = split(&by, &cells).unwrap();
    assert_eq!(few, all[..500]);
    assert!((340..=460).contains(&held(&all).len()), "{}", held(&all).len());
    let mut backwards = cells.clone();
    backwards.reverse();
    let mut roles = split(&by, &backwards).unwrap();
    roles.reverse();
    assert_eq!(roles, all);
}

#[test]
fn folds_of_rows_are_kfolds() {
    let cv = CvConfig { folds: 3, ..CvConfig::default() };
    let all = folds(&cv, &rows(10, None, None));
    let expected = [vec![0, 1, 2, 3], vec![4, 5, 6], vec![7, 8, 9]];
    assert_eq!(all.iter().map(|fold| fold.0.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(all[1].1, [0, 1, 2, 3, 7, 8, 9]);
    let shuffled = folds(&CvConfig { shuffle: true, ..cv.clone() }, &rows(10, None, None));
    assert_ne!(shuffled, all);
    let mut covered: Vec<usize> = shuffled.iter().flat_map(|fold| fold.0.clone()).collect();
    covered.sort_unstable();
    assert_eq!(covered, (0..10).collect::<Vec<_>>());
    let error = cv.assign(1, &rows(2, None, None)).unwrap_err();
    assert_eq!(error.path, "fit.cv.folds");
}

#[test]
fn stratified_folds_are_stratified_kfolds() {
    // StratifiedKFold(3).split(…, [1, 0, 0, 1, 2, 1, 0, 0, 1, 2, 2, 1])
    let classes = [1, 0, 0, 1, 2, 1, 0, 0, 1, 2, 2, 1];
    let cv = CvConfig { folds: 3, by: FoldsBy::Stratified, ..CvConfig::default() };
    let all = folds(&cv, &rows(12, Some(&classes), None));
    let expected = [vec![0, 1, 3, 4], vec![2, 5, 8, 9], vec![6, 7, 10, 11]];
    assert_eq!(all.iter().map(|fold| fold.0.clone()).collect::<Vec<_>>(), expected);
    let error = cv.assign(1, &rows(12, None, None)).unwrap_err();
    assert!(error.message.contains("target of classes"), "{error}");
}

#[test]
fn folds_of_groups_are_group_kfolds() {
    // GroupKFold(2).split(…, groups=[0, 0, 2, 2, 3, 3, 3, 1])
    let column = column(&["0", "0", "2", "2", "3", "3", "3", "1"]);
    let by = FoldsBy::Group("c".to_string());
    let cv = CvConfig { folds: 2, by, ..CvConfig::default() };
    let all = folds(&cv, &rows(8, None, Some(&column)));
    assert_eq!(all[0].0, [4, 5, 6, 7]);
    assert_eq!(all[1].0, [0, 1, 2, 3]);
    let shuffled = folds(&CvConfig { shuffle: true, ..cv.clone() }, &rows(8, None, Some(&column)));
    assert!(shuffled.iter().all(|(held, trained)| held.len() + trained.len() == 8));
    let many = CvConfig { folds: 5, ..cv };
    let error = many.assign(1, &rows(8, None, Some(&column))).unwrap_err();
    assert!(error.message.contains("has 4 groups, fewer than the 5 folds"), "{error}");
}

#[test]
fn folds_in_time_are_time_series_splits() {
    // TimeSeriesSplit(3).split(range(11))
    let cv = CvConfig { folds: 3, by: FoldsBy::Time(None), ..CvConfig::default() };
    let all = folds(&cv, &rows(11, None, None));
    assert_eq!(all[0], (vec![5, 6], vec![0, 1, 2, 3, 4]));
    assert_eq!(all[2], (vec![9, 10], (0..9).collect()));
    let times = column(&["3", "1", "2", "4"]);
    let by = FoldsBy::Time(Some("c".to_string()));
    let cv = CvConfig { folds: 3, by, ..CvConfig::default() };
    let all = folds(&cv, &rows(4, None, Some(&times)));
    assert_eq!(all[0], (vec![2], vec![1]));
    assert_eq!(all[2], (vec![3], vec![0, 1, 2]));
    assert!(CvConfig { shuffle: true, ..cv }.check().is_err());
}

/// What scikit-learn makes of it; the file was recorded with the version that it names.
#[test]
fn folds_are_scikit_learns() {
    #[derive(serde::Deserialize)]
    struct Case {
        by: String,
        rows: usize,
        folds: usize,
        cells: Option<Vec<usize>>,
        test: Vec<Vec<usize>>,
        train_sizes: Vec<usize>,
    }
    let text = include_str!("../../tests/files/folds.json");
    let recorded: serde_json::Value = serde_json::from_str(text).unwrap();
    let cases: Vec<Case> = serde_json::from_value(recorded["cases"].clone()).unwrap();
    for Case { by, rows: count, folds: k, cells, test, train_sizes } in cases {
        let cells = cells.unwrap_or_default();
        let texts: Vec<String> = cells.iter().map(usize::to_string).collect();
        let groups = column(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let way = match by.as_str() {
            "rows" => FoldsBy::Rows,
            "stratified" => FoldsBy::Stratified,
            "group" => FoldsBy::Group("c".to_string()),
            _ => FoldsBy::Time(None),
        };
        let cv = CvConfig { folds: k, by: way, ..CvConfig::default() };
        let all = folds(&cv, &rows(count, Some(&cells), Some(&groups)));
        let ours: Vec<Vec<usize>> = all.iter().map(|fold| fold.0.clone()).collect();
        assert_eq!(ours, test, "{by} {count} {k}");
        let sizes: Vec<usize> = all.iter().map(|fold| fold.1.len()).collect();
        assert_eq!(sizes, train_sizes, "{by} {count} {k}");
    }
}
