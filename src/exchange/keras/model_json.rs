//! A whole model as Keras's JSON: what `keras.models.model_from_json` takes and what stands in a
//! `.keras` file. With residuals it is a functional model.

use serde_json::{Value, json};

use super::functional::{graph, is_functional};
use super::write_json::{compile, dtype, layer};
use crate::error::Result;
use crate::exchange::portable::Portable;

/// The model's JSON.
pub fn model(portable: &Portable) -> Result<Value> {
    let mut json = if is_functional(portable) {
        json!({
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": functional(portable)?,
            "registered_name": "Functional",
            "build_config": { "input_shape": null },
        })
    } else {
        sequential(portable)?
    };
    if let Some(section) = &portable.compile {
        json["compile_config"] = compile(portable, section)?;
    }
    Ok(json)
}

fn sequential(portable: &Portable) -> Result<Value> {
    let start = input_layer(portable);
    let batch_shape = start["config"]["batch_shape"].clone();
    let mut layers = vec![start];
    for portable in &portable.layers {
        layers.push(layer(portable)?);
    }
    Ok(json!({
        "module": "keras",
        "class_name": "Sequential",
        "config": {
            "name": portable.name,
            "trainable": true,
            "dtype": dtype(),
            "layers": layers,
            "build_input_shape": batch_shape,
        },
        "registered_name": null,
        "build_config": { "input_shape": batch_shape },
    }))
}

/// Keras's layer for the model's input.
fn input_layer(portable: &Portable) -> Value {
    let mut batch_shape = vec![Value::Null];
    batch_shape.extend(portable.input.iter().map(|dim| json!(dim)));
    json!({
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {
            "batch_shape": batch_shape,
            "dtype": "float32",
            "sparse": false,
            "name": input_name(portable),
        },
        "registered_name": null,
    })
}

/// A name that no layer of the model has.
fn input_name(portable: &Portable) -> &'static str {
    let is_taken = portable.every_layer().iter().any(|layer| layer.name == "input_layer");
    if is_taken { "model_input" } else { "input_layer" }
}

/// The `config` of the functional model, but for its name.
fn functional(portable: &Portable) -> Result<Value> {
    let start = input_layer(portable);
    let start_name = start["config"]["name"].clone();
    let mut first = start;
    first["name"] = start_name.clone();
    first["inbound_nodes"] = json!([]);
    let mut layers = vec![first];
    let nodes = graph(portable);
    for node in &nodes {
        let mut written = if node.is_sum() {
            json!({
                "module": "keras.layers",
                "class_name": "Add",
                "config": {
                    "name": node.layer.name,
                    "trainable": node.layer.trainable,
                    "dtype": dtype(),
                },
                "registered_name": null,
            })
        } else {
            layer(node.layer)?
        };
        let inputs: Vec<Value> = node
            .inputs
            .iter()
            .map(|place| {
                let (name, shape) = match place {
                    Some(place) => {
                        let before = nodes[*place].layer;
                        (json!(before.name), &before.output)
                    }
                    None => (start_name.clone(), &portable.input),
                };
                json!({
                    "class_name": "__keras_tensor__",
                    "config": {
                        "shape": batch_of(shape),
                        "dtype": "float32",
                        "keras_history": [name, 0, 0],
                    },
                })
            })
            .collect();
        let arguments = match inputs.as_slice() {
            [one] => json!([one]),
            all => json!([all]),
        };
        written["name"] = json!(node.layer.name);
        written["inbound_nodes"] = json!([{ "args": arguments, "kwargs": {} }]);
        layers.push(written);
    }
    let end = portable.layers.last().map_or(start_name.clone(), |last| json!(last.name));
    Ok(json!({
        "name": portable.name,
        "trainable": true,
        "layers": layers,
        "input_layers": [start_name, 0, 0],
        "output_layers": [end, 0, 0],
    }))
}

fn batch_of(shape: &[usize]) -> Vec<Value> {
    std::iter::once(Value::Null).chain(shape.iter().map(|dim| json!(dim))).collect()
}
