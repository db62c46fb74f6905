//! `Node`: a parsed document as a tree that knows the place of every key and value, and a serde
//! deserializer over it, so that every error points at the very key.

use std::fmt;
use std::ops::Range;

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, Visitor};

use super::names::{same_name, unknown_name};

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
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in the order of the document.
    Map(Vec<(Key, Node)>),
}

/// A key and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Bytes of the document.
    pub span: Range<usize>,
    /// The key.
    pub name: String,
}

/// What is wrong with a configuration, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigError {
    /// What was expected and what was found.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// Where: `model.layers[0].dense`; may be empty.
    pub path: String,
    /// Bytes of the document, where known.
    pub span: Option<Range<usize>>,
    /// The drawn snippet, once a document has been found for it.
    pub drawn: Option<String>,
}

impl ConfigError {
    /// An error at a path of the tree, such as `model.layers[2].dense.units`.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        ConfigError {
            message: message.into(),
            help: String::new(),
            path: path.into(),
            span: None,
            drawn: None,
        }
    }

    /// The same error with words on what to do.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    fn at_span(mut self, span: &Range<usize>) -> Self {
        if self.span.is_none() && !span.is_empty() {
            self.span = Some(span.clone());
        }
        self
    }

    fn inside(mut self, segment: &str) -> Self {
        self.path = match (self.path.is_empty(), self.path.starts_with('[')) {
            (true, _) => segment.to_string(),
            (false, true) => format!("{segment}{}", self.path),
            (false, false) => format!("{segment}.{}", self.path),
        };
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(drawn) = &self.drawn {
            return write!(f, "{drawn}");
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.message)?;
        if !self.help.is_empty() {
            write!(f, "\n  help: {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl de::Error for ConfigError {
    /// A message; what follows a line break is the help.
    fn custom<T: fmt::Display>(message: T) -> Self {
        let text = message.to_string();
        let (message, help) = text.split_once('\n').unwrap_or((&text, ""));
        ConfigError::at("", message).with_help(help)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown_name("key", field, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(unknown_name("name", variant, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("`{field}` is missing"))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("expected {expected}, got {}", words(found)))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format!("expected {expected}, got {}", words(found)))
    }
}

/// A found value in words that a user knows.
fn words(found: de::Unexpected<'_>) -> String {
    match found {
        de::Unexpected::Unsigned(n) => n.to_string(),
        de::Unexpected::Signed(n) => n.to_string(),
        de::Unexpected::Float(n) => n.to_string(),
        de::Unexpected::Bool(b) => b.to_string(),
        de::Unexpected::Str(text) => format!("the text \"{text}\""),
        de::Unexpected::Unit => "nothing".to_string(),
        de::Unexpected::Seq => "a list".to_string(),
        de::Unexpected::Map => "a table of keys".to_string(),
        other => other.to_string(),
    }
}

impl Node {
    /// A node without a place.
    pub fn bare(value: Value) -> Self {
        Node { span: 0..0, value }
    }

    /// The tree of a JSON value, without places.
    pub fn from_json(json: &serde_json::Value) -> Node {
        use serde_json::Value as Json;
        Node::bare(match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => match n.as_i64() {
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

    /// Reads a configuration type from the tree.
    pub fn read<T: de::DeserializeOwned>(&self) -> Result<T, ConfigError> {
        T::deserialize(self)
    }

    /// The node at a path such as `model.layers[2].dense.units`, or the nearest one above it.
    pub fn nearest(&self, path: &str) -> &Node {
        let mut node = self;
        for segment in segments(path) {
            let next = match (&node.value, segment) {
                (Value::Map(entries), Segment::Key(key)) => {
                    entries.iter().find(|(k, _)| same_name(&k.name, key)).map(|(_, node)| node)
                }
                (Value::List(items), Segment::Index(index)) => items.get(index),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => return node,
            }
        }
        node
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

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Int(n) => match u64::try_from(*n) {
                Ok(n) => visitor.visit_u64(n),
                Err(_) => visitor.visit_i64(*n),
            },
            Value::Float(n) => visitor.visit_f64(*n),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => {
                let mut list = List { items: items.iter().enumerate() };
                visitor.visit_seq(&mut list)
            }
            Value::Map(entries) => {
                let mut map = Map { entries: entries.iter(), current: None };
                let result = visitor.visit_map(&mut map);
                match (result, map.current) {
                    // an error about a key that has no place yet: the key's
                    (Err(error), Some((key, _))) if error.span.is_none() => {
                        Err(error.at_span(&key.span))
                    }
                    (result, _) => result,
                }
            }
        }
        .map_err(|error: ConfigError| error.at_span(&self.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        visitor.visit_newtype_struct(self)
    }

    /// A bare name, or a table of one key: the name with its arguments.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        noun: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        let (name, span, arguments) = match &self.value {
            Value::Text(name) => (name.as_str(), &self.span, None),
            Value::Map(entries) if entries.len() == 1 => {
                let (key, node) = &entries[0];
                (key.name.as_str(), &key.span, Some(node))
            }
            Value::Map(entries) if entries.len() > 1 => {
                let names: Vec<_> = entries.iter().map(|(k, _)| format!("`{}`", k.name)).collect();
                let message = format!("expected one name, got {}", names.join(", "));
                return Err(ConfigError::at("", message)
                    .with_help("write each entry of a list after its own `-`, and the arguments of a name indented under it")
                    .at_span(&entries[1].0.span));
            }
            other => {
                let message =
                    format!("expected a name, alone or with its arguments, got {}", other.words());
                return Err(ConfigError::at("", message).at_span(&self.span));
            }
        };
        // Keras's class spelling is accepted: case and underscores don't count
        let name = variants.iter().find(|variant| same_name(variant, name)).map_or(name, |v| *v);
        let noun = if noun.chars().next().is_some_and(char::is_lowercase) { noun } else { "name" };
        visitor.visit_enum(Variant { name, span, arguments, place: &self.span }).map_err(|error| {
            let mut error = error;
            if noun != "name" {
                error.message =
                    error.message.replacen("unknown name", &format!("unknown {noun}"), 1);
            }
            error.at_span(span)
        })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl Value {
    /// What it is, in words that a user knows.
    pub fn words(&self) -> String {
        match self {
            Value::Null => "nothing".to_string(),
            Value::Bool(b) => b.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Float(n) => n.to_string(),
            Value::Text(text) => format!("the text \"{text}\""),
            Value::List(_) => "a list".to_string(),
            Value::Map(_) => "a table of keys".to_string(),
        }
    }
}

struct List<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> de::SeqAccess<'de> for &mut List<'de> {
    type Error = ConfigError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ConfigError> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        seed.deserialize(node)
            .map(Some)
            .map_err(|error| error.at_span(&node.span).inside(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Map<'de> {
    entries: std::slice::Iter<'de, (Key, Node)>,
    current: Option<&'de (Key, Node)>,
}

impl<'de> de::MapAccess<'de> for &mut Map<'de> {
    type Error = ConfigError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ConfigError> {
        self.current = self.entries.next();
        let Some((key, _)) = self.current else { return Ok(None) };
        seed.deserialize(key.name.as_str().into_deserializer())
            .map(Some)
            .map_err(|error: ConfigError| error.at_span(&key.span).inside(&key.name))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ConfigError> {
        let Some((key, node)) = self.current else {
            return Err(ConfigError::at("", "a value without a key"));
        };
        seed.deserialize(node)
            .map_err(|error| error.at_span(&node.span).at_span(&key.span).inside(&key.name))
    }
}

struct Variant<'de> {
    name: &'de str,
    span: &'de Range<usize>,
    arguments: Option<&'de Node>,
    place: &'de Range<usize>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = ConfigError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ConfigError> {
        let value = seed
            .deserialize(self.name.into_deserializer())
            .map_err(|error: ConfigError| error.at_span(self.span))?;
        Ok((value, self))
    }
}

impl<'de> Variant<'de> {
    /// The arguments; none at all are an empty table.
    fn read<T>(
        self,
        read: impl FnOnce(&dyn Fn() -> Option<&'de Node>) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        let arguments = self.arguments.filter(|node| node.value != Value::Null);
        read(&|| arguments)
            .map_err(|error| error.at_span(self.span).at_span(self.place).inside(self.name))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = ConfigError;

    fn unit_variant(self) -> Result<(), ConfigError> {
        let name = self.name;
        self.read(|node| match node().map(|node| (&node.span, &node.value)) {
            None => Ok(()),
            Some((_, Value::Map(entries))) if entries.is_empty() => Ok(()),
            Some((span, value)) => Err(ConfigError::at(
                "",
                format!("`{name}` takes no arguments, got {}", value.words()),
            )
            .at_span(span)),
        })
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ConfigError> {
        self.read(|node| match node() {
            Some(node) => seed.deserialize(node),
            None => seed.deserialize(NoArguments),
        })
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ConfigError> {
        self.read(|node| match node() {
            Some(node) => node.deserialize_any(visitor),
            None => NoArguments.deserialize_any(visitor),
        })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        self.read(|node| match node() {
            Some(node) => node.deserialize_any(visitor),
            None => NoArguments.deserialize_any(visitor),
        })
    }
}

/// The arguments of a bare name: an empty table.
struct NoArguments;

impl<'de> Deserializer<'de> for NoArguments {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        visitor.visit_map(&mut Map { entries: [].iter(), current: None })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
