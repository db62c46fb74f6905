//! What `-o` names: nothing that is read, no model and no run is written over; links, pipes,
//! devices and modes are kept.

use crate::support::{Folder, project};

fn trained() -> Folder {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let keras = std::fs::read(project("tests/golden/io/tutorial_mlp.keras")).unwrap();
    folder.write_bytes("theirs.keras", &keras);
    folder
}

/// Every file under the folder with its bytes, but for those of a name.
fn all(folder: &Folder) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.path("")]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn nothing_that_is_read_no_model_and_no_run_is_written_over() {
    let folder = trained();
    folder.ok("import theirs.keras -o other.safetensors");
    folder.ok("export run --to torch -o torch");
    std::fs::copy(folder.path("run/model.safetensors"), folder.path("copy.safetensors")).unwrap();
    std::fs::hard_link(folder.path("loan.csv"), folder.path("twin.csv")).unwrap();
    let before = all(&folder);
    for (call, named) in [
        ("predict run loan.csv -o loan.csv", "the table that is read"),
        ("predict run loan.csv -o ./run/../loan.csv", "the table that is read"),
        ("predict run loan.csv -o twin.csv", "the table that is read"),
        ("predict run loan.csv -o run/model.safetensors", "the model that is used"),
        ("predict run loan.csv -o run/checkpoint.safetensors", "a file of the run in run"),
        ("predict run loan.csv -o run/history.csv", "a file of the run in run"),
        ("predict run loan.csv -o run/config.yaml", "a file of the run in run"),
        ("predict run loan.csv -o other.safetensors", "a trained model"),
        ("predict run loan.csv -o theirs.keras", "a model"),
        ("predict copy.safetensors loan.csv -o copy.safetensors", "the model that is used"),
        ("predict run loan.csv -o run", "is a folder"),
        ("predict run loan.csv -o nowhere/out.csv", "no folder nowhere"),
        ("export run --to weights -o run/model.safetensors", "the model that is exported"),
        ("export copy.safetensors --to weights -o copy.safetensors", "the model that is exported"),
        ("export run --to weights -o other.safetensors", "a trained model"),
        ("export copy.safetensors --to config -o run/config.yaml", "a file of the run in run"),
        ("export copy.safetensors --to torch -o run", "a file of the run in run"),
        ("export copy.safetensors --to torch -o loan.csv", "is a file"),
        ("export loan.yaml --to config -o loan.yaml", "the configuration that is read"),
        ("import other.safetensors --config loan.yaml -o other.safetensors", "that is imported"),
        ("import theirs.keras -o run/model.safetensors", "a file of the run in run"),
        ("import theirs.keras -o run/model.safetensors --force", "a file of the run in run"),
        ("import theirs.keras -o theirs.keras", "that is imported"),
        ("import copy.safetensors --config loan.yaml -o run", "already holds a run"),
        ("convert loan.yaml loan.yaml", "the file that is read"),
        ("convert loan.yaml -o run/config.yaml", "a file of the run in run"),
    ] {
        let call_it = folder.run(call);
        assert_eq!(call_it.code, 1, "{call}\n{}", call_it.stderr);
        assert!(call_it.stderr.contains(named), "{call}\n{}", call_it.stderr);
        assert!(call_it.stdout.is_empty(), "{call}\n{}", call_it.stdout);
        assert!(before == all(&folder), "{call} changed a file");
    }
}

#[test]
fn any_other_file_is_replaced() {
    let folder = trained();
    for call in [
        "predict run loan.csv -o out.csv",
        "predict run loan.csv -o run/predictions.csv",
        "export run --to weights -o w.safetensors",
        "export run --to keras -o m.keras",
        "export run --to torch -o torch",
        "export run --to config -o arch.yaml",
        "import theirs.keras -o m.safetensors",
        "convert loan.yaml other.yaml",
    ] {
        folder.ok(call);
        folder.ok(call);
    }
    let predictions = folder.ok("predict run loan.csv");
    assert_eq!(folder.read("out.csv"), predictions);
}

#[test]
fn import_s_own_name_over_a_model_that_is_there_wants_force() {
    let folder = trained();
    folder.ok("import theirs.keras");
    folder.write("model.safetensors", "precious");
    let call = folder.run("import theirs.keras");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("model.safetensors") && call.stderr.contains("--force"));
    assert_eq!(folder.read("model.safetensors"), "precious");
    folder.ok("import theirs.keras --force");
    folder.ok("summary model.safetensors");
    folder.write("model.safetensors", "named, so meant");
    folder.ok("import theirs.keras -o model.safetensors");
}

