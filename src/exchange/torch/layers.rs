//! Layers as PyTorch's modules. What has no twin is refused by name.

use serde_json::Value;

use super::modules::Modules;
use super::words::tuple;
use super::{activations, convolution, normalization, order, recurrent};
use crate::error::Result;
use crate::exchange::portable::PortableLayer;

/// True where the first layer that cares has its channels first in PyTorch.
pub(super) fn starts_first(layers: &[PortableLayer]) -> bool {
    let cares = layers.iter().find(|layer| {
        let shapeless = matches!(
            layer.class.as_str(),
            "Dropout"
                | "GaussianNoise"
                | "GaussianDropout"
                | "AlphaDropout"
                | "Identity"
                | "ReLU"
                | "LeakyReLU"
                | "ELU"
                | "ActivityRegularization"
        );
        let rescales = layer.class == "Rescaling" && layer.argument("scale").is_number();
        !shapeless && !rescales
    });
    cares.is_some_and(|layer| {
        if layer.is_channels_first() {
            return false; // it is so here, too
        }
        let class = layer.class.as_str();
        class.contains("Conv")
            || class.contains("Pooling")
            || class.starts_with("SpatialDropout")
            || class.starts_with("ZeroPadding")
            || class.starts_with("Cropping")
            || class.starts_with("UpSampling")
            || class == "Flatten" && layer.input.len() > 2 // an image
            || (class == "BatchNormalization" || class == "GroupNormalization")
                && normalization::axis_of(layer) == layer.input.len()
    })
}

/// Names that every nn.Sequential uses for itself.
const TAKEN: &str = "T_destination add_module append apply bfloat16 buffers call_super_init \
    children compile cpu cuda double dump_patches eval extend extra_repr float forward get_buffer \
    get_extra_state get_parameter get_submodule half insert ipu load_state_dict modules mtia \
    named_buffers named_children named_modules named_parameters parameters pop \
    register_backward_hook register_buffer register_forward_hook register_forward_pre_hook \
    register_full_backward_hook register_full_backward_pre_hook \
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module \
    register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ \
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu \
    zero_grad";

/// Adds a layer's modules. `rest` are the layers after it.
pub(super) fn layer(
    modules: &mut Modules,
    layer: &PortableLayer,
    rest: &[PortableLayer],
) -> Result<()> {
    if TAKEN.split(' ').any(|name| name == layer.name) {
        return Err(layer.refuse("PyTorch's nn.Sequential has no place for a module of this name"));
    }
    let class = layer.class.as_str();
    match class {
        "Dense" => dense(modules, layer)?,
        "EinsumDense" => einsum_dense(modules, layer)?,
        "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "Softmax" => activation(modules, layer)?,
        "PReLU" => activations::p_re_lu(modules, layer)?,
        "Dropout" => modules.push(layer, format!("nn.Dropout({:?})", layer.number("rate", 0.0))),
        "AlphaDropout" => {
            modules.push(layer, format!("nn.AlphaDropout({:?})", layer.number("rate", 0.0)));
        }
        "SpatialDropout1D" | "SpatialDropout2D" | "SpatialDropout3D" => {
            let rank = convolution::spatial(modules, layer).rank;
            modules.push(layer, format!("nn.Dropout{rank}d({:?})", layer.number("rate", 0.0)));
        }
        "GaussianNoise"
        | "GaussianDropout"
        | "Identity"
        | "ActivityRegularization"
        | "RandomFlip"
        | "RandomRotation"
        | "RandomZoom"
        | "RandomTranslation"
        | "RandomContrast" => {
            modules.push(layer, "nn.Identity()");
        }
        "Flatten" => order::flatten(modules, layer, rest),
        "Reshape" if layer.output.len() == 1 => order::flatten(modules, layer, rest),
        "Reshape" | "Permute" | "RepeatVector" => shape(modules, layer)?,
        "Embedding" => embedding(modules, layer)?,
        "Rescaling" => rescaling(modules, layer)?,
        "Normalization" => normalization::normalization(modules, layer)?,
        "BatchNormalization" => normalization::batch(modules, layer)?,
        "LayerNormalization" | "RMSNormalization" => normalization::layer_norm(modules, layer)?,
        "GroupNormalization" => normalization::group(modules, layer)?,
        "UnitNormalization" => {
            modules.turn_last();
            modules.restore_order();
            if *layer.argument("axis") != -1 && layer.argument("axis") != &serde_json::json!([-1]) {
                return Err(
                    layer.refuse("over another axis than the last it can't be written for PyTorch")
                );
            }
            modules.helpers.insert("Function");
            let body = "x * (x * x).sum(-1, keepdim=True).rsqrt().clamp(max=1e12)";
            modules.push(layer, format!("Function(lambda x: {body})"));
        }
        "SimpleRNN" | "LSTM" | "GRU" => recurrent::recurrent(modules, layer, layer, "")?,
        "Bidirectional" => recurrent::bidirectional(modules, layer)?,
        "TimeDistributed" => recurrent::time_distributed(modules, layer)?,
        _ if class.contains("Conv") && !class.starts_with("ConvLSTM") => {
            convolution::convolution(modules, layer)?;
        }
        _ if class.starts_with("Global") => convolution::global(modules, layer),
        _ if class.starts_with("Adaptive") => convolution::adaptive(modules, layer),
        _ if class.contains("Pooling") => convolution::pooling(modules, layer)?,
        _ if class.starts_with("ZeroPadding") || class.starts_with("Cropping") => {
            convolution::margins(modules, layer)?;
        }
        _ if class.starts_with("UpSampling") => convolution::up_sampling(modules, layer)?,
        _ => return Err(layer.refuse("it has no twin in PyTorch")),
    }
    modules.shape.clone_from(&layer.output);
    Ok(())
}

