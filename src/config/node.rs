//! `Node`: a parsed document as a tree that knows the place of every key and value.

use std::ops::Range;

use serde::de;
use serde_json::Value as Json;

pub use super::error::ConfigError;
use super::names::same_name;
use crate::diagnostics::Code;

/// How deep lists and tables may be nested, which bounds every recursion over a tree.
pub const MAX_DEPTH: usize = 64;

/// A value and the bytes of the document that it came from (empty where there is no document).
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Bytes of the document.
    pub span: Range<usize>,
    /// The value.
    pub value: Value,
}

/// What a node holds; the same for YAML, TOML and JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number, from the least i64 to the greatest u64.
    Int(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the document.
    Map(Vec<(Key, Node)>),
    /// A value with a mistake that is known: what is read of the tree goes on without it.
    Broken,
}

/// A key and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Bytes of the document.
    pub span: Range<usize>,
    /// The key.
    pub name: String,
}

impl Node {
    /// A node without a place.
    pub fn bare(value: Value) -> Self {
        Node { span: 0..0, value }
    }

    /// The tree of a JSON value, without places.
    pub fn from_json(json: &Json) -> Node {
        Node::bare(match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => match n.as_i128() {
                Some(int) => Value::Int(int),
                None => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::Text(text.clone()),
            Json::Array(items) => Value::List(items.iter().map(Node::from_json).collect()),
            Json::Object(map) => Value::Map(
                map.iter()
                    .map(|(name, value)| {
                        (Key { span: 0..0, name: name.clone() }, Node::from_json(value))
                    })
                    .collect(),
            ),
        })
    }

    /// The tree as a JSON value; a number that is not finite becomes null.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null | Value::Broken => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(n) => serde_json::Number::from_i128(*n).map_or(Json::Null, Json::Number),
            Value::Float(n) => Json::from(*n),
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(entries) => Json::Object(
                entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect(),
            ),
        }
    }

    /// Reads a configuration type from the tree; the error is the first that is met.
    pub fn read<T: de::DeserializeOwned>(&self) -> Result<T, ConfigError> {
        if self.is_too_deep() {
            let message = format!("lists and tables are nested over {MAX_DEPTH} deep");
            return Err(ConfigError::at("", message).with_code(Code::TooDeep));
        }
        let read = T::deserialize(self);
        read.map_err(|error: ConfigError| error.or_add(|key| format!("add `{key}: …`")))
    }

    /// The node at a path such as `model.layers[2].dense.units`, or the nearest one above it. Case
    /// and underscores don't count in names, and the one name of an entry may be an alias.
    pub fn nearest(&self, path: &str) -> &Node {
        self.trace(path).1
    }

    /// The bytes to underline for an error at a path: the value's where it is on its own, the
    /// key's of a table or list; None where not even the first step of the path is there.
    pub(super) fn place_of(&self, path: &str) -> Option<Range<usize>> {
        let (key, node) = self.trace(path);
        let is_leaf = !matches!(node.value, Value::List(_) | Value::Map(_));
        let span = match key {
            Some(key) if !is_leaf || node.span.is_empty() => &key.span,
            None if !is_leaf && std::ptr::eq(node, self) => return None,
            _ => &node.span,
        };
        (!span.is_empty()).then(|| span.clone())
    }

    /// True for [`Value::Broken`].
    pub(super) fn is_broken(&self) -> bool {
        self.value == Value::Broken
    }

    /// The nearest node to a path, and its key where it stands in a table.
    fn trace(&self, path: &str) -> (Option<&Key>, &Node) {
        let (mut key, mut node) = (None, self);
        let steps: Vec<Segment<'_>> = segments(path).collect();
        for (i, step) in steps.iter().enumerate() {
            (key, node) = match (&node.value, step) {
                (Value::Map(entries), Segment::Key(name)) => {
                    match find(entries, name).or_else(|| alias(entries, steps.get(i + 1))) {
                        Some(at) => (Some(&entries[at].0), &entries[at].1),
                        None => return (key, node),
                    }
                }
                (Value::List(items), Segment::Index(index)) => match items.get(*index) {
                    Some(item) => (None, item),
                    None => return (key, node),
                },
                _ => return (key, node),
            };
        }
        (key, node)
    }

    /// The same tree in a document that begins `base` bytes later.
    pub(super) fn shifted(mut self, base: usize) -> Node {
        let shift = |span: &mut Range<usize>| *span = span.start + base..span.end + base;
        let mut open = vec![&mut self];
        while let Some(node) = open.pop() {
            shift(&mut node.span);
            match &mut node.value {
                Value::List(items) => open.extend(items),
                Value::Map(entries) => {
                    for (key, node) in entries {
                        shift(&mut key.span);
                        open.push(node);
                    }
                }
                _ => {}
            }
        }
        self
    }

    /// True where lists and tables are nested deeper than [`MAX_DEPTH`].
    pub(super) fn is_too_deep(&self) -> bool {
        let mut open = vec![(0, self)];
        while let Some((depth, node)) = open.pop() {
            if depth > MAX_DEPTH {
                return true;
            }
            match &node.value {
                Value::List(items) => open.extend(items.iter().map(|node| (depth + 1, node))),
                Value::Map(entries) => {
                    open.extend(entries.iter().map(|(_, node)| (depth + 1, node)));
                }
                _ => {}
            }
        }
        false
    }
}

/// Which entry of a table a name means: the one of that very name, else one that differs in case
/// and underscores.
pub(super) fn find(entries: &[(Key, Node)], name: &str) -> Option<usize> {
    let same = entries.iter().position(|(key, _)| key.name == name);
    same.or_else(|| entries.iter().position(|(key, _)| same_name(&key.name, name)))
}

/// The one entry of a table, under whatever name, where it holds the step after this one:
/// `{ce: {axis: 1}}` for `crossentropy.axis`.
fn alias(entries: &[(Key, Node)], next: Option<&Segment<'_>>) -> Option<usize> {
    let ([(_, only)], Some(Segment::Key(next))) = (entries, next) else { return None };
    match &only.value {
        Value::Map(inner) if find(inner, next).is_some() => Some(0),
        _ => None,
    }
}

impl Value {
    /// What it is, in words that a user knows.
    pub fn words(&self) -> String {
        match self {
            Value::Null | Value::Broken => "nothing".to_string(),
            Value::Bool(b) => format!("`{b}`"),
            Value::Int(n) => n.to_string(),
            Value::Float(n) => format!("{n:?}"),
            Value::Text(text) => format!("the text \"{text}\""),
            Value::List(_) => "a list".to_string(),
            Value::Map(entries) if entries.is_empty() => "an empty table".to_string(),
            Value::Map(_) => "a table of keys".to_string(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_string())
    }
}

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A key of a table.
    Key(&'a str),
    /// An item of a list.
    Index(usize),
}

/// The steps of a path such as `model.layers[2].dense.units`.
pub fn segments(path: &str) -> impl Iterator<Item = Segment<'_>> {
    path.split(['.', '[']).filter(|part| !part.is_empty()).map(|part| {
        match part.strip_suffix(']').and_then(|index| index.parse().ok()) {
            Some(index) => Segment::Index(index),
            None => Segment::Key(part),
        }
    })
}
