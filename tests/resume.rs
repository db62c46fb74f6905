//! Determinism, resuming, interruption: the same bytes whatever happens on the way.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use support::Folder;

const OPTIMIZERS: [&str; 3] =
    ["{adam: {learning_rate: 0.01}}", "{sgd: {learning_rate: 0.05, momentum: 0.9}}", "rmsprop"];

#[test]
fn the_same_call_gives_the_same_bytes_at_any_thread_count() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out a --threads 1");
    folder.ok("train loan.yaml -q --out b --threads 2");
    folder.ok("train loan.yaml -q --out c --threads 1");
    for file in ["model.safetensors", "checkpoint.safetensors", "history.csv"] {
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
            assert!(status.success());
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

fn same_run(folder: &Folder, a: &str, b: &str, what: &str) {
    for file in ["model.safetensors", "checkpoint.safetensors", "history.csv"] {
        let (a, b) =
            (folder.read_bytes(&format!("{a}/{file}")), folder.read_bytes(&format!("{b}/{file}")));
        assert!(a == b, "{file} differs ({what})");
    }
}
