//! Convolutions, pooling, padding and up-sampling: channels-first.

use super::activations;
use super::modules::Modules;
use super::words::{python, tuple};
use crate::error::Result;
use crate::exchange::layer_rules::LayerRules;
use crate::exchange::portable::PortableLayer;
use crate::exchange::spatial::{ConvolutionVariant, ConvolutionView, PoolView, margins, sizes};
use crate::layers::{Interpolation, Margins, PerAxis};

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
    let is_first = LayerRules::of(layer.kind()).is_channels_first();
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
    let output = if layer.output.len() == layer.input.len() {
        parts(&layer.output)
    } else {
        // global pooling
        (Vec::new(), channels_in)
    };
    let (output, channels_out) = output;
    Spatial { rank: input.len(), input, output, channels_in, channels_out }
}

pub(super) fn convolution(
    modules: &mut Modules,
    layer: &PortableLayer,
    conv: &ConvolutionView<'_>,
) -> Result<()> {
    let place = spatial(modules, layer);
    let Spatial { rank, channels_in: input, channels_out: output, .. } = place;
    let slides = conv.slides(rank);
    let (size, bias) = (tuple(&slides.size), python(conv.use_bias));
    let mut common =
        format!("stride={}, dilation={}", tuple(&slides.strides), tuple(&slides.dilation));
    let mut cuts = Vec::new();
    if let ConvolutionVariant::Transposed { .. } = conv.kind {
        cuts = conv.cuts(&slides, &place.input, &place.output);
    } else {
        common += &padding_of(modules, layer, &slides.pads(&place.input));
    }
    let plain = |groups: usize| {
        format!("nn.Conv{rank}d({input}, {output}, {size}, {common}, groups={groups}, bias={bias})")
    };
    let code = match conv.kind {
        ConvolutionVariant::Full { groups } => plain(groups),
        ConvolutionVariant::Depthwise => plain(input),
        ConvolutionVariant::Separable { depth_multiplier } => {
            let inner = input * depth_multiplier;
            format!(
                "nn.Sequential(OrderedDict(depthwise=nn.Conv{rank}d({input}, {inner}, {size}, {common}, \
                 groups={input}, bias=False), pointwise=nn.Conv{rank}d({inner}, {output}, 1, bias={bias})))"
            )
        }
        ConvolutionVariant::Transposed { .. } => {
            let extra: Vec<usize> = cuts.iter().map(|(_, end)| (-end).max(0) as usize).collect();
            let extra = tuple(&extra);
            format!(
                "nn.ConvTranspose{rank}d({input}, {output}, {size}, {common}, bias={bias}, output_padding={extra})"
            )
        }
    };
    modules.push(layer, code);
    modules.keep(layer);
    // PyTorch cuts both ends of a transposed convolution alike: ours is cut after it
    let cuts: Vec<(i64, i64)> = cuts.iter().map(|(start, end)| (-start, -end.max(&0))).collect();
    if cuts.iter().any(|cut| *cut != (0, 0)) {
        modules.function(&layer.name, "cut", &format!("F.pad(x, {})", pads(&cuts)));
    }
    modules.shape.clone_from(&layer.output);
    activations::beside(modules, layer, conv.activation)
}

/// `, padding=…` where both ends are alike; else a module before the layer.
fn padding_of(modules: &mut Modules, layer: &PortableLayer, both: &[(i64, i64)]) -> String {
    if both.iter().all(|(start, end)| start == end) {
        let alike: Vec<usize> = both.iter().map(|(start, _)| *start as usize).collect();
        return if alike.iter().all(|pad| *pad == 0) {
            String::new()
        } else {
            format!(", padding={}", tuple(&alike))
        };
    }
    modules.function(&layer.name, "pad", &format!("F.pad(x, {})", pads(both)));
    String::new()
}

pub(super) fn pooling(modules: &mut Modules, layer: &PortableLayer, pool: &PoolView<'_>) {
    let place = spatial(modules, layer);
    let rank = place.rank;
    let slides = pool.slides(rank);
    let both = slides.pads(&place.input);
    let (size, strides) = (tuple(&slides.size), tuple(&slides.strides));
    let padded = both.iter().any(|pad| *pad != (0, 0));
    if pool.is_max {
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
}

pub(super) fn global(modules: &mut Modules, layer: &PortableLayer, function: &str, keepdims: bool) {
    let rank = layer.input.len() - 1;
    let is_first = LayerRules::of(layer.kind()).is_channels_first();
    if is_first {
        modules.turn_last();
    }
    let axes: Vec<usize> =
        if modules.is_first || is_first { (2..=rank + 1).collect() } else { (1..=rank).collect() };
    let (axes, keep) = (tuple(&axes), python(keepdims));
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: x.{function}({axes}, keepdim={keep}))"));
    modules.is_first &= keepdims;
    modules.shape.clone_from(&layer.output);
}

pub(super) fn adaptive(modules: &mut Modules, layer: &PortableLayer, kind: &str) {
    let place = spatial(modules, layer);
    let rank = place.rank;
    modules.push(layer, format!("nn.Adaptive{kind}Pool{rank}d({})", tuple(&place.output)));
    modules.shape.clone_from(&layer.output);
}

pub(super) fn padding(modules: &mut Modules, layer: &PortableLayer, by: &Margins) -> Result<()> {
    spatial(modules, layer);
    padded(modules, layer, &margins(layer, by)?);
    Ok(())
}

/// Padding by less than nothing.
pub(super) fn cropping(modules: &mut Modules, layer: &PortableLayer, by: &Margins) -> Result<()> {
    spatial(modules, layer);
    let margins = margins(layer, by)?;
    let less: Vec<(i64, i64)> = margins.iter().map(|(start, end)| (-start, -end)).collect();
    padded(modules, layer, &less);
    Ok(())
}

fn padded(modules: &mut Modules, layer: &PortableLayer, both: &[(i64, i64)]) {
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: F.pad(x, {}))", pads(both)));
    modules.shape.clone_from(&layer.output);
}

pub(super) fn up_sampling(
    modules: &mut Modules,
    layer: &PortableLayer,
    size: &PerAxis,
    interpolation: Interpolation,
) -> Result<()> {
    let rank = spatial(modules, layer).rank;
    let size = tuple(&sizes(size, rank));
    let other = |name: &str| layer.refuse(format!("PyTorch interpolates otherwise by `{name}`"));
    let mode = match interpolation {
        Interpolation::Nearest => "mode=\"nearest\"",
        Interpolation::Bilinear => "mode=\"bilinear\", align_corners=False",
        Interpolation::Bicubic => return Err(other("bicubic")),
        Interpolation::Lanczos3 => return Err(other("lanczos3")),
        Interpolation::Lanczos5 => return Err(other("lanczos5")),
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
