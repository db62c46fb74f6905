//! The end of a training: what its last line, its model and its history say is of the weights that
//! were saved.

use serde_json::{Value, json};

use crate::support::Folder;

/// Training and validation in tables of their own, so that `evaluate` sees the same rows.
fn folder(optimizer: &str, callbacks: &str) -> Folder {
    let folder = Folder::with_loan();
    let table = folder.read("loan.csv");
    let rows: Vec<&str> = table.lines().skip(1).collect();
    let part = |rows: &[&str]| format!("{}\n{}\n", table.lines().next().unwrap(), rows.join("\n"));
    folder.write("train.csv", &part(&rows[..200]));
    folder.write("held_back.csv", &part(&rows[200..]));
    let text = crate::support::LOAN
        .replace("train: loan.csv", "train: train.csv\n  validation: held_back.csv")
        .replace("  validation_split: 0.1\n", "  validation_batch_size: 32\n")
        .replace("{adam: {learning_rate: 0.01}}", optimizer);
    folder.write("loan.yaml", &(text + callbacks));
    folder
}

/// The loss over the validation rows that the end tells, and the loss that `evaluate` finds.
fn told_and_found(folder: &Folder, stdout: &str) -> (String, String) {
    let row = stdout.lines().find(|line| line.trim_start().starts_with("loss")).unwrap();
    let head = stdout.lines().find(|line| line.contains("validation")).unwrap();
    let column = head.split_whitespace().position(|name| name == "validation").unwrap();
    let told = row.split_whitespace().nth(column + 1).unwrap().to_string();
    let evaluated = folder.ok("evaluate run held_back.csv");
    let found = evaluated.lines().find_map(|line| line.strip_prefix("loss: ")).unwrap();
    (told, found.to_string())
}

fn val_losses(folder: &Folder) -> Vec<f64> {
    let history = folder.read("run/history.csv");
    let column = history.lines().next().unwrap().split(',').position(|key| key == "val_loss");
    let cell = |line: &str| line.split(',').nth(column.unwrap()).unwrap().parse().unwrap();
    history.lines().skip(1).map(cell).collect()
}

const RESTORE: &str =
    "  callbacks: [{early_stopping: {patience: 2, restore_best_weights: true}}]\n";

#[test]
fn restored_weights_are_told_with_their_own_numbers_their_epoch_and_the_reason() {
    let folder = folder("{adam: {learning_rate: 0.3}}", RESTORE);
    let stdout = folder.ok("train loan.yaml -q --out run --set fit.epochs=40");
    let losses = val_losses(&folder);
    let best = losses.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).unwrap().0 + 1;
    assert!(best < losses.len(), "the last epoch must not be the best for this test");
    let epochs = losses.len();
    let start = format!(
        "loan: {epochs} epochs (early stopping: `val_loss` was best at epoch {best}), weights restored \
         from the best epoch, {best}\n"
    );
    assert!(stdout.starts_with(&start), "{stdout}");
    let (told, found) = told_and_found(&folder, &stdout);
    assert_eq!(told, found);
    assert_eq!(told, format!("{:.4}", losses[best - 1]));
}

#[test]
fn averaged_weights_are_told_with_their_own_numbers() {
    let folder = folder("{adam: {learning_rate: 0.05, use_ema: true, ema_momentum: 0.9}}", "");
    let stdout = folder.ok("train loan.yaml -q --out run");
    assert!(stdout.starts_with("loan: 4 epochs, averaged weights (`use_ema`)\n"), "{stdout}");
    let (told, found) = told_and_found(&folder, &stdout);
    assert_eq!(told, found);
    assert_ne!(told, format!("{:.4}", val_losses(&folder)[3]));
}

#[test]
fn the_best_weights_come_after_the_averages_as_in_keras() {
    let optimizer = "{adam: {learning_rate: 0.05, use_ema: true, ema_momentum: 0.9}}";
    let folder = folder(optimizer, RESTORE);
    let stdout = folder.ok("train loan.yaml -q --out run --set fit.epochs=20");
    let least = val_losses(&folder).into_iter().fold(f64::INFINITY, f64::min);
    let (told, found) = told_and_found(&folder, &stdout);
    assert_eq!((&*told, &*found), (&*format!("{least:.4}"), &*format!("{least:.4}")), "{stdout}");
}

#[test]
fn a_number_that_is_an_f32s_is_the_same_when_the_run_goes_on() {
    let folder = Folder::with_loan();
    let dense =
        "dense: {units: 8, activation: relu, kernel_regularizer: {l1: {l1: 0.009999999776482582}}}";
    folder.write(
        "loan.yaml",
        &crate::support::LOAN.replace("dense: {units: 8, activation: relu}", dense),
    );
    folder.ok("train loan.yaml -q --out whole");
    folder.ok("train loan.yaml -q --out run --set fit.epochs=2");
    folder.ok("train --resume run -q --set fit.epochs=4");
    let model = |run: &str| folder.read_bytes(&format!("{run}/model.safetensors"));
    assert!(model("whole") == model("run"));
}

