//! `fit.budget`: a time, made into a number of epochs once.

use crate::support::{Folder, LOAN};

/// `epochs` of a run's config.yaml.
fn epochs(folder: &Folder, run: &str) -> usize {
    let config = folder.read(&format!("{run}/config.yaml"));
    assert!(!config.contains("budget"), "{config}");
    let line = config.lines().find_map(|line| line.trim().strip_prefix("epochs: "));
    line.unwrap().parse().unwrap()
}

#[test]
fn the_epochs_are_settled_once_and_stand_in_the_runs_configuration() {
    let folder = Folder::with_loan();
    let call = folder.run("train loan.yaml --out run --budget 1s");
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(call.stderr.contains("a budget of 1s, "), "{}", call.stderr);
    let settled = epochs(&folder, "run");
    assert!(settled > 4, "{settled}"); // what the file says
    assert_eq!(folder.read("run/history.csv").lines().count(), settled + 1);
    // a second run of that file has the same epochs and the same bytes
    folder.ok("train run/config.yaml --out again -q");
    assert_eq!(epochs(&folder, "again"), settled);
    assert!(
        folder.read_bytes("run/model.safetensors") == folder.read_bytes("again/model.safetensors")
    );
    let call = folder.run("train --resume run");
    assert!(call.stderr.contains("the run is finished"), "{}", call.stderr);
}

#[test]
fn a_schedule_over_all_steps_follows_the_budget() {
    let folder = Folder::with_loan();
    let rate = "compile.optimizer.adam.learning_rate={cosine_decay: {initial_learning_rate: 0.01, decay_steps: auto}}";
    let call =
        folder.call(&["train", "loan.yaml", "--out", "run", "--budget", "1s", "-q", "--set", rate]);
    assert_eq!(call.code, 0, "{}", call.stderr);
    let steps = 27 * epochs(&folder, "run"); // 270 rows in batches of 10
    let config = folder.read("run/config.yaml");
    assert!(config.contains(&format!("decay_steps: {steps}")), "{steps}: {config}");
    let call = folder.call(&["train", "loan.yaml", "--out", "short", "-q", "--set", rate]);
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(folder.read("short/config.yaml").contains("decay_steps: 108"));
}

#[test]
fn a_budget_and_epochs_exclude_each_other() {
    let folder = Folder::with_loan();
    folder.write("both.yaml", &LOAN.replace("epochs: 4", "epochs: 4\n  budget: 5m"));
    let call = folder.run("check both.yaml");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`fit` has both `epochs` and `budget`"), "{}", call.stderr);
    let call = folder.run("train loan.yaml --budget 5m --set fit.epochs=3");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("keep one of the two"), "{}", call.stderr);
    let call = folder.run("train loan.yaml --budget soon");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("a time from 1 s to 31 days"), "{}", call.stderr);
    // the command line comes before the file
    folder.ok("check loan.yaml --set fit.budget=5m");
    folder.write("time.yaml", &LOAN.replace("epochs: 4", "budget: 5m"));
    folder.ok("train time.yaml --out run -q --set fit.epochs=1");
    assert_eq!(epochs(&folder, "run"), 1);
    assert_eq!(folder.run("train --resume run --budget 5m").code, 2);
    let call = folder.run("train --resume run --set fit.budget=5m");
    assert!(call.code == 1 && call.stderr.contains("takes no budget"), "{}", call.stderr);
}

#[test]
fn the_budget_of_a_cross_validation_is_that_of_all_folds() {
    let folder = Folder::with_loan();
    let call = folder.call(&[
        "train",
        "loan.yaml",
        "--out",
        "cv",
        "--budget",
        "1s",
        "-s",
        "fit.validation_split=0",
        "-s",
        "fit.cv={folds: 3, refit: true}",
        "-s",
        "fit.batch_size=90",
    ]);
    assert_eq!(call.code, 0, "{}", call.stderr);
    let settled = epochs(&folder, "cv");
    for fold in ["fold-1", "fold-3"] {
        assert_eq!(epochs(&folder, &format!("cv/{fold}")), settled);
    }
}
