//! Shapes: whatever a layer's arguments and its input, it says what is wrong with them, or gives
//! just the shape that it promised, as candle ops and as a kernel.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use candle_core::{Device, Tensor};
use lanthorn::Shape;
use lanthorn::config::{Catalog, Node};
use lanthorn::layers;
use lanthorn::layers::{Context, Layer, LayerEntry, Signal};
use lanthorn::model::Weights;
use lanthorn::runtime::{Random, Stream};
use proptest::prelude::*;
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

const BATCH: usize = 2;

/// Values for an argument, by its name; None for arguments that have nothing to do with shapes.
fn values(argument: &str) -> Option<Value> {
    Some(match argument {
        "units" | "filters" | "output_dim" | "input_dim" | "n" => json!([0, 1, 3, 4, u64::MAX]),
        "groups" => json!([-1, 1, 2, 3, 0]),
        "depth_multiplier" => json!([1, 2, 0, u64::MAX]),
        "kernel_size" | "strides" | "pool_size" | "size" | "dilation_rate" | "output_size" => {
            json!([1, 2, 3, 0, [1, 2], [2, 1, 2], [3], u64::MAX, null])
        }
        "output_padding" => json!([0, 1, [1, 0], null]),
        "padding" => json!(["valid", "same", "causal", 0, 1, [1, 2], [[1, 0], [0, 2]], u64::MAX]),
        "cropping" => json!([0, 1, [1, 2], [[1, 0], [0, 2]], [1, 1, 1], u64::MAX]),
        "data_format" => json!(["channels_last", "channels_first"]),
        "interpolation" => json!(["nearest", "bilinear"]),
        "activation" => json!(["relu", "softmax", "glu", {"elu": {"alpha": 0.5}}, "sparsemax"]),
        "axis" | "shared_axes" => json!([-1, 1, 2, [1, 2], [-1, 1], 0, 7, []]),
        "target_shape" => json!([[-1], [2, -1], [3, 4], [-1, -1], [0], [u64::MAX, 2], [2, 0, -1]]),
        "dims" => json!([[1], [2, 1], [3, 1, 2], [1, 1], [0, 1], [4, 3, 2, 1]]),
        "equation" => json!(["abc,cd->abd", "ab,bc->ac", "...x,xy->...y", "abc,bd->adc", "ab", ""]),
        "output_shape" => json!([3, [null, 3], [3, null], [2, 3], [0]]),
        "bias_axes" => json!(["c", "d", "y", "a", "dc"]),
        "noise_shape" => json!([[null, 1], [1, null, 1], [null, 1, 1, null], [2]]),
        "rate" | "stddev" | "dropout" | "recurrent_dropout" => json!([0.0, 0.3, 1.0, -1]),
        "factor" | "height_factor" | "width_factor" => json!([0.2, [-0.1, 0.3], [0.1, 0.2], 3]),
        "fill_mode" => json!(["reflect", "wrap", "constant", "nearest"]),
        "mode" => json!(["horizontal", "vertical", "horizontal_and_vertical"]),
        "scale" | "offset" | "mean" | "variance" => json!([1.5, [1, 2, 3], true, false]),
        "merge_mode" => json!(["concat", "sum", "mul", "ave", null]),
        "layer" => json!([
            {"dense": {"units": 3}}, {"lstm": {"units": 2, "return_sequences": true}},
            {"gru": {"units": 2}}, "flatten", {"conv1d": {"filters": 2, "kernel_size": 2}},
        ]),
        "layers" | "shortcut" => json!([
            ["flatten"], [{"activation": {"activation": "relu"}}, "identity"], [{"dense": {"units": 3}}],
            [{"conv1d": {"filters": 2, "kernel_size": 2, "padding": "same"}}],
        ]),
        "use_bias" | "center" | "return_sequences" | "go_backwards" | "keepdims" | "mask_zero"
        | "invert" | "reset_after" => json!([true, false]),
        _ => return None,
    })
}

/// Each kind's name, its arguments, and which it must be given.
type Kinds = Vec<(&'static str, Vec<(String, bool)>)>;

static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let schemas = <dyn Layer>::schemas(&mut SchemaGenerator::default());
    let arguments = |schema: &schemars::Schema| {
        let required =
            schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties = schema.get("properties").and_then(Value::as_object);
        let names = properties.into_iter().flat_map(|properties| properties.keys());
        names.map(|name| (name.clone(), required.contains(&json!(name)))).collect()
    };
    let kinds = <dyn Layer>::kinds().iter().zip(&schemas);
    kinds.map(|(kind, schema)| (kind.name, arguments(schema))).collect()
});

/// How often each kind was built.
static BUILT: Mutex<BTreeMap<&'static str, usize>> = Mutex::new(BTreeMap::new());

