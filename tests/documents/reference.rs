//! docs/reference.md is made from the lists; this test holds it true.
//! `LANTHORN_WRITE=1 cargo test --test documents` writes it anew.

use lanthorn::callbacks::Callback;
use lanthorn::config::Catalog;
use lanthorn::layers::Layer;
use lanthorn::losses::Loss;
use lanthorn::metrics::Metric;
use lanthorn::optimizers::Optimizer;
use lanthorn::optimizers::schedules::Schedule;
use schemars::SchemaGenerator;
use serde_json::Value;

#[test]
fn the_reference_is_made_from_the_lists() {
    let mut text = String::from(
        "# Reference\n\nEvery name that a configuration may use, with its arguments and their \
         meaning. Names are Keras's; Keras's class names are accepted too. This page is made from \
         the lists in the code by `LANTHORN_WRITE=1 cargo test --test documents`.\n",
    );
    text += &list::<dyn Layer>("Layers");
    text += &enumeration::<lanthorn::activations::Activation>("Activations");
    text += &enumeration::<lanthorn::initializers::Initializer>("Initializers");
    text += &enumeration::<lanthorn::regularizers::Regularizer>("Regularizers");
    text += &enumeration::<lanthorn::constraints::Constraint>("Constraints");
    text += &list::<dyn Optimizer>("Optimizers");
    text += &list::<dyn Schedule>("Schedules");
    text += &list::<dyn Loss>("Losses");
    text += &list::<dyn Metric>("Metrics");
    text += &list::<dyn Callback>("Callbacks");
    let path = crate::support::project("docs/reference.md");
    if std::env::var_os("LANTHORN_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/reference.md is not what the lists say: write it anew");
}

/// A catalog: its kinds with their arguments, and the arguments that all of them take.
fn list<T: Catalog + ?Sized>(title: &str) -> String {
    let mut generator = SchemaGenerator::default();
    let mut text = format!("\n## {title}\n");
    let common = <T::Common as schemars::JsonSchema>::json_schema(&mut generator).to_value();
    let shared = arguments(&common);
    if !shared.is_empty() {
        text += &format!("\nEvery one takes:\n\n{shared}");
    }
    for (kind, schema) in T::kinds().iter().zip(T::schemas(&mut generator)) {
        let names: Vec<String> = std::iter::once(&kind.class_name)
            .chain(kind.aliases)
            .map(|name| format!("`{name}`"))
            .collect();
        let schema = schema.to_value();
        let about = schema["description"].as_str().unwrap_or_default();
        text +=
            &format!("\n### {}\n\n{}\n\nAlso: {}.\n", kind.name, about.trim(), names.join(", "));
        let own = arguments(&schema);
        if !own.is_empty() {
            text += &format!("\n{own}");
        }
    }
    text
}

/// A closed list of names.
fn enumeration<T: schemars::JsonSchema>(title: &str) -> String {
    let schema = schemars::schema_for!(T).to_value();
    let mut text = format!("\n## {title}\n\n");
    for choice in ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten() {
        let about = one_line(&choice["description"]);
        if let Some(name) = choice["const"].as_str() {
            text += &format!("- `{name}`: {about}\n");
        }
        for (name, value) in choice["properties"].as_object().into_iter().flatten() {
            let keys: Vec<String> = value["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, value)| format!("`{key}` ({})", one_line(&value["description"])))
                .collect();
            let keys =
                if keys.is_empty() { String::new() } else { format!(" {}", keys.join(", ")) };
            text += &format!("- `{name}`: {about}{keys}\n");
        }
    }
    text
}

fn arguments(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut text = String::new();
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let must = if required.contains(&key.as_str()) { " (required)" } else { "" };
        text += &format!("- `{key}`{must}: {}\n", one_line(&value["description"]));
    }
    text
}

fn one_line(text: &Value) -> String {
    text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_of_errors_is_made_from_the_codes() {
    let mut text = String::from(ERRORS);
    for code in lanthorn::Code::ALL {
        text += &format!("| {} | {} | {} |\n", code.number(), code.name(), code.meaning());
    }
    let path = crate::support::project("docs/errors.md");
    if std::env::var_os("LANTHORN_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/errors.md is not what the codes say: write it anew");
}

const ERRORS: &str = r#"# Errors and warnings

All mistakes of a configuration are reported at once, in the order of the file: up to 20 in full,
with the number of the rest. What depends on a mistake is not judged before it is mended, so that
one mistake gives one message.

With `--json`, each error and warning is also printed on stdout as one JSON object on a line of its
own:

```json
{"event": "error", "code": "L010", "kind": "unknown_key", "message": "unknown key `epoch`",
 "help": "did you mean `epochs`? valid keys: …",
 "place": {"file": "loan.yaml", "path": "fit.epoch", "line": 20, "column": 3, "bytes": [471, 476]}}
```

- `event`: `error` or `warning`.
- `code`: the number of the kind, from the table below. A number never changes its meaning.
- `kind`: its name.
- `message`: what was expected and what was found. `help`: what to do; may be empty. The words may
  change between versions.
- `place`: where it is, or null. In a configuration: `file` (`command line` for `--set`), the `path`
  of the key, and where they are known its `line`, `column` (both from 1) and `bytes` (start and
  end). In a table of data: `file`, `line` and `column_name`, each null where it is not known. For a
  model: `file`.

Exit codes are those of [the command line](command-line.md).

This page is made from the code by `LANTHORN_WRITE=1 cargo test --test documents`.

| Code | Kind | Meaning |
|---|---|---|
"#;
