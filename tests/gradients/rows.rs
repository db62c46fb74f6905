//! The layers whose gradients are checked.

use lanthorn::Shape;
use lanthorn::config::{Catalog, Node};
use lanthorn::layers::{Layer, LayerEntry};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

/// A layer, the shape of a sample, and whether the signal carries a mask.
pub(crate) struct Row {
    pub(crate) config: Value,
    pub(crate) input: Vec<usize>,
    pub(crate) masked: bool,
}

pub(crate) fn rows() -> Vec<Row> {
    let images = |name: &str, more: Value| (json!({ name: more }), vec![4, 5, 2]);
    let mut rows = vec![
        (json!({"dense": {"units": 3, "activation": "tanh"}}), vec![4]),
        (json!({"dense": {"units": 3, "activity_regularizer": {"l2": {"l2": 0.1}}}}), vec![2, 4]),
        (
            json!({"einsum_dense": {"equation": "abc,cd->abd", "output_shape": [null, 3],
            "bias_axes": "d", "activation": "tanh"}}),
            vec![2, 4],
        ),
        (
            json!({"einsum_dense": {"equation": "abc,bcd->adb", "output_shape": [3, null],
            "bias_axes": "d"}}),
            vec![2, 4],
        ),
        (json!({"embedding": {"input_dim": 5, "output_dim": 3}}), vec![4]),
        (json!("masking"), vec![3, 2]),
        (json!({"activation": {"activation": "gelu"}}), vec![4]),
        (json!({"re_lu": {"negative_slope": 0.1, "threshold": 0.2, "max_value": 0.9}}), vec![6]),
        (json!("leaky_re_lu"), vec![4]),
        (json!("elu"), vec![4]),
        (json!({"p_re_lu": {"shared_axes": [1]}}), vec![3, 4]),
        (json!("p_re_lu"), vec![3, 4]),
        (json!({"softmax": {"axis": 1}}), vec![3, 4]),
        (json!({"softmax": {"axis": [1, 2]}}), vec![3, 4]),
        (json!("softmax"), vec![5]),
        (json!({"flatten": {"data_format": "channels_first"}}), vec![2, 3, 2]),
        (json!({"reshape": {"target_shape": [3, -1]}}), vec![2, 6]),
        (json!({"permute": {"dims": [3, 1, 2]}}), vec![2, 3, 4]),
        (json!({"repeat_vector": {"n": 3}}), vec![4]),
        (json!("identity"), vec![4]),
        (json!({"dropout": {"rate": 0.4}}), vec![6]),
        (json!({"dropout": {"rate": 0.4, "noise_shape": [1, null, 1]}}), vec![6, 2]),
        (json!({"spatial_dropout1d": {"rate": 0.4}}), vec![3, 4]),
        (
            json!({"spatial_dropout2d": {"rate": 0.4, "data_format": "channels_first"}}),
            vec![4, 2, 3],
        ),
        (json!({"spatial_dropout3d": {"rate": 0.4}}), vec![2, 1, 2, 4]),
        (json!({"gaussian_noise": {"stddev": 0.4}}), vec![6]),
        (json!({"gaussian_dropout": {"rate": 0.4}}), vec![6]),
        (json!({"alpha_dropout": {"rate": 0.4}}), vec![6]),
        (json!({"activity_regularization": {"l1": 0.1, "l2": 0.2}}), vec![4]),
        (json!("batch_normalization"), vec![3, 4]),
        (json!({"batch_normalization": {"axis": 1, "scale": false}}), vec![3, 4]),
        (json!({"batch_normalization": {"trainable": false}}), vec![4]),
        (json!("layer_normalization"), vec![3, 4]),
        (json!({"layer_normalization": {"axis": [1, 2]}}), vec![3, 4]),
        (json!({"layer_normalization": {"axis": 1, "center": false}}), vec![3, 4]),
        (json!({"group_normalization": {"groups": 2}}), vec![3, 4]),
        (json!({"group_normalization": {"groups": -1, "axis": 1}}), vec![3, 4]),
        (json!("rms_normalization"), vec![3, 4]),
        (json!({"unit_normalization": {"axis": [1, 2]}}), vec![3, 4]),
        (json!("unit_normalization"), vec![3, 4]),
        (json!({"rescaling": {"scale": 0.3, "offset": [1, 2, 3, 4]}}), vec![3, 4]),
        (json!({"normalization": {"mean": 0.2, "variance": [1, 2, 3, 4]}}), vec![3, 4]),
        (
            json!({"normalization": {"axis": 1, "mean": 0.2, "variance": 2, "invert": true}}),
            vec![3, 4],
        ),
        (json!({"conv1d": {"filters": 3, "kernel_size": 2, "padding": "causal"}}), vec![5, 2]),
        images("conv2d", json!({"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same"})),
        (json!({"conv3d": {"filters": 2, "kernel_size": 2}}), vec![3, 3, 2, 2]),
        (json!({"depthwise_conv1d": {"kernel_size": 2, "depth_multiplier": 2}}), vec![5, 2]),
        images("depthwise_conv2d", json!({"kernel_size": 2})),
        (json!({"separable_conv1d": {"filters": 3, "kernel_size": 2}}), vec![5, 2]),
        images("separable_conv2d", json!({"filters": 3, "kernel_size": 2})),
        (json!({"conv1d_transpose": {"filters": 3, "kernel_size": 2, "strides": 2}}), vec![4, 2]),
        images("conv2d_transpose", json!({"filters": 3, "kernel_size": 3, "strides": 2})),
        (json!({"conv3d_transpose": {"filters": 2, "kernel_size": 2}}), vec![2, 2, 2, 2]),
        (json!({"time_distributed": {"layer": {"dense": {"units": 3}}}}), vec![3, 4]),
    ];
    let conv = |filters: usize, strides: usize| json!({"conv2d": {"filters": filters, "kernel_size": 2, "strides": strides, "padding": "same"}});
    rows.push((
        json!({"residual": {"layers": [{"dense": {"units": 4, "activation": "tanh"}}]}}),
        vec![4],
    ));
    rows.push((
        json!({"residual": {
            "layers": [conv(3, 2), "batch_normalization", {"activation": {"activation": "tanh"}}, {"dropout": {"rate": 0.4}},
                {"residual": {"layers": [conv(3, 1), "identity"]}}],
            "shortcut": [{"average_pooling2d": {"padding": "same"}}, conv(3, 1)],
        }}),
        vec![4, 5, 2],
    ));
    for name in ["max_pooling", "average_pooling"] {
        rows.push((json!({ format!("{name}1d"): {"pool_size": 3, "strides": 1} }), vec![6, 2]));
        rows.push((json!({ format!("{name}2d"): {"padding": "same"} }), vec![4, 5, 2]));
        rows.push((json!(format!("{name}3d")), vec![2, 3, 4, 2]));
    }
    for name in ["global_max_pooling", "global_average_pooling"] {
        rows.push((json!(format!("{name}1d")), vec![5, 2]));
        rows.push((json!(format!("{name}2d")), vec![4, 5, 2]));
        rows.push((json!(format!("{name}3d")), vec![2, 3, 2, 2]));
    }
    for name in ["adaptive_max_pooling", "adaptive_average_pooling"] {
        rows.push((json!({ format!("{name}1d"): {"output_size": 3} }), vec![5, 2]));
        rows.push((json!({ format!("{name}2d"): {"output_size": 2} }), vec![4, 5, 2]));
        rows.push((json!({ format!("{name}3d"): {"output_size": 2} }), vec![2, 3, 4, 2]));
    }
    for name in ["zero_padding", "cropping", "up_sampling"] {
        rows.push((json!(format!("{name}1d")), vec![5, 2]));
        rows.push((json!(format!("{name}2d")), vec![4, 5, 2]));
        rows.push((json!(format!("{name}3d")), vec![3, 3, 4, 1]));
    }
    rows.push(images("up_sampling2d", json!({"interpolation": "bilinear"})));
    for (name, more) in [
        ("random_flip", json!({})),
        ("random_rotation", json!({"factor": 0.2})),
        ("random_zoom", json!({"height_factor": 0.3, "fill_mode": "wrap"})),
        (
            "random_translation",
            json!({"height_factor": 0.3, "width_factor": [0.1, 0.2],
            "fill_mode": "constant", "fill_value": 2, "data_format": "channels_first"}),
        ),
        ("random_contrast", json!({"factor": [0.5, 0.5], "value_range": [-1, 1]})),
    ] {
        rows.push(images(name, more));
    }
    let mut rows: Vec<Row> =
        rows.into_iter().map(|(config, input)| Row { config, input, masked: false }).collect();
    for name in ["simple_rnn", "lstm", "gru"] {
        let dropped = json!({ name: {"units": 3, "dropout": 0.3, "recurrent_dropout": 0.2} });
        let sequences = json!({ name: {"units": 3, "return_sequences": true} });
        rows.push(Row { config: dropped, input: vec![4, 2], masked: false });
        rows.push(Row { config: sequences.clone(), input: vec![4, 2], masked: true });
        let both = json!({ "bidirectional": {"layer": sequences} });
        rows.push(Row { config: both, input: vec![4, 2], masked: true });
    }
    let before = json!({ "gru": {"units": 3, "reset_after": false} });
    rows.push(Row { config: before, input: vec![4, 2], masked: true });
    rows.push(Row { config: json!("batch_normalization"), input: vec![4, 2], masked: true });
    let steps = json!({"lstm": {"units": 2, "return_sequences": true}});
    let ways = json!({"residual": {"layers": [steps, "batch_normalization"]}});
    rows.push(Row { config: ways, input: vec![4, 2], masked: true });
    let named: Vec<&str> = rows.iter().map(|row| kind(&row.config)).collect();
    let others = others(&named);
    rows.extend(others);
    rows
}