fn config(kind: usize, stream: &mut Stream) -> Value {
    let (name, arguments) = &KINDS[kind];
    let mut chosen = Map::new();
    for (argument, is_required) in arguments {
        let sizes = is_required.then(|| json!([1, 2, 3])); // an argument that isn't known here
        let Some(Value::Array(values)) = values(argument).or(sizes) else { continue };
        if *is_required || stream.below(3) == 0 {
            chosen.insert(argument.clone(), values[stream.below(values.len())].clone());
        }
    }
    json!({ *name: chosen })
}

fn input(stream: &mut Stream) -> Shape {
    let rank = stream.below(5);
    let size = |stream: &mut Stream| if stream.below(12) == 0 { 0 } else { 1 + stream.below(5) };
    Shape((0..rank).map(|_| size(stream)).collect())
}

/// What is counted before memory is taken is what is then taken.
fn planned_as_built(entry: &LayerEntry, input: &Shape, built: &Weights) -> Result<(), String> {
    let mut planned = Weights::planned();
    entry
        .item
        .build(input, &mut planned.scope("layer", true))
        .map_err(|error| format!("planned: {error}"))?;
    let facts = |weights: &Weights| -> Vec<(String, Vec<usize>, bool)> {
        let fact = |w: &lanthorn::model::Weight| (w.path(), w.shape().to_vec(), w.trainable);
        weights.iter().map(fact).collect()
    };
    if facts(&planned) != facts(built) {
        return Err(format!("planned {:?}, built {:?}", facts(&planned), facts(built)));
    }
    Ok(())
}

/// Builds the layer where its arguments and its input are right, and runs it.
fn check(name: &'static str, config: &Value, input: &Shape) -> Result<(), String> {
    let Ok(entry) = Node::from_json(config).read::<LayerEntry>() else { return Ok(()) };
    let Ok(output) = entry.item.output_shape(input) else { return Ok(()) };
    let text = |error: lanthorn::Error| error.to_string();
    let random = Random::new(1);
    let mut weights = Weights::new(random, &Device::Cpu);
    let layer = entry.item.build(input, &mut weights.scope("layer", true)).map_err(text)?;
    planned_as_built(&entry, input, &weights)?;
    *BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).entry(name).or_default() += 1;
    let numbers = BATCH * input.elements();
    let mut stream = random.stream("test", "x", 0);
    let value = |_| if name == "embedding" { 0.0 } else { stream.uniform() };
    let x: Vec<f32> = (0..numbers).map(value).collect();
    let x =
        Tensor::from_vec(x, input.with_batch(BATCH), &Device::Cpu).map_err(|e| e.to_string())?;
    for training in [false, true] {
        for kernels in [false, true] {
            let mut context =
                if training { Context::training(0, &random) } else { Context::inference(&random) };
            let signal = Signal::new(x.clone());
            let result = match layer.to_kernel() {
                Some(bound) if kernels => {
                    layers::apply_kernel(&bound, &output, signal, &mut context)
                }
                _ => layer.forward(signal, &mut context),
            };
            let what = format!("training {training}, kernels {kernels}");
            let found = result.map_err(|error| format!("{what}: {error}"))?.tensor;
            if found.dims() != output.with_batch(BATCH) {
                return Err(format!("{what}: promised {output}, gave {:?}", found.dims()));
            }
        }
    }
    Ok(())
}

#[test]
fn a_layer_gives_the_shape_that_it_promised() {
    let strategy = ProptestConfig {
        cases: 150,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    };
    let failed = Mutex::new(BTreeMap::new());
    proptest!(strategy, |(seed in any::<u64>())| {
        let mut stream = Random::new(seed).stream("test", "arguments", 0);
        for kind in 0..KINDS.len() {
            let (name, config, input) = (KINDS[kind].0, config(kind, &mut stream), input(&mut stream));
            let run = std::panic::AssertUnwindSafe(|| check(name, &config, &input));
            let result = std::panic::catch_unwind(run).unwrap_or_else(|_| Err("panicked".into()));
            if let Err(error) = result {
                let mut failed = failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                failed.entry(name).or_insert(format!("{config} on {input}: {error}"));
            }
        }
    });
    let failed: Vec<String> = failed
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .into_values()
        .collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    for (kind, (name, _)) in KINDS.iter().enumerate() {
        build_once(kind, name);
    }
}

/// Tries fixed draws until a layer that chance has left out is built, so that this test doesn't
/// fail by chance, and fails where the values above never fit a layer.
fn build_once(kind: usize, name: &'static str) {
    let is_built =
        || BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains_key(name);
    for seed in 0..3000 {
        if is_built() {
            return;
        }
        let mut stream = Random::new(seed).stream("test", "arguments", 0);
        let (config, input) = (config(kind, &mut stream), input(&mut stream));
        let result = check(name, &config, &input);
        assert_eq!(result, Ok(()), "{config} on {input}");
    }
    assert!(is_built(), "`{name}` was never built");
}
