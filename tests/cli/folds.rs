//! Cross-validation, end to end.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::{Call, Folder};

/// loan.yaml with folds in place of its split.
fn with_folds(folds: &str) -> Folder {
    let folder = Folder::with_loan();
    let text = folder.read("loan.yaml");
    folder.write("folds.yaml", &text.replace("validation_split: 0.1", &format!("cv: {folds}")));
    folder
}

/// The files of a folder and of those in it, without the locks.
fn files(folder: &Folder, run: &str) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder.path(run)).unwrap() {
        let name = format!("{run}/{}", entry.unwrap().file_name().to_string_lossy());
        match folder.path(&name).is_dir() {
            true => all.extend(files(folder, &name)),
            false if name.ends_with("metrics.json") || name.ends_with("events.jsonl") => {} // times
            false => all.push((name.clone(), folder.read_bytes(&name))),
        }
    }
    all.sort();
    all
}

/// Whether two cross-validations left the same, whatever their folders are called; metrics.json has
/// their times.
fn same(folder: &Folder, a: &str, b: &str) {
    let plain = |run: &str| -> Vec<(String, Vec<u8>)> {
        let within = |name: String| name[run.len()..].to_string();
        files(folder, run).into_iter().map(|(name, bytes)| (within(name), bytes)).collect()
    };
    let (a, b) = (plain(a), plain(b));
    let names =
        |all: &[(String, Vec<u8>)]| all.iter().map(|file| file.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b));
    for ((name, a), (_, b)) in a.iter().zip(&b) {
        assert!(a == b || name.ends_with("/metrics.json"), "{name}");
    }
}

fn numbers(line: &str) -> Vec<f64> {
    line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect()
}

