//! Hostile files: each is refused by name, at once, and without taking memory for what it claims.

use std::time::{Duration, Instant};

use crate::support::{Folder, project};

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
fn a_table_of_too_many_columns_says_so_and_a_row_of_too_many_cells_is_counted() {
    let folder = Folder::with_loan();
    let config = folder.read("loan.yaml");
    folder.write("wide.csv", &format!("age,area,application_outcome{}\n", ",".repeat(3 << 19)));
    folder.write("wide.yaml", &config.replace("loan.csv", "wide.csv"));
    let call = folder.run("check wide.yaml");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("1572867 columns, more than 524288"), "{:.500}", call.stderr);

    let table = folder.read("loan.csv") + "37,rural" + &",".repeat(2 << 20) + "\n";
    folder.write("row.csv", &table);
    folder.write("row.yaml", &config.replace("loan.csv", "row.csv"));
    let call = folder.run("check row.yaml");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("found 2097154"), "{:.500}", call.stderr);
    assert!(call.stderr.len() < 2000, "{} bytes", call.stderr.len());
}

#[test]
fn a_line_without_an_end_is_not_read_whole() {
    let folder = Folder::with_loan();
    let config = folder.read("loan.yaml");
    let long = "5".repeat(40 << 20);
    for (name, text) in [
        ("header.csv", format!("{long}\n1\n")),
        ("row.csv", format!("{}{long},rural,approved\n", folder.read("loan.csv"))),
    ] {
        folder.write(name, &text);
        folder.write("it.yaml", &config.replace("loan.csv", name));
        let call = folder.run("check it.yaml");
        assert_eq!(call.code, 1);
        assert!(call.stderr.contains("longer than 32 MB"), "{name}: {:.500}", call.stderr);
    }
}

#[test]
fn errors_quote_little_of_the_user_s_data() {
    let folder = Folder::with_loan();
    let config = folder.read("loan.yaml");
    let names: Vec<String> = (0..100_000).map(|i| format!("a_rather_long_name_{i}")).collect();
    folder.write("names.csv", &(names.join(",") + "\n" + &"1,".repeat(99_999) + "1\n"));
    folder.write("lines.csv", &format!("age,area\n\"{}\",1\n", "x\n".repeat(1000)));
    folder.write("long.csv", &format!("age,area,{}\n1,2,3\n", "x".repeat(1_000_000)));
    for table in ["names.csv", "lines.csv", "long.csv"] {
        folder.write("it.yaml", &config.replace("loan.csv", table));
        let call = folder.run("check it.yaml");
        assert_eq!(call.code, 1, "{table}");
        assert!(call.stderr.len() < 10_000, "{table}: {} bytes", call.stderr.len());
        assert!(call.stderr.lines().count() < 60, "{table}: {}", call.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_device_without_an_end_is_not_read_for_ever() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let call = folder.run("predict run /dev/zero");
    assert_eq!(call.code, 1, "{}", call.stderr);
    assert!(call.stderr.contains("expected a table"), "{}", call.stderr);
}

#[test]
fn names_cells_and_keys_can_t_command_the_terminal() {
    let folder = Folder::with_loan();
    let escape = "\u{1b}[31m\u{7}\u{9b}2J\u{202e}";
    let table = folder.read("loan.csv").replacen("area", &format!("area{escape}"), 1);
    let table = table.replacen("rural", &format!("rural{escape}"), 1);
    folder.write("it.csv", &table);
    let yaml = r"area\e[31m\a\x9b2J\u202e";
    let config = folder
        .read("loan.yaml")
        .replace("loan.csv", "it.csv")
        .replace("column: area", &format!("column: \"{yaml}\""))
        .replace("name: loan", &format!("name: \"{yaml}\""));
    folder.write("it.yaml", &config);
    folder.write("key.yaml", &format!("\"{yaml}\": 1\n"));
    folder.write("missing.yaml", &config.replace("31m", "32m"));
    folder.ok("train it.yaml --out run");
    for call in [
        "check it.yaml",
        "check it.yaml --json",
        "check key.yaml",
        "check missing.yaml",
        "check missing.yaml --json",
        "summary it.yaml",
        "train it.yaml --out other",
        "train it.yaml --out third --json",
        "inspect run",
        "predict run loan.csv",
        "evaluate run it.csv --report",
    ] {
        let call_it = folder.run(call);
        for text in [&call_it.stdout, &call_it.stderr] {
            let is_command =
                |c: char| c.is_control() && c != '\n' || c == '\u{202e}' && !call.contains("json");
            assert!(!text.contains(is_command), "{call}: {text:?}");
        }
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
