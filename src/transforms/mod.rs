//! Transforms: how a column is scaled or encoded, the two lists. The traits are in `transform`, the
//! macros that make the lists in `list`; `classes` is what the encodings of categories share.

#[macro_use]
mod list;

mod boolean;
pub(crate) mod classes;
mod hashing;
mod label;
mod min_max;
mod none;
mod one_hot;
mod robust;
mod standard;
mod transform;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

pub use boolean::Boolean;
pub(crate) use boolean::Booleans;
pub(crate) use classes::Classes;
pub use hashing::{Hashing, HashingOutput, Salt};
pub use label::Label;
pub(crate) use label::Labels;
pub use min_max::MinMax;
pub(crate) use min_max::Stretch;
pub use none::Unscaled;
pub(crate) use one_hot::Indicators;
pub use one_hot::OneHot;
pub use robust::Robust;
pub(crate) use standard::Normal;
pub use standard::Standard;
pub(crate) use transform::Primitive;
pub(crate) use transform::Statistics;
pub(crate) use transform::{Encoded, Scaled};
use transform::{Encoder, Scaler};

use crate::error::Problem;

scalers! {
    Unscaled: "none";
    MinMax: "min_max";
    Standard: "standard";
    Robust: "robust";
}

encoders! {
    Label: "label";
    OneHot: "one_hot";
    Boolean: "boolean";
    Hashing: "hashing";
}

impl Default for Scale {
    fn default() -> Self {
        Unscaled {}.into()
    }
}

impl Scale {
    /// True where the numbers stay as they are.
    pub fn is_none(&self) -> bool {
        *self == Scale::default()
    }
}

impl Default for Scaling {
    fn default() -> Self {
        Scaling::Unscaled(Unscaled {})
    }
}

impl Scaling {
    /// True where the numbers stay as they are.
    pub(crate) fn is_none(&self) -> bool {
        *self == Scaling::default()
    }
}

/// True where the arguments are what they are if none is given.
fn is_bare<T: DeserializeOwned + PartialEq>(own: &T) -> bool {
    serde_json::from_value::<T>(json!({})).is_ok_and(|bare| bare == *own)
}

/// The schema of a list: a bare name, or a name with its arguments.
fn schema(about: &str, kinds: &[(&str, Schema)]) -> Schema {
    let mut choices = Vec::new();
    let mut bare = Vec::new();
    for (name, schema) in kinds {
        let mut own = schema.clone().to_value();
        let about = own.as_object_mut().and_then(|own| own.remove("description"));
        let arguments = own.get("properties").and_then(Value::as_object);
        if arguments.is_none_or(serde_json::Map::is_empty) {
            choices.push(json!({ "description": about, "type": "string", "const": name }));
            continue;
        }
        if own.get("required").is_none() {
            bare.push(*name);
        }
        choices.push(json!({
            "description": about,
            "type": "object",
            "properties": { *name: own },
            "required": [name],
            "additionalProperties": false,
        }));
    }
    choices.insert(0, json!({ "type": "string", "enum": bare }));
    json_schema!({ "description": about.trim(), "oneOf": choices })
}
