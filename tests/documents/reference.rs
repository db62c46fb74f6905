//! docs/reference.md is made from the lists; this test holds it true.
//! `LANTHORN_WRITE=1 cargo test --test documents` writes it anew.

#[test]
fn the_reference_is_made_from_the_lists() {
    let mut text = String::from(
        "# Reference\n\nEvery name that a configuration may use, with its arguments and their \
         meaning. Names are Keras's; Keras's class names are accepted too. This page is made from \
         the lists in the code by `LANTHORN_WRITE=1 cargo test --test documents`.\n",
    );
    text.extend(
        lanthorn::sections::reference::sections()
            .iter()
            .map(lanthorn::sections::reference::Section::markdown),
    );
    let path = crate::support::project("docs/reference.md");
    if std::env::var_os("LANTHORN_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/reference.md is not what the lists say: write it anew");
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

#[test]
fn the_copy_of_the_schema_is_what_the_program_prints() {
    let schema = lanthorn::exchange::editors::schema();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = crate::support::project("docs/lanthorn.schema.json");
    if std::env::var_os("LANTHORN_WRITE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/lanthorn.schema.json is not the schema: write it anew");
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
