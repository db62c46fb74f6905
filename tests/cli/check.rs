//! `lanthorn check`: what it shows of the layers and of memory, its formats, and warnings that are
//! denied.

use serde_json::Value;

use crate::support::Folder;

/// Multiply-adds of one sample by one layer alone.
fn multiply_adds(input: &str, layer: &str) -> u64 {
    let folder = Folder::new();
    folder.write("m.yaml", &format!("model:\n  input_shape: {input}\n  layers:\n    - {layer}\n"));
    let check: Value = serde_json::from_str(&folder.ok("check m.yaml --json")).unwrap();
    check["layers"][0]["multiply_adds"].as_u64().unwrap()
}

#[test]
fn multiply_adds_are_those_of_the_formulas() {
    for (input, layer, count) in [
        ("[3]", "dense: {units: 4}", 3 * 4),
        ("[5, 3]", "dense: {units: 4}", 5 * 3 * 4),
        ("[8, 8, 3]", "conv2d: {filters: 4, kernel_size: 3}", 6 * 6 * 9 * 3 * 4),
        (
            "[3, 8, 8]",
            "conv2d: {filters: 4, kernel_size: 3, data_format: channels_first}",
            6 * 6 * 9 * 3 * 4,
        ),
        ("[4, 4, 3]", "conv2d_transpose: {filters: 5, kernel_size: 3, strides: 2}", 16 * 9 * 3 * 5),
        ("[8, 8, 3]", "depthwise_conv2d: {kernel_size: 3, depth_multiplier: 2}", 36 * 9 * 3 * 2),
        ("[8, 8, 3]", "separable_conv2d: {filters: 4, kernel_size: 3}", 36 * (9 * 3 + 3 * 4)),
        ("[5, 3]", "lstm: {units: 2}", 5 * 4 * (3 * 2 + 2 * 2)),
        ("[5, 3]", "bidirectional: {layer: {gru: {units: 2}}}", 2 * 5 * 3 * (3 * 2 + 2 * 2)),
        ("[5, 3]", "time_distributed: {layer: {dense: {units: 4}}}", 5 * 3 * 4),
        ("[5, 3]", "einsum_dense: {equation: 'abc,cd->abd', output_shape: [null, 4]}", 5 * 3 * 4),
        ("[3]", "residual: {layers: [{dense: {units: 7}}, {dense: {units: 3}}]}", 3 * 7 + 7 * 3),
        ("[5]", "embedding: {input_dim: 10, output_dim: 4}", 0),
        ("[5, 3]", "flatten", 0),
    ] {
        assert_eq!(multiply_adds(input, layer), count, "{layer} of {input}");
    }
}

#[test]
fn layers_and_memory_are_shown() {
    let folder = Folder::with_loan();
    let shown = folder.ok("check loan.yaml");
    let rows: Vec<Vec<&str>> =
        shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["dense", "(Dense)", "(None,", "8)", "24", "16"]), "{shown}");
    assert!(rows.contains(&vec!["total", "42", "32"]), "{shown}");
    assert!(shown.contains("memory of training in batches of 10: "), "{shown}");
    let check: Value = serde_json::from_str(&folder.ok("check loan.yaml --format json")).unwrap();
    assert_eq!(check["layers"][0]["parameters"], 24);
    let memory = check["memory_bytes"].as_object().unwrap();
    assert_eq!(memory["weights"], 42 * 4);
    assert_eq!(memory["activations"], 10 * 4 * (2 + 8 + 8 + 2));
    let sum: u64 = memory.values().map(|value| value.as_u64().unwrap()).sum();
    assert_eq!(sum, 2 * memory["total"].as_u64().unwrap());
}

#[test]
fn denied_warnings_are_an_exit_code() {
    let folder = Folder::with_loan();
    assert_eq!(folder.run("check loan.yaml --deny warnings").code, 0);
    // the last rows are of one class
    let odd = folder.read("loan.yaml").replace("validation_split: 0.1", "shuffle: false");
    folder.write("odd.yaml", &odd.replace("train: loan.csv", "train: sorted.csv"));
    let table = folder.read("loan.csv");
    let (header, rows) = table.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_by_key(|row| row.rsplit(',').next().map(String::from));
    folder.write("sorted.csv", &format!("{header}\n{}\n", rows.join("\n")));
    let allowed = folder.run("check odd.yaml");
    assert_eq!(allowed.code, 0, "{}", allowed.stderr);
    assert!(allowed.stderr.contains("warning: "), "{}", allowed.stderr);
    let denied = folder.run("check odd.yaml --deny warnings --json");
    assert_eq!(denied.code, 1, "{}", denied.stderr);
    assert!(denied.stderr.contains("`--deny warnings` allows none"), "{}", denied.stderr);
    let document: Value = serde_json::from_str(&denied.stdout).unwrap();
    assert_eq!(document["ok"], false);
    let github = folder.run("check odd.yaml --format github").stdout;
    assert!(github.lines().all(|line| line.starts_with("::warning ")), "{github}");
    assert!(!github.is_empty());
}

#[test]
fn github_is_told_file_line_and_column() {
    let folder = Folder::with_loan();
    folder.write("sub/bad.yaml", &folder.read("loan.yaml").replace("rate: 0.1", "rte: 0.1"));
    let call = folder.run("check sub/bad.yaml --format github");
    assert_eq!(call.code, 1);
    let line = call.stdout.lines().find(|line| line.contains("`rte`")).unwrap();
    assert!(line.starts_with("::error file=sub/bad.yaml,line=12,col=17,title=L"), "{line}");
    assert!(line.contains("%0Ahelp: "), "{line}");
    // a table is named relative to the configuration, and told from where the command runs
    folder.write(
        "sub/loan.csv",
        "age,area,application_outcome\n30,rural,approved\nx,rural,rejected\n",
    );
    folder.write("sub/loan.yaml", &folder.read("loan.yaml"));
    let told = folder.run("check sub/loan.yaml --format github").stdout;
    assert!(told.contains("file=sub/loan.csv,line=3,"), "{told}");
    let json = folder.run("check sub/bad.yaml --format json").stdout;
    let error: Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(error["event"], "error");
    assert_eq!(folder.run("check loan.yaml --json --format github").code, 1);
}

#[test]
fn without_data_the_configuration_alone_is_checked_and_the_rest_is_named() {
    let folder = Folder::with_loan();
    std::fs::remove_file(folder.path("loan.csv")).unwrap();
    let said = folder.ok("check loan.yaml --no-data");
    assert!(said.contains("not checked:\n  - that the tables are there") && said.ends_with("ok\n"));
    assert!(said.contains("the layers' shapes"), "{said}");
    let said = folder.ok("check loan.yaml --no-data -s model.input_shape=[2]");
    assert!(
        said.starts_with("not checked") && !said.contains("the layers' shapes")
            || said.contains("input (None, 2), output (None, 2)"),
        "{said}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok("check loan.yaml --no-data --json")).unwrap();
    assert!(json["ok"] == true && json["not_checked"].as_array().unwrap().len() >= 3, "{json}");
    let call =
        folder.run("check loan.yaml --no-data -s model.layers[0].dense.unit=3 -s fit.epoch=2");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("`unit`") && call.stderr.contains("`epoch`"), "{}", call.stderr);
    assert_eq!(folder.run("check loan.yaml").code, 1); // the table is missing
}
