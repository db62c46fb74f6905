//! Determinism, resuming, interruption: the same bytes whatever happens on the way.

use std::time::{Duration, Instant};

use crate::support::Folder;

const OPTIMIZERS: [&str; 3] =
    ["{adam: {learning_rate: 0.01}}", "{sgd: {learning_rate: 0.05, momentum: 0.9}}", "rmsprop"];

#[test]
fn the_same_call_gives_the_same_bytes_at_any_thread_count() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out a --threads 1");
    folder.ok("train loan.yaml -q --out b --threads 2");
    folder.ok("train loan.yaml -q --out c --threads 1");
    for file in ["model.safetensors", "checkpoint.safetensors", "history.csv", "events.jsonl"] {
        assert!(
            folder.read_bytes(&format!("a/{file}")) == folder.read_bytes(&format!("b/{file}")),
            "{file}"
        );
        assert!(
            folder.read_bytes(&format!("a/{file}")) == folder.read_bytes(&format!("c/{file}")),
            "{file}"
        );
    }
}

#[test]
fn resume_equals_uninterrupted_training() {
    for optimizer in OPTIMIZERS {
        let folder = Folder::with_loan();
        let set = format!("compile.optimizer={optimizer}");
        let train = |epochs: &str, out: &str| {
            let call = folder.call(&[
                "train",
                "loan.yaml",
                "-q",
                "--out",
                out,
                "--set",
                &set,
                "--set",
                epochs,
            ]);
            assert_eq!(call.code, 0, "{}", call.stderr);
        };
        train("fit.epochs=4", "whole");
        train("fit.epochs=2", "halves");
        folder.ok("train --resume halves -q --set fit.epochs=4");
        same_run(&folder, "whole", "halves", optimizer);
    }
}

#[test]
fn a_table_of_logs_is_appended_to_and_goes_on_where_the_checkpoint_is() {
    let folder = Folder::with_loan();
    let set = ["--set", "fit.callbacks=[{csv_logger: {filename: log.csv}}]"];
    let train = |epochs: &str, out: &str| {
        let call = ["train", "loan.yaml", "-q", "--out", out, "--set", epochs, set[0], set[1]];
        assert_eq!(folder.call(&call).code, 0);
    };
    train("fit.epochs=4", "whole");
    train("fit.epochs=2", "halves");
    // a row of a training that was killed after its last checkpoint
    let rows = folder.read("halves/log.csv");
    folder.write("halves/log.csv", &format!("{rows}2,0.1,0."));
    folder.ok("train --resume halves -q --set fit.epochs=4");
    let whole = folder.read("whole/log.csv");
    assert_eq!(whole.lines().count(), 5, "{whole}");
    assert_eq!(folder.read("halves/log.csv"), whole);
    same_run(&folder, "whole", "halves", "csv_logger");
}

#[test]
fn a_killed_training_resumes_to_the_same_bytes() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out whole --set fit.epochs=400");
    let mut kills = 0;
    for attempt in 0..40 {
        let mut command = match attempt {
            0 => folder.command(&[
                "train",
                "loan.yaml",
                "-q",
                "--out",
                "killed",
                "--set",
                "fit.epochs=400",
            ]),
            _ => folder.command(&["train", "--resume", "killed", "-q"]),
        };
        let mut child = command.spawn().unwrap();
        let start = Instant::now();
        let patience = Duration::from_millis(300 + 700 * (attempt % 3));
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if start.elapsed() > patience && folder.path("killed/checkpoint.safetensors").exists() {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                break None;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if let Some(status) = status {
            // a training may have been killed between its model and its end
            assert!(status.success() || folder.path("killed/model.safetensors").exists());
            break;
        }
    }
    println!("killed {kills} times");
    same_run(&folder, "whole", "killed", "killed");
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_says_how_to_go_on_and_exits_130() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let folder = Folder::with_loan();
        let mut command =
            folder.command(&["train", "loan.yaml", "--out", "run", "--set", "fit.epochs=100000"]);
        let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        while !folder.path("run/history.csv").exists() && start.elapsed() < Duration::from_secs(30)
        {
            std::thread::sleep(Duration::from_millis(10));
        }
        let kill = std::process::Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains("lanthorn train --resume run"), "{stderr}");
        assert!(folder.path("run/checkpoint.safetensors").exists());
    }
}

