//! Convolutions, pooling, padding and up-sampling: channels-first.

use serde_json::Value;

use super::activations;
use super::modules::Modules;
use super::words::{python, tuple};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;

/// What comes into a spatial layer and goes out, channels apart.
pub(super) struct Spatial {
    pub(super) rank: usize,
    input: Vec<usize>,
    output: Vec<usize>,
    channels_in: usize,
    channels_out: usize,
}

/// Lays the value as PyTorch's spatial modules take it. A layer that is channels-first here takes
/// ours as it is.
pub(super) fn spatial(modules: &mut Modules, layer: &PortableLayer) -> Spatial {
    let is_first = layer.is_channels_first();
    if is_first {
        modules.turn_last();
    } else {
        modules.turn_first();
    }
    let parts = |shape: &[usize]| {
        let mut axes = shape.to_vec();
        let channels = if is_first { axes.remove(0) } else { axes.pop().unwrap_or(1) };
        (axes, channels)
    };
    let (input, channels_in) = parts(&layer.input);
    let output = match layer.output.len() == layer.input.len() {
        true => parts(&layer.output),
        false => (Vec::new(), channels_in), // global pooling
    };
    let (output, channels_out) = output;
    Spatial { rank: input.len(), input, output, channels_in, channels_out }
}

pub(super) fn convolution(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let place = spatial(modules, layer);
    let rank = place.rank;
    let size = layer.sizes("kernel_size", rank, 1)?;
    let strides = layer.sizes("strides", rank, 1)?;
    let dilation = layer.sizes("dilation_rate", rank, 1)?;
    let window: Vec<usize> = size.iter().zip(&dilation).map(|(k, d)| (k - 1) * d + 1).collect();
    let class = layer.class.as_str();
    let (input, output) = (place.channels_in, place.channels_out);
    let bias = python(layer.argument("use_bias").as_bool().unwrap_or(true));
    let common = format!("stride={}, dilation={}", tuple(&strides), tuple(&dilation));
    if class.ends_with("Transpose") {
        return transposed(modules, layer, &place, &window, &format!("{common}, bias={bias}"));
    }
    let padding = padding(modules, layer, &place, &window, &strides);
    if class.starts_with("Separable") {
        let inner = input * layer.number("depth_multiplier", 1.0) as usize;
        modules.push(
            layer,
            format!(
                "nn.Sequential(OrderedDict(depthwise=nn.Conv{rank}d({input}, {inner}, {}, {common}{padding}, \
                 groups={input}, bias=False), pointwise=nn.Conv{rank}d({inner}, {output}, 1, bias={bias})))",
                tuple(&size)
            ),
        );
    } else {
        let groups = match class.starts_with("Depthwise") {
            true => input,
            false => layer.number("groups", 1.0) as usize,
        };
        modules.push(
            layer,
            format!(
                "nn.Conv{rank}d({input}, {output}, {}, {common}{padding}, groups={groups}, bias={bias})",
                tuple(&size)
            ),
        );
    }
    modules.keep(layer);
    modules.shape.clone_from(&layer.output);
    activations::argument(modules, layer)
}

/// PyTorch pads both ends alike, and cuts both ends alike: the rest is done beside it.
fn transposed(
    modules: &mut Modules,
    layer: &PortableLayer,
    place: &Spatial,
    window: &[usize],
    common: &str,
) -> Result<()> {
    let rank = window.len();
    let size = layer.sizes("kernel_size", rank, 1)?;
    let strides = layer.sizes("strides", rank, 1)?;
    let given = !layer.argument("output_padding").is_null();
    let output_padding = layer.sizes("output_padding", rank, 0)?;
    let (mut cuts, mut extra) = (Vec::new(), Vec::new());
    for axis in 0..rank {
        let (s, ke, n) = (strides[axis] as i64, window[axis] as i64, place.input[axis] as i64);
        let start = match layer.text("padding") {
            "same" => {
                let total = match given {
                    false => s + ke - 2,
                    true => ke + ke % 2 - 2 + output_padding[axis] as i64,
                };
                ke - 1 - (total + 1).div_euclid(2).min(ke - 1)
            }
            _ => 0,
        };
        let end = (n - 1) * s + ke - start - place.output[axis] as i64;
        cuts.push((-start, -end.max(0)));
        extra.push((-end).max(0) as usize);
    }
    let (input, output) = (place.channels_in, place.channels_out);
    modules.push(
        layer,
        format!(
            "nn.ConvTranspose{rank}d({input}, {output}, {}, {common}, output_padding={})",
            tuple(&size),
            tuple(&extra)
        ),
    );
    modules.keep(layer);
    if cuts.iter().any(|cut| *cut != (0, 0)) {
        modules.function(&layer.name, "cut", &format!("F.pad(x, {})", pads(&cuts)));
    }
    modules.shape.clone_from(&layer.output);
    activations::argument(modules, layer)
}

/// `, padding=…` where both ends are alike; else a module before the layer.
fn padding(
    modules: &mut Modules,
    layer: &PortableLayer,
    place: &Spatial,
    window: &[usize],
    strides: &[usize],
) -> String {
    let both = both_ends(layer, place, window, strides);
    if both.iter().all(|(start, end)| start == end) {
        let alike: Vec<usize> = both.iter().map(|(start, _)| *start as usize).collect();
        return match alike.iter().all(|pad| *pad == 0) {
            true => String::new(),
            false => format!(", padding={}", tuple(&alike)),
        };
    }
    modules.function(&layer.name, "pad", &format!("F.pad(x, {})", pads(&both)));
    String::new()
}

