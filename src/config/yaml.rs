//! YAML to a tree with places, from the events of serde-saphyr's parser.
//!
//! YAML 1.2 with its core schema: `yes`, `no` and `1_000` are text, and so is all that is quoted.
//! Anchors and aliases are read, within a budget; tags other than YAML's own and merge keys are not.

use std::collections::HashMap;
use std::ops::Range;

use serde_saphyr::granit_parser::{
    Event, Parser, ScalarStyle, Span, StrInput, StructureStyle, Tag,
};

use super::error::ConfigError;
use super::json::{number, whole};
use super::node::{Key, MAX_DEPTH, Node, Value};
use super::syntax::{count, duplicate, too_deep, unknown_tag, yaml_syntax};

/// How many nodes all aliases together may stand for.
const ALIAS_BUDGET: usize = 100_000;
/// How many bytes of text anchors and aliases may copy.
const BYTE_BUDGET: usize = 16 << 20;

/// The tree of a YAML text; nothing at all is null.
pub(super) fn parse(text: &str) -> Result<Node, ConfigError> {
    let parser = Parser::new_from_str(text);
    let mut tree = Tree { parser, text, anchors: HashMap::new(), budget: Size::BUDGET, values: 0 };
    let mut root = None;
    loop {
        match tree.next()? {
            (Event::StreamEnd, _) => return Ok(root.unwrap_or(Node::bare(Value::Null))),
            (Event::DocumentStart(..), span) if root.is_some() => {
                let message = "expected one document, got a second one";
                let help = "a line `---` begins another document: take it out";
                return Err(ConfigError::here(bytes(&span), message).with_help(help));
            }
            (event, span) if event.is_node() => root = Some(tree.node(event, &span, 0)?),
            _ => {}
        }
    }
}

/// A tree being built.
struct Tree<'t> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    anchors: HashMap<usize, Anchor>,
    /// What anchors and aliases may still copy.
    budget: Size,
    /// How many values were read.
    values: usize,
}

impl<'t> Tree<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), ConfigError> {
        match self.parser.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(yaml_syntax(self.text, &error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, ConfigError> {
        let place = bytes(span);
        if depth > MAX_DEPTH {
            return Err(too_deep(place));
        }
        count(&mut self.values, &place)?;
        let anchor = event.anchor_id();
        let node = match event {
            Event::Scalar(text, style, _, tag) => {
                let tag = tag.as_deref();
                let value = scalar(&text, style, tag).map_err(|error| error.at_span(&place))?;
                Node { span: place, value }
            }
            Event::SequenceStart(style, _, tag) => {
                check_tag(tag.as_deref(), "seq", &place)?;
                self.list(place, style, depth)?
            }
            Event::MappingStart(style, _, tag) => {
                check_tag(tag.as_deref(), "map", &place)?;
                self.map(place, style, depth)?
            }
            Event::Alias(id) => return self.alias(id, place, depth),
            _ => return Err(ConfigError::here(place, "expected a value")),
        };
        if let Some(id) = anchor {
            self.anchor(id, &node)?;
        }
        Ok(node)
    }

    fn list(
        &mut self,
        start: Range<usize>,
        style: StructureStyle,
        depth: usize,
    ) -> Result<Node, ConfigError> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                let last = items.last().map(|item| item.span.end);
                return Ok(Node {
                    span: whole_span(start, style, last, &span),
                    value: Value::List(items),
                });
            }
            if event.is_node() {
                items.push(self.node(event, &span, depth + 1)?);
            }
        }
    }

    fn map(
        &mut self,
        start: Range<usize>,
        style: StructureStyle,
        depth: usize,
    ) -> Result<Node, ConfigError> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                let last = entries.last().map(|(key, node)| node.span.end.max(key.span.end));
                return Ok(Node {
                    span: whole_span(start, style, last, &span),
                    value: Value::Map(entries),
                });
            }
            if !event.is_node() {
                continue;
            }
            let key = self.key(event, &span)?;
            if let Some(first) = seen.insert(key.name.clone(), key.span.start) {
                return Err(duplicate(self.text, &key, first));
            }
            let (event, span) = loop {
                let next = self.next()?;
                if next.0.is_node() || matches!(next.0, Event::StreamEnd) {
                    break next;
                }
            };
            let value = self.node(event, &span, depth + 1)?;
            entries.push((key, value));
        }
    }

    fn key(&mut self, event: Event<'t>, span: &Span) -> Result<Key, ConfigError> {
        let place = bytes(span);
        let anchor = event.anchor_id();
        let name = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<" => {
                let message = "merge keys (`<<`) belong to YAML 1.1 and are not read";
                let help = "write the keys out, or use an alias as the whole value";
                return Err(ConfigError::here(place, message).with_help(help));
            }
            Event::Scalar(_, ScalarStyle::Plain, ..) if place.is_empty() => {
                return Err(ConfigError::here(place, "expected a key before the colon"));
            }
            Event::Scalar(text, ..) => text.into_owned(),
            Event::Alias(id) => match self.anchors.get(&id) {
                Some(Anchor { node: Node { value: Value::Text(name), .. }, .. }) => name.clone(),
                _ => {
                    return Err(ConfigError::here(
                        place,
                        "expected a key, got an alias of no text",
                    ));
                }
            },
            _ => {
                let message = "expected a key, got a list or a table";
                return Err(ConfigError::here(place, message).with_help("keys are text"));
            }
        };
        if let Some(id) = anchor {
            let node = Node { span: place.clone(), value: Value::Text(name.clone()) };
            self.anchor(id, &node)?;
        }
        Ok(Key { span: place, name })
    }

    /// Keeps a copy of what an anchor names.
    fn anchor(&mut self, id: usize, node: &Node) -> Result<(), ConfigError> {
        let (size, height) = Size::of(node);
        self.budget = self.budget.less(Size { nodes: 0, ..size }, &node.span)?;
        self.anchors.insert(id, Anchor { node: node.clone(), size, height });
        Ok(())
    }

    fn alias(&mut self, id: usize, place: Range<usize>, depth: usize) -> Result<Node, ConfigError> {
        let Some(anchor) = self.anchors.get(&id) else {
            return Err(ConfigError::here(place, "this alias is part of what it stands for"));
        };
        let budget = self.budget.less(anchor.size, &place)?;
        if depth + anchor.height > MAX_DEPTH {
            return Err(too_deep(place));
        }
        self.budget = budget;
        Ok(anchor.node.clone())
    }
}

