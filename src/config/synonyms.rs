//! What PyTorch, scikit-learn, Lightning, Keras 1 and plain English call things: hints, never names.

use super::names::same_name;

/// Another name of one that is listed: what it is (`layer`, `key`, …), the name, ours.
const NAMES: &[(&str, &str, &str)] = &[
    ("layer", "Linear", "dense"),
    ("layer", "LazyLinear", "dense"),
    ("layer", "fc", "dense"),
    ("layer", "fully_connected", "dense"),
    ("layer", "hidden", "dense"),
    ("layer", "BatchNorm", "batch_normalization"),
    ("layer", "BatchNorm1d", "batch_normalization"),
    ("layer", "BatchNorm2d", "batch_normalization"),
    ("layer", "BatchNorm3d", "batch_normalization"),
    ("layer", "LayerNorm", "layer_normalization"),
    ("layer", "GroupNorm", "group_normalization"),
    ("layer", "RMSNorm", "rms_normalization"),
    ("layer", "ConvTranspose1d", "conv1d_transpose"),
    ("layer", "ConvTranspose2d", "conv2d_transpose"),
    ("layer", "ConvTranspose3d", "conv3d_transpose"),
    ("layer", "AdaptiveAvgPool1d", "adaptive_average_pooling1d"),
    ("layer", "AdaptiveAvgPool2d", "adaptive_average_pooling2d"),
    ("layer", "AdaptiveAvgPool3d", "adaptive_average_pooling3d"),
    ("layer", "AdaptiveMaxPool1d", "adaptive_max_pooling1d"),
    ("layer", "AdaptiveMaxPool2d", "adaptive_max_pooling2d"),
    ("layer", "AdaptiveMaxPool3d", "adaptive_max_pooling3d"),
    ("layer", "Dropout1d", "spatial_dropout1d"),
    ("layer", "Dropout2d", "spatial_dropout2d"),
    ("layer", "Dropout3d", "spatial_dropout3d"),
    ("layer", "RNN", "simple_rnn"),
    ("layer", "BiLSTM", "bidirectional"),
    ("layer", "Upsample", "up_sampling2d"),
    ("layer", "ZeroPad2d", "zero_padding2d"),
    ("layer", "View", "reshape"),
    ("layer", "Unflatten", "reshape"),
    // losses
    ("loss", "BCELoss", "binary_crossentropy"),
    ("loss", "log_loss", "binary_crossentropy"),
    ("loss", "MSELoss", "mean_squared_error"),
    ("loss", "squared_error", "mean_squared_error"),
    ("loss", "L2Loss", "mean_squared_error"),
    ("loss", "L1Loss", "mean_absolute_error"),
    ("loss", "absolute_error", "mean_absolute_error"),
    ("loss", "SmoothL1Loss", "huber"),
    ("loss", "HuberLoss", "huber"),
    ("loss", "PoissonNLLLoss", "poisson"),
    ("loss", "KLDivLoss", "kl_divergence"),
    ("loss", "HingeEmbeddingLoss", "hinge"),
    ("loss", "CosineEmbeddingLoss", "cosine_similarity"),
    ("loss", "DiceLoss", "dice"),
    ("loss", "focal_loss", "binary_focal_crossentropy"),
    // metrics
    ("metric", "f1", "f1_score"),
    ("metric", "fscore", "f1_score"),
    ("metric", "roc_auc", "auc"),
    ("metric", "roc_auc_score", "auc"),
    ("metric", "auroc", "auc"),
    ("metric", "r2", "r2_score"),
    ("metric", "r_squared", "r2_score"),
    ("metric", "accuracy_score", "accuracy"),
    ("metric", "precision_score", "precision"),
    ("metric", "recall_score", "recall"),
    ("metric", "sensitivity", "recall"),
    ("metric", "jaccard", "mean_io_u"),
    ("metric", "top5", "top_k_categorical_accuracy"),
    ("metric", "log_loss", "binary_crossentropy"),
    // optimizers, schedules, callbacks
    ("optimizer", "stochastic_gradient_descent", "sgd"),
    ("optimizer", "gradient_descent", "sgd"),
    ("optimizer", "momentum", "sgd"),
    ("schedule", "StepLR", "exponential_decay"),
    ("schedule", "ExponentialLR", "exponential_decay"),
    ("schedule", "MultiStepLR", "piecewise_constant_decay"),
    ("schedule", "CosineAnnealingLR", "cosine_decay"),
    ("schedule", "CosineAnnealingWarmRestarts", "cosine_decay_restarts"),
    ("schedule", "LinearLR", "polynomial_decay"),
    ("schedule", "PolynomialLR", "polynomial_decay"),
    ("callback", "checkpoint", "model_checkpoint"),
    ("callback", "save_best", "model_checkpoint"),
    // initializers
    ("initializer", "xavier", "glorot_uniform"),
    ("initializer", "xavier_uniform", "glorot_uniform"),
    ("initializer", "xavier_normal", "glorot_normal"),
    ("initializer", "kaiming", "he_uniform"),
    ("initializer", "kaiming_uniform", "he_uniform"),
    ("initializer", "kaiming_normal", "he_normal"),
    ("activation", "swiglu", "glu"),
    ("activation", "logistic", "sigmoid"),
    ("activation", "identity", "linear"),
    // preprocessing
    ("scaling", "StandardScaler", "standard"),
    ("scaling", "standardize", "standard"),
    ("scaling", "z_score", "standard"),
    ("scaling", "zscore", "standard"),
    ("scaling", "MinMaxScaler", "min_max"),
    ("scaling", "normalize", "min_max"),
    ("scaling", "normalise", "min_max"),
    ("scaling", "normalization", "min_max"),
    ("encoding", "OneHotEncoder", "one_hot"),
    ("encoding", "dummies", "one_hot"),
    ("encoding", "categorical", "one_hot"),
    ("encoding", "LabelEncoder", "label"),
    ("encoding", "OrdinalEncoder", "label"),
    // keys
    ("key", "lr", "learning_rate"),
    ("key", "rate", "learning_rate"),
    ("key", "betas", "beta_1"),
    ("key", "beta1", "beta_1"),
    ("key", "beta2", "beta_2"),
    ("key", "eps", "epsilon"),
    ("key", "alpha", "learning_rate"),
    ("key", "out_features", "units"),
    ("key", "output_dim", "units"),
    ("key", "hidden_size", "units"),
    ("key", "neurons", "units"),
    ("key", "nodes", "units"),
    ("key", "size", "units"),
    ("key", "width", "units"),
    ("key", "out_channels", "filters"),
    ("key", "nb_filter", "filters"),
    ("key", "channels", "filters"),
    ("key", "num_embeddings", "input_dim"),
    ("key", "embedding_dim", "output_dim"),
    ("key", "border_mode", "padding"),
    ("key", "subsample", "strides"),
    ("key", "stride", "strides"),
    ("key", "dilation", "dilation_rate"),
    ("key", "kernel", "kernel_size"),
    ("key", "bias", "use_bias"),
    ("key", "act", "activation"),
    ("key", "nonlinearity", "activation"),
    ("key", "init", "kernel_initializer"),
    ("key", "p", "rate"),
    ("key", "prob", "rate"),
    ("key", "test_size", "validation_split"),
    ("key", "val_size", "validation_split"),
    ("key", "val_split", "validation_split"),
    ("key", "validation_size", "validation_split"),
    ("key", "validation_fraction", "validation_split"),
    ("key", "nb_epoch", "epochs"),
    ("key", "num_epochs", "epochs"),
    ("key", "n_epochs", "epochs"),
    ("key", "max_epochs", "epochs"),
    ("key", "max_iter", "epochs"),
    ("key", "iterations", "epochs"),
    ("key", "batch", "batch_size"),
    ("key", "bs", "batch_size"),
    ("key", "class_weights", "class_weight"),
    ("key", "criterion", "loss"),
    ("key", "objective", "loss"),
    ("key", "loss_function", "loss"),
    ("key", "optim", "optimizer"),
    ("key", "solver", "optimizer"),
    ("key", "random_state", "seed"),
    ("key", "random_seed", "seed"),
    ("key", "weight_init", "kernel_initializer"),
    ("key", "inputs", "features"),
    ("key", "X", "features"),
    ("key", "label", "target"),
    ("key", "labels", "target"),
    ("key", "output", "target"),
    ("key", "file", "train"),
    ("key", "path", "train"),
    ("key", "csv", "train"),
    ("key", "val", "validation"),
    ("key", "valid", "validation"),
    ("key", "name", "column"),
    ("key", "field", "column"),
    ("key", "scaler", "scale"),
    ("key", "scaling", "scale"),
    ("key", "encoder", "encode"),
    ("key", "network", "model"),
    ("key", "training", "fit"),
    ("key", "train", "fit"),
    ("key", "dataset", "data"),
];

