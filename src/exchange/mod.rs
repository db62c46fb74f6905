//! Exchange with other tools, a file a format.

pub mod keras_json;
