//! The macro itself. It takes one line after the other and notes, for each, the fields of the struct
//! and the keys that a file has for them; when all lines are read it writes the struct.

macro_rules! configuration {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident $(<const $rank:ident: usize>)? { $($body:tt)* }
    ) => {
        $crate::layers::configuration! {
            @argument { [$($about)*] $name [$($rank)?] } fields {} keys {} $($body)*
        }
    };

    // one of the weights' lines
    (
        @argument $head:tt fields { $($fields:tt)* } keys { $($keys:tt)* }
        initializers { $($group:ident $words:literal = $default:expr),+ $(,)? }
        $($rest:tt)*
    ) => {
        $crate::layers::configuration! {
            @argument $head
            fields { $($fields)* $({
                [concat!("Initializer, regularizer and constraint of ", $words, ".")]
                $group: $crate::weights::WeightOptions = $crate::weights::WeightOptions::new($default)
            })+ }
            keys { $($keys)* $({
                [concat!("Initializer for ", $words, ".")]
                concat!(stringify!($group), "_initializer"), ($group.initializer),
                $crate::weights::initializers::Initializer, [$default], true
            })+ }
            $($rest)*
        }
    };
    (
        @argument $head:tt fields $fields:tt keys { $($keys:tt)* }
        regularizers { $($group:ident $words:literal),+ $(,)? }
        $($rest:tt)*
    ) => {
        $crate::layers::configuration! {
            @argument $head fields $fields
            keys { $($keys)* $({
                [concat!("Regularizer for ", $words, ": a penalty that is added to the loss.")]
                concat!(stringify!($group), "_regularizer"), ($group.regularizer),
                Option<$crate::weights::regularizers::Regularizer>, [None], true
            })+ }
            $($rest)*
        }
    };
    (
        @argument $head:tt fields $fields:tt keys { $($keys:tt)* }
        constraints { $($group:ident $words:literal),+ $(,)? }
        $($rest:tt)*
    ) => {
        $crate::layers::configuration! {
            @argument $head fields $fields
            keys { $($keys)* $({
                [concat!("Constraint on ", $words, ", applied after every step.")]
                concat!(stringify!($group), "_constraint"), ($group.constraint),
                Option<$crate::weights::constraints::Constraint>, [None], true
            })+ }
            $($rest)*
        }
    };

    // arguments that several layers have
    (
        @argument $head:tt fields $fields:tt keys $keys:tt
        shared { $first:ident $(, $more:ident)* } $($rest:tt)*
    ) => {
        $crate::layers::configuration::shared! {
            $first [@argument $head fields $fields keys $keys]
            [$(shared { $more })* $($rest)*]
        }
    };

    // an argument with a default, one that only some ranks have, a required one
    (
        @argument $head:tt fields { $($fields:tt)* } keys { $($keys:tt)* }
        $(#[doc = $doc:literal])* $field:ident: $type:ty = $default:expr, $($rest:tt)*
    ) => {
        $crate::layers::configuration! {
            @argument $head
            fields { $($fields)* {
                [$($doc,)* concat!("Default: `", stringify!($default), "`.")] $field: $type = $default
            } }
            keys { $($keys)* {
                [$($doc),*] stringify!($field), ($field), $type, [$default], true
            } }
            $($rest)*
        }
    };
    (
        @argument $head:tt fields { $($fields:tt)* } keys { $($keys:tt)* }
        $(#[doc = $doc:literal])* [$when:expr] $field:ident: $type:ty = $default:expr, $($rest:tt)*
    ) => {
        $crate::layers::configuration! {
            @argument $head
            fields { $($fields)* {
                [$($doc,)* concat!("Default: `", stringify!($default), "`.")] $field: $type = $default
            } }
            keys { $($keys)* {
                [$($doc),*] stringify!($field), ($field), $type, [$default], $when
            } }
            $($rest)*
        }
    };
    (
        @argument $head:tt fields { $($fields:tt)* } keys { $($keys:tt)* }
        $(#[doc = $doc:literal])* $field:ident: $type:ty, $($rest:tt)*
    ) => {
        $crate::layers::configuration! {
            @argument $head
            fields { $($fields)* { [$($doc),*] $field: $type = Default::default() } }
            keys { $($keys)* { [$($doc),*] stringify!($field), ($field), $type, [], true } }
            $($rest)*
        }
    };

    // all arguments are known
    (
        @argument { [$($about:literal)*] $name:ident [$($rank:ident)?] }
        fields { $({ [$($field_doc:expr),*] $field:ident: $field_type:ty = $start:expr })* }
        keys { $({
            [$($doc:expr),*] $key:expr, ($($place:tt)+), $type:ty, [$($default:expr)?], $when:expr
        })* }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name $(<const $rank: usize>)? {
            $($(#[doc = $field_doc])* pub $field: $field_type,)*
        }

        impl $(<const $rank: usize>)? $crate::layers::configuration::Configuration
            for $name $(<$rank>)?
        {
            const NAME: &'static str = stringify!($name);

            fn keys() -> &'static [&'static str] {
                let all: &[&str] = &[$($key),*];
                let count = [$($when),*].iter().filter(|when| **when).count();
                &all[..count]
            }

            fn required() -> &'static [&'static str] {
                let defaults: &[&[&str]] = &[$(&[$(stringify!($default))?]),*];
                let count = defaults.iter().filter(|default| default.is_empty()).count();
                &Self::keys()[..count]
            }

            fn defaults() -> Self {
                $name { $($field: $start,)* }
            }

            fn read<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                $(if key == $key {
                    self.$($place)+ = map.next_value()?;
                    return Ok(());
                })*
                Ok(())
            }
        }

        impl<'de $(, const $rank: usize)?> serde::Deserialize<'de> for $name $(<$rank>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::layers::configuration::deserialize(deserializer)
            }
        }

        impl $(<const $rank: usize>)? serde::Serialize for $name $(<$rank>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                use $crate::layers::configuration::Configuration;

                let mut state = serializer.serialize_struct(Self::NAME, Self::keys().len())?;
                $(if $when {
                    state.serialize_field($key, &self.$($place)+)?;
                })*
                state.end()
            }
        }

        impl $(<const $rank: usize>)? schemars::JsonSchema for $name $(<$rank>)? {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                use $crate::layers::configuration::{Configuration, Properties};

                let rank = 0 $(+ $rank)?;
                let mut properties = Properties::new(Self::required(), rank);
                $(if $when {
                    let default: &[serde_json::Value] = &[$($crate::layers::configuration::json::<$type>(&$default))?];
                    properties.add::<$type>(generator, $key, &[$($doc),*], default.first());
                })*
                properties.finish(&[$($about),*])
            }
        }

        $crate::layers::configuration! {
            @default $name [$($rank)?] $([$($default)?])*
        }
    };

    // a struct of which every argument has a default
    (@default $name:ident [$($rank:ident)?] $([$default:expr])*) => {
        impl $(<const $rank: usize>)? Default for $name $(<$rank>)? {
            fn default() -> Self {
                $crate::layers::configuration::Configuration::defaults()
            }
        }
    };
    (@default $($rest:tt)*) => {};
}
pub(crate) use configuration;