/// Words that need more than a name: what it is, the word, a name that must be listed there too (or
/// none), and what to do.
const ADVICE: &[(&str, &str, &str, &str)] = &[
    (
        "key",
        "in_features",
        "units",
        "leave it out: the size of the input comes from the layer before",
    ),
    (
        "key",
        "input_size",
        "units",
        "leave it out: the size of the input comes from the layer before",
    ),
    ("key", "in_channels", "filters", "leave it out: the channels come from the layer before"),
    (
        "key",
        "dropout",
        "units",
        "dropout is a layer of its own, behind this one: `- dropout: {rate: 0.5}`",
    ),
    (
        "key",
        "dropout",
        "filters",
        "dropout is a layer of its own, behind this one: `- dropout: {rate: 0.5}`",
    ),
    (
        "key",
        "batch_norm",
        "units",
        "it is a layer of its own, behind this one: `- batch_normalization`",
    ),
    (
        "key",
        "learning_rate",
        "optimizer",
        "it belongs to the optimizer: `optimizer: {adam: {learning_rate: 0.001}}`",
    ),
    (
        "key",
        "lr",
        "optimizer",
        "it belongs to the optimizer: `optimizer: {adam: {learning_rate: 0.001}}`",
    ),
    (
        "key",
        "learning_rate",
        "epochs",
        "it belongs to the optimizer: `compile: {optimizer: {adam: {learning_rate: 0.001}}}`",
    ),
    (
        "key",
        "lr",
        "epochs",
        "it belongs to the optimizer: `compile: {optimizer: {adam: {learning_rate: 0.001}}}`",
    ),
    (
        "key",
        "weight_decay",
        "optimizer",
        "it belongs to the optimizer: `optimizer: {adam: {weight_decay: 0.004}}`",
    ),
    ("key", "fit", "optimizer", "`fit` stands beside `compile`, not within it: indent it less"),
    ("key", "epochs", "optimizer", "it belongs to `fit`: `fit: {epochs: 10}`"),
    ("key", "batch_size", "optimizer", "it belongs to `fit`: `fit: {batch_size: 32}`"),
    ("key", "compile", "layers", "`compile` stands beside `model`, not within it: indent it less"),
    ("key", "fit", "layers", "`fit` stands beside `model`, not within it: indent it less"),
    ("key", "model", "features", "`model` stands beside `data`, not within it: indent it less"),
    ("key", "layers", "compile", "the layers stand under `model`: `model: {layers: […]}`"),
    (
        "key",
        "optimizer",
        "compile",
        "it belongs to `compile`: `compile: {optimizer: adam, loss: …}`",
    ),
    ("key", "loss", "compile", "it belongs to `compile`: `compile: {loss: …}`"),
    ("key", "metrics", "compile", "it belongs to `compile`: `compile: {metrics: […], loss: …}`"),
    ("key", "epochs", "compile", "it belongs to `fit`: `fit: {epochs: 10}`"),
    ("key", "batch_size", "compile", "it belongs to `fit`: `fit: {batch_size: 32}`"),
    (
        "key",
        "normalize",
        "scale",
        "write `scale: min_max` (from 0 to 1) or `scale: standard` (mean 0, deviation 1)",
    ),
    ("key", "standardize", "scale", "write `scale: standard`"),
    ("key", "one_hot", "encode", "write `encode: one_hot`"),
    (
        "key",
        "patience",
        "epochs",
        "it belongs to a callback: `callbacks: [{early_stopping: {patience: 5}}]`",
    ),
    (
        "key",
        "early_stopping",
        "epochs",
        "it is a callback: `callbacks: [{early_stopping: {patience: 5}}]`",
    ),
    ("key", "metrics", "epochs", "it belongs to `compile`: `compile: {metrics: […]}`"),
    (
        "loss",
        "CrossEntropyLoss",
        "",
        "PyTorch's takes class numbers and logits: `sparse_categorical_crossentropy: {from_logits: true}`; behind a softmax, `sparse_categorical_crossentropy` alone",
    ),
    (
        "loss",
        "NLLLoss",
        "",
        "behind a softmax (not log_softmax) write `sparse_categorical_crossentropy`",
    ),
    (
        "loss",
        "BCEWithLogitsLoss",
        "",
        "it takes logits: `binary_crossentropy: {from_logits: true}`",
    ),
    (
        "layer",
        "Sequential",
        "",
        "the layers stand directly under `model.layers`, without a model around them",
    ),
    (
        "layer",
        "Input",
        "",
        "the shape of the input comes from the data, or stands beside the layers: `model: {input_shape: [8], layers: […]}`",
    ),
    (
        "layer",
        "InputLayer",
        "",
        "the shape of the input comes from the data, or stands beside the layers: `model: {input_shape: [8], layers: […]}`",
    ),
    ("layer", "relu", "", "write `- re_lu`, or `activation: relu` within the layer before"),
    (
        "layer",
        "sigmoid",
        "",
        "write `- activation: sigmoid`, or `activation: sigmoid` within the layer before",
    ),
    (
        "layer",
        "tanh",
        "",
        "write `- activation: tanh`, or `activation: tanh` within the layer before",
    ),
    (
        "layer",
        "gelu",
        "",
        "write `- activation: gelu`, or `activation: gelu` within the layer before",
    ),
    ("activation", "None", "", "leave the key out: without an activation the layer is linear"),
    ("initializer", "None", "", "leave the key out, or write `null`, for the default"),
    ("regularizer", "None", "", "leave the key out, or write `null`, for none"),
    ("constraint", "None", "", "leave the key out, or write `null`, for none"),
    ("scaling", "None", "", "write `none`, or leave the key out"),
    ("encoding", "None", "", "leave the key out: the column is then a number"),
    (
        "callback",
        "StepLR",
        "",
        "a schedule stands at the learning rate: `optimizer: {sgd: {learning_rate: {exponential_decay: {initial_learning_rate: 0.1, decay_steps: 1000, decay_rate: 0.9, staircase: true}}}}`",
    ),
    (
        "callback",
        "tensorboard",
        "",
        "the losses and metrics of every epoch stand in the run's history.csv",
    ),
];

