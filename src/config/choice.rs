//! What small closed lists of names (initializers, regularizers, constraints) share: arguments are
//! checked as they are read, and a name without arguments is written bare.

use schemars::Schema;
use serde::{Serialize, Serializer, de, ser};
use serde_json::{Value, json};

use crate::error::Problem;

/// The value, or what is wrong with it as an error of the reader, at the place of the value.
pub(crate) fn checked<T, E: de::Error>(
    value: T,
    check: impl Fn(&T) -> Result<(), Problem>,
) -> Result<T, E> {
    check(&value).map_err(E::custom)?;
    Ok(value)
}

/// Writes `{name: {}}` as `name`, and everything else as it is.
pub(crate) fn bare<S: Serializer>(
    value: Result<Value, serde_json::Error>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let value = value.map_err(ser::Error::custom)?;
    if let Value::Object(map) = &value
        && let Some((name, Value::Object(arguments))) = map.iter().next()
        && arguments.is_empty()
    {
        return serializer.serialize_str(name);
    }
    value.serialize(serializer)
}

/// Adds to the schema of such a list that each of its names may stand alone.
pub(crate) fn bare_names(schema: &mut Schema) {
    let Some(Value::Array(choices)) = schema.get_mut("oneOf") else { return };
    let properties = |choice: &Value| choice["properties"].as_object().cloned().unwrap_or_default();
    let names: Vec<String> = choices
        .iter()
        .flat_map(|choice| properties(choice).into_iter().map(|(key, _)| key))
        .collect();
    choices.insert(0, json!({ "type": "string", "enum": names }));
}
