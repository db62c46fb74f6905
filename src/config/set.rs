//! `--set KEY=VALUE`: one value of the tree, replaced or added.

use std::ops::Range;

use super::error::ConfigError;
use super::names::same_name;
use super::node::{Key, MAX_DEPTH, Node, Value};
use super::source_text::SourceText;
use super::yaml;
use crate::diagnostics::Code;

/// What stands before KEY=VALUE where an error about it is drawn.
pub(super) const FLAG: &str = "--set ";

/// Sets the value of `text`, whose first byte has the place `base`.
pub(super) fn set(root: &mut Node, text: &str, base: usize) -> Result<(), ConfigError> {
    put(root, text, base).map_err(|error| match error.code {
        Code::InvalidValue | Code::Syntax => error.with_code(Code::Override),
        _ => error,
    })
}

fn put(root: &mut Node, text: &str, base: usize) -> Result<(), ConfigError> {
    let Some((path, value)) = text.split_once('=') else {
        let end = base + text.len();
        return Err(ConfigError::here(base..end, "expected KEY=VALUE, got no `=`")
            .with_help("for example `--set fit.epochs=30`"));
    };
    let steps = steps(path).map_err(|error| error.shifted(base))?;
    let after = base + path.len() + 1;
    let value = yaml::parse(value).map_err(|error| error.shifted(after))?.shifted(after);
    place(root, &steps, value, base)?;
    if root.is_too_deep() {
        let message = format!("lists and tables are nested over {MAX_DEPTH} deep");
        return Err(ConfigError::here(base..base + text.len(), message));
    }
    Ok(())
}

/// Makes an error about an argument of another entry than the one in the file say so.
pub(super) fn explain(root: &Node, sources: &[SourceText], error: ConfigError) -> ConfigError {
    let given = error.span.as_ref().is_some_and(|span| sources[0].holds(span));
    let Value::Map(entries) = &root.nearest(&error.path).value else { return error };
    let [(first, _), (second, _)] = entries.as_slice() else { return error };
    if given || error.code != Code::SeveralNames {
        return error;
    }
    ConfigError {
        code: Code::Override,
        message: another(&error.path, &first.name, &second.name),
        help: help_for_another(&error.path, &first.name, &second.name),
        ..error
    }
}

fn another(path: &str, there: &str, set: &str) -> String {
    format!("`{path}` is `{there}`, so that nothing of `{set}` can be set")
}

fn help_for_another(path: &str, there: &str, set: &str) -> String {
    format!("set `{path}.{there}.…`, or replace it: `--set '{path}={{{set}: {{…}}}}'`")
}

/// One step of the path and its bytes in the text.
struct Step<'t> {
    kind: StepKind<'t>,
    span: Range<usize>,
}

enum StepKind<'t> {
    Key(&'t str),
    Index(usize),
}

fn steps(path: &str) -> Result<Vec<Step<'_>>, ConfigError> {
    let mut steps = Vec::new();
    let mut at = 0;
    for part in path.split('.') {
        let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
        let span = at..at + name.len();
        at = span.end;
        if name.trim().is_empty() {
            return Err(ConfigError::here(
                span.start..span.end.max(span.start + 1),
                "expected a key",
            )
            .with_help("for example `model.layers[0].dense.units=16`"));
        }
        steps.push(Step { kind: StepKind::Key(name.trim()), span });
        while !rest.is_empty() {
            let end = rest.find(']').map_or(rest.len(), |end| end + 1);
            let (index, others) = rest.split_at(end);
            let span = at..at + index.len();
            let number = index.strip_prefix('[').and_then(|index| index.strip_suffix(']'));
            let Some(number) = number.and_then(|index| index.trim().parse().ok()) else {
                let message = format!("expected an index such as `[0]`, got `{index}`");
                return Err(ConfigError::here(span, message).with_help("indices count from 0"));
            };
            at = span.end;
            steps.push(Step { kind: StepKind::Index(number), span });
            rest = others;
        }
        at += 1; // the dot
    }
    if steps.len() > MAX_DEPTH {
        let message = format!("lists and tables are nested over {MAX_DEPTH} deep");
        return Err(ConfigError::here(0..path.len(), message));
    }
    Ok(steps)
}

fn place(root: &mut Node, steps: &[Step<'_>], value: Node, base: usize) -> Result<(), ConfigError> {
    let mut node = root;
    let mut path = String::new();
    for step in steps {
        let span = step.span.start + base..step.span.end + base;
        node = match step.kind {
            StepKind::Key(name) => key(node, name, &span, &path)?,
            StepKind::Index(index) => {
                item(node, index, &path).map_err(|error| error.at_span(&span))?
            }
        };
        match step.kind {
            StepKind::Key(name) if path.is_empty() => path += name,
            StepKind::Key(name) => path += &format!(".{name}"),
            StepKind::Index(index) => path += &format!("[{index}]"),
        }
    }
    *node = value;
    Ok(())
}

/// The value of a key, which is added where it isn't there.
fn key<'n>(
    node: &'n mut Node,
    name: &str,
    span: &Range<usize>,
    path: &str,
) -> Result<&'n mut Node, ConfigError> {
    match &node.value {
        Value::Map(_) => {}
        Value::Null => node.value = Value::Map(Vec::new()),
        Value::Text(bare) if same_name(bare, name) => {
            let key = Key { span: node.span.clone(), name: bare.clone() };
            node.value = Value::Map(vec![(key, Node::bare(Value::Null))]);
        }
        Value::Text(bare) => {
            let error = ConfigError::here(span.clone(), another(path, bare, name));
            return Err(error.with_help(help_for_another(path, bare, name)));
        }
        Value::List(items) => {
            let message = format!("`{path}` is a list, which has no key `{name}`");
            let help = match items.len() {
                0 => "it is empty".to_string(),
                n => format!("name one of its items: `{path}[0]` to `{path}[{}]`", n - 1),
            };
            return Err(ConfigError::here(span.clone(), message).with_help(help));
        }
        other => {
            let message = format!("`{path}` is {}, which has no keys", other.words());
            return Err(ConfigError::here(span.clone(), message));
        }
    }
    let Value::Map(entries) = &mut node.value else {
        return Err(ConfigError::here(span.clone(), "expected a table of keys"));
    };
    let found = entries.iter().position(|(key, _)| same_name(&key.name, name));
    if found.is_none() {
        let key = Key { span: span.clone(), name: name.to_string() };
        entries.push((key, Node { span: span.clone(), value: Value::Null }));
    }
    let index = found.unwrap_or(entries.len() - 1);
    Ok(&mut entries[index].1)
}

fn item<'n>(node: &'n mut Node, index: usize, path: &str) -> Result<&'n mut Node, ConfigError> {
    let words = node.value.words();
    let Value::List(items) = &mut node.value else {
        let message = format!("`{path}` is {words}, not a list");
        return Err(ConfigError::at("", message));
    };
    let count = items.len();
    items.get_mut(index).ok_or_else(|| {
        let message = match count {
            0 => format!("`{path}` is an empty list"),
            1 => format!("`{path}` has one item, `[0]`"),
            _ => format!("`{path}` has {count} items, `[0]` to `[{}]`", count - 1),
        };
        ConfigError::at("", message)
    })
}
