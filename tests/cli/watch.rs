//! `lanthorn watch`: a training followed by its events.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::Folder;

#[test]
fn a_finished_run_is_shown_with_what_it_came_to() {
    let folder = Folder::with_loan();
    let trained = folder.ok("train loan.yaml --out run -q");
    let call = folder.run("watch run");
    assert_eq!(call.code, 0, "{}", call.stderr);
    let table = |text: &str| text[text.find("training").unwrap()..].to_string();
    assert!(table(&trained).starts_with(&table(&call.stdout)), "{}{trained}", call.stdout);
    assert!(call.stdout.starts_with("loan: finished, 4 epochs, best val_loss"), "{}", call.stdout);
    assert_eq!(call.stderr.lines().filter(|line| line.starts_with("Epoch ")).count(), 4);
    assert!(!call.stderr.contains('\u{1b}'));
    let json = folder.ok("watch run --json");
    assert_eq!(json, folder.read("run/events.jsonl"));
    let call = folder.run("watch nothing");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("holds no run"), "{}", call.stderr);
}

#[cfg(unix)]
#[test]
fn a_training_is_followed_until_it_is_interrupted_or_killed() {
    let folder = Folder::with_loan();
    for (signal, said) in [("INT", "interrupted"), ("KILL", "nobody trains this run any more")] {
        let run = format!("run-{signal}");
        let set = "fit.epochs=1000000";
        let mut command =
            folder.command(&["train", "loan.yaml", "-q", "--out", &run, "--set", set]);
        let mut training = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !folder.path(&format!("{run}/events.jsonl")).exists() {
            assert!(training.try_wait().unwrap().is_none(), "the training ended early");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let mut watch = folder.command(&["watch", &run]);
        let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(watch.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().starts_with("Epoch ")));
        let sent = std::process::Command::new("kill")
            .args([format!("-{signal}"), training.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        let output = watch.wait_with_output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && (stdout + &rest.join("\n")).contains(said), "{signal}");
        training.wait().unwrap();
    }
}
