//! The end of a training: what its last line, its model and its history say is of the weights that
//! were saved.

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

/// The `val_loss` of the closing line, and the loss that `evaluate` finds.
fn told_and_found(folder: &Folder, stdout: &str) -> (String, String) {
    let told = stdout.split("val_loss ").nth(1).unwrap().lines().next().unwrap().to_string();
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
         from the best epoch, {best}: "
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
    assert!(stdout.starts_with("loan: 4 epochs, averaged weights (`use_ema`): val_"), "{stdout}");
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
