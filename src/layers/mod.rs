//! Layers: the one list. The trait, and the signal that flows through layers, are in `layer.rs`.
//!
//! A layer is one file and one line of the list. Its file holds one struct that *is* its
//! configuration (`output_shape` works at spec time, without tensors) and one private runtime
//! struct, made by `build`, whose `forward` maps a [`Signal`] to a [`Signal`].

mod activation;
mod augmentation;
mod axes;
mod bidirectional;
mod configuration;
mod convolution;
mod dense;
mod einsum_dense;
mod embedding;
mod gru;
mod input_dim;
mod kernel_op;
mod layer;
mod lstm;
mod masking;
mod normalization;
mod pooling;
mod precision;
mod recurrent;
mod regularization;
mod resampling;
mod reshaping;
mod residual;
mod simple_rnn;
mod spatial;
mod time_distributed;
mod wrapped;

use crate::config::catalog;

pub use activation::{ActivationLayer, Elu, LeakyReLU, PReLU, ReLU, Softmax};
pub use augmentation::{
    Factor, FillMode, Flips, RandomContrast, RandomFlip, RandomRotation, RandomTranslation,
    RandomZoom, Sampling,
};
pub use axes::{AxisList, NumberList};
pub use bidirectional::{Bidirectional, MergeMode};
pub(crate) use configuration::configuration;
pub use dense::Dense;
pub use einsum_dense::{EinsumDense, Sizes};
pub use embedding::Embedding;
pub use gru::Gru;
pub use input_dim::InputDim;
pub(crate) use input_dim::fill;
pub use kernel_op::apply_kernel;
pub use layer::{
    Context, Forward, Layer, LayerCommon, LayerEntry, MaskRule, Signal, register_layer,
};
pub use lstm::Lstm;
pub use masking::Masking;
pub use normalization::{
    BatchNormalization, GroupNormalization, LayerNormalization, Normalization, Rescaling,
    RmsNormalization, UnitNormalization,
};
pub(crate) use precision::run;
pub use recurrent::Recurrent;
pub use regularization::{
    ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout,
    SpatialDropout1D, SpatialDropout2D, SpatialDropout3D,
};
pub use reshaping::{Flatten, Identity, Permute, RepeatVector, Reshape};
pub use residual::Residual;
pub use simple_rnn::SimpleRnn;
pub use time_distributed::TimeDistributed;
pub(crate) use wrapped::check_inner;

pub use convolution::{
    Conv, Conv1D, Conv1DTranspose, Conv2D, Conv2DTranspose, Conv3D, Conv3DTranspose, ConvTranspose,
    DepthwiseConv, DepthwiseConv1D, DepthwiseConv2D, SeparableConv, SeparableConv1D,
    SeparableConv2D,
};
pub use pooling::{
    AdaptiveAveragePooling, AdaptiveAveragePooling1D, AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D, AdaptiveMaxPooling, AdaptiveMaxPooling1D, AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D, AveragePooling, AveragePooling1D, AveragePooling2D, AveragePooling3D,
    GlobalAveragePooling, GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D,
    GlobalMaxPooling, GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D, MaxPooling,
    MaxPooling1D, MaxPooling2D, MaxPooling3D,
};
pub use resampling::{
    Cropping, Cropping1D, Cropping2D, Cropping3D, Interpolation, UpSampling, UpSampling1D,
    UpSampling2D, UpSampling3D, ZeroPadding, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D,
};
pub use spatial::{DataFormat, Margin, Margins, Padding, PerAxis};

pub use crate::weights::{constraints, initializers, regularizers};

/// What a layer's outputs pass through.
pub mod activations {
    pub use crate::activations::*;
}

/// Layers over slices of numbers, for the CPU.
pub mod kernels {
    pub use crate::kernels::*;
}