#[test]
fn each_fold_is_an_ordinary_run_and_the_tables_are_of_all_rows() {
    let folder = with_folds("{folds: 3, by: stratified}");
    let said = folder.ok("train folds.yaml --out cv");
    assert!(said.lines().all(|line| line.chars().count() <= 60), "{said}");
    assert!(said.contains("fold  rows  val_accuracy  val_loss") && said.contains("mean"), "{said}");

    let table = folder.read("cv/cv.csv");
    assert!(table.starts_with("metric,fold_1,fold_2,fold_3,mean,std\n"), "{table}");
    for line in table.lines().skip(1) {
        let [a, b, c, mean, std] = numbers(line)[..] else { panic!("{line}") };
        let expected = (a + b + c) / 3.0;
        let squares = [a, b, c].map(|value| (value - expected).powi(2)).iter().sum::<f64>();
        assert!((mean - expected).abs() < 1e-12 && (std - (squares / 3.0).sqrt()).abs() < 1e-12);
    }

    let oof = folder.read("cv/oof.csv");
    let mut lines = oof.lines();
    assert_eq!(lines.next(), Some("row,fold,target,prediction,p_approved,p_rejected"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 300);
    let table = folder.read("loan.csv");
    let mut right = [0.0; 3];
    for (number, (row, line)) in rows.iter().zip(table.lines().skip(1)).enumerate() {
        assert_eq!(row[0], number.to_string());
        assert_eq!(line.split(',').next_back(), Some(row[2]));
        right[row[1].parse::<usize>().unwrap() - 1] += f64::from(u8::from(row[2] == row[3]));
    }
    let accuracy = folder.read("cv/cv.csv");
    let accuracy = accuracy.lines().find(|line| line.starts_with("val_accuracy")).unwrap();
    for (right, accuracy) in right.iter().zip(numbers(accuracy)) {
        assert!((right / 100.0 - accuracy).abs() < 1e-6, "{right} {accuracy}");
    }

    // a fold by itself is the same run
    folder.ok("train folds.yaml -q --out alone --set fit.cv.fold=2");
    assert!(
        folder.read_bytes("alone/model.safetensors")
            == folder.read_bytes("cv/fold-2/model.safetensors")
    );
    folder.ok("predict cv/fold-2 loan.csv -o p.csv");
    folder.ok("evaluate cv/fold-3");
    let call = folder.run("predict cv loan.csv");
    assert!(call.code == 1 && call.stderr.contains("cv/fold-1"), "{}", call.stderr);
    folder.ok("train --resume cv/fold-1 -q --set fit.epochs=5");
}

#[test]
fn an_interrupted_cross_validation_goes_on_to_the_same_bytes() {
    let folder = with_folds("{folds: 3, shuffle: true, refit: true}");
    folder.ok("train folds.yaml -q --out whole --set fit.epochs=300");
    let mut call =
        folder.command(&["train", "folds.yaml", "--out", "cv", "--set", "fit.epochs=300"]);
    let child = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while !folder.path("cv/fold-2/history.csv").exists()
        && start.elapsed() < Duration::from_secs(50)
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(130) {
        assert!(stderr.contains("lanthorn train --resume cv\n"), "{stderr}");
        assert!(!folder.path("cv/cv.csv").exists());
        folder.ok("train --resume cv -q");
    }
    same(&folder, "whole", "cv");

    // gone on with when it has ended: the same tables, and more epochs where they are raised
    folder.ok("train --resume cv -q");
    same(&folder, "whole", "cv");
    let call = folder.run("train --resume cv -q --set fit.batch_size=20");
    assert!(call.code == 1 && call.stderr.contains("`fit.batch_size`"), "{}", call.stderr);
}

#[test]
fn epochs_and_a_model_of_all_rows_can_be_added_later() {
    let folder = with_folds("{folds: 2}");
    folder.ok("train folds.yaml -q --out a --set fit.epochs=2");
    folder.ok("train --resume a -q --set fit.epochs=4 --set fit.cv.refit=true");
    folder.ok("train folds.yaml -q --out b --set fit.cv.refit=true");
    same(&folder, "a", "b");
    // the folder stands for the model of all rows
    let call = |run: &str| folder.ok(&format!("predict {run} loan.csv"));
    assert_eq!(call("a"), call("a/refit"));
    assert!(folder.ok("runs .").contains("cross-validated"));
}

#[test]
fn events_tell_of_the_folds() {
    let folder = with_folds("{folds: 2}");
    let said = folder.ok("train folds.yaml --json --out cv");
    let events: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .filter(|name| *name != "epoch")
        .collect();
    let of_fold = ["fold_start", "run_start", "run_end"];
    assert_eq!(names, [&of_fold[..], &of_fold, &["cv_end"]].concat());
    let end = events.last().unwrap();
    assert_eq!(end["folds"].as_array().unwrap().len(), 2);
    assert!(end["mean"]["val_loss"].is_f64() && end["std"]["val_loss"].is_f64(), "{end}");
    assert!(end["folds"][1]["logs"]["val_accuracy"].is_number(), "{end}");
}

#[test]
fn what_cannot_be_divided_is_told_before_anything_is_trained() {
    let refused = |folds: &str, set: &str| -> Call {
        let folder = with_folds(folds);
        let call = folder.run(&format!("train folds.yaml -q --out cv{set}"));
        assert_eq!(call.code, 1, "{folds}: {}{}", call.stdout, call.stderr);
        assert!(!folder.path("cv").exists(), "{folds}");
        call
    };
    for (folds, set, words) in [
        ("{folds: 1}", "", "`folds` must be between 2 and 1000, got 1"),
        ("{folds: 400}", "", "400 folds need more than 300 rows"),
        ("{folds: 2, by: group}", "", "`by: {group: COLUMN}`"),
        ("{folds: 2, by: {group: area}}", " --set fit.cv.folds=9", "fewer than the 9 folds"),
        ("{folds: 2, by: {group: aera}}", "", "did you mean `area`"),
        ("{folds: 2, by: {time: area}}", "", "which is no time"),
        ("{folds: 2, by: strat}", "", "unknown way to make folds: `strat`"),
        ("{folds: 2, by: time, shuffle: true}", "", "folds by time can't be shuffled"),
        ("{folds: 2, flods: 3}", "", "did you mean `folds`"),
        ("{folds: 2}", " --set fit.validation_split=0.1", "are both given"),
        ("{folds: 2}", " --set data.validation=loan.csv", "are both given"),
        (
            "{folds: 2, refit: true}\n  callbacks: [{early_stopping: {monitor: val_loss}}]",
            "",
            "the model of all rows (`refit: true`), which validates on none",
        ),
    ] {
        let call = refused(folds, set);
        assert!(call.stderr.contains(words), "{folds}{set}\n{}", call.stderr);
    }
}

#[test]
fn a_class_that_one_fold_alone_has_is_told_with_the_remedy() {
    let folder = with_folds("{folds: 3}");
    let table = folder.read("loan.csv");
    folder.write("loan.csv", &format!("{table}10,moon,approved\n20,moon,rejected\n"));
    let call = folder.run("train folds.yaml -q --out cv");
    assert!(call.code == 1 && call.stderr.contains("fold 3: column `area`"), "{}", call.stderr);
    assert!(call.stderr.contains("loan.csv:302"), "{}", call.stderr);
    assert!(call.stderr.contains("`by: stratified` or `shuffle: true`"), "{}", call.stderr);
    folder.ok("train folds.yaml -q --out cv --set fit.cv.shuffle=true --set seed=1");
}

#[test]
fn a_time_is_never_trained_on_later_rows() {
    let folder = with_folds("{folds: 3, by: {time: age}}");
    folder.ok("train folds.yaml -q --out cv");
    let oof = folder.read("cv/oof.csv");
    let table = folder.read("loan.csv");
    let ages: Vec<f64> = numbers_of_first(&table);
    let mut last = [0.0f64; 4];
    let mut first = [f64::INFINITY; 4];
    for line in oof.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (row, fold): (usize, usize) = (cells[0].parse().unwrap(), cells[1].parse().unwrap());
        last[fold] = last[fold].max(ages[row]);
        first[fold] = first[fold].min(ages[row]);
    }
    assert!(last[1] <= first[2] && last[2] <= first[3], "{first:?} {last:?}");
    assert_eq!(oof.lines().count(), 1 + 3 * 75);
}

fn numbers_of_first(table: &str) -> Vec<f64> {
    table.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
}