/// The listed name that another word means.
pub(super) fn meant<'a>(noun: &str, found: &str, valid: &[&'a str]) -> Option<&'a str> {
    let mut known = NAMES.iter().filter(|(of, word, _)| *of == noun && same_name(word, found));
    known.find_map(|(.., ours)| valid.iter().find(|name| *name == ours).copied())
}

/// What to do about a word that no listed name replaces.
pub(super) fn advice(noun: &str, found: &str, valid: &[&str]) -> Option<&'static str> {
    let known = ADVICE.iter().find(|(of, word, beside, _)| {
        *of == noun && same_name(word, found) && (beside.is_empty() || valid.contains(beside))
    });
    known.map(|(.., words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callbacks::Callback;
    use crate::config::Entry;
    use crate::layers::Layer;
    use crate::losses::Loss;
    use crate::metrics::Metric;
    use crate::optimizers::Optimizer;
    use crate::schedules::Schedule;

    #[test]
    fn every_word_stands_for_a_listed_name_and_is_none_itself() {
        let mut accepted: Vec<&str> = Vec::new();
        for (noun, word, ours) in NAMES {
            let lists: fn(&str) -> bool = match *noun {
                "layer" => |name| Entry::<dyn Layer>::find(name).is_ok(),
                "loss" => |name| Entry::<dyn Loss>::find(name).is_ok(),
                "metric" => |name| Entry::<dyn Metric>::find(name).is_ok(),
                "optimizer" => |name| Entry::<dyn Optimizer>::find(name).is_ok(),
                "schedule" => |name| Entry::<dyn Schedule>::find(name).is_ok(),
                "callback" => |name| Entry::<dyn Callback>::find(name).is_ok(),
                _ => continue,
            };
            assert!(lists(ours), "{noun} {ours}");
            accepted.extend(lists(word).then_some(*word));
        }
        assert!(accepted.is_empty(), "accepted as they are: {accepted:?}");
    }
}
