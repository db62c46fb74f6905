//! Broken documents: what is said of them, and where it is drawn.

use super::read;

/// What, the text, the message, line and column, and a part of the help. `item`: an item of
/// `layers`. `more`: what comes after a good `model`.
#[rustfmt::skip]
const CASES: &[(&str, &str, &str, &str, &str)] = &[
    ("item", "- dense: {units: 8, activaton: relu}\n", "unknown key `activaton`", "3:25", "did you mean `activation`?"),
    ("item", "- dens: {units: 8}\n", "unknown layer `dens`", "3:7", "did you mean `dense`?"),
    ("item", "- dense:{units: 8}\n", "unknown layer `dense:{units`", "3:7", "put a space after the colon: `dense: …`"),
    ("item", "- dense\n", "`units` is missing", "3:7", "write `dense: {units: …}`"),
    ("item", "- dense:\n", "`units` is missing", "3:7", "write `dense: {units: …}`"),
    ("item", "- dense: 8\n", "expected the arguments of `dense`, got 8", "3:14", "write `dense: {units: 8}`"),
    ("item", "- dense: [8]\n", "expected the arguments of `dense`, as `key: value` pairs, got a list", "3:14", ""),
    ("item", "- dense: eight\n", "expected the arguments of `dense`, got eight", "3:14", "write `dense: {units: eight}`"),
    ("item", "- dense: {units: eight}\n", "expected a whole number of at least 0, got the text \"eight\"", "3:22", ""),
    ("item", "- dense: {units: \"8\"}\n", "expected a whole number of at least 0, got the text \"8\"", "3:22", "leave out the quotes: `8`"),
    ("item", "- dense: {units: -8}\n", "expected a whole number of at least 0, got -8", "3:22", ""),
    ("item", "- dense: {units: 8.0}\n", "expected a whole number of at least 0, got 8.0", "3:22", "write `8`"),
    ("item", "- dense: {units: 8.5}\n", "expected a whole number of at least 0, got 8.5", "3:22", ""),
    ("item", "- dense: {units: 99999999999999999999}\n", "the whole number `99999999999999999999` is out of range", "3:22", "whole numbers go from"),
    ("item", "- dense: {units: }\n", "expected a whole number of at least 0, got nothing", "3:15", ""),
    ("item", "- dense: {units: 8}\n      units: 9\n", "expected the name of one layer, got `dense`, `units`", "4:7", "after its own `-`"),
    ("item", "- dense:\n      units: 8\n", "expected the name of one layer, got `dense`, `units`", "4:7", "indent `units` under `dense:`"),
    ("item", "- dense: {units: 8}\n      flatten:\n", "expected the name of one layer, got `dense`, `flatten`", "4:7", "after its own `-`"),
    ("item", "- {type: dense, units: 8}\n", "expected the name of one layer, got `type`, `units`", "3:21", "the name is the key: `dense: {units: …}`"),
    ("item", "- {class_name: Dense, config: {units: 8, use_bias: true}}\n", "expected the name of one layer, got `class_name`, `config`", "3:27", "`Dense: {units: …, use_bias: …}`"),
    ("more", "fit: {validation_split: 0,5}\n", "unknown key `5`", "4:27", "a decimal number has a point, and no comma"),
    ("item", "- 8\n", "expected the name of a layer, alone or with its arguments, got 8", "3:7", ""),
    ("item", "- {}\n", "expected the name of a layer, alone or with its arguments, got an empty table", "3:7", ""),
    ("item", "- [dense]\n", "expected the name of a layer, alone or with its arguments, got a list", "3:7", ""),
    ("item", "- dense: {units: 8, units: 9}\n", "`units` is given twice", "3:25", "it is given first in line 3: keep one of the two"),
    ("item", "- dense: {units: 8, activation: rellu}\n", "unknown activation `rellu`", "3:37", "did you mean `relu`?"),
    ("item", "- dense: {units: 8, activation: 5}\n", "expected the name of an activation, alone or with its arguments, got 5", "3:37", ""),
    ("item", "- dense: {units: 8, use_bias: yes}\n", "expected `true` or `false`, got the text \"yes\"", "3:35", "write `true`"),
    ("item", "- dense: {units: 8, name: 5}\n", "expected text, got 5", "3:31", "put it in quotes: `\"5\"`"),
    ("item", "- dense: {units: 8, input_shape: 4}\n", "expected a list, got 4", "3:38", "write `[4]`"),
    ("item", "- dense: {units: 8, kernel_initializer: glorot_unifrm}\n", "unknown initializer `glorot_unifrm`", "3:45", "did you mean `glorot_uniform`?"),
    ("yaml", "model:\n  layers: dense\n", "expected a list, got the text \"dense\"", "2:11", "write `[dense]`"),
    ("yaml", "model:\n  layers:\n    dense: {units: 8}\n", "expected a list, got a table of keys", "3:5", "begin each item of the list with `- `"),
    ("yaml", "model:\n  layers:\n    dense: {units: 8}\n    dense: {units: 9}\n", "`dense` is given twice", "4:5", "it is given first in line 3: begin each with `- `, as in a list"),
    ("yaml", "compile:\n  optimizer adam\n  loss: mse\n", "the line above, `optimizer adam`, has no colon", "3:7", "write `optimizer: adam`"),
    ("yaml", "model: 8\n", "expected a table of keys, got 8", "1:8", ""),
    ("yaml", "model:\n", "`layers` is missing", "1:1", "add `layers: …` to `model`"),
    ("yaml", "model: [1]\n", "expected a table of keys, got a list", "1:8", ""),
    ("more", "epochs: 3\n", "unknown key `epochs`", "4:1", "it belongs to `fit`: `fit: {epochs: …}`"),
    ("more", "fitt: {epochs: 3}\n", "unknown key `fitt`", "4:1", "did you mean `fit`?"),
    ("more", "fit: {epoch: 3}\n", "unknown key `epoch`", "4:7", "did you mean `epochs`?"),
    ("more", "fit: {verbose: 256}\n", "expected a whole number from 0 to 255, got 256", "4:16", ""),
    ("more", "fit: {validation_split: .nan}\n", "expected a finite number, got NaN", "4:25", ""),
    ("more", "fit: {validation_split: 1e300}\n", "expected a number of at most 3.4e38 in size, got 1e300", "4:25", ""),
    ("more", "fit: {validation_split: '0.1'}\n", "expected a number, got the text \"0.1\"", "4:25", "leave out the quotes: `0.1`"),
    ("more", "fit: {epochs: 1_000}\n", "expected a whole number of at least 0, got the text \"1_000\"", "4:15", "write `1000`"),
    ("more", "seed: -1\n", "expected a whole number of at least 0, got -1", "4:7", ""),
    ("more", "compile: {loss: mse}\n", "`optimizer` is missing", "4:1", "add `optimizer: …` to `compile`"),
    ("more", "compile:\n  optimizer: sgd\n", "`loss` is missing", "4:1", "add `loss: …` to `compile`"),
    ("more", "fit:\n  features:\n    - {scale: min_max}\n", "`column` is missing", "6:7", "add `column: …` to this item"),
    ("more", "fit:\n  features:\n    - {column: a, scale: standard}\n", "`mean` is missing", "6:26", "write `standard: {mean: …}`"),
    ("more", "fit:\n  features:\n    - {column: a, scale: times}\n", "expected a number, got nothing", "6:26", "write `times: …`"),
    ("more", "fit:\n  features:\n    - {column: a, scale: {min_max: 3}}\n", "`min_max` takes no arguments, got 3", "6:36", ""),
    ("more", "fit:\n  features: [age]\n", "expected a table of keys, got the text \"age\"", "5:14", ""),
    ("yaml", "model:\n  kernel_size: [1, 2, 3]\n  layers: []\n", "expected a list of 2, got 3", "2:23", ""),
    ("yaml", "model:\n  kernel_size: [1]\n  layers: []\n", "expected a list of 2, got 1", "2:16", ""),
    ("yaml", "model:\n  kernel_size: 3\n  layers: []\n", "expected a list of 2, got 3", "2:16", ""),
    ("yaml", "just text", "expected keys such as `model:`, got the text \"just text\"", "1:1", ""),
    ("yaml", "- a\n- b\n", "expected keys such as `model:`, got a list", "1:1", ""),
    ("yaml", "a: 1\n---\nb: 2\n", "expected one document, got a second one", "2:1", "a line `---` begins another document: take it out"),
    ("yaml", "a: 1\na: 2\n", "`a` is given twice", "2:1", "it is given first in line 1: keep one of the two"),
    ("yaml", "a: [1, 2\nb: 3\n", "a colon can't stand here", "2:2", "indented too far"),
    ("yaml", "a: 1\n\tb: 3\n", "a tab can't indent", "2:1", "YAML is indented with spaces"),
    ("yaml", "a: 1\n  b: 3\n", "a colon can't stand here", "2:4", "indented too far"),
    ("yaml", "a: 'x\n", "this quote is never closed", "1:4", ""),
    ("yaml", "a: *foo\n", "nothing has the anchor of `*foo`", "1:4", "text that begins with `*` needs quotes"),
    ("yaml", "a: * \n", "an anchor or alias has no name", "1:4", "text that begins with `*` or `&` needs quotes"),
    ("yaml", "a: {b: 1\n", "`{` is never closed", "1:4", ""),
    ("yaml", "a: ]\n", "this bracket was never opened", "1:4", "text that begins with it needs quotes"),
    ("yaml", "a: [1}\n", "`[` is closed by `}`", "1:4", ""),
    ("yaml", "a: @x\n", "a value can't begin with `@`", "1:4", "put the text in quotes"),
    ("yaml", "a: \"\\d\"\n", "unknown escape in a text", "1:4", "between single quotes"),
    ("yaml", "? [a, b]\n: 3\n", "expected a key, got a list or a table", "1:3", "keys are text"),
    ("yaml", "<<: {a: 1}\n", "merge keys (`<<`) belong to YAML 1.1 and are not read", "1:1", "write the keys out, or use an alias as the whole value"),
    ("yaml", "a: !foo 1\n", "tags such as `!foo` are not read", "1:9", "text that begins with `!` needs quotes"),
    ("yaml", "a: !!int x\n", "the tag `!!int` doesn't fit the text \"x\"", "1:10", ""),
    ("yaml", "a: &x [*x]\n", "this alias is part of what it stands for", "1:8", ""),
    ("yaml", ": 3\n", "expected a key before the colon", "1:1", ""),
    ("yaml", "a:\n   b: 1\n  c: 2\n", "this doesn't fit in with the lines above", "3:3", "check the indentation"),
    ("yaml", "a\nb: 1\n", "a colon can't stand here", "2:2", "indented too far"),
    ("yaml", "a: 1\nb\n", "expected a colon after this key", "2:1", "check the indentation"),
    ("yaml", "é: ü: 1", "a colon can't stand here", "1:5", "indented too far"),
    ("yaml", "a: 1e999", "the number `1e999` is too large", "1:4", ""),
    ("toml", "a = 1979-05-27\n", "expected a text or a number, got the date or time 1979-05-27", "1:5", "put it in quotes: `\"1979-05-27\"`"),
    ("toml", "a = \n", "expected a value", "1:5", "TOML's texts stand in quotes: `\"relu\"`"),
    ("toml", "a = 1\na = 2\n", "`a` is given twice", "2:1", "keep one of the two"),
    ("toml", "a = 99999999999999999999\n", "the whole number `99999999999999999999` is out of range", "1:5", "whole numbers go from"),
    ("toml", "a = relu\n", "expected a value", "1:5", "TOML's texts stand in quotes: `\"relu\"`"),
    ("toml", "a: 1\n", "key with no value, expected `=`", "1:4", "TOML writes `key = value`; `key: value` is YAML's"),
    ("toml", "[a\n", "unclosed table, expected `]`", "1:3", ""),
    ("toml", "a = [1,\n", "unclosed array, expected `]`", "1:8", ""),
    ("toml", "[model]\nlayers = [{dense = {unit = 8}}]\n", "unknown key `unit`", "2:21", "did you mean `units`?"),
    ("toml", "a = 1e999\n", "the number `1e999` is too large", "1:5", ""),
    ("toml", "[[model.layers]]\ndense.units = 8\nflatten = {}\n", "expected the name of one layer, got `dense`, `flatten`", "3:1", "after its own `-`"),
    ("toml", "fit.epochs = 3\n[[model.layers]]\n", "expected the name of a layer, alone or with its arguments, got an empty table", "2:1", ""),
    ("toml", "[[model.layers]]\ndense.units = \"8\"\n", "expected a whole number of at least 0, got the text \"8\"", "2:15", "leave out the quotes: `8`"),
    ("json", "{\"a\": 1,}", "expected a key in double quotes", "1:9", "no comma after the last entry"),
    ("json", "{\"a\": 1", "the text ends too early", "1:7", "a bracket or a quote is never closed"),
    ("json", "{\"a\": 1, \"a\": 2}", "`a` is given twice", "1:10", "it is given first in line 1: keep one of the two"),
    ("json", "{'a': 1}", "expected a key in double quotes", "1:2", "no comma after the last entry"),
    ("json", "{\n  \"a\": nul\n}", "expected a value", "3:1", "texts stand in double quotes"),
    ("json", "{\"a\": \"\\ud800\"}", "this text has an escape that is no character", "1:7", ""),
    ("json", "{\"a\": 1e999}", "the number `1e999` is too large", "1:7", ""),
    ("json", "{} {}", "trailing characters", "1:4", ""),
    ("json", "[]", "expected keys such as `model:`, got a list", "1:1", ""),
    ("json", "{\"model\": {\"layers\": [{\"dense\": {\"units\": 8, \"activaton\": \"relu\"}}]}}", "unknown key `activaton`", "1:46", "did you mean `activation`?"),
];