fn dense(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    modules.linear(layer, layer.input.last().copied().unwrap_or(1), layer)?;
    modules.shape.clone_from(&layer.output);
    activations::argument(modules, layer)
}

fn einsum_dense(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    modules.helpers.insert("EinsumDense");
    let weights = modules.weights(layer);
    let shapes: Vec<String> =
        weights.iter().map(|(name, tensor)| format!("{name}={}", tuple(tensor.dims()))).collect();
    modules
        .push(layer, format!("EinsumDense({:?}, {})", layer.text("equation"), shapes.join(", ")));
    let prefix = format!("{}.", layer.name);
    modules.state.extend(weights.into_iter().map(|(name, t)| (format!("{prefix}{name}"), t)));
    modules.shape.clone_from(&layer.output);
    activations::argument(modules, layer)
}

fn activation(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let (name, arguments) = match layer.class.as_str() {
        "Activation" => crate::exchange::portable::named(layer.argument("activation"))
            .ok_or_else(|| layer.refuse("its activation can't be read"))?,
        "ReLU" => ("relu".to_string(), layer.arguments.clone()),
        "LeakyReLU" => {
            let mut arguments = layer.arguments.clone();
            arguments.entry("negative_slope").or_insert(0.3.into());
            ("leaky_relu".to_string(), arguments)
        }
        "ELU" => ("elu".to_string(), layer.arguments.clone()),
        _ => ("softmax".to_string(), layer.arguments.clone()),
    };
    if name == "glu" {
        modules.restore_order();
    }
    let code = activations::module(modules, layer, &name, &arguments)?;
    modules.push(layer, code.unwrap_or_else(|| "nn.Identity()".into()));
    Ok(())
}

fn shape(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    modules.turn_last();
    modules.restore_order();
    let list = |items: &[usize]| items.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let body = match layer.class.as_str() {
        "Reshape" => format!("x.reshape(-1, {})", list(&layer.output)),
        "Permute" => format!("x.permute(0, {})", list(&layer.sizes("dims", layer.input.len(), 1)?)),
        _ => format!("x.unsqueeze(1).repeat(1, {}, 1)", layer.output.first().copied().unwrap_or(1)),
    };
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
    Ok(())
}

fn embedding(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    if layer.flag("mask_zero") {
        return Err(layer.refuse("PyTorch's modules know no mask (`mask_zero`)"));
    }
    modules.turn_last();
    modules.function(&layer.name, "ids", "x.long()");
    let (n, width) = (layer.number("input_dim", 1.0), layer.number("output_dim", 1.0));
    modules.push(layer, format!("nn.Embedding({n}, {width})"));
    modules.keep(layer);
    Ok(())
}

fn rescaling(modules: &mut Modules, layer: &PortableLayer) -> Result<()> {
    let numbers = |key: &str, default: &str| match layer.argument(key) {
        Value::Null => default.to_string(),
        Value::Number(number) => number.to_string(),
        list => format!("torch.tensor({list})"),
    };
    if layer.argument("scale").is_array() || layer.argument("offset").is_array() {
        modules.turn_last();
        modules.restore_order();
    }
    let body = format!("x * {} + {}", numbers("scale", "1.0"), numbers("offset", "0.0"));
    modules.helpers.insert("Function");
    modules.push(layer, format!("Function(lambda x: {body})"));
    Ok(())
}
