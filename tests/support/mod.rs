//! What the tests of the binary share: a folder of their own with small tables, and calls.

#![allow(dead_code, clippy::unwrap_used)] // each test file uses a part

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that goes away with the value.
pub struct Folder {
    folder: tempfile::TempDir,
}

/// What a call of the binary gave.
pub struct Call {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Folder {
    pub fn new() -> Folder {
        Folder { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with loan.csv (300 rows) and loan.yaml, a small dropout model.
    pub fn with_loan() -> Folder {
        let folder = Folder::new();
        let table = std::fs::read_to_string(project("examples/data/loan.csv")).unwrap();
        let rows: Vec<&str> = table.lines().take(301).collect();
        folder.write("loan.csv", &(rows.join("\n") + "\n"));
        folder.write("loan.yaml", LOAN);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        self.write_bytes(name, text.as_bytes());
    }

    pub fn write_bytes(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8(self.read_bytes(name)).unwrap()
    }

    pub fn read_bytes(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Runs `lanthorn` in the folder; the arguments are split at blanks.
    pub fn run(&self, arguments: &str) -> Call {
        self.call(&arguments.split(' ').collect::<Vec<_>>())
    }

    /// The same with the arguments one by one.
    pub fn call(&self, arguments: &[&str]) -> Call {
        let output = self.command(arguments).output().unwrap();
        Call {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The command, not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanthorn"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs, and fails the test unless the call succeeds; gives stdout.
    pub fn ok(&self, arguments: &str) -> String {
        let call = self.run(arguments);
        assert_eq!(call.code, 0, "lanthorn {arguments}\n{}{}", call.stdout, call.stderr);
        call.stdout
    }
}

/// A path inside the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub const LOAN: &str = "\
name: loan
seed: 42
data:
  train: loan.csv
  features:
    - {column: age, scale: min_max}
    - {column: area, encode: label}
  target: {column: application_outcome, encode: label}
model:
  layers:
    - dense: {units: 8, activation: relu}
    - dropout: {rate: 0.1}
    - dense: {units: 2, activation: softmax}
compile:
  optimizer: {adam: {learning_rate: 0.01}}
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
fit:
  batch_size: 10
  epochs: 4
  validation_split: 0.1
";