#[test]
fn what_may_not_change_on_resume_is_named() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let call = folder.run("train --resume run -q --set fit.batch_size=20");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`fit.batch_size`"), "{}", call.stderr);
    let call = folder.run("train --resume run -q");
    assert_eq!(call.code, 1, "a finished run is said to be finished: {}", call.stderr);
    assert!(call.stderr.contains("fit.epochs"), "{}", call.stderr);
    let mut table = folder.read("loan.csv");
    table = table.replacen("rural", "urban", 1);
    folder.write("loan.csv", &table);
    let call = folder.run("train --resume run -q --set fit.epochs=9");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("data"), "{}", call.stderr);
}

#[test]
fn a_finished_training_without_its_model_gets_it_at_resume() {
    let folder = Folder::with_loan();
    folder.write("loan.yaml", &(crate::support::LOAN.to_string() + CALLBACKS));
    folder.ok("train loan.yaml -q --out whole");
    let bytes = folder.read_bytes("whole/model.safetensors");
    for state in ["missing", "of an earlier position", "torn"] {
        let model = "whole/model.safetensors";
        match state {
            "missing" => std::fs::remove_file(folder.path(model)).unwrap(),
            "torn" => folder.write_bytes(model, &bytes[..bytes.len() / 2]),
            _ => {
                folder.ok("train loan.yaml -q --out short --set fit.epochs=2");
                std::fs::copy(folder.path("short/model.safetensors"), folder.path(model)).unwrap();
                let call = folder.run("predict whole loan.csv -o p.csv");
                let older = "this model is of epoch 2, older than its run's checkpoint, which has";
                assert!(call.stderr.contains(older), "{}", call.stderr);
                assert!(call.stderr.contains("lanthorn train --resume whole"), "{}", call.stderr);
            }
        }
        folder.write("whole/history.csv", "epoch,loss\n");
        folder.ok("train --resume whole -q");
        assert!(folder.read_bytes(model) == bytes, "{state}");
        assert_eq!(folder.read("whole/history.csv").lines().count(), 5, "{state}");
    }
    let call = folder.run("train --resume whole -q");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("is finished"), "{}", call.stderr);
    assert_eq!(folder.run("predict whole loan.csv -o p.csv").stderr, "");
}

const CALLBACKS: &str = "  callbacks:
    - early_stopping: {patience: 3, restore_best_weights: true}
    - csv_logger: {filename: log.csv}
";

#[cfg(unix)]
#[test]
fn a_model_of_an_interrupted_training_says_so_and_goes_on_to_the_same_bytes() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out whole --set fit.epochs=2000");
    let child = folder
        .command(&["train", "loan.yaml", "-q", "--out", "run", "--set", "fit.epochs=2000"])
        .spawn()
        .unwrap();
    until(|| folder.path("run/config.yaml").exists());
    std::thread::sleep(Duration::from_millis(200));
    let status = kill(child, "TERM");
    assert_eq!(status.code(), Some(143));
    for verb in ["predict run loan.csv -o p.csv", "evaluate run loan.csv"] {
        let call = folder.run(verb);
        assert_eq!(call.code, 0, "{}", call.stderr);
        assert!(call.stderr.contains("an interrupted training, in epoch"), "{}", call.stderr);
    }
    folder.ok("train --resume run -q");
    same_run(&folder, "whole", "run", "interrupted");
    assert_eq!(folder.run("evaluate run loan.csv").stderr, "");
}

