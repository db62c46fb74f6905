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
    ("layer", "residual_block", "residual"),
    ("layer", "skip_connection", "residual"),
    ("layer", "Deconvolution2D", "conv2d_transpose"),
    ("layer", "Unflatten", "reshape"),
    // losses
    ("loss", "BCELoss", "binary_crossentropy"),
    ("loss", "l1", "mean_absolute_error"),
    ("loss", "l2", "mean_squared_error"),
    ("loss", "rmse", "mean_squared_error"),
    ("loss", "logistic", "binary_crossentropy"),
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
    ("metric", "auc_roc", "auc"),
    ("metric", "average_precision", "auc"),
    ("metric", "tpr", "recall"),
    ("metric", "ppv", "precision"),
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
    ("key", "W_regularizer", "kernel_regularizer"),
    ("key", "b_regularizer", "bias_regularizer"),
    ("key", "W_constraint", "kernel_constraint"),
    ("key", "inner_init", "recurrent_initializer"),
    ("key", "kernel_size", "pool_size"),
    ("key", "dim", "axis"),
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
    ("key", "sep", "delimiter"),
    ("key", "separator", "delimiter"),
    ("key", "na_values", "missing_values"),
    ("key", "null_values", "missing_values"),
    ("key", "drop", "exclude"),
    ("key", "ignore", "exclude"),
    ("key", "path", "train"),
    ("key", "csv", "train"),
    ("key", "val", "validation"),
    ("key", "valid", "validation"),
    ("key", "name", "column"),
    ("key", "field", "column"),
    ("key", "feature", "column"),
    ("key", "scaler", "scale"),
    ("key", "scaling", "scale"),
    ("key", "encoder", "encode"),
    ("key", "network", "model"),
    ("key", "training", "fit"),
    ("key", "train", "fit"),
    ("key", "dataset", "data"),
];

/// The listed name that another word means.
pub(super) fn meant<'a>(noun: &str, found: &str, valid: &[&'a str]) -> Option<&'a str> {
    let mut known = NAMES.iter().filter(|(of, word, _)| *of == noun && same_name(word, found));
    known.find_map(|(.., ours)| valid.iter().find(|name| *name == ours).copied())
}

/// The names of ours that a word may mean, whatever it is of, each once.
pub fn names_for(word: &str) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for (_, _, ours) in NAMES.iter().filter(|(_, theirs, _)| same_name(theirs, word)) {
        if !names.contains(ours) {
            names.push(ours);
        }
    }
    names
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
    use crate::optimizers::schedules::Schedule;

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