fn both_ends(
    layer: &PortableLayer,
    place: &Spatial,
    window: &[usize],
    strides: &[usize],
) -> Vec<(i64, i64)> {
    let axes = place.input.iter().zip(window).zip(strides);
    axes.map(|((n, k), s)| match layer.text("padding") {
        "same" => {
            let total = ((n.div_ceil(*s) - 1) * s + k).saturating_sub(*n) as i64;
            (total / 2, total - total / 2)
        }
        "causal" => (*k as i64 - 1, 0),
        _ => (0, 0),
    })
    .collect()
}

pub(super) fn pooling(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let place = spatial(modules, layer);
    let rank = place.rank;
    let size = layer.sizes("pool_size", rank, 2)?;
    let strides = match layer.argument("strides") {
        Value::Null => size.clone(),
        _ => layer.sizes("strides", rank, 1)?,
    };
    let both = both_ends(layer, &place, &size, &strides);
    let (size, strides) = (tuple(&size), tuple(&strides));
    let padded = both.iter().any(|pad| *pad != (0, 0));
    if layer.class.starts_with("Max") {
        if padded {
            let body = format!("F.pad(x, {}, value=float(\"-inf\"))", pads(&both));
            modules.function(&layer.name, "pad", &body);
        }
        modules.push(layer, format!("nn.MaxPool{rank}d({size}, {strides})"));
    } else if padded {
        // the mean of the numbers that are there
        modules.helpers.insert("Function");
        modules.helpers.insert("padded_mean");
        modules.push(
            layer,
            format!(
                "Function(lambda x: padded_mean(F.avg_pool{rank}d, x, {}, {size}, {strides}))",
                pads(&both)
            ),
        );
    } else {
        modules.push(layer, format!("nn.AvgPool{rank}d({size}, {strides})"));
    }
    modules.shape.clone_from(&layer.output);
    Ok(())
}

pub(super) fn global(modules: &mut Modules, layer: &PortableLayer) {
    let rank = layer.input.len() - 1;
    let is_first = layer.is_channels_first();
    if is_first {
        modules.turn_last();
    }
    let axes: Vec<usize> = match modules.is_first || is_first {
        true => (2..=rank + 1).collect(),
        false => (1..=rank).collect(),
    };
    let keep = python(layer.flag("keepdims"));
    let function = if layer.class.starts_with("GlobalMax") { "amax" } else { "mean" };
    modules.helpers.insert("Function");
    modules
        .push(layer, format!("Function(lambda x: x.{function}({}, keepdim={keep}))", tuple(&axes)));
    modules.is_first &= layer.flag("keepdims");
    modules.shape.clone_from(&layer.output);
}

pub(super) fn adaptive(modules: &mut Modules, layer: &PortableLayer) {
    let place = spatial(modules, layer);
    let rank = place.rank;
    let kind = if layer.class.contains("Max") { "Max" } else { "Avg" };
    modules.push(layer, format!("nn.Adaptive{kind}Pool{rank}d({})", tuple(&place.output)));
    modules.shape.clone_from(&layer.output);
}

/// Zero padding, and cropping as padding by less than nothing.
pub(super) fn margins(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let rank = spatial(modules, layer).rank;
    let (key, sign) = match layer.class.starts_with("Zero") {
        true => ("padding", 1),
        false => ("cropping", -1),
    };
    let whole = |value: &Value| value.as_i64().unwrap_or(0) * sign;
    let both: Vec<(i64, i64)> = match layer.argument(key) {
        Value::Number(_) => vec![(whole(layer.argument(key)), whole(layer.argument(key))); rank],
        Value::Array(items) if rank == 1 && items.len() == 2 && items[0].is_number() => {
            vec![(whole(&items[0]), whole(&items[1]))]
        }
        Value::Array(items) if items.len() == rank => items
            .iter()
            .map(|item| match item {
                Value::Array(pair) if pair.len() == 2 => (whole(&pair[0]), whole(&pair[1])),
                one => (whole(one), whole(one)),
            })
            .collect(),
        other => return Err(layer.refuse(format!("`{key}` is {other}"))),
    };
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: F.pad(x, {}))", pads(&both)));
    modules.shape.clone_from(&layer.output);
    Ok(())
}

pub(super) fn up_sampling(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let rank = spatial(modules, layer).rank;
    let size = tuple(&layer.sizes("size", rank, 2)?);
    let mode = match layer.text("interpolation") {
        "" | "nearest" => "mode=\"nearest\"",
        "bilinear" => "mode=\"bilinear\", align_corners=False",
        other => return Err(layer.refuse(format!("PyTorch interpolates otherwise by `{other}`"))),
    };
    modules.push(layer, format!("nn.Upsample(scale_factor={size}, {mode})"));
    modules.shape.clone_from(&layer.output);
    Ok(())
}

/// F.pad's order: the last axis first.
fn pads(both: &[(i64, i64)]) -> String {
    let flat: Vec<String> =
        both.iter().rev().map(|(start, end)| format!("{start}, {end}")).collect();
    format!("({})", flat.join(", "))
}
