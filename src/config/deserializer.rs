//! serde's deserializer over a [`Node`], so that every error points at the very key or value.
//!
//! An error gets the first place that is known on its way up: a wrong value its own, a key that is
//! missing that of the table it is missing from (the key, in a table; the whole item, in a list).

use std::ops::Range;

use serde::de::{self, DeserializeSeed, Deserializer, Error, IntoDeserializer, Visitor};

use super::error::{ConfigError, Detail};
use super::names::{same_name, snake_case, with_article};
use super::node::{Key, Node, Value};
use super::unknown::unknown_name;
use crate::diagnostics::Code;

/// The name by which a type asks for one of something, or a list of several.
pub(crate) const ONE_OR_SEVERAL: &str = "one or several";

impl<'de> Deserializer<'de> for &'de Node {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        let result = match &self.value {
            Value::Map(entries) => return self.visit_entries(entries, visitor),
            Value::List(items) => return self.visit_items(items, visitor),
            Value::Null => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(*b),
            Value::Int(n) => match (u64::try_from(*n), i64::try_from(*n)) {
                (Ok(n), _) => visitor.visit_u64(n),
                (_, Ok(n)) => visitor.visit_i64(n),
                _ => Err(ConfigError::at("", format!("the number {n} is out of range"))),
            },
            Value::Float(n) if !n.is_finite() => {
                Err(ConfigError::at("", format!("expected a finite number, got {n}")))
            }
            Value::Float(n) => visitor.visit_f64(*n),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Broken => Err(ConfigError::told()),
        };
        result.map_err(|error: ConfigError| error.at_span(&self.span))
    }

    /// A number that is not too large for 32 bits.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        let number = match self.value {
            Value::Int(n) => n as f64,
            Value::Float(n) => n,
            _ => 0.0,
        };
        if number.is_finite() && number.abs() > f64::from(f32::MAX) {
            let message = format!("expected a number of at most 3.4e38 in size, got {number:?}");
            return Err(ConfigError::at("", message).at_span(&self.span));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        match &self.value {
            Value::List(items) if name == ONE_OR_SEVERAL => self.visit_items(items, visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    /// A table; a key with nothing after it (`fit:`) stands for an empty one. A list is refused,
    /// though serde would take it for the values of the keys in order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        match &self.value {
            Value::Null => NoArguments.deserialize_any(visitor),
            Value::List(_) => {
                Err(ConfigError::invalid_type(de::Unexpected::Seq, &visitor).at_span(&self.span))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    /// A bare name, or a table of one key: the name with its arguments.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        noun: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        let noun = snake_case(noun).replace('_', " ");
        let (name, span, arguments) = match &self.value {
            Value::Text(name) => (name.as_str(), &self.span, None),
            Value::Map(entries) if entries.len() == 1 => {
                let (key, node) = &entries[0];
                (key.name.as_str(), &key.span, Some(node))
            }
            Value::Map(entries) if entries.len() > 1 => return Err(two_names(&noun, entries)),
            Value::Broken => return Err(ConfigError::told()),
            other => {
                let message = format!(
                    "expected the name of {}, alone or with its arguments, got {}",
                    with_article(&noun),
                    other.words()
                );
                let error = ConfigError::at("", message).with_code(Code::WrongType);
                return Err(error.at_span(&self.span));
            }
        };
        // Keras's class spelling is accepted: case and underscores don't count
        let name = variants.iter().find(|variant| same_name(variant, name)).map_or(name, |v| *v);
        let variant = Variant { name, span, arguments, place: &self.span };
        visitor.visit_enum(variant).map_err(|error: ConfigError| {
            let error = match &error.detail {
                Detail::NoVariant(found, valid) if error.path.is_empty() => ConfigError {
                    span: error.span,
                    ..ConfigError::of(unknown_name(&noun, found, valid))
                },
                _ => error,
            };
            error.at_span(span)
        })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

impl Node {
    fn visit_entries<'de, V: Visitor<'de>>(
        &'de self,
        entries: &'de [(Key, Node)],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        let mut map = NodeMap { entries: entries.iter(), current: None, is_read: false };
        visitor.visit_map(&mut map).map_err(|error| match map.current {
            Some((key, _)) => error.at_span(&key.span), // about the key at hand
            None if map.is_read => error,               // about the table: the parent knows its key
            None => error.at_span(&self.span),          // a table is not what was expected
        })
    }

    fn visit_items<'de, V: Visitor<'de>>(
        &'de self,
        items: &'de [Node],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        let mut list = List { items: items.iter().enumerate() };
        let result = visitor.visit_seq(&mut list);
        match (result, list.items.next()) {
            (Err(error), _) => Err(error.at_span(&self.span)),
            (Ok(_), Some((index, extra))) => {
                let message = format!("expected a list of {index}, got {}", items.len());
                let error = ConfigError::at("", message).with_code(Code::WrongType);
                Err(error.at_span(&extra.span).at_span(&self.span))
            }
            (Ok(value), None) => Ok(value),
        }
    }
}

/// Under which other tools' files name the kind of an entry.
const KIND_KEYS: [&str; 5] = ["name", "type", "kind", "class_name", "class"];

/// The error of a table with several keys where one name belongs.
fn two_names(noun: &str, entries: &[(Key, Node)]) -> ConfigError {
    let names: Vec<_> = entries.iter().map(|(key, _)| format!("`{}`", key.name)).collect();
    let message = format!("expected the name of one {noun}, got {}", names.join(", "));
    let (first, second) = (&entries[0], &entries[1]);
    let help = match &first.1.value {
        Value::Text(kind) if KIND_KEYS.contains(&first.0.name.as_str()) => {
            let arguments = match &second.1.value {
                Value::Map(arguments) if second.0.name == "config" => arguments.as_slice(),
                _ => &entries[1..],
            };
            let keys: Vec<_> =
                arguments.iter().map(|(key, _)| format!("{}: …", key.name)).collect();
            format!("the name is the key: `{kind}: {{{}}}`", keys.join(", "))
        }
        Value::Null => format!(
            "indent `{}` under `{}:` if it is its argument, or write `{}: {{{}: …}}`",
            second.0.name, first.0.name, first.0.name, second.0.name
        ),
        _ => "in a list, each entry stands after its own `-`; arguments are indented under \
              their name"
            .to_string(),
    };
    ConfigError::at("", message)
        .with_code(Code::SeveralNames)
        .with_help(help)
        .at_span(&second.0.span)
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
        let Some((index, node)) = self.items.find(|(_, node)| !node.is_broken()) else {
            return Ok(None);
        };
        seed.deserialize(node).map(Some).map_err(|error| {
            error
                .or_add(|key| format!("add `{key}: …` to this item"))
                .at_span(&node.span)
                .inside(&format!("[{index}]"))
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct NodeMap<'de> {
    entries: std::slice::Iter<'de, (Key, Node)>,
    current: Option<&'de (Key, Node)>,
    is_read: bool,
}

impl<'de> de::MapAccess<'de> for &mut NodeMap<'de> {
    type Error = ConfigError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ConfigError> {
        self.is_read = true;
        self.current = self.entries.find(|(_, node)| !node.is_broken());
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
        seed.deserialize(node).map_err(|error| {
            error
                .or_add(|missing| format!("add `{missing}: …` to `{}`", key.name))
                .at_span(&key.span)
                .inside(&key.name)
        })
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
    /// Reads the arguments; none at all, and nothing after the name, are an empty table.
    fn read<T>(
        self,
        read: impl FnOnce(Option<&'de Node>) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        let arguments = self.arguments.filter(|node| node.value != Value::Null);
        read(arguments).map_err(|error| {
            error
                .or_add(|key| format!("write `{}: {{{key}: …}}`", self.name))
                .at_span(self.span)
                .at_span(self.place)
                .inside(self.name)
        })
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = ConfigError;

    fn unit_variant(self) -> Result<(), ConfigError> {
        let name = self.name;
        self.read(|node| match node.map(|node| (&node.span, &node.value)) {
            None => Ok(()),
            Some((_, Value::Map(entries))) if entries.is_empty() => Ok(()),
            Some((span, value)) => {
                let message = format!("`{name}` takes no arguments, got {}", value.words());
                Err(ConfigError::at("", message).with_code(Code::WrongType).at_span(span))
            }
        })
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, ConfigError> {
        let name = self.name;
        self.read(|node| match node {
            Some(node) => seed.deserialize(node),
            None => seed.deserialize(NoArguments).map_err(|error| match error.detail {
                Detail::Nothing if error.help.is_empty() => {
                    error.with_help(format!("write `{name}: …`"))
                }
                _ => error,
            }),
        })
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ConfigError> {
        self.read(|node| match node {
            Some(node) => node.deserialize_any(visitor),
            None => NoArguments.deserialize_any(visitor),
        })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        self.read(|node| match node {
            Some(node) => node.deserialize_struct("", keys, visitor),
            None => NoArguments.deserialize_any(visitor),
        })
    }
}

/// The arguments of a bare name: an empty table.
struct NoArguments;

impl<'de> Deserializer<'de> for NoArguments {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        let mut map = NodeMap { entries: [].iter(), current: None, is_read: false };
        visitor.visit_map(&mut map).map_err(|error: ConfigError| match &error.detail {
            Detail::NoTable(expected) => ConfigError {
                message: format!("expected {expected}, got nothing"),
                detail: Detail::Nothing,
                ..error
            },
            _ => error,
        })
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