/// What an anchor stands for.
struct Anchor {
    node: Node,
    size: Size,
    /// How deep lists and tables are nested in it.
    height: usize,
}

/// How large a tree is.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    /// Of all keys and texts.
    bytes: usize,
}

impl Size {
    const BUDGET: Size = Size { nodes: ALIAS_BUDGET, bytes: BYTE_BUDGET };

    /// The size of a tree, and how deep it is nested.
    fn of(node: &Node) -> (Size, usize) {
        let (mut nodes, mut bytes, mut height) = (0, 0, 0);
        let mut open = vec![(0, node)];
        while let Some((depth, node)) = open.pop() {
            nodes += 1;
            height = height.max(depth);
            match &node.value {
                Value::List(items) => open.extend(items.iter().map(|node| (depth + 1, node))),
                Value::Map(entries) => {
                    bytes += entries.iter().map(|(key, _)| key.name.len()).sum::<usize>();
                    open.extend(entries.iter().map(|(_, node)| (depth + 1, node)));
                }
                Value::Text(text) => bytes += text.len(),
                _ => {}
            }
        }
        (Size { nodes, bytes }, height)
    }

    /// What is left after a copy of so much.
    fn less(self, copied: Size, place: &Range<usize>) -> Result<Size, ConfigError> {
        let nodes = self.nodes.checked_sub(copied.nodes);
        let bytes = self.bytes.checked_sub(copied.bytes);
        let message = match (nodes, bytes) {
            (Some(nodes), Some(bytes)) => return Ok(Size { nodes, bytes }),
            (None, _) => format!("the aliases stand for more than {ALIAS_BUDGET} values"),
            (_, None) => format!("the aliases stand for more than {} MiB", BYTE_BUDGET >> 20),
        };
        Err(ConfigError::here(place.clone(), message).with_help("write the values out"))
    }
}

/// A scalar by the core schema: only a plain one without a tag can be anything but text.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, ConfigError> {
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain { core_schema(text) } else { Ok(text.into()) };
    };
    let value = core_schema(text)?;
    match (tag.core_suffix(), value) {
        (Some("str"), _) => Ok(text.into()),
        (Some("int"), value @ Value::Int(_))
        | (Some("float"), value @ Value::Float(_))
        | (Some("bool"), value @ Value::Bool(_))
        | (Some("null"), value @ Value::Null) => Ok(value),
        (Some("float"), Value::Int(n)) => Ok(Value::Float(n as f64)),
        (Some(kind @ ("int" | "float" | "bool" | "null")), value) => {
            let message = format!("the tag `!!{kind}` doesn't fit {}", value.words());
            Err(ConfigError::at("", message))
        }
        _ => Err(unknown_tag(tag)),
    }
}

/// YAML 1.2's core schema (§10.3.2).
pub(super) fn core_schema(text: &str) -> Result<Value, ConfigError> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        _ if matches!(unsigned, ".inf" | ".Inf" | ".INF") => {
            Value::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY })
        }
        _ if is_number(unsigned) => number(text)?,
        _ => match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
            (Some(digits), _) if is_all(digits, |byte| byte.is_ascii_hexdigit()) => {
                whole(digits, 16)?
            }
            (_, Some(digits)) if is_all(digits, |byte| matches!(byte, b'0'..=b'7')) => {
                whole(digits, 8)?
            }
            _ => text.into(),
        },
    })
}

/// `(\. [0-9]+ | [0-9]+ (\. [0-9]*)?) ([eE] [-+]? [0-9]+)?`
fn is_number(unsigned: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit();
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => is_all(fraction, digit),
        Some((whole, fraction)) => is_all(whole, digit) && fraction.bytes().all(digit),
        None => is_all(mantissa, digit),
    };
    mantissa_fits
        && exponent.is_none_or(|text| is_all(text.strip_prefix(['-', '+']).unwrap_or(text), digit))
}

fn is_all(text: &str, is: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(is)
}

fn check_tag(tag: Option<&Tag>, core: &str, place: &Range<usize>) -> Result<(), ConfigError> {
    match tag {
        Some(tag) if tag.core_suffix() != Some(core) => Err(unknown_tag(tag).at_span(place)),
        _ => Ok(()),
    }
}

fn bytes(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

/// The bytes of a list or table: brackets and all, or from its first entry to the end of its last.
fn whole_span(
    start: Range<usize>,
    style: StructureStyle,
    last: Option<usize>,
    end: &Span,
) -> Range<usize> {
    let end = match style {
        StructureStyle::Flow => bytes(end).end,
        StructureStyle::Block => last.unwrap_or(start.end),
    };
    start.start..end.max(start.end)
}
