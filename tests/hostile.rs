//! Hostile files: each is refused by name, at once, and without taking memory for what it claims.

#![cfg(feature = "keras")]
#![allow(unreachable_pub, clippy::unwrap_used)]

mod support;

use std::time::{Duration, Instant};

use support::{Folder, project};

/// Keras files of tests/files/hostile/make.py: what Keras's own loader refuses, or a careless reader
/// would follow, run, or take all memory for.
const KERAS: [(&str, &str); 17] = [
    ("circle", "nest deeper"),
    ("duplicate_member", "two of its entries have one name"),
    ("encrypted", "Password"),
    ("external_data", "external files"),
    ("external_link", "an external link"),
    ("hard_links", "one object has many names"),
    ("lambda", "`Lambda` is not supported"),
    ("module_name", "`system` is not supported"),
    ("shape_bomb", "more than the file holds"),
    ("soft_link", "a soft link"),
    ("tfsm_layer", "`TFSMLayer` is not supported"),
    ("units_bomb", "at most 2147483648 numbers"),
    ("virtual_dataset", "virtual"),
    ("vocabulary_path", "`StringLookup` is not supported"),
    ("zip64_lie", "200 times"),
    ("zip_bomb", "200 times"),
    ("registered", "`Custom` is not supported"),
];

#[test]
fn hostile_keras_files_are_refused_by_name_at_once() {
    let folder = Folder::new();
    for (name, words) in KERAS {
        let file = project(&format!("tests/files/hostile/{name}.keras"));
        let start = Instant::now();
        let call = folder.call(&["import", file.to_str().unwrap(), "-o", "out.safetensors"]);
        let time = start.elapsed();
        assert_eq!(call.code, 1, "{name}\n{}{}", call.stdout, call.stderr);
        assert!(call.stderr.contains(&format!("{name}.keras")), "{name}\n{}", call.stderr);
        assert!(call.stderr.contains(words), "{name}\n{}", call.stderr);
        assert!(call.stderr.len() < 1000, "{name}\n{}", call.stderr);
        assert!(time < Duration::from_secs(2), "{name}: {time:?}"); // 10 ms on a quiet machine
        assert!(!folder.path("out.safetensors").exists());
    }
}

#[test]
fn yaml_aliases_are_counted_in_bytes() {
    let folder = Folder::new();
    let text = "x".repeat(100_000);
    folder.write("many.yaml", &format!("a: &a {text}\nl: [{}]\n", vec!["*a"; 9_000].join(",")));
    // each anchor copies what is in it, too
    let anchors: String = (0..50).map(|i| format!("&a{i} [")).collect();
    let text = "x".repeat(4_000_000);
    folder.write("nested.yaml", &format!("a: {anchors}{text}{}\n", "]".repeat(50)));
    for name in ["many.yaml", "nested.yaml"] {
        let start = Instant::now();
        let call = folder.run(&format!("check {name}"));
        assert_eq!(call.code, 1);
        assert!(call.stderr.contains("16 MiB"), "{name}: {:.2000}", call.stderr);
        assert!(call.stderr.len() < 4_000, "{name}: {} bytes of error", call.stderr.len());
        assert!(start.elapsed() < Duration::from_secs(10), "{name}");
    }
}
