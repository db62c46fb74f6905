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