#[test]
fn the_time_between_checkpoints_is_checked_and_may_change_on_resume() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run --set fit.checkpoint=30s");
    folder.ok("train --resume run -q --set fit.checkpoint=1h --set fit.epochs=5");
    assert!(
        folder.read("run/config.yaml").contains("checkpoint: 3600s")
            || folder.read("run/config.yaml").contains("checkpoint: \"3600s\"")
    );
    let call = folder.run("train loan.yaml -q --set fit.checkpoint=10ms");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`30s`, `5m` or `1h`"), "{}", call.stderr);
}

#[test]
fn the_end_tells_time_best_epoch_baseline_and_the_next_command() {
    let folder = Folder::with_loan();
    let call = folder.run("train loan.yaml --out run");
    let (stdout, stderr) = (&call.stdout, &call.stderr);
    assert!(stdout.starts_with("loan: 4 epochs, best val_loss 0."), "{stdout}");
    assert!(stdout.contains("training  validation    baseline\n  accuracy"), "{stdout}");
    assert!(stdout.contains("(baseline: always `"), "{stdout}");
    assert!(stdout.contains("\nsaved run/model.safetensors\n"), "{stdout}");
    assert!(stderr.contains("4 epochs in ") && stderr.contains(" samples/s"), "{stderr}");
    assert!(
        stderr.ends_with("next: lanthorn predict run NEW.csv -o predictions.csv\n"),
        "{stderr}"
    );
    let quiet = folder.run("train loan.yaml --out quiet -q");
    assert_eq!((quiet.stdout.lines().count(), &*quiet.stderr), (stdout.lines().count(), ""));
}

#[test]
fn metrics_json_holds_what_a_run_came_to_and_adds_up_its_sessions() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out run -q --set fit.epochs=2");
    let first = metrics(&folder);
    folder.ok("train --resume run -q --set fit.epochs=4");
    let metrics = metrics(&folder);
    assert_eq!((&metrics["state"], &metrics["epochs"]), (&json!("finished"), &json!(4)));
    assert_eq!((&metrics["seed"], &metrics["name"]), (&json!(42), &json!("loan")));
    assert_eq!(metrics["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(metrics["timing"]["sessions"], 2);
    let seconds = |metrics: &Value| metrics["timing"]["seconds"].as_f64().unwrap();
    assert!(seconds(&metrics) > seconds(&first));
    assert_eq!(metrics["data"]["fingerprint"], first["data"]["fingerprint"]);
    let best = metrics["best"]["epoch"].as_u64().unwrap() as usize;
    let losses = val_losses(&folder);
    assert!(losses.iter().all(|loss| *loss >= losses[best - 1]), "{losses:?}, {best}");
    // the share of the more frequent class among the rows that are validated on: the last tenth
    let table = folder.read("loan.csv");
    let rows: Vec<&str> = table.lines().skip(1).collect();
    let of = |rows: &[&str], class: &str| rows.iter().filter(|row| row.ends_with(class)).count();
    let (train, held_back) = rows.split_at(rows.len() - rows.len() / 10);
    let most = if of(train, "approved") > of(train, "rejected") { "approved" } else { "rejected" };
    let share = of(held_back, most) as f64 / held_back.len() as f64;
    let baseline = &metrics["baseline"];
    assert_eq!(baseline["prediction"], format!("always `{most}`"));
    let accuracy = baseline["logs"]["val_accuracy"].as_f64().unwrap();
    assert!((accuracy - share).abs() < 1e-6, "{accuracy} {share}");
}

#[test]
fn a_model_that_has_learned_nothing_is_told_so() {
    let folder = Folder::with_loan();
    let rate = "compile.optimizer={sgd: {learning_rate: 0}}";
    let call = folder.call(&["train", "loan.yaml", "-q", "--set", rate]);
    assert!(
        call.stderr.contains("learned nothing that helps: its `val_accuracy`"),
        "{}",
        call.stderr
    );
}

#[test]
fn events_are_a_line_an_epoch_without_times_and_a_failure_ends_them() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out run -q");
    let events = events(&folder);
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["run_start", "epoch", "epoch", "epoch", "epoch", "run_end"]);
    assert_eq!(events[0]["epochs"], 4);
    assert_eq!(events[4]["logs"], events[5]["logs"]);
    assert!((events[1]["learning_rate"].as_f64().unwrap() - 0.01).abs() < 1e-9);
    assert!(!folder.read("run/events.jsonl").contains("seconds"));
    let rate = "compile.optimizer={sgd: {learning_rate: 1.0e38}}";
    let call = folder.call(&["train", "loan.yaml", "-q", "--out", "run2", "--set", rate]);
    assert_eq!(call.code, 1);
    let last: Value =
        serde_json::from_str(folder.read("run2/events.jsonl").lines().last().unwrap()).unwrap();
    assert_eq!(last["state"], "failed");
    assert!(last["error"].as_str().unwrap().contains("the loss is NaN"), "{last}");
}

fn metrics(folder: &Folder) -> Value {
    serde_json::from_str(&folder.read("run/metrics.json")).unwrap()
}

fn events(folder: &Folder) -> Vec<Value> {
    let text = folder.read("run/events.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
