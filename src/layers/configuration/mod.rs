//! `configuration!`: a layer's arguments, each with its documentation and its default, written once.
//!
//! A layer's struct is its configuration. The macro makes the struct, its reading and writing, its
//! JSON Schema and its defaults from one declaration, in the order of the arguments in Keras:
//!
//! ```text
//! configuration! {
//!     /// What the layer computes.
//!     pub struct Dense {
//!         /// An argument that must be given.
//!         units: usize,
//!         /// An argument with a default.
//!         use_bias: bool = true,
//!         /// Arguments that several layers have: `shared_arguments.rs` says what they are.
//!         shared { activation, data_format }
//!         /// One that only some ranks have; such arguments come last.
//!         [RANK > 1] data_format: DataFormat = DataFormat::ChannelsLast,
//!         initializers { kernel "the kernel" = Initializer::glorot_uniform(), bias "the bias" = … }
//!         regularizers { kernel "the kernel", bias "the bias" }
//!         constraints { kernel "the kernel", bias "the bias" }
//!     }
//! }
//! ```
//!
//! The last three of them stand for `kernel_initializer`, `bias_initializer`, `kernel_regularizer` and
//! so on: in a file they are arguments like all others, in the struct one [`WeightOptions`] each.
//!
//! [`WeightOptions`]: crate::weights::WeightOptions

mod by_rank;
mod declare;
mod schema;
mod shared_arguments;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

pub(crate) use by_rank::by_rank;
pub(crate) use declare::configuration;
pub(crate) use schema::{Properties, json};
pub(crate) use shared_arguments::shared;

/// What `configuration!` implements; the rest follows from it.
pub(crate) trait Configuration: Sized {
    /// The struct's name.
    const NAME: &'static str;

    /// The keys that it takes.
    fn keys() -> &'static [&'static str];

    /// The keys without a default, which come first.
    fn required() -> &'static [&'static str];

    /// The struct with its defaults; required arguments are still to be filled in:
    /// `Dense { units, ..Dense::defaults() }`.
    fn defaults() -> Self;

    /// Reads the value of one of the keys.
    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Reads a configuration: unknown, repeated and missing keys are errors.
pub(crate) fn deserialize<'de, T: Configuration, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_struct(T::NAME, T::keys(), ArgumentsVisitor(PhantomData))
}

struct ArgumentsVisitor<T>(PhantomData<T>);

impl<'de, T: Configuration> Visitor<'de> for ArgumentsVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {}", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut arguments = T::defaults();
        let mut seen: Vec<&str> = Vec::new();
        while let Some(key) = map.next_key_seed(KeyOf(T::keys()))? {
            if seen.contains(&key) {
                return Err(A::Error::duplicate_field(key));
            }
            seen.push(key);
            arguments.read(key, &mut map)?;
        }
        match T::required().iter().find(|key| !seen.contains(key)) {
            Some(key) => Err(A::Error::missing_field(key)),
            None => Ok(arguments),
        }
    }
}

/// One of these keys, or an error at the place of the key.
struct KeyOf(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KeyOf {
    type Value = &'static str;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<&'static str, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeyOf {
    type Value = &'static str;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("field identifier")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<&'static str, E> {
        let key = self.0.iter().find(|key| **key == name);
        key.copied().ok_or_else(|| E::unknown_field(name, self.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::layers::{Conv1D, Conv2D, Cropping1D, Cropping2D, Lstm, SpatialDropout1D};

    fn refusal<T: serde::de::DeserializeOwned>(text: &str) -> String {
        serde_json::from_str::<T>(text).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn wrong_keys_are_errors() {
        let message = refusal::<Conv2D>(r#"{"kernel_size": 3}"#);
        assert!(message.starts_with("missing field `filters`"), "{message}");
        let message = refusal::<Conv2D>(r#"{"filters": 3, "filters": 3, "kernel_size": 3}"#);
        assert!(message.starts_with("duplicate field `filters`"), "{message}");
        let message = refusal::<Conv2D>(r#"{"filters": 3, "filter": 3}"#);
        assert!(message.starts_with("unknown field `filter`, expected one of `filters`, `kernel"));
        let message = refusal::<SpatialDropout1D>(r#"{"rate": 0.5, "data_format": null}"#);
        assert!(message.starts_with("unknown field `data_format`, expected"), "{message}");
    }

    #[test]
    fn arguments_are_written_in_their_order_in_keras_with_their_defaults() {
        let lstm: Lstm =
            serde_json::from_str(r#"{"units": 2, "kernel_constraint": "non_neg"}"#).unwrap();
        let written = serde_json::to_value(&lstm).unwrap();
        let keys: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        let order = [
            "units",
            "activation",
            "recurrent_activation",
            "use_bias",
            "kernel_initializer",
            "recurrent_initializer",
            "bias_initializer",
            "unit_forget_bias",
            "kernel_regularizer",
        ];
        assert_eq!(keys[..order.len()], order);
        assert_eq!(written["recurrent_initializer"], json!({"orthogonal": {"gain": 1.0}}));
        assert_eq!(written["kernel_constraint"], json!("non_neg"));
        let margins = [
            serde_json::to_value(Cropping1D::default()).unwrap(),
            serde_json::to_value(Cropping2D::default()).unwrap(),
        ];
        let second = json!({"cropping": 0, "data_format": "channels_last"});
        assert_eq!(margins, [json!({"cropping": 1}), second]);
    }

    #[test]
    fn the_schema_names_the_axes_of_the_rank_and_the_defaults() {
        let about = |schema: schemars::Schema, pointer: &str| {
            let value = schema.to_value();
            value.pointer(pointer).and_then(|text| text.as_str()).unwrap_or_default().to_string()
        };
        let one = about(schemars::schema_for!(Conv1D), "/description");
        let two = about(schemars::schema_for!(Conv2D), "/description");
        assert!(one.contains("(batch, steps, channels)") && one.contains("`keras.layers.Conv1D`"));
        assert!(two.contains("(batch, height', width', filters)"), "{two}");
        let bias = about(schemars::schema_for!(Conv2D), "/properties/bias_initializer/description");
        assert_eq!(bias, "Initializer for the bias. Default: zeros.");
        let dropout = about(schemars::schema_for!(Lstm), "/properties/dropout/description");
        assert!(dropout.ends_with("a\nsequence. Default: 0."), "{dropout}");
    }
}
