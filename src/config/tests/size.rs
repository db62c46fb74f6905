//! How large a configuration may be: what is too large is refused before it takes memory.

use super::super::format::Format;
use super::super::syntax::MOST_VALUES;
use super::super::{Document, Node};
use crate::sections::Config;

fn refused(text: &str, format: Format) -> String {
    match Document::parse(text, "a", format) {
        Ok(_) => "it is taken".to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn more_values_than_a_configuration_has_are_refused_in_each_format() {
    let ones = "1,".repeat(MOST_VALUES + 1);
    for (text, format) in [
        (format!("a: [{ones}]"), Format::Yaml),
        ("- 1\n".repeat(MOST_VALUES + 1), Format::Yaml),
        (format!("{{\"a\": [{ones}1]}}"), Format::Json),
        (format!("a = [{ones}]"), Format::Toml),
        ((0..=MOST_VALUES).map(|i| format!("k{i} = 1\n")).collect(), Format::Toml),
        ((0..=MOST_VALUES).map(|i| format!("k{i}: 1\n")).collect(), Format::Yaml),
    ] {
        let error = refused(&text, format);
        assert!(error.contains("may hold at most 200000 values"), "{format:?}: {error:.300}");
    }
}

#[test]
fn tables_of_toml_are_counted_however_they_are_written() {
    for text in [
        "[[a]]\n".repeat(30_000),
        format!("a = [{}]", "{},".repeat(30_000)),
        (0..4000).map(|i| format!("a{i}.b.c.d.e.f.g.h.i = 1\n")).collect(),
        (0..4000).map(|i| format!("[a{i}.b.c.d.e.f.g.h.i]\n")).collect(),
    ] {
        let error = refused(&text, Format::Toml);
        assert!(error.contains("may hold at most 25000 tables"), "{error:.300}");
    }
}

#[test]
fn signs_in_texts_and_comments_of_toml_are_no_values() {
    let signs = "{}.,=[".repeat(60_000);
    for text in [
        format!("a = \"\\\"{signs}\""),
        format!("a = '{signs}'"),
        format!("a = \"\"\"{signs}\n\\\"\"\"{signs}\"\"\""),
        format!("a = '''{signs}''{signs}'''"),
        format!("# {signs}\na = 1 # {signs}"),
    ] {
        assert!(Document::parse(&text, "a", Format::Toml).is_ok(), "{text:.40}");
    }
}

#[test]
fn lists_of_entries_are_bounded_before_an_entry_is_made() {
    let layers = |count: usize| format!("model: {{layers: [{}]}}", "flatten,".repeat(count));
    let read = |text: &str| Document::parse(text, "a", Format::Yaml).unwrap().config::<Config>();
    assert!(read(&layers(10_000)).is_ok());
    let others = "mae,".repeat(1_001);
    let calls = "terminate_on_nan,".repeat(1_001);
    let rest = "model: {layers: [flatten]}\ncompile: {loss: mse";
    for (text, expected) in [
        (layers(10_001), "at most 10000 layers are allowed, got 10001"),
        (format!("{rest}, metrics: [{others}]}}"), "at most 1000 metrics are allowed, got 1001"),
        (format!("{rest}, weighted_metrics: [{others}]}}"), "at most 1000 metrics are allowed"),
        (format!("{rest}}}\nfit: {{callbacks: [{calls}]}}"), "at most 1000 callbacks are allowed"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:.300}");
    }
    // a model's metadata holds its configuration as JSON
    let json = serde_json::json!({"model": {"layers": vec!["flatten"; 10_001]}});
    let error = Node::from_json(&json).read::<Config>().unwrap_err();
    assert!(error.message.contains("at most 10000 layers"), "{}", error.message);
}
