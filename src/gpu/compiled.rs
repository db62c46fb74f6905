//! For tests: the GPU's programs compiled by the machine's C compiler, and by NVIDIA's where it is.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{PRELUDE, Program};

/// A program for this machine.
pub(crate) struct Compiled {
    _folder: TempDir,
    path: PathBuf,
}

impl Compiled {
    /// A text with a `main`; None, told on stderr, where the machine has no C compiler.
    pub(crate) fn of(text: &str, main: &str) -> Option<Compiled> {
        let folder = tempfile::tempdir().unwrap();
        let (source, path) = (folder.path().join("program.c"), folder.path().join("program"));
        fs::write(&source, format!("#include <stdio.h>\n#include <stdlib.h>\n{text}\n{main}\n"))
            .unwrap();
        let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
        let mut command = Command::new(compiler);
        // products and sums are not fused, as NVRTC is told too
        command.args(["-O1", "-ffp-contract=off", "-Wall", "-Wno-unused", "-o"]);
        let Ok(output) = command.arg(&path).arg(&source).arg("-lm").output() else {
            eprintln!("skipped: this machine has no C compiler (`cc`)");
            return None;
        };
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{told}");
        Some(Compiled { _folder: folder, path })
    }

    /// What it gives for an input.
    pub(crate) fn run(&self, input: &[u8]) -> Vec<u8> {
        let mut command = Command::new(&self.path);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{:?}", output.status);
        output.stdout
    }
}

/// Numbers as a C program reads them.
pub(crate) fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

/// Numbers as a C program writes them.
pub(crate) fn floats(bytes: &[u8]) -> Vec<f32> {
    let (values, rest) = bytes.as_chunks::<4>();
    assert!(rest.is_empty());
    values.iter().map(|value| f32::from_ne_bytes(*value)).collect()
}

/// NVIDIA's compiler takes programs, where the machine has it: `nvcc` in CUDA_HOME or on the path.
pub(crate) fn nvcc_takes(programs: &[Program]) {
    let nvcc = match std::env::var_os("CUDA_HOME") {
        Some(home) => PathBuf::from(home).join("bin/nvcc"),
        None => PathBuf::from("nvcc"),
    };
    let mut whole = PRELUDE.to_string();
    for (i, Program { name, text }) in programs.iter().enumerate() {
        whole += &text.replace(&format!("void {name}("), &format!("void {name}_{i}("));
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("programs.cu");
    fs::write(&source, &whole).unwrap();
    let mut command = Command::new(nvcc);
    command
        .args(["-ptx", "-fmad=false", "-ftz=true", "-o"])
        .arg(folder.path().join("programs.ptx"));
    match command.arg(&source).output() {
        Ok(output) => {
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{whole}\n{told}");
        }
        Err(_) => eprintln!("skipped: this machine has no `nvcc`"),
    }
}
