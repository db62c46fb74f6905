//! A run's folder: one process at a time, moved, renamed, changed, and of an older form.

use crate::resume::same_run;
use crate::support::Folder;

#[test]
fn one_process_at_a_time_works_in_a_runs_folder() {
    let folder = Folder::with_loan();
    let start = |i: usize| {
        let seed = format!("seed={i}");
        let mut command = folder.command(&["train", "loan.yaml", "-q", "--out", "run", "--set"]);
        command.arg(seed).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let children: Vec<_> = (0..12).map(start).collect();
    let mut won = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => won += 1,
            code => {
                let is_told = stderr.contains("is in use by process") || stderr.contains("already");
                assert!(code == Some(1) && is_told, "{stderr}");
            }
        }
    }
    assert_eq!(won, 1);
    let left = std::fs::read_dir(folder.path("run")).unwrap();
    assert_eq!(left.count(), 6, "the run's six files, no lock and no temporary file");
    folder.write("run/.lanthorn-aaaaaa", "left by a process that was killed");
    folder.ok("train --resume run -q --set fit.epochs=5");
    assert!(!folder.path("run/.lanthorn-aaaaaa").exists());
}

#[test]
fn the_first_error_is_the_one_that_is_told() {
    let folder = Folder::with_loan();
    folder.write("run/history.csv/in-the-way", "");
    let rate = "compile.optimizer={sgd: {learning_rate: 1.0e38}}";
    let call = folder.call(&["train", "loan.yaml", "-q", "--out", "run", "--set", rate]);
    assert_eq!(call.code, 1);
    let error = call.stderr.find("error: the loss is NaN at epoch 1");
    assert!(error.is_some(), "{}", call.stderr);
}

#[test]
fn a_moved_run_goes_on_or_says_what_to_type() {
    let folder = Folder::with_loan();
    folder.write("tables/loan.csv", &folder.read("loan.csv"));
    let text =
        crate::support::LOAN.replace("train: loan.csv", "train: ../configs/../tables/loan.csv");
    folder.write("configs/loan.yaml", &text);
    folder.ok("train configs/loan.yaml -q --out runs/a");
    assert!(folder.read("runs/a/config.yaml").contains("train: ../../tables/loan.csv\n"));
    std::fs::create_dir_all(folder.path("far/away")).unwrap();
    std::fs::rename(folder.path("runs/a"), folder.path("far/away/my run")).unwrap();
    let resume = ["train", "--resume", "far/away/my run", "-q", "--set", "fit.epochs=6"];
    std::fs::rename(folder.path("tables"), folder.path("data")).unwrap();
    let call = folder.call(&resume);
    assert_eq!(call.code, 1);
    let typed = "lanthorn train --resume='far/away/my run' --set data.train=PATH";
    let told: Vec<&str> = call.stderr.split_whitespace().collect(); // long help is broken
    assert!(told.join(" ").contains(typed), "{}", call.stderr);
    let mut with_table = resume.to_vec();
    with_table.extend(["--set", "data.train=data/loan.csv"]);
    let call = folder.call(&with_table);
    assert_eq!(call.code, 0, "{}", call.stderr);
    let call = folder.call(&["train", "--resume", "far/away/my run", "--set", "fit.epochs=7"]);
    assert_eq!(call.code, 0, "{}", call.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_table_in_a_folder_whose_name_is_no_text_is_found_again() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::with_loan();
    let odd = folder.path("x").with_file_name(std::ffi::OsStr::from_bytes(b"b\xff%"));
    std::fs::create_dir(&odd).unwrap();
    for file in ["loan.csv", "loan.yaml"] {
        std::fs::copy(folder.path(file), odd.join(file)).unwrap();
    }
    let status =
        folder.command(&["train", "-q", "--out", "run"]).arg(odd.join("loan.yaml")).status();
    assert!(status.unwrap().success());
    folder.ok("train --resume run -q --set fit.epochs=6");
}

#[cfg(unix)]
#[test]
fn the_command_that_an_interrupted_run_prints_works_whatever_its_folder_is_called() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::with_loan();
    for name in [&b"b\xff d"[..], b"it's", b"a\nb"] {
        let mut command = folder.command(&["train", "loan.yaml", "-q", "--json", "--out"]);
        command.arg(OsStr::from_bytes(name)).args(["--set", "fit.epochs=100000"]);
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let id = child.id().to_string();
        assert!(
            std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success()
        );
        let mut text = String::new();
        std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(143));
        let end: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let typed = end["resume"].as_str().unwrap().replacen("lanthorn", "\"$0\"", 1);
        let line = format!("{typed} -q --set fit.epochs=100001 & sleep 1; kill -INT $!; wait $!");
        let mut bash = std::process::Command::new("bash");
        bash.args(["-c", &line, env!("CARGO_BIN_EXE_lanthorn")]).current_dir(folder.path("."));
        let Ok(output) = bash.output() else { return }; // no bash here
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            stderr.contains("saved. Go on with") || output.status.code() == Some(130),
            "{stderr}"
        );
    }
}

