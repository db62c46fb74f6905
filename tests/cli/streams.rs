//! Output that can't be written, readers that go away, and signals.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::support::{Folder, LOAN};

/// Epochs that nobody waits for.
const ENDLESS: &str = "fit.epochs=100000";

#[cfg(target_os = "linux")]
fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[cfg(target_os = "linux")]
#[test]
fn stderr_on_a_full_disk_ends_no_verb() {
    let folder = Folder::with_loan();
    let status = folder
        .command(&["train", "loan.yaml", "--out", "run"])
        .stderr(full())
        .stdout(Stdio::null())
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
    assert!(folder.path("run/model.safetensors").exists());
    for (arguments, code) in [
        (&["check", "missing.yaml"][..], 1),
        (&["predict", "run", "missing.csv"], 1),
        (&["train", "--resume", "nothing"], 1),
        (&["train", "--no-such-flag"], 2),
    ] {
        let status = folder.command(arguments).stderr(full()).stdout(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(code), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn events_on_a_full_disk_are_an_error_at_once_and_the_run_goes_on_later() {
    let folder = Folder::with_loan();
    let output = folder
        .command(&["train", "loan.yaml", "--json", "--out", "run", "--set", ENDLESS])
        .stdout(full())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("stdout") && stderr.contains("--resume run"), "{stderr}");
    folder.ok("train --resume run -q --set fit.epochs=2");
    for arguments in [&["check", "loan.yaml"][..], &["train", "--help"], &["--version"]] {
        let status = folder.command(arguments).stdout(full()).stderr(Stdio::null()).status();
        assert_eq!(status.unwrap().code(), Some(3), "{arguments:?}");
    }
}

#[test]
fn a_reader_that_goes_away_stops_the_training_as_ctrl_c_does() {
    for options in [" --json", " --json 2>&1", " 2>&1"] {
        let folder = Folder::with_loan();
        let binary = env!("CARGO_BIN_EXE_lanthorn");
        let line = format!(
            "({binary} train loan.yaml --out run --set {ENDLESS}{options}; echo $? > code) \
             | head -2 > shown"
        );
        let status =
            Command::new("sh").args(["-c", &line]).current_dir(folder.path("")).status().unwrap();
        assert!(status.success());
        assert_eq!(folder.read("shown").lines().count(), 2, "{options}");
        assert_eq!(folder.read("code").trim(), "130", "{options}");
        let done = folder.read("run/history.csv").lines().count();
        folder.ok(&format!("train --resume run -q --set fit.epochs={}", done + 2));
    }
}

#[test]
fn a_dead_reader_of_stderr_alone_leaves_the_training_to_go_on_in_silence() {
    let folder = Folder::with_loan();
    let mut child = folder
        .command(&["train", "loan.yaml", "--out", "run"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(out.contains("saved run/model.safetensors"), "{out}");
}

#[test]
fn ctrl_c_is_answered_before_the_step_has_ended() {
    let folder = Folder::with_loan();
    // one step of some seconds
    let slow = LOAN.replace("units: 8,", "units: 4000,").replace(
        "    - dropout: {rate: 0.1}\n",
        "    - dense: {units: 4000}\n    - dense: {units: 4000}\n",
    );
    folder.write("slow.yaml", &slow.replace("batch_size: 10", "batch_size: 300"));
    let command = folder.command(&["train", "slow.yaml", "--out", "run", "--threads", "1"]);
    let (mut child, lines) = started(command);
    signal(&child, "INT");
    let sent = Instant::now();
    let answer = lines.iter().find(|line| line.contains("Ctrl-C")).unwrap();
    assert_eq!(answer, "finishing this step; press Ctrl-C again to stop now");
    assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    let still_at_work = child.try_wait().unwrap().is_none();
    assert!(still_at_work, "the step was too short for this test");
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn ctrl_c_is_heard_between_batches_of_validation_and_resumes_to_the_same_bytes() {
    let folder = Folder::with_loan();
    let rows = "37,rural,approved\n".repeat(20_000);
    folder.write("held_back.csv", &format!("age,area,application_outcome\n{rows}"));
    let config = LOAN
        .replace("train: loan.csv", "train: loan.csv\n  validation: held_back.csv")
        .replace("  validation_split: 0.1\n", "  validation_batch_size: 2\n")
        .replace(
            "    - dropout",
            "    - dense: {units: 300}\n    - dense: {units: 300}\n    - dropout",
        )
        .replace("batch_size: 10", "batch_size: 300")
        .replace("epochs: 4", "epochs: 1");
    folder.write("long.yaml", &config);
    folder.ok("train long.yaml -q --out whole");
    let (mut child, _lines) =
        started(folder.command(&["train", "long.yaml", "--out", "run", "--json"]));
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    events.next();
    std::thread::sleep(Duration::from_millis(300)); // the one step is over, 10,000 batches are not
    signal(&child, "TERM");
    let end = events.map(Result::unwrap).last().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(end.contains("\"epoch\":1,\"batch\":1,"), "{end}");
    folder.ok("train --resume run -q");
    for file in ["model.safetensors", "history.csv"] {
        let path = |run: &str| format!("{run}/{file}");
        assert!(folder.read_bytes(&path("run")) == folder.read_bytes(&path("whole")), "{file}");
    }
}

#[test]
fn ctrl_c_while_the_data_is_read_ends_at_once_and_leaves_no_model() {
    let folder = Folder::with_loan();
    let fifo = Command::new("mkfifo").arg(folder.path("slow.csv")).status().unwrap();
    assert!(fifo.success());
    folder.write("slow.yaml", &LOAN.replace("loan.csv", "slow.csv"));
    let mut child = folder.command(&["train", "slow.yaml", "--out", "run"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "INT");
    assert_eq!(ended(&mut child).code(), Some(130));
    assert!(!folder.path("run/model.safetensors").exists());
}

#[test]
fn a_hangup_saves_and_ends_unless_it_was_ignored_from_the_start() {
    let folder = Folder::with_loan();
    if !is_hangup_ignored() {
        let run = ["train", "loan.yaml", "--out", "run", "--set", ENDLESS];
        let (mut child, _lines) = started(folder.command(&run));
        signal(&child, "HUP");
        signal(&child, "HUP"); // as a terminal that closes may send it
        assert_eq!(ended(&mut child).code(), Some(129));
        assert!(folder.path("run/model.safetensors").exists());
    }

    let binary = env!("CARGO_BIN_EXE_lanthorn");
    let line = format!("trap '' HUP; exec {binary} train loan.yaml --out nohup --set {ENDLESS}");
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(folder.path(""));
    let (mut child, _lines) = started(command);
    signal(&child, "HUP");
    std::thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "nohup's child must go on");
    signal(&child, "TERM");
    assert_eq!(ended(&mut child).code(), Some(143));
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_more_threads_can_be_started_one_does_the_work_and_it_is_said_once() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out whole");
    let binary = env!("CARGO_BIN_EXE_lanthorn");
    let train = format!("{binary} train loan.yaml -q --out run --threads 1024");
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -v 2500000; {train}")])
        .current_dir(folder.path(""))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(stderr.matches("threads could be started").count(), 1, "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    let model = |run: &str| folder.read_bytes(&format!("{run}/model.safetensors"));
    assert!(model("run") == model("whole"), "one thread gives the same bytes");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_with_the_file_s_name() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let binary = env!("CARGO_BIN_EXE_lanthorn");
    let line = format!("ulimit -f 1; {binary} predict run loan.csv -o out.csv");
    let output =
        Command::new("sh").args(["-c", &line]).current_dir(folder.path("")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("out.csv"), "{stderr}");
    assert!(!folder.path("out.csv").exists());
    let left = std::fs::read_dir(folder.path("")).unwrap();
    let left = left.filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".lanthorn")
    });
    assert_eq!(left.count(), 0, "a temporary file is left");
}

/// Whether these tests were started by `nohup`, which their children inherit.
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Starts a training, and waits until it is under way; its further lines of stderr.
fn started(mut command: Command) -> (Child, Receiver<String>) {
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let (sender, lines) = std::sync::mpsc::channel();
    // reads to the end: a pipe that is full would hold the training up
    std::thread::spawn(move || {
        stderr.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
    });
    if !command.get_args().any(|argument| argument == "--json") {
        let begun = lines.iter().any(|line| line.contains("training on"));
        assert!(begun, "the training ended early");
        std::thread::sleep(Duration::from_millis(200));
    }
    (child, lines)
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(kill.unwrap().success());
}

/// Waits for the end of a program that should end soon.
fn ended(child: &mut Child) -> std::process::ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("still at work");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
