//! Reading an [`Entry`]: its name, the arguments that all kinds share, and its own.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, VariantAccess};
use serde_json::Value;

use super::entry::{Catalog, Common, Entry, Kind};
use super::error::ConfigError;
use super::unknown::unknown_key;
use crate::diagnostics::Code;
use crate::error::Problem;

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
        let item = arguments.newtype_variant_seed(EntryArguments { kind, common: &mut common })?;
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
struct EntryArguments<'c, T: Catalog + ?Sized> {
    kind: Kind,
    common: &'c mut T::Common,
}

impl<'de, T: Catalog + ?Sized> DeserializeSeed<'de> for EntryArguments<'_, T> {
    type Value = Arc<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Arc<T>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Catalog + ?Sized> de::Visitor<'de> for EntryArguments<'_, T> {
    type Value = Arc<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the arguments of `{}`, as `key: value` pairs", self.kind.name)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Arc<T>, E> {
        Err(self.no_table(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Arc<T>, E> {
        Err(self.no_table(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Arc<T>, E> {
        Err(self.no_table(value))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Arc<T>, E> {
        Err(self.no_table(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Arc<T>, E> {
        Err(self.no_table(value))
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

impl<T: Catalog + ?Sized> EntryArguments<'_, T> {
    /// The error of a value where a table of arguments belongs. Its help shows the value as the
    /// kind's first argument: `dense: 8` may well mean `dense: {units: 8}`.
    fn no_table<E: de::Error>(&self, value: impl fmt::Display) -> E {
        let name = self.kind.name;
        let help = match own_keys::<T>(self.kind).first() {
            Some(first) => format!("write `{name}: {{{first}: {value}}}`"),
            None => format!("write `{name}` alone"),
        };
        let message = format!("expected the arguments of `{name}`, got {value}");
        E::custom(Problem::at("", message).help(help).code(Code::WrongType))
    }
}

/// The keys of a kind's own struct, as serde knows them.
fn own_keys<T: Catalog + ?Sized>(kind: Kind) -> &'static [&'static str] {
    let mut keys: &[&str] = &[];
    let _ = T::read(kind, KeysOf(&mut keys)); // an error always: only the keys are asked for
    keys
}

/// Deserializes nothing; remembers the keys of the struct that asks.
struct KeysOf<'k>(&'k mut &'static [&'static str]);

impl<'de> Deserializer<'de> for KeysOf<'_> {
    type Error = ConfigError;

    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        keys: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        *self.0 = keys;
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, ConfigError> {
        Err(ConfigError::at("", "nothing to read"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
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
                return Err(de::Error::custom(unknown_key(&key, &valid)));
            }
            return seed.deserialize(key.into_deserializer()).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
