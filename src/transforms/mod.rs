//! Transforms: how a column is scaled or encoded, the two lists. The traits are in `transform`, the
//! macros that make the lists in `list`; `classes` is what the encodings of categories share.

#[macro_use]
mod list;

mod all_numbers;
mod boolean;
mod calendar;
pub(crate) mod classes;
mod date;
mod discretize;
mod frequency;
mod hashing;
mod image;
mod interpolation;
mod label;
mod log1p;
mod max_abs;
mod met;
mod min_max;
mod missing;
mod multi_hot;
mod none;
mod one_hot;
mod one_or_several;
mod ordinal;
mod plain;
mod quantile;
mod rare;
mod robust;
mod standard;
mod text;
mod transform;
mod unit;
mod unknown;
mod vector;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

pub use boolean::Boolean;
pub(crate) use boolean::Booleans;
pub(crate) use calendar::MONTHS;
pub(crate) use classes::{CellRule, Classes};
pub use date::{Date, DatePart};
pub use discretize::Discretize;
pub use frequency::Frequency;
pub use hashing::{Hashing, HashingOutput, Salt};
pub use image::{ColorMode, ImageConfig, PixelRange};
pub(crate) use image::{ENDINGS, Keeping, PictureFacts, StoredPicture, facts_of, has_known_ending};
pub(crate) use interpolation::quantile_of;
pub use label::Label;
pub(crate) use label::Labels;
pub use log1p::Log1p;
pub use max_abs::MaxAbs;
pub(crate) use met::Met;
pub use min_max::MinMax;
pub(crate) use min_max::Stretch;
pub(crate) use missing::Fill;
pub use missing::MissingRule;
pub use multi_hot::MultiHot;
pub use none::Unscaled;
pub(crate) use one_hot::Indicators;
pub use one_hot::OneHot;
pub use one_or_several::OneOrSeveral;
pub use ordinal::Ordinal;
pub use plain::Plain;
pub use quantile::{OutputDistribution, Quantile};
pub use robust::Robust;
pub(crate) use standard::Normal;
pub use standard::Standard;
pub(crate) use standard::mean_of;
pub use text::{Ngrams, OutputMode, Standardize, TextVectorization, TokenSplit};
pub(crate) use transform::{Encoded, Primitive, Scaled, Statistics};
use transform::{Encoder, Scaler};
pub(crate) use unit::Inverse;
pub use unit::Unit;
pub use unknown::Unknown;
pub use vector::VectorText;

use crate::error::Problem;

scalers! {
    Unscaled: "none";
    MinMax: "min_max";
    Standard: "standard";
    Robust: "robust";
    MaxAbs: "max_abs";
    Log1p: "log1p";
    Quantile: "quantile";
}

encoders! {
    Label: "label";
    OneHot: "one_hot";
    Boolean: "boolean";
    Hashing: "hashing";
    Ordinal: "ordinal";
    Frequency: "frequency";
    MultiHot: "multi_hot";
    Discretize: "discretize";
    Date: "date";
    VectorText: "vector";
    TextVectorization: "text";
    ImageConfig: "image";
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