catalog! { dyn Layer, "layer", LayerCommon, LayerKind;
    Dense: "dense", "Dense";
    EinsumDense: "einsum_dense", "EinsumDense";
    Embedding: "embedding", "Embedding";
    Masking: "masking", "Masking";
    ActivationLayer: "activation", "Activation";
    ReLU: "re_lu", "ReLU";
    LeakyReLU: "leaky_re_lu", "LeakyReLU";
    Elu: "elu", "ELU";
    PReLU: "p_re_lu", "PReLU";
    Softmax: "softmax", "Softmax";
    Flatten: "flatten", "Flatten";
    Reshape: "reshape", "Reshape";
    Permute: "permute", "Permute";
    RepeatVector: "repeat_vector", "RepeatVector";
    Identity: "identity", "Identity";
    Dropout: "dropout", "Dropout";
    SpatialDropout1D: "spatial_dropout1d", "SpatialDropout1D";
    SpatialDropout2D: "spatial_dropout2d", "SpatialDropout2D";
    SpatialDropout3D: "spatial_dropout3d", "SpatialDropout3D";
    GaussianNoise: "gaussian_noise", "GaussianNoise";
    GaussianDropout: "gaussian_dropout", "GaussianDropout";
    AlphaDropout: "alpha_dropout", "AlphaDropout";
    ActivityRegularization: "activity_regularization", "ActivityRegularization";
    BatchNormalization: "batch_normalization", "BatchNormalization";
    LayerNormalization: "layer_normalization", "LayerNormalization";
    GroupNormalization: "group_normalization", "GroupNormalization";
    RmsNormalization: "rms_normalization", "RMSNormalization";
    UnitNormalization: "unit_normalization", "UnitNormalization";
    Rescaling: "rescaling", "Rescaling";
    Normalization: "normalization", "Normalization";
    Conv1D: "conv1d", "Conv1D", "Convolution1D";
    Conv2D: "conv2d", "Conv2D", "Convolution2D";
    Conv3D: "conv3d", "Conv3D", "Convolution3D";
    DepthwiseConv1D: "depthwise_conv1d", "DepthwiseConv1D";
    DepthwiseConv2D: "depthwise_conv2d", "DepthwiseConv2D";
    SeparableConv1D: "separable_conv1d", "SeparableConv1D", "SeparableConvolution1D";
    SeparableConv2D: "separable_conv2d", "SeparableConv2D", "SeparableConvolution2D";
    Conv1DTranspose: "conv1d_transpose", "Conv1DTranspose", "Convolution1DTranspose";
    Conv2DTranspose: "conv2d_transpose", "Conv2DTranspose", "Convolution2DTranspose";
    Conv3DTranspose: "conv3d_transpose", "Conv3DTranspose", "Convolution3DTranspose";
    MaxPooling1D: "max_pooling1d", "MaxPooling1D", "MaxPool1D";
    MaxPooling2D: "max_pooling2d", "MaxPooling2D", "MaxPool2D";
    MaxPooling3D: "max_pooling3d", "MaxPooling3D", "MaxPool3D";
    AveragePooling1D: "average_pooling1d", "AveragePooling1D", "AvgPool1D";
    AveragePooling2D: "average_pooling2d", "AveragePooling2D", "AvgPool2D";
    AveragePooling3D: "average_pooling3d", "AveragePooling3D", "AvgPool3D";
    GlobalMaxPooling1D: "global_max_pooling1d", "GlobalMaxPooling1D", "GlobalMaxPool1D";
    GlobalMaxPooling2D: "global_max_pooling2d", "GlobalMaxPooling2D", "GlobalMaxPool2D";
    GlobalMaxPooling3D: "global_max_pooling3d", "GlobalMaxPooling3D", "GlobalMaxPool3D";
    GlobalAveragePooling1D: "global_average_pooling1d", "GlobalAveragePooling1D", "GlobalAvgPool1D";
    GlobalAveragePooling2D: "global_average_pooling2d", "GlobalAveragePooling2D", "GlobalAvgPool2D";
    GlobalAveragePooling3D: "global_average_pooling3d", "GlobalAveragePooling3D", "GlobalAvgPool3D";
    AdaptiveMaxPooling1D: "adaptive_max_pooling1d", "AdaptiveMaxPooling1D";
    AdaptiveMaxPooling2D: "adaptive_max_pooling2d", "AdaptiveMaxPooling2D";
    AdaptiveMaxPooling3D: "adaptive_max_pooling3d", "AdaptiveMaxPooling3D";
    AdaptiveAveragePooling1D: "adaptive_average_pooling1d", "AdaptiveAveragePooling1D";
    AdaptiveAveragePooling2D: "adaptive_average_pooling2d", "AdaptiveAveragePooling2D";
    AdaptiveAveragePooling3D: "adaptive_average_pooling3d", "AdaptiveAveragePooling3D";
    ZeroPadding1D: "zero_padding1d", "ZeroPadding1D";
    ZeroPadding2D: "zero_padding2d", "ZeroPadding2D";
    ZeroPadding3D: "zero_padding3d", "ZeroPadding3D";
    Cropping1D: "cropping1d", "Cropping1D";
    Cropping2D: "cropping2d", "Cropping2D";
    Cropping3D: "cropping3d", "Cropping3D";
    UpSampling1D: "up_sampling1d", "UpSampling1D";
    UpSampling2D: "up_sampling2d", "UpSampling2D";
    UpSampling3D: "up_sampling3d", "UpSampling3D";
    RandomFlip: "random_flip", "RandomFlip";
    RandomRotation: "random_rotation", "RandomRotation";
    RandomZoom: "random_zoom", "RandomZoom";
    RandomTranslation: "random_translation", "RandomTranslation";
    RandomContrast: "random_contrast", "RandomContrast";
    SimpleRnn: "simple_rnn", "SimpleRNN";
    Lstm: "lstm", "LSTM";
    Gru: "gru", "GRU";
    Bidirectional: "bidirectional", "Bidirectional";
    TimeDistributed: "time_distributed", "TimeDistributed";
    Residual: "residual", "Residual", own;
    "lambda" => "it holds Python code; a program adds a layer of its own by `register_layer`";
    "add" => "it merges several inputs, and layers here stand in one row; for a layer's input added to its output there is `residual`";
    "subtract" => "it merges several inputs, and layers here stand in one row";
    "multiply" => "it merges several inputs, and layers here stand in one row";
    "average" => "it merges several inputs, and layers here stand in one row";
    "maximum" => "it merges several inputs, and layers here stand in one row";
    "minimum" => "it merges several inputs, and layers here stand in one row";
    "concatenate" => "it merges several inputs, and layers here stand in one row";
    "dot" => "it merges several inputs, and layers here stand in one row";
    "attention" => "it takes several inputs, and layers here stand in one row";
    "multi_head_attention" => "it takes several inputs, and layers here stand in one row";
    "additive_attention" => "it takes several inputs, and layers here stand in one row";
    "grouped_query_attention" => "it takes several inputs, and layers here stand in one row";
    "conv_lstm1d" => "use `time_distributed` over a convolution, then `lstm`";
    "conv_lstm2d" => "use `time_distributed` over a convolution, then `lstm`";
    "conv_lstm3d" => "use `time_distributed` over a convolution, then `lstm`";
    "rnn" => "use `lstm`, `gru` or `simple_rnn`, which hold their cells";
    "lstm_cell" => "use `lstm`, `gru` or `simple_rnn`, which hold their cells";
    "gru_cell" => "use `lstm`, `gru` or `simple_rnn`, which hold their cells";
    "simple_rnn_cell" => "use `lstm`, `gru` or `simple_rnn`, which hold their cells";
    "stacked_rnn_cells" => "use `lstm`, `gru` or `simple_rnn`, which hold their cells";
    "text_vectorization" => "what is done to columns belongs to the `data` section: `encode`, `scale`";
    "string_lookup" => "what is done to columns belongs to the `data` section: `encode`, `scale`";
    "integer_lookup" => "what is done to columns belongs to the `data` section: `encode`, `scale`";
    "category_encoding" => "what is done to columns belongs to the `data` section: `encode`, `scale`";
    "hashing" => "what is done to columns belongs to the `data` section: `encode`, `scale`";
    "discretization" => "what is done to columns belongs to the `data` section: `encode`, `scale`";
    "spectral_normalization" => "use `kernel_constraint: max_norm` or `unit_norm`";
    "input_layer" => "the input's shape comes from the data; `input_shape` of the model checks it";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_layer_that_is_not_supported_says_why() {
        let problem = LayerEntry::find("Lambda").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "the layer `Lambda` is not supported\n  help: it holds Python code; a program adds a \
             layer of its own by `register_layer`"
        );
        for name in ["MultiHeadAttention", "ConvLSTM2D", "TextVectorization", "GRUCell"] {
            let problem = LayerEntry::find(name).unwrap_err();
            assert!(problem.message.contains("is not supported"), "{problem}");
        }
    }
}
