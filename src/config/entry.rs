//! One entry of a list in the config, and the macro that makes a list.
//!
//! Layers, losses, metrics, optimizers, schedules and callbacks are written alike: a bare name
//! (`flatten`) or a name with its arguments (`dense: {units: 8}`). [`Entry`] is that; [`catalog!`]
//! makes a list of the structs that may stand there. A struct *is* its configuration; what all of
//! a list share (a layer's `name`, an optimizer's `clipnorm`) is read beside it into `common`.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock, RwLock};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, VariantAccess};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::names::{same_name, unknown_name};

/// One entry: which kind, the arguments that all kinds share, and its own configuration.
pub struct Entry<T: Catalog + ?Sized> {
    /// The name in the list: `dense`.
    pub kind: Kind,
    /// The name as the user wrote it: `acc`, `MaxPooling2D`.
    pub written: String,
    /// The arguments that every kind of this list takes.
    pub common: T::Common,
    /// The configuration itself.
    pub item: Arc<T>,
}

/// The names of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The name in the config: `max_pooling2d`.
    pub name: &'static str,
    /// Keras's class: `MaxPooling2D`. Accepted too.
    pub class_name: &'static str,
    /// Other names that are accepted.
    pub aliases: &'static [&'static str],
}

impl Kind {
    /// True where `name` means this kind; case and underscores don't count.
    pub fn is_named(&self, name: &str) -> bool {
        same_name(self.name, name)
            || same_name(self.class_name, name)
            || self.aliases.iter().any(|alias| same_name(alias, name))
    }
}

/// A list of kinds; `catalog!` implements it for `dyn Layer` and its like.
pub trait Catalog: Send + Sync + 'static {
    /// What one of them is called in messages: "layer".
    const NOUN: &'static str;
    /// The arguments that all kinds share.
    type Common: Common;
    /// Every kind, in the order of the documentation.
    fn kinds() -> &'static [Kind];
    /// Reads the arguments of one kind of the list.
    fn read<'de, D: Deserializer<'de>>(kind: Kind, arguments: D) -> Result<Arc<Self>, D::Error>;
    /// The JSON Schema of each kind's arguments, in the order of [`Catalog::kinds`].
    fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema>;
    /// The kinds that a program added.
    fn registry() -> &'static Registry<Self>;
    /// The arguments, as a JSON object.
    fn arguments(&self) -> Value;
    /// Why a name that is known is not in the list, and what to do; None for all others.
    fn refused(_name: &str) -> Option<Refused> {
        None
    }
}

/// Why a name that is known is not in a list, and what to do instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The reason: "it holds Python code, which a configuration can't".
    pub reason: &'static str,
    /// What to do.
    pub help: &'static str,
}

/// Arguments that all kinds of one list share, read key by key beside a kind's own.
pub trait Common: Default + Clone + fmt::Debug + Send + Sync + Serialize + JsonSchema {
    /// The keys.
    const KEYS: &'static [&'static str];
    /// Reads the value of one of the keys.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// No shared arguments.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct Nothing {}

impl Common for Nothing {
    const KEYS: &'static [&'static str] = &[];
    fn read<'de, A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<(), A::Error> {
        Ok(())
    }
}

/// How a program's own kind is made from its arguments.
pub type Reader<T> = fn(Value) -> Result<Arc<T>, serde_json::Error>;

/// Kinds that a program added to a list at run time.
pub struct Registry<T: ?Sized> {
    added: OnceLock<RwLock<BTreeMap<&'static str, Reader<T>>>>,
}

impl<T: ?Sized> Registry<T> {
    /// An empty registry.
    pub const fn new() -> Self {
        Registry { added: OnceLock::new() }
    }

    /// Adds a kind, or replaces the one of that name.
    pub fn add(&self, name: &'static str, reader: Reader<T>) {
        let mut added = self.map().write().unwrap_or_else(std::sync::PoisonError::into_inner);
        added.insert(name, reader);
    }

    fn find(&self, name: &str) -> Option<(&'static str, Reader<T>)> {
        let added = self.map().read().unwrap_or_else(std::sync::PoisonError::into_inner);
        added.get_key_value(name).map(|(name, reader)| (*name, *reader))
    }

    fn names(&self) -> Vec<&'static str> {
        let added = self.map().read().unwrap_or_else(std::sync::PoisonError::into_inner);
        added.keys().copied().collect()
    }

    fn map(&self) -> &RwLock<BTreeMap<&'static str, Reader<T>>> {
        self.added.get_or_init(RwLock::default)
    }
}

