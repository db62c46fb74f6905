//! `lanthorn runs`: a leaderboard of the runs in a folder.

use crate::support::Folder;

#[test]
fn runs_are_listed_the_best_first() {
    let folder = Folder::with_loan();
    for (rate, epochs) in [("0.0001", 1), ("0.05", 3), ("0.01", 2)] {
        let set = format!("compile.optimizer.adam.learning_rate={rate}");
        folder.ok(&format!("train loan.yaml -q --set {set} --set fit.epochs={epochs}"));
    }
    let names = |text: &str| -> Vec<String> {
        text.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().into()).collect()
    };
    let by_loss = folder.ok("runs");
    assert_eq!(by_loss.lines().count(), 4, "{by_loss}");
    let metric: Vec<serde_json::Value> =
        serde_json::from_str(&folder.ok("runs --json --sort loss")).unwrap();
    let losses: Vec<f64> =
        metric.iter().map(|run| run["metrics"]["loss"].as_f64().unwrap()).collect();
    assert!(losses.is_sorted(), "{losses:?}");
    let csv = folder.ok("runs --csv --sort accuracy");
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("run,state,epochs,best,accuracy"), "{csv}");
    let accuracies: Vec<f64> =
        lines.map(|line| line.split(',').nth(4).unwrap().parse().unwrap()).collect();
    assert!(accuracies.is_sorted_by(|a, b| a >= b), "more is better: {csv}");
    assert_eq!(names(&by_loss).len(), 3);
    let call = folder.run("runs --sort acuracy");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("did you mean `accuracy`?"), "{}", call.stderr);
}

#[test]
fn unfinished_runs_and_damaged_ones_stand_in_the_list() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --set fit.epochs=1");
    folder.ok("train loan.yaml -q --set fit.epochs=1");
    std::fs::remove_file(folder.path("runs/loan-001/model.safetensors")).unwrap();
    folder.write("runs/loan-002/model.safetensors", "nothing");
    folder.write("runs/loan-002/checkpoint.safetensors", "nothing");
    let text = folder.ok("runs");
    assert_eq!(text.matches("unfinished").count(), 2, "{text}");
    assert!(folder.run("runs nowhere").stderr.contains("`runs` by default"));
    std::fs::create_dir(folder.path("empty")).unwrap();
    assert_eq!(folder.ok("runs empty"), "no runs in empty\n");
}

#[test]
fn a_requirement_that_is_not_met_has_an_exit_code_of_its_own() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --set fit.epochs=1");
    let evaluate = |condition: &str| {
        folder.call(&["evaluate", "runs/loan-001", "loan.csv", "--require", condition])
    };
    assert_eq!(evaluate("loss < 100").code, 0);
    assert_eq!(evaluate("accuracy>=0").code, 0);
    let call = evaluate("accuracy>=1.5");
    assert_eq!(call.code, 4);
    assert!(call.stdout.contains("accuracy:"), "the result is printed all the same");
    assert!(call.stderr.contains("not met: accuracy >= 1.5: it is 0."), "{}", call.stderr);
    let call = folder.run("evaluate runs/loan-001 loan.csv --json --require loss<=0");
    assert_eq!(call.code, 4);
    let document: serde_json::Value = serde_json::from_str(&call.stdout).unwrap();
    assert_eq!(document["unmet"].as_array().unwrap().len(), 1);
    assert_eq!(evaluate("acuracy>0").code, 1);
    assert_eq!(evaluate("accuracy").code, 2);
    assert_eq!(evaluate("accuracy>much").code, 2);
}

/// Runs with other numbers of units, batch sizes and tags.
fn leaderboard() -> Folder {
    let folder = Folder::with_loan();
    for (name, units, more) in
        [("a", 4, "--tag small"), ("b", 8, "--tag base --tag best"), ("c", 16, "")]
    {
        let set = format!("--set model.layers[0].dense.units={units} --set fit.epochs=2");
        folder.ok(format!("train loan.yaml -q --out runs/{name} {set} {more}").trim_end());
    }
    folder
}

fn names(csv: &str) -> Vec<String> {
    let mut names: Vec<String> =
        csv.lines().skip(1).map(|line| line.split(',').next().unwrap().to_string()).collect();
    names.sort();
    names
}

#[test]
fn runs_are_filtered_by_metrics_tags_and_keys() {
    let folder = leaderboard();
    let listed = |filter: &str| names(&folder.ok(&format!("runs --csv --filter {filter}")));
    assert_eq!(listed("tag=base"), ["b"]);
    assert_eq!(listed("tag!=base"), ["a", "c"]);
    assert_eq!(listed("model.layers[0].dense.units>=8"), ["b", "c"]);
    assert_eq!(listed("model.layers[0].dense.units=4"), ["a"]);
    assert_eq!(listed("val_loss<100 --filter state=finished --filter run!=a"), ["b", "c"]);
    assert_eq!(listed("val_loss<0"), Vec::<String>::new());
    let call = folder.run("runs --filter vall_loss<1");
    assert!(
        call.code == 1 && call.stderr.contains("no run has the key `vall_loss`"),
        "{}",
        call.stderr
    );
    assert_eq!(folder.run("runs --filter val_loss<low").code, 2);
    let table = folder.ok("runs");
    assert!(
        table.contains("best") && table.contains("tags") && table.contains("base,best"),
        "{table}"
    );
}