#[test]
fn a_folder_below_a_file_is_refused_with_the_file_s_name() {
    let folder = Folder::with_loan();
    for out in ["loan.yaml", "loan.yaml/run"] {
        let call = folder.run(&format!("train loan.yaml --out {out}"));
        assert_eq!(call.code, 1);
        assert!(call.stderr.contains("loan.yaml is a file, not a folder"), "{}", call.stderr);
    }
}

#[test]
fn what_was_changed_is_noticed_by_every_verb() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    for file in ["model.safetensors", "checkpoint.safetensors"] {
        let mut bytes = folder.read_bytes(&format!("run/{file}"));
        let last = bytes.len() - 3;
        bytes[last] ^= 1;
        folder.write_bytes(&format!("run/{file}"), &bytes);
    }
    for verb in [
        "predict run loan.csv -o p.csv",
        "evaluate run loan.csv",
        "export run --to weights -o w.safetensors",
        #[cfg(feature = "keras")] // with the optimizer's variables, of the checkpoint
        "export run --to keras -o w.keras",
        "summary run",
        "train loan.yaml --out other --init-weights run/model.safetensors",
        "train --resume run --set fit.epochs=6",
    ] {
        let call = folder.run(verb);
        assert_eq!(call.code, 1, "{verb}");
        assert!(call.stderr.contains("not as it was written: its checksum is"), "{}", call.stderr);
        assert!(call.stderr.contains("--no-verify"), "{}", call.stderr);
        folder.ok(&verb.replace("--out other", "--out others").replacen(' ', " --no-verify ", 1));
    }
    // which shows what there is
    folder.ok("train loan.yaml -q --out again");
    let mut bytes = folder.read_bytes("again/model.safetensors");
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    folder.write_bytes("again/model.safetensors", &bytes);
    let call = folder.run("inspect again");
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(call.stderr.starts_with("warning: ") && call.stderr.contains("its checksum is"));
    assert_eq!(folder.run("inspect again --no-verify").stderr, "");
}

#[test]
fn runs_of_the_first_format_are_read_and_go_on() {
    let folder = Folder::new();
    let files = crate::support::project("tests/files/format-1.0");
    std::fs::create_dir(folder.path("run")).unwrap();
    for file in ["old.yaml", "loan.csv"] {
        std::fs::copy(files.join(file), folder.path(file)).unwrap();
    }
    for entry in std::fs::read_dir(files.join("run")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path("run").join(entry.file_name())).unwrap();
    }
    let predictions = folder.ok("predict run loan.csv");
    let known = std::fs::read_to_string(files.join("predictions.csv")).unwrap();
    assert!(predictions.starts_with(&known), "{predictions}");
    folder.ok("train --resume run -q --set fit.epochs=9");
    folder.ok("train old.yaml -q --out whole --set fit.epochs=9");
    same_run(&folder, "whole", "run", "format 1.0");
    assert_eq!(folder.read("run/log.csv"), folder.read("whole/log.csv"));
}

#[test]
fn a_run_s_folder_is_never_hidden_and_its_name_never_too_long() {
    let folder = Folder::with_loan();
    for name in [".", "..x", "\"\"", &"n".repeat(300)] {
        let set = format!("name={name}");
        let call = folder.call(&["train", "loan.yaml", "-q", "--set", &set]);
        assert_eq!(call.code, 0, "{name}: {}", call.stderr);
    }
    let mut names: Vec<String> = std::fs::read_dir(folder.path("runs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let long = format!("{}-001", "n".repeat(60));
    assert_eq!(names, ["_-001", "_.x-001", "model-001", &long]);
}
