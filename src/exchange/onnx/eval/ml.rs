//! What is used of the set ai.onnx.ml.

use std::collections::HashMap;

use super::graph::OperatorCall;
use super::value::{ElementType, Evaluated, TensorValue};

/// A number for each text; the default one for a text that has none.
pub(super) fn label_encoder(call: &OperatorCall<'_>) -> Evaluated<Vec<TensorValue>> {
    let keys = call.text_list("keys_strings")?;
    let values = call.attribute("values_floats", 6)?.map_or(&[] as &[f32], |list| &list.floats);
    if keys.len() != values.len() {
        return Err(format!("{} keys for {} values", keys.len(), values.len()));
    }
    let default = call.float("default_float", -0.0)?;
    let known: HashMap<&str, f32> = keys.into_iter().zip(values.iter().copied()).collect();
    let x = call.input(0)?;
    let texts = x.strings().ok_or("its input must be texts")?;
    let number = |text: &String| known.get(text.as_str()).map_or(default, |n| f64::from(*n));
    let numbers = texts.iter().map(number).collect();
    Ok(vec![TensorValue::new(ElementType::Float, x.dims.clone(), numbers)?])
}