#[test]
fn tags_and_notes_are_given_changed_and_kept() {
    let folder = leaderboard();
    assert_eq!(folder.ok("runs tag runs/a"), "tags: small\n");
    let call = folder.call(&[
        "runs",
        "tag",
        "runs/a",
        "old",
        "--remove",
        "small",
        "--note",
        "a first try",
    ]);
    assert_eq!((call.code, call.stdout.as_str()), (0, "tags: old\nnote: a first try\n"));
    folder.ok("train -q --resume runs/a --set fit.epochs=3 --tag longer");
    let runs: serde_json::Value = serde_json::from_str(&folder.ok("runs --json")).unwrap();
    let a = runs.as_array().unwrap().iter().find(|run| run["run"] == "runs/a").unwrap();
    assert_eq!(
        (&a["tags"], &a["note"]),
        (&serde_json::json!(["longer", "old"]), &"a first try".into())
    );
    let call = folder.run("runs tag runs/a --remove small");
    assert!(call.code == 1 && call.stderr.contains("its tags are longer, old"), "{}", call.stderr);
    assert_eq!(folder.run("runs tag runs/none x").code, 1);
    assert_eq!(folder.run("train loan.yaml --tag a,b --out runs/d").code, 1);
    assert!(!folder.path("runs/d").exists());
}

#[test]
fn two_runs_are_compared_by_configuration_and_metrics() {
    let folder = leaderboard();
    let text = folder.ok("diff runs/a runs/b");
    assert!(text.contains("model.layers[0].dense.units") && text.contains("val_loss"), "{text}");
    let keys = |call: &str| -> Vec<String> {
        let found: serde_json::Value = serde_json::from_str(&folder.ok(call)).unwrap();
        let keys = found["configuration"].as_array().unwrap().iter();
        keys.map(|key| key["key"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(keys("diff runs/a runs/b --json"), ["model.layers[0].dense.units"]);
    let files = "diff runs/a/model.safetensors runs/b/model.safetensors --json";
    assert_eq!(keys(files), ["model.layers[0].dense.units"]);
    assert_eq!(keys("diff runs/a runs/a/model.safetensors --json"), Vec::<String>::new());
    assert!(folder.ok("diff runs/a runs/a").starts_with("the configurations are the same"));
    assert_eq!(folder.run("diff runs/a loan.csv").code, 1);
    assert_eq!(folder.run("diff runs/a runs").code, 1);
}

#[test]
fn a_run_is_removed_whole_and_only_once_it_is_meant() {
    let folder = Folder::with_loan();
    let callbacks = "fit.callbacks=[{csv_logger: {filename: log.csv}}, {model_checkpoint: \
                     {filepath: \"m-{epoch}.safetensors\"}}]";
    for _ in 0..2 {
        folder.call(&["train", "loan.yaml", "-q", "--set", "fit.epochs=1", "--set", callbacks]);
    }
    let is_there = |run: &str| folder.path(run).join("model.safetensors").exists();
    assert!(folder.path("runs/loan-001/log.csv").exists() && is_there("runs/loan-001"));

    let call = folder.run("runs rm runs/loan-001");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("no terminal to ask on"), "{}", call.stderr);
    assert!(call.stderr.contains("`--yes`") && is_there("runs/loan-001"), "{}", call.stderr);

    folder.write("runs/loan-001/notes.txt", "mine");
    let call = folder.run("runs rm runs/loan-001 --yes");
    assert_eq!(call.code, 1);
    assert!(
        call.stderr.contains("`notes.txt`") && call.stderr.contains("`--all`"),
        "{}",
        call.stderr
    );
    assert!(is_there("runs/loan-001"), "refused before anything was removed");
    let stdout = folder.ok("runs rm runs/loan-001 --yes --all");
    assert!(stdout.starts_with("removed runs/loan-001 (9 files, "), "{stdout}");
    assert!(!folder.path("runs/loan-001").exists());

    // the second is no run: the first is kept, too
    let call = folder.run("runs rm runs/loan-002 runs --yes");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("runs holds no run, so nothing is removed"), "{}", call.stderr);
    assert!(is_there("runs/loan-002"));
    assert_eq!(folder.ok("runs rm runs/loan-002 -y --json"), "{\"removed\":[\"runs/loan-002\"]}\n");
    assert!(!folder.path("runs/loan-002").exists() && folder.path("runs").exists());
}

#[test]
fn what_is_no_run_or_in_use_is_not_removed() {
    let folder = Folder::with_loan();
    folder.write("project/config.yaml", &folder.read("loan.yaml"));
    folder.write("project/loan.csv", "a,b\n1,2\n");
    folder.ok("train loan.yaml -q --out run --set fit.epochs=1");
    for (named, words) in [
        ("project", "holds no run"),
        ("nowhere", "can't be removed"),
        ("loan.csv", "is a file"),
        (".", "holds no run"),
        ("run/model.safetensors", "is a file"),
    ] {
        let call = folder.run(&format!("runs rm {named} --yes --all"));
        assert_eq!(call.code, 1, "{named}");
        assert!(call.stderr.contains(words), "{named}: {}", call.stderr);
    }
    assert!(folder.path("project/loan.csv").exists());
    let mut inside = folder.command(&["runs", "rm", ".", "--yes"]);
    let output = inside.current_dir(folder.path("run")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("the folder that you are in"));
    let held = lanthorn::runs::Lock::take(&folder.path("run")).unwrap();
    let call = folder.run("runs rm run --yes");
    assert!(call.stderr.contains("is in use by process"), "{}", call.stderr);
    drop(held);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path("run"), folder.path("link")).unwrap();
        assert!(folder.run("runs rm link --yes").stderr.contains("is a link"));
        std::os::unix::fs::symlink(folder.path("loan.csv"), folder.path("run/elsewhere")).unwrap();
        folder.ok("runs rm run --yes --all");
        assert!(folder.path("loan.csv").exists(), "a link is removed, never followed");
    }
    assert_eq!(folder.path("run").exists(), !cfg!(unix));
    let call = folder.run("rm run");
    assert!(call.stderr.contains("`lanthorn runs rm RUN`"), "{}", call.stderr);
}
