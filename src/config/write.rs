//! Writing trees: YAML and TOML as a person would write them, short tables on one line.

use serde_json::{Map, Value};

use super::error::ConfigError;
use super::node;
use super::yaml::core_schema;
use crate::error::{Error, Result};

/// Lines are at most about this wide, where they can be.
const WIDTH: usize = 88;

/// The same tree with the numbers of f32 fields in an f32's digits: 0.0001, where the f64 of the
/// same value is 0.00009999999747378752. Read as an f32, both are the same number.
pub(crate) fn shortened(value: &Value) -> Value {
    match value {
        Value::Number(n) if n.is_f64() => n.as_f64().map_or(Value::Null, |n| shortest(n).into()),
        Value::Array(items) => Value::Array(items.iter().map(shortened).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (key.clone(), shortened(value))).collect())
        }
        other => other.clone(),
    }
}

/// The number with the fewest digits that is the same f32, where the number is an f32.
pub(super) fn shortest(n: f64) -> f64 {
    let narrow = n as f32;
    if f64::from(narrow) == n { narrow.to_string().parse().unwrap_or(n) } else { n }
}

/// A tree as YAML.
pub(super) fn yaml(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => block_map(map, 0, &mut out, true),
        Value::Array(items) if !items.is_empty() => block_list(items, 0, &mut out),
        other => {
            out += &flow(other);
            out.push('\n');
        }
    }
    out
}

/// The keys of a table, each on its own line. The first line is indented already.
fn block_map(map: &Map<String, Value>, indent: usize, out: &mut String, is_top: bool) {
    for (i, (key, value)) in map.iter().enumerate() {
        if i > 0 {
            *out += &" ".repeat(indent);
        }
        let key = plain_or_quoted(key);
        *out += &format!("{key}:");
        match value {
            Value::Object(inner) if !inner.is_empty() && (is_top || !fits(value, indent, &key)) => {
                *out += &format!("\n{}", " ".repeat(indent + 2));
                block_map(inner, indent + 2, out, false);
            }
            Value::Array(items) if !items.is_empty() && !fits(value, indent, &key) => {
                *out += &format!("\n{}", " ".repeat(indent + 2));
                block_list(items, indent + 2, out);
            }
            other => *out += &format!(" {}\n", flow(other)),
        }
    }
}

/// The items of a list, each after its dash. The first line is indented already.
fn block_list(items: &[Value], indent: usize, out: &mut String) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            *out += &" ".repeat(indent);
        }
        *out += "- ";
        match item {
            // an entry, `- dense: {units: 8}`
            Value::Object(map) if map.len() == 1 => block_map(map, indent + 2, out, false),
            Value::Object(map) if !map.is_empty() && !fits(item, indent, "") => {
                block_map(map, indent + 2, out, false);
            }
            Value::Array(inner) if !inner.is_empty() && !fits(item, indent, "") => {
                block_list(inner, indent + 2, out);
            }
            other => *out += &format!("{}\n", flow(other)),
        }
    }
}

/// True where a value may stand on the line of its key: it is short, and no list of tables.
fn fits(value: &Value, indent: usize, key: &str) -> bool {
    let is_list_of_tables = match value {
        Value::Array(items) => items.iter().any(|item| item.is_object() || item.is_array()),
        _ => false,
    };
    let is_short_list = matches!(value, Value::Array(items) if items.len() <= 4)
        && value.as_array().is_some_and(|items| !items.iter().any(Value::is_object));
    (!is_list_of_tables || is_short_list) && indent + key.len() + 2 + flow(value).len() <= WIDTH
}

/// A value on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => plain_or_quoted(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| {
                let key = plain_or_quoted(key);
                format!("{key}: {}", flow(value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A text as it is where no reader can take it for anything else, and else in quotes.
fn plain_or_quoted(text: &str) -> String {
    let starts_plain = text.starts_with(|c: char| c.is_alphabetic() || "_/.".contains(c));
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || "_-./*+() ".contains(c));
    let is_text = matches!(core_schema(text), Ok(node::Value::Text(_)));
    // words that YAML 1.1 takes for true and false
    let is_old_bool =
        ["y", "n", "yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if starts_plain && is_plain && is_text && !is_old_bool && !text.ends_with(' ') {
        text.to_string()
    } else {
        quoted(text)
    }
}

/// A text in double quotes, with escapes that JSON, YAML and TOML share.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out += &format!("\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A tree as TOML: a section for each table at the top, a line for each item of a list of tables.
pub(super) fn toml(value: &Value) -> Result<String> {
    let Value::Object(map) = value else {
        return Err(ConfigError::at("", "TOML holds a table of keys and nothing else").into());
    };
    let mut out = String::new();
    section(map, "", &mut out)?;
    Ok(out)
}

fn section(map: &Map<String, Value>, path: &str, out: &mut String) -> Result<()> {
    let present = || map.iter().filter(|(_, value)| !value.is_null());
    // by TOML's grammar a table's own keys come before the tables in it
    let is_section = |key: &str, value: &Value| match value {
        Value::Object(_) => {
            Ok::<bool, Error>(path.is_empty() || key.len() + inline(value)?.len() > WIDTH)
        }
        _ => Ok(false),
    };
    let mut sections = Vec::new();
    for (key, value) in present() {
        let name = toml_key(key);
        match value {
            Value::Object(inner) if is_section(&name, value)? => sections.push((name, inner)),
            Value::Array(items)
                if name.len() + 3 + inline(value)?.len() > WIDTH || has_tables(items) =>
            {
                *out += &format!("{name} = [\n");
                for item in items {
                    *out += &format!("    {},\n", inline(item)?);
                }
                *out += "]\n";
            }
            other => *out += &format!("{name} = {}\n", inline(other)?),
        }
    }
    for (name, inner) in sections {
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        let gap = if out.is_empty() { "" } else { "\n" };
        *out += &format!("{gap}[{path}]\n");
        section(inner, &path, out)?;
    }
    Ok(())
}

fn has_tables(items: &[Value]) -> bool {
    items.iter().any(Value::is_object)
}

fn inline(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Null => {
            let help = "leave the item out, or write YAML or JSON";
            return Err(ConfigError::at("", "TOML has no null in a list").with_help(help).into());
        }
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items = items.iter().map(inline).collect::<Result<Vec<_>>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let mut entries = Vec::new();
            for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
                entries.push(format!("{} = {}", toml_key(key), inline(value)?));
            }
            if entries.is_empty() {
                "{}".to_string()
            } else {
                format!("{{ {} }}", entries.join(", "))
            }
        }
        other => other.to_string(),
    })
}

fn toml_key(key: &str) -> String {
    let is_bare =
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if is_bare { key.to_string() } else { quoted(key) }
}