const LAYERS: &str = "model:\n  layers:\n    ";

#[test]
fn broken_documents_are_drawn_at_the_very_place() {
    for (kind, text, message, place, help) in CASES {
        let (text, name) = match *kind {
            "item" => (format!("{LAYERS}{text}"), "loan.yaml".to_string()),
            "more" => (format!("{LAYERS}- dense: {{units: 8}}\n{text}"), "loan.yaml".to_string()),
            kind => ((*text).to_string(), format!("loan.{kind}")),
        };
        let drawn = read(&text, &name).expect_err(&text).to_string();
        assert!(drawn.starts_with(&format!("error: {message}\n --> {name}:{place}\n")), "{drawn}");
        let found = drawn.split_once("  = help: ").map_or("", |(_, help)| help);
        assert!(found.contains(help), "{drawn}");
        assert_eq!(help.is_empty(), found.is_empty(), "{drawn}");
    }
}

#[test]
fn an_error_reads_well_without_colour() {
    let text = format!("{LAYERS}- dense: {{units: 8, activaton: relu}}\n");
    let drawn = read(&text, "loan.yaml").unwrap_err().to_string();
    assert_eq!(drawn, DRAWN);
}

const DRAWN: &str = "\
error: unknown key `activaton`
 --> loan.yaml:3:25
  |