impl<T: ?Sized> Default for Registry<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Anything that can be written as JSON; every configuration struct is.
pub trait AsJson {
    /// The configuration as a JSON value.
    fn as_json(&self) -> Value;
}

impl<S: Serialize> AsJson for S {
    fn as_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

/// Makes a list: `catalog! { dyn Layer, "layer", LayerCommon; Dense: "dense", "Dense"; … }`. Each
/// line is a struct, its name, Keras's class, and other names that are accepted. `refused function`
/// after the head names a function for [`Catalog::refused`].
macro_rules! catalog {
    (dyn $trait:ident, $noun:literal, $common:ty $(, refused $refused:path)?;
     $($kind:ty : $name:literal, $class:literal $(, $alias:literal)* ;)*) => {
        impl $crate::config::Catalog for dyn $trait {
            const NOUN: &'static str = $noun;
            type Common = $common;
            fn kinds() -> &'static [$crate::config::Kind] {
                &[$($crate::config::Kind { name: $name, class_name: $class, aliases: &[$($alias),*] }),*]
            }
            fn read<'de, D: serde::Deserializer<'de>>(
                kind: $crate::config::Kind,
                arguments: D,
            ) -> Result<std::sync::Arc<Self>, D::Error> {
                match kind.name {
                    $($name => {
                        let item: $kind = serde::Deserialize::deserialize(arguments)?;
                        Ok(std::sync::Arc::new(item))
                    })*
                    other => Err(serde::de::Error::custom(format!("`{other}` is not in the list"))),
                }
            }
            fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<schemars::Schema> {
                vec![$(<$kind as schemars::JsonSchema>::json_schema(generator)),*]
            }
            fn registry() -> &'static $crate::config::Registry<Self> {
                static REGISTRY: $crate::config::Registry<dyn $trait> = $crate::config::Registry::new();
                &REGISTRY
            }
            fn arguments(&self) -> serde_json::Value {
                $crate::config::AsJson::as_json(self)
            }
            $(fn refused(name: &str) -> Option<$crate::config::Refused> {
                $refused(name)
            })?
        }
        $(impl From<$kind> for $crate::config::Entry<dyn $trait> {
            fn from(item: $kind) -> Self {
                $crate::config::Entry {
                    kind: $crate::config::Kind { name: $name, class_name: $class, aliases: &[$($alias),*] },
                    written: $name.to_string(),
                    common: Default::default(),
                    item: std::sync::Arc::new(item),
                }
            }
        })*
    };
}
pub(crate) use catalog;

impl<T: Catalog + ?Sized> Entry<T> {
    /// The kind that a name means, or the message for a name that means none.
    pub fn find(name: &str) -> Result<Kind, String> {
        if let Some(kind) = T::kinds().iter().find(|kind| kind.is_named(name)) {
            return Ok(*kind);
        }
        if let Some((name, _)) = T::registry().find(name) {
            return Ok(Kind { name, class_name: name, aliases: &[] });
        }
        if let Some(Refused { reason, help }) = T::refused(name) {
            return Err(format!("{} `{name}` is not supported: {reason}\n{help}", T::NOUN));
        }
        let mut valid: Vec<&str> = T::kinds().iter().map(|kind| kind.name).collect();
        valid.extend(T::registry().names());
        Err(unknown_name(T::NOUN, name, &valid))
    }

    /// All arguments, the shared ones first, as JSON.
    pub fn arguments(&self) -> serde_json::Map<String, Value> {
        let mut all = serde_json::Map::new();
        for part in [self.common.as_json(), self.item.arguments()] {
            if let Value::Object(part) = part {
                all.extend(part.into_iter().filter(|(_, value)| !value.is_null()));
            }
        }
        all
    }
}

impl<T: Catalog + ?Sized> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Entry {
            kind: self.kind,
            written: self.written.clone(),
            common: self.common.clone(),
            item: Arc::clone(&self.item),
        }
    }
}

impl<T: Catalog + ?Sized> fmt::Debug for Entry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name, Value::Object(self.arguments()))
    }
}

impl<T: Catalog + ?Sized> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.kind.name == other.kind.name && self.arguments() == other.arguments()
    }
}

