//! Fuzzing in one process: each reader of files takes mutations of a kept corpus, and must read or
//! refuse them, without a panic and within a second.
//!
//! `cargo test` tries some hundreds for each reader. A long run:
//!
//! ```text
//! LANTHORN_FUZZ_SECONDS=3600 LANTHORN_FUZZ_SEED=7 cargo test --release --test fuzz -- --nocapture [reader]
//! ```
//!
//! What a reader fell over is kept in `target/fuzz`, and so is what it last read in a long run, for
//! the case that it takes the process down: set a limit (`ulimit -v 4000000`). A file put into the
//! corpus is tried as it is.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]
#![allow(clippy::redundant_closure_for_method_calls)] // a method of `Mutations` has a lifetime of its own

mod mutate;
mod readers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Mutations;

/// How many mutations a plain `cargo test` tries for each reader.
const FEW: usize = 400;
/// No input may take longer, even in a debug build.
const MOST: Duration = Duration::from_secs(5);

/// Feeds a reader: first the corpus, then mutations of it, each by a seed of its own.
fn fuzz(
    name: &str,
    corpus: &[PathBuf],
    shape: impl Fn(&mut Mutations<'_>) -> Vec<u8>,
    read: impl Fn(&[u8]),
) {
    let seeds: Vec<Vec<u8>> = corpus.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "{name} has no corpus");
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("LANTHORN_FUZZ_SECONDS").map(Duration::from_secs);
    let first = number("LANTHORN_FUZZ_SEED").unwrap_or(1) << 32;
    let start = Instant::now();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    let attempt = |input: &[u8]| {
        if seconds.is_some() {
            std::fs::write(folder.join(format!("{name}-last")), input).unwrap();
        }
        let begun = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| read(input)));
        if result.is_err() || begun.elapsed() > MOST {
            let path = folder.join(format!("{name}-{:016x}", mutate::hash(input)));
            std::fs::write(&path, input).unwrap();
            let how = if result.is_err() { "panics at" } else { "takes too long for" };
            panic!("{name} {how} {}", path.display());
        }
    };
    seeds.iter().for_each(|seed| attempt(seed));
    let mut count = 0;
    let goes_on = |count: usize| match seconds {
        Some(seconds) => !count.is_multiple_of(64) || start.elapsed() < seconds,
        None => count < FEW,
    };
    while goes_on(count) {
        let mut mutations = Mutations::new(first + count as u64, &seeds);
        attempt(&shape(&mut mutations));
        count += 1;
    }
    let rate = count as f64 / start.elapsed().as_secs_f64();
    println!("{name}: {count} executions, {rate:.0} a second");
}

/// The files of a folder below tests/ that have one of the endings, in order.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false if endings.iter().any(|end| path.to_string_lossy().ends_with(end)) => {
                    found.push(path);
                }
                false => {}
            }
        }
    }
    found.sort();
    found
}
