//! `lanthorn find-lr`: one learning rate on stdout, a picture on stderr, nothing on disk.

use serde_json::Value;

use crate::support::Folder;

#[test]
fn a_learning_rate_is_proposed_and_nothing_is_written() {
    let folder = Folder::with_loan();
    let call = folder.run("find-lr loan.yaml --threads 1");
    assert_eq!(call.code, 0, "{}", call.stderr);
    let rate: f64 = call.stdout.trim().parse().unwrap();
    assert!(rate > 1e-6 && rate < 1.0, "{rate}");
    let told = format!("--set compile.optimizer.adam.learning_rate={rate}");
    assert!(call.stderr.contains(&told), "{}", call.stderr);
    assert!(call.stderr.contains('*') && call.stderr.contains("learning rate"));
    assert!(!folder.path("runs").exists());
    // the same at any number of threads, and with a schedule or callbacks that would rule the rate
    let found: Value =
        serde_json::from_str(&folder.ok("find-lr loan.yaml --json -q --threads 2")).unwrap();
    assert_eq!(found["learning_rate"].as_f64(), Some(rate));
    let points = found["points"].as_array().unwrap();
    assert!(points.len() > 50 && points.len() <= 100);
    assert_eq!(points[0]["learning_rate"], 1e-7);
    let scheduled = folder.read("loan.yaml").replace(
        "learning_rate: 0.01",
        "learning_rate: {exponential_decay: {initial_learning_rate: 0.5, decay_steps: 1, decay_rate: 0.5}}",
    );
    folder.write("scheduled.yaml", &scheduled);
    assert_eq!(folder.ok("find-lr scheduled.yaml -q").trim(), rate.to_string());
    // what it proposes trains
    folder.ok(&format!(
        "train loan.yaml -q -o run --set compile.optimizer.adam.learning_rate={rate}"
    ));
}

#[test]
fn the_test_ends_where_the_loss_explodes() {
    let folder = Folder::with_loan();
    let found: Value =
        serde_json::from_str(&folder.ok("find-lr loan.yaml --json -q --from 1e-4 --to 1e9"))
            .unwrap();
    assert_eq!(found["exploded"], true);
    assert!(found["points"].as_array().unwrap().len() < 100);
    assert_eq!(found["key"], "compile.optimizer.adam.learning_rate");
}

#[test]
fn a_range_that_cannot_be_and_a_loss_that_never_falls_are_told() {
    let folder = Folder::with_loan();
    let call = folder.run("find-lr loan.yaml --from 1 --to 0.1");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`--from 1e-7 --to 1`"), "{}", call.stderr);
    assert_eq!(folder.run("find-lr loan.yaml --steps 3").code, 1);
    // far too small to learn anything; every batch holds all rows
    let still = "--set model.layers[1].dropout.rate=0 --set fit.batch_size=270";
    let call = folder.run(&format!("find-lr loan.yaml --from 1e-30 --to 1e-29 {still}"));
    assert_eq!(call.code, 1, "{}{}", call.stdout, call.stderr);
    assert!(call.stderr.contains("the loss falls at no learning rate"), "{}", call.stderr);
    assert_eq!(call.stdout, "");
}