impl<T: Catalog + ?Sized> Serialize for Entry<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let arguments = self.arguments();
        if arguments.is_empty() {
            serializer.serialize_str(&self.written)
        } else {
            serializer.collect_map([(&self.written, arguments)])
        }
    }
}

impl<'de, T: Catalog + ?Sized> Deserialize<'de> for Entry<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum(T::NOUN, &[], EntryVisitor(PhantomData))
    }
}

struct EntryVisitor<T: ?Sized>(PhantomData<T>);

impl<'de, T: Catalog + ?Sized> de::Visitor<'de> for EntryVisitor<T> {
    type Value = Entry<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the name of a {}, alone or with its arguments", T::NOUN)
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, access: A) -> Result<Entry<T>, A::Error> {
        let (KindOf::<T> { kind, written, .. }, arguments) = access.variant()?;
        let mut common = T::Common::default();
        let item = arguments.newtype_variant_seed(Arguments { kind, common: &mut common })?;
        Ok(Entry { kind, written, common, item })
    }
}

/// The key of an entry, read as a kind so that a wrong name is an error at its own place.
struct KindOf<T: ?Sized> {
    kind: Kind,
    written: String,
    list: PhantomData<T>,
}

impl<'de, T: Catalog + ?Sized> Deserialize<'de> for KindOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let kind = Entry::<T>::find(&written).map_err(de::Error::custom)?;
        Ok(KindOf { kind, written, list: PhantomData })
    }
}

/// The arguments of an entry: shared keys into `common`, the rest to the kind's own struct.
struct Arguments<'c, T: Catalog + ?Sized> {
    kind: Kind,
    common: &'c mut T::Common,
}

impl<'de, T: Catalog + ?Sized> DeserializeSeed<'de> for Arguments<'_, T> {
    type Value = Arc<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Catalog + ?Sized> de::Visitor<'de> for Arguments<'_, T> {
    type Value = Arc<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the arguments of `{}`, as `key: value` pairs", self.kind.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Arc<T>, A::Error> {
        let own = OwnKeys { map, common: self.common, fields: None };
        match T::registry().find(self.kind.name) {
            Some((name, reader)) => reader(Value::deserialize(own)?)
                .map_err(|error| de::Error::custom(format!("{} `{name}`: {error}", T::NOUN))),
            None => T::read(self.kind, own),
        }
    }
}

/// A map seen without the shared keys, which are read into `common` on the way.
struct OwnKeys<'c, A, C> {
    map: A,
    common: &'c mut C,
    fields: Option<&'static [&'static str]>,
}

impl<'de, A: MapAccess<'de>, C: Common> Deserializer<'de> for OwnKeys<'_, A, C> {
    type Error = A::Error;

    fn deserialize_struct<V: de::Visitor<'de>>(
        mut self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.fields = Some(fields);
        visitor.visit_map(self)
    }

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>, C: Common> MapAccess<'de> for OwnKeys<'_, A, C> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            // a kind's own key comes first: the `input_dim` of an embedding is its own
            let own = self.fields.is_some_and(|fields| fields.contains(&key.as_str()));
            if !own && C::KEYS.contains(&key.as_str()) {
                self.common.read(&key, &mut self.map)?;
                continue;
            }
            if let Some(fields) = self.fields
                && !own
            {
                let valid: Vec<&str> = fields.iter().chain(C::KEYS).copied().collect();
                return Err(de::Error::custom(unknown_name("key", &key, &valid)));
            }
            return seed.deserialize(key.into_deserializer()).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

impl<T: Catalog + ?Sized> JsonSchema for Entry<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::NOUN.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let common = T::Common::json_schema(generator);
        let shared = common.get("properties").and_then(Value::as_object).cloned();
        let names: Vec<&str> = T::kinds().iter().map(|kind| kind.name).collect();
        let mut choices = vec![schemars::json_schema!({ "enum": names })];
        for (kind, mut own) in T::kinds().iter().zip(T::schemas(generator)) {
            let mut properties = own.get("properties").and_then(Value::as_object).cloned();
            let all = properties.get_or_insert_default();
            all.extend(shared.clone().unwrap_or_default());
            own.insert("properties".into(), Value::Object(all.clone()));
            choices.push(schemars::json_schema!({
                "type": "object",
                "properties": { kind.name: own },
                "required": [kind.name],
                "additionalProperties": false,
            }));
        }
        schemars::json_schema!({ "oneOf": choices })
    }
}