#[cfg(unix)]
#[test]
fn what_an_extended_and_interrupted_run_prints_works_as_printed() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let raised = ["train", "--resume", "run", "-q", "--set", "fit.epochs=2000"];
    let child = folder.command(&raised).spawn().unwrap();
    until(|| folder.read("run/config.yaml").contains("epochs: 2000"));
    std::thread::sleep(Duration::from_millis(200));
    kill(child, "KILL");
    assert!(folder.read("run/config.yaml").contains("epochs: 2000"));
    folder.ok("train --resume run -q");
    folder.ok("train loan.yaml -q --out whole --set fit.epochs=2000");
    same_run(&folder, "whole", "run", "extended");
    // a version before left the epochs in config.yaml as they were: the checkpoint's hold
    let config = folder.read("run/config.yaml");
    folder.write("run/config.yaml", &config.replace("epochs: 2000", "epochs: 4"));
    assert!(folder.run("train --resume run").stderr.contains("2000 of 2000"));
}

#[test]
fn a_run_that_stopped_early_says_what_going_on_means() {
    let folder = Folder::with_loan();
    let text = crate::support::LOAN.replace("learning_rate: 0.01", "learning_rate: 0.0");
    folder.write("loan.yaml", &(text + CALLBACKS));
    let stdout = folder.ok("train loan.yaml -q --out run --set fit.epochs=20");
    assert!(
        stdout.starts_with(
            "loan: 4 epochs (early stopping: `val_loss` was best at epoch 1), weights restored from \
             the best epoch, 1\n"
        ),
        "{stdout}"
    );
    assert!(folder.run("train --resume run").stderr.contains("is finished: 4 of 20"), "finished");
    let call = folder.run("train --resume run --set fit.epochs=30");
    assert_eq!(call.code, 0, "{}", call.stderr);
    let said = "the run had stopped after epoch 4 (early stopping: `val_loss` was best at epoch 1)";
    assert!(call.stderr.contains(said), "{}", call.stderr);
}

#[test]
fn given_weights_are_kept_whatever_happens_before_the_first_checkpoint() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out first --set seed=5");
    folder.ok("train loan.yaml -q --out whole --init-weights first");
    folder.ok("train loan.yaml -q --out run --init-weights first/model.safetensors");
    for file in ["checkpoint.safetensors", "model.safetensors", "history.csv"] {
        std::fs::remove_file(folder.path(&format!("run/{file}"))).unwrap();
    }
    folder.ok("train --resume run -q");
    same_run(&folder, "whole", "run", "given weights");
    // a start that came as far as its checkpoint, without a configuration, is begun anew
    for file in ["config.yaml", "model.safetensors", "history.csv"] {
        std::fs::remove_file(folder.path(&format!("run/{file}"))).unwrap();
    }
    assert_eq!(folder.run("train loan.yaml -q --out run").code, 1, "a checkpoint with work in it");
    std::fs::remove_file(folder.path("first/model.safetensors")).unwrap();
    let call = folder.run("train loan.yaml -q --out new --init-weights first");
    assert_eq!(call.code, 1);
    assert!(!folder.path("new/config.yaml").exists(), "{}", call.stderr);
}

#[cfg(unix)]
fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() && start.elapsed() < Duration::from_mins(1) {
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(unix)]
fn kill(mut child: std::process::Child, signal: &str) -> std::process::ExitStatus {
    let number = child.id().to_string();
    let sent = std::process::Command::new("kill").args([format!("-{signal}"), number]).status();
    assert!(sent.unwrap().success());
    child.wait().unwrap()
}

pub fn same_run(folder: &Folder, a: &str, b: &str, what: &str) {
    for file in ["model.safetensors", "checkpoint.safetensors", "history.csv", "events.jsonl"] {
        let (a, b) =
            (folder.read_bytes(&format!("{a}/{file}")), folder.read_bytes(&format!("{b}/{file}")));
        assert!(a == b, "{file} differs ({what})");
    }
}
