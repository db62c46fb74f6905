//! One entry of a list in the config, and the macro that makes a list.
//!
//! Layers, losses, metrics, optimizers, schedules and callbacks are written alike: a bare name
//! (`flatten`) or a name with its arguments (`dense: {units: 8}`). [`Entry`] is that; [`catalog!`]
//! makes a list of the structs that may stand there. A struct *is* its configuration; what all of
//! a list share (a layer's `name`, an optimizer's `clipnorm`) is read beside it into `common`.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapDeserializer;
use serde::de::{Deserializer, MapAccess};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::names::{did_you_mean, same_name};
use super::registry::Registry;
use super::unknown::unknown_name_near;
use crate::diagnostics::Code;
use crate::error::Problem;

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
    /// True where Keras has no such class.
    pub is_own: bool,
}

impl Kind {
    /// A kind that a program added.
    pub(crate) fn added(name: &'static str) -> Kind {
        Kind { name, class_name: name, aliases: &[], is_own: true }
    }

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
    /// Names that Keras has and this list refuses, each with the reason.
    fn refused() -> &'static [(&'static str, &'static str)];
    /// Reads the arguments of one kind of the list.
    fn read<'de, D: Deserializer<'de>>(kind: Kind, arguments: D) -> Result<Arc<Self>, D::Error>;
    /// The JSON Schema of each kind's arguments, in the order of [`Catalog::kinds`].
    fn schemas(generator: &mut SchemaGenerator) -> Vec<Schema>;
    /// The kinds that a program added.
    fn registry() -> &'static Registry<Self>;
    /// The arguments, as a JSON object.
    fn arguments(&self) -> Value;
    /// True where the other is of the same kind and has equal arguments.
    fn equals(&self, other: &Self) -> bool;
}

/// Arguments that all kinds of one list share, read key by key beside a kind's own.
pub trait Common:
    Default + Clone + PartialEq + fmt::Debug + Send + Sync + Serialize + JsonSchema
{
    /// The keys.
    const KEYS: &'static [&'static str];
    /// Reads the value of one of the keys.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// No shared arguments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Nothing {}

impl Common for Nothing {
    const KEYS: &'static [&'static str] = &[];
    fn read<'de, A: MapAccess<'de>>(&mut self, _: &str, _: &mut A) -> Result<(), A::Error> {
        Ok(())
    }
}

/// What the configuration structs of a list have in common, whichever they are.
pub trait AnyItem {
    /// The configuration as a JSON value.
    fn as_json(&self) -> Value;
    /// The struct itself, to find out which it is.
    fn as_any(&self) -> &dyn Any;
    /// True where the other is the same struct with equal arguments.
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<S: Serialize + PartialEq + 'static> AnyItem for S {
    fn as_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<S>().is_some_and(|other| other == self)
    }
}

/// Makes a list: `catalog! { dyn Layer, "layer", LayerCommon, LayerKind; Dense: "dense", "Dense"; … }`.
/// Each line is a struct, its name, Keras's class, and other names that are accepted; the last lines
/// may be names that are refused, with the reason: `"tensor_board" => "…";`. A kind that Keras lacks
/// has `own` at the end of its line: `Crossentropy: "crossentropy", "Crossentropy", own;`.
///
/// The list also makes an enum, `LayerKind`, with a variant for each struct, which holds a
/// reference to it. What must know every kind, such as an exporter, matches it exhaustively: the
/// compiler then names each place that a new line has not reached.
macro_rules! catalog {
    (@is_own) => { false };
    (@is_own own) => { true };
    (dyn $trait:ident, $noun:literal, $common:ty, $kinds:ident;
     $($kind:ident : $name:literal, $class:literal $(, $alias:literal)* $(, $own:ident)? ;)*
     $($refused:literal => $reason:literal ;)*) => {
        #[doc = concat!("The kinds of ", $noun, " of the list, each with its configuration.")]
        #[derive(Debug, Clone, Copy)]
        pub enum $kinds<'a> {
            $(#[doc = concat!("`", $name, "`")] $kind(&'a $kind),)*
            #[doc = concat!("A ", $noun, " that a program added.")]
            Other(&'a dyn $trait),
        }

        impl<'a> From<&'a dyn $trait> for $kinds<'a> {
            fn from(item: &'a dyn $trait) -> Self {
                let any = item.as_any();
                $(if let Some(item) = any.downcast_ref::<$kind>() {
                    return $kinds::$kind(item);
                })*
                $kinds::Other(item)
            }
        }

        impl $crate::config::Catalog for dyn $trait {
            const NOUN: &'static str = $noun;
            type Common = $common;
            fn kinds() -> &'static [$crate::config::Kind] {
                &[$($crate::config::Kind {
                    name: $name,
                    class_name: $class,
                    aliases: &[$($alias),*],
                    is_own: $crate::config::catalog!(@is_own $($own)?),
                }),*]
            }
            fn refused() -> &'static [(&'static str, &'static str)] {
                &[$(($refused, $reason)),*]
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
                $crate::config::AnyItem::as_json(self)
            }
            fn equals(&self, other: &Self) -> bool {
                $crate::config::AnyItem::equals(self, other.as_any())
            }
        }
        $(impl From<$kind> for $crate::config::Entry<dyn $trait> {
            fn from(item: $kind) -> Self {
                $crate::config::Entry {
                    kind: $crate::config::Kind {
                        name: $name,
                        class_name: $class,
                        aliases: &[$($alias),*],
                        is_own: $crate::config::catalog!(@is_own $($own)?),
                    },
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
    /// The kind that a name means, or what is wrong with a name that means none.
    pub fn find(name: &str) -> Result<Kind, Problem> {
        if let Some(kind) = T::kinds().iter().find(|kind| kind.is_named(name)) {
            return Ok(*kind);
        }
        if let Some((name, _)) = T::registry().find(name) {
            return Ok(Kind::added(name));
        }
        if let Some((_, reason)) = T::refused().iter().find(|(other, _)| same_name(other, name)) {
            let message = format!("the {} `{name}` is not supported", T::NOUN);
            return Err(Problem::at("", message).help(*reason).code(Code::Unsupported));
        }
        let mut valid: Vec<&str> = T::kinds().iter().map(|kind| kind.name).collect();
        valid.extend(T::registry().names());
        if let Some((head, _)) = name.split_once(':') {
            let help = format!("put a space after the colon: `{head}: …`");
            let message = format!("unknown {} `{name}`", T::NOUN);
            return Err(Problem::at("", message).help(help).code(Code::UnknownName));
        }
        let others = T::kinds().iter().flat_map(|kind| kind.aliases).copied();
        let all: Vec<&str> = valid.iter().copied().chain(others).collect();
        Err(unknown_name_near(T::NOUN, name, did_you_mean(name, &all), &valid))
    }

    /// True where no argument of its own differs from its default.
    pub fn has_defaults(&self) -> bool {
        let nothing =
            MapDeserializer::<_, serde::de::value::Error>::new(std::iter::empty::<((), ())>());
        match T::read(self.kind, nothing) {
            Ok(bare) => self.item.equals(&*bare),
            Err(_) => self.arguments().is_empty(), // of a program's own, or not without arguments
        }
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
        self.common == other.common && self.item.equals(&*other.item)
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