3 |     - dense: {units: 8, activaton: relu}
  |                         ^^^^^^^^^
  |
  = help: did you mean `activation`? valid keys: `units`, `activation`, `use_bias`, `kernel_initializer`,
          `bias_initializer`, `kernel_regularizer`, `bias_regularizer`, `activity_regularizer`,
          `kernel_constraint`, `bias_constraint`, `name`, `trainable`, `input_shape`, `input_dim`";

#[test]
fn a_key_that_is_missing_at_the_top_has_no_line() {
    let drawn = read("fit: {epochs: 3}", "loan.yaml").unwrap_err().to_string();
    assert_eq!(drawn, "error: `model` is missing\n--> loan.yaml\n = help: add `model: …`");
}

#[test]
fn deep_nesting_and_aliases_of_aliases_are_errors() {
    for depth in [100, 10_000, 1_000_000] {
        for (name, text) in [
            ("a.yaml", format!("a: {}{}", "[".repeat(depth), "]".repeat(depth))),
            ("a.yaml", format!("a: {}", "{a: ".repeat(depth))),
            ("a.yaml", format!("{}a", "- ".repeat(depth))),
            ("a.toml", format!("a = {}{}", "[".repeat(depth), "]".repeat(depth))),
            ("a.toml", format!("a = {}", "{a = ".repeat(depth.min(10_000)))),
            ("a.toml", format!("{}a = 1", "a.".repeat(depth))),
            ("a.toml", format!("[{}a]", "a.".repeat(depth))),
            ("a.json", format!("{{\"a\": {}{}}}", "[".repeat(depth), "]".repeat(depth))),
            ("a.json", "{\"a\": ".repeat(depth)),
        ] {
            read(&text, name).expect_err(&text[..5]);
        }
    }
    let error = read(&nested_aliases(9), "a.yaml").unwrap_err().to_string();
    assert!(error.contains("the aliases stand for more than 100000 values"), "{error}");
    let chain: String = (1..100).map(|i| format!("a{i}: &a{i} [*a{}]\n", i - 1)).collect();
    let error = read(&format!("a0: &a0 1\n{chain}"), "a.yaml").unwrap_err().to_string();
    assert!(error.contains("nested over 64 deep"), "{error}");
}

/// Each line ten times the one before: 10^lines values.
fn nested_aliases(lines: usize) -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
    for i in 1..lines {
        let alias = format!("*a{}", i - 1);
        text += &format!("a{i}: &a{i} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    text
}
