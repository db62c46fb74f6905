//! Several mistakes in one document: each is told once, and what depends on it isn't.

use super::read;

/// The document, and its mistakes in order: the line and a part of the message.
#[rustfmt::skip]
const CASES: &[(&str, &[(usize, &str)])] = &[
    // a wrong value doesn't make its key a missing one
    ("model:\n  layers:\n    - dense: {units: eight}\n    - dense: {units: nine}\n", &[(3, "\"eight\""), (4, "\"nine\"")]),
    // neither does a mistyped key
    ("model:\n  layers:\n    - dense: {unts: 8, activation: rellu}\n", &[(3, "unknown key `unts`"), (3, "unknown activation `rellu`")]),
    // another key that is missing is
    ("model: {layers: []}\ncompile: {los: mse}\n", &[(2, "`optimizer` is missing"), (2, "unknown key `los`")]),
    // indices and lines stay those of the file
    ("model:\n  layers:\n    - dens: {units: 8}\n    - 8\n    - dense: {units: 8, activaton: relu}\nfit: {epoch: 3, verbose: 256}\n",
     &[(3, "unknown layer `dens`"), (4, "expected the name of a layer"), (5, "unknown key `activaton`"), (6, "unknown key `epoch`"), (6, "got 256")]),
    // a list or table lacks what is broken in it
    ("model: {layers: [], kernel_size: [a, 1]}\nseed: -1\n", &[(1, "\"a\""), (2, "got -1")]),
    ("model: {layers: []}\nfit:\n  features:\n    - {colum: age}\n    - {column: 3, scale: {standard: {mean: x}}}\n",
     &[(4, "unknown key `colum`"), (5, "expected text, got 3"), (5, "\"x\"")]),
    // the same key in another spelling
    ("model:\n  layers:\n    - dense: {units: 8, Units: 9}\nfit: 3\n", &[(3, "unknown key `Units`"), (4, "got 3")]),
    // a section that is no table, and one whose name is wrong
    ("modle: {layers: []}\nfit: [1]\nname: 3\n", &[(1, "unknown key `modle`"), (2, "got a list"), (3, "expected text")]),
    ("model: {layers: dense}\ncompile:\n  optimizer: {adam: {beta: 1, beta_1: x}}\n  loss: mse\n",
     &[(1, "expected a list"), (3, "unknown key `beta`"), (3, "\"x\"")]),
    ("model: {layers: []}\nepochs: 3\ncompile: {optimizer: {sgd: 1}, loss: mse}\n", &[(2, "unknown key `epochs`"), (3, "expected the arguments of `sgd`")]),
];

#[test]
fn every_mistake_is_told_once_and_in_order() {
    for (text, expected) in CASES {
        let error = read(text, "loan.yaml").expect_err(text);
        let found = error.diagnostics();
        let found: Vec<(usize, String)> = found
            .iter()
            .map(|mistake| {
                let place = mistake.to_json()["place"]["line"].as_u64().unwrap_or(0);
                (place as usize, mistake.message.clone())
            })
            .collect();
        assert_eq!(found.len(), expected.len(), "{text}\n{found:#?}");
        for ((line, message), (at, part)) in found.iter().zip(*expected) {
            assert!(line == at && message.contains(part), "{text}\n{found:#?}");
        }
    }
}

#[test]
fn twenty_mistakes_are_shown_and_the_rest_is_counted() {
    let items = "    - dens: {units: 8}\n".repeat(33);
    let error = read(&format!("model:\n  layers:\n{items}"), "loan.yaml").unwrap_err();
    let text = error.to_string();
    assert_eq!(text.matches("error: unknown layer `dens`").count(), 20);
    assert!(text.ends_with("\n\nand 13 more"), "{text}");
}

#[test]
fn a_mistake_of_the_command_line_and_one_of_the_file_are_both_told() {
    use crate::config::{Document, Format};
    let text = "model: {layers: [dense: {units: x}]}\n";
    let mut document = Document::parse(text, "loan.yaml", Format::Yaml).unwrap();
    document.set("fit.epoch=3").unwrap();
    let error = document.config::<super::Config>().unwrap_err().to_string();
    assert!(error.contains("--> loan.yaml:1:") && error.contains("--> command line:1:"), "{error}");
}