#[test]
fn every_verb_writes_to_stdout_where_asked() {
    let folder = trained();
    let stdout = |arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = folder.command(&arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        output.stdout
    };
    folder.ok("export run --to weights -o w.safetensors");
    assert!(stdout("export run --to weights -o -") == folder.read_bytes("w.safetensors"));
    folder.ok("export run --to onnx -o m.onnx");
    assert!(stdout("export run --to onnx -o -") == folder.read_bytes("m.onnx"));
    folder.ok("export run --to config -o arch.yaml");
    assert!(stdout("export run --to config -o -") == folder.read_bytes("arch.yaml"));
    folder.ok("import theirs.keras -o m.safetensors");
    assert!(stdout("import theirs.keras -o -") == folder.read_bytes("m.safetensors"));
    assert!(stdout("convert loan.yaml -") == stdout("convert loan.yaml"));
    let call = folder.run("export run --to keras -o - --verify");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("--verify"), "{}", call.stderr);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_modes_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = trained();
    let predictions = folder.ok("predict run loan.csv");
    std::fs::create_dir(folder.path("far")).unwrap();
    folder.write("far/real.csv", "old");
    symlink("far/link.csv", folder.path("link.csv")).unwrap();
    symlink("real.csv", folder.path("far/link.csv")).unwrap();
    symlink("far/new.csv", folder.path("dangling.csv")).unwrap();
    for (link, real) in [("link.csv", "far/real.csv"), ("dangling.csv", "far/new.csv")] {
        folder.ok(&format!("predict run loan.csv -o {link}"));
        assert!(folder.path(link).is_symlink(), "{link} was replaced");
        assert_eq!(folder.read(real), predictions);
    }
    symlink("a", folder.path("b")).unwrap();
    symlink("b", folder.path("a")).unwrap();
    assert_eq!(folder.run("predict run loan.csv -o a").code, 1);
    symlink("run/model.safetensors", folder.path("to_model.csv")).unwrap();
    assert_eq!(folder.run("predict run loan.csv -o to_model.csv").code, 1);

    for (call, file) in [
        ("predict run loan.csv -o private.csv", "private.csv"),
        ("export run --to keras -o private.keras", "private.keras"),
        ("import theirs.keras -o private.safetensors", "private.safetensors"),
        ("convert loan.yaml private.yaml", "private.yaml"),
    ] {
        for mode in [0o600, 0o640, 0o664] {
            folder.write(file, "old");
            let path = folder.path(file);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            folder.ok(call);
            let now = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(now, mode, "{call}: {now:o} for {mode:o}");
            assert_ne!(folder.read_bytes(file), b"old");
        }
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_written_to_and_never_replaced() {
    use std::os::unix::fs::FileTypeExt;

    let folder = trained();
    let predictions = folder.ok("predict run loan.csv");
    let fifo = folder.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || std::fs::read_to_string(fifo).unwrap()
    });
    folder.ok("predict run loan.csv -o fifo");
    assert_eq!(reader.join().unwrap(), predictions);
    assert!(std::fs::metadata(&fifo).unwrap().file_type().is_fifo());
    assert_eq!(folder.ok("predict run loan.csv -o /dev/stdout"), predictions);
    assert_eq!(folder.ok("convert loan.yaml -o /dev/stdout"), folder.ok("convert loan.yaml"));

    // what the shell appends to stays, and what we print comes after it
    folder.write("log", "before\n");
    let log = std::fs::OpenOptions::new().append(true).open(folder.path("log")).unwrap();
    let status = folder
        .command(&["predict", "run", "loan.csv", "-o", "/dev/stdout"])
        .stdout(log)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(folder.read("log"), format!("before\n{predictions}"));

    // stdin redirected from a table is a table that is read
    let table = std::fs::File::open(folder.path("loan.csv")).unwrap();
    let output =
        folder.command(&["predict", "run", "-", "-o", "loan.csv"]).stdin(table).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the table that is read"));
}

#[test]
fn an_output_replaces_no_configuration_and_no_table_of_the_run() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    folder.write("new.csv", &folder.read("loan.csv"));
    folder.write("other.toml", "[fit]\nepochs = 3\n");
    for (out, what) in [
        ("loan.yaml", "would overwrite a configuration"),
        ("other.toml", "would overwrite a configuration"),
        ("loan.csv", "would overwrite a table of the run"),
        ("new/", "names a folder, where a file is written"),
        ("new/deep/", "name a file in it: `-o new/deep/FILE`"),
    ] {
        let before =
            folder.read("loan.yaml") + &folder.read("other.toml") + &folder.read("loan.csv");
        let call = folder.run(&format!("predict run new.csv -o {out}"));
        assert_eq!(call.code, 1, "{out}: {}", call.stderr);
        assert!(call.stderr.contains(what), "{out}: {}", call.stderr);
        assert_eq!(
            before,
            folder.read("loan.yaml") + &folder.read("other.toml") + &folder.read("loan.csv")
        );
    }
    folder.ok("predict run new.csv -o predictions.csv");
    folder.ok("predict run new.csv -o predictions.csv");
}