fn kind(config: &Value) -> &'static str {
    let entry: LayerEntry =
        Node::from_json(config).read().unwrap_or_else(|error| panic!("{config}: {error}"));
    entry.kind.name
}

/// A row for each layer that has none above: what it must be given is 2, and its input is the first
/// that it takes.
fn others(named: &[&str]) -> Vec<Row> {
    let schemas = <dyn Layer>::schemas(&mut SchemaGenerator::default());
    let kinds = <dyn Layer>::kinds().iter().zip(schemas);
    let row = |(kind, schema): (&lanthorn::config::Kind, schemars::Schema)| {
        let required = schema.get("required").and_then(Value::as_array).cloned();
        let names = required.unwrap_or_default().into_iter();
        let arguments: Map<String, Value> =
            names.filter_map(|name| Some((name.as_str()?.to_string(), json!(2)))).collect();
        let config = json!({ kind.name: arguments });
        let entry: LayerEntry = Node::from_json(&config).read().ok()?;
        let inputs = [vec![4], vec![3, 4], vec![4, 5, 2], vec![3, 3, 4, 2]];
        let input = inputs
            .into_iter()
            .find(|input| entry.item.output_shape(&Shape(input.clone())).is_ok())?;
        Some(Row { config, input, masked: false })
    };
    kinds.filter(|(kind, _)| !named.contains(&kind.name)).filter_map(row).collect()
}
