//! Keras's classes and the arguments that their constructors take, in order: what positional
//! arguments in code mean, and which keys Keras accepts in a config (an unknown one is an error
//! there). As of Keras 3.15.

use crate::config::names::same_name;

/// One of Keras's modules and its classes.
#[derive(Debug, Clone, Copy)]
pub struct Module {
    /// `keras.layers`
    pub path: &'static str,
    /// A class a line: its name and its arguments, separated by blanks.
    classes: &'static str,
}

/// One of Keras's classes.
#[derive(Debug, Clone, Copy)]
pub struct Class {
    /// `keras.layers`
    pub module: &'static str,
    /// `Dense`
    pub name: &'static str,
    arguments: &'static str,
}

impl Class {
    /// `keras.Input`, whose first argument is the shape.
    pub fn input() -> Class {
        Class { module: LAYERS.path, name: "InputLayer", arguments: "shape batch_size dtype" }
    }

    /// The constructor's arguments, in order.
    pub fn arguments(&self) -> impl Iterator<Item = &'static str> {
        self.arguments.split_whitespace()
    }

    /// True where the constructor takes an argument of this name; every layer takes `name`,
    /// `trainable` and `dtype`.
    pub fn takes(&self, argument: &str) -> bool {
        let is_layer = self.module == LAYERS.path;
        (is_layer && matches!(argument, "name" | "trainable" | "dtype"))
            || self.arguments().any(|known| known == argument)
    }
}

impl Module {
    /// The class that a name means: `Dense`, `dense`, `l1_l2`, `acc`; case and underscores don't
    /// count.
    pub fn find(&self, name: &str) -> Option<Class> {
        let name = ALIASES
            .iter()
            .find(|(module, alias, _)| *module == self.path && same_name(alias, name))
            .map_or(name, |(_, _, class)| class);
        self.classes().find(|class| same_name(class.name, name))
    }

    fn classes(&self) -> impl Iterator<Item = Class> {
        let module = self.path;
        self.classes.lines().map(move |line| {
            let (name, arguments) = line.split_once(' ').unwrap_or((line, ""));
            Class { module, name, arguments }
        })
    }
}

/// The module whose last parts a name has: `layers`, `optimizers.schedules`.
pub fn module(name: &str) -> Option<Module> {
    let tail = name.rsplit('.').next().unwrap_or(name);
    ALL.into_iter().find(|module| module.path.rsplit('.').next() == Some(tail))
}

/// The class of this name in whichever module has it, layers first.
pub fn class_anywhere(name: &str) -> Option<Class> {
    ALL.into_iter().find_map(|module| {
        let exact = module.classes().any(|class| class.name == name);
        let alias = ALIASES.iter().any(|(path, alias, _)| *path == module.path && *alias == name);
        if exact || alias { module.find(name) } else { None }
    })
}

/// Every module.
pub const ALL: [Module; 9] = [
    LAYERS,
    OPTIMIZERS,
    SCHEDULES,
    LOSSES,
    METRICS,
    INITIALIZERS,
    REGULARIZERS,
    CONSTRAINTS,
    CALLBACKS,
];

/// Other names of classes: module, alias, class.
const ALIASES: &[(&str, &str, &str)] = &[
    ("keras.layers", "AvgPool1D", "AveragePooling1D"),
    ("keras.layers", "AvgPool2D", "AveragePooling2D"),
    ("keras.layers", "AvgPool3D", "AveragePooling3D"),
    ("keras.layers", "MaxPool1D", "MaxPooling1D"),
    ("keras.layers", "MaxPool2D", "MaxPooling2D"),
    ("keras.layers", "MaxPool3D", "MaxPooling3D"),
    ("keras.layers", "GlobalAvgPool1D", "GlobalAveragePooling1D"),
    ("keras.layers", "GlobalAvgPool2D", "GlobalAveragePooling2D"),
    ("keras.layers", "GlobalAvgPool3D", "GlobalAveragePooling3D"),
    ("keras.layers", "GlobalMaxPool1D", "GlobalMaxPooling1D"),
    ("keras.layers", "GlobalMaxPool2D", "GlobalMaxPooling2D"),
    ("keras.layers", "GlobalMaxPool3D", "GlobalMaxPooling3D"),
    ("keras.layers", "Convolution1D", "Conv1D"),
    ("keras.layers", "Convolution2D", "Conv2D"),
    ("keras.layers", "Convolution3D", "Conv3D"),
    ("keras.layers", "Convolution2DTranspose", "Conv2DTranspose"),
    ("keras.layers", "SeparableConvolution1D", "SeparableConv1D"),
    ("keras.layers", "SeparableConvolution2D", "SeparableConv2D"),
    ("keras.initializers", "uniform", "RandomUniform"),
    ("keras.initializers", "normal", "RandomNormal"),
    ("keras.initializers", "zero", "Zeros"),
    ("keras.initializers", "one", "Ones"),
    ("keras.initializers", "OrthogonalInitializer", "Orthogonal"),
    ("keras.initializers", "IdentityInitializer", "Identity"),
    ("keras.losses", "mse", "MeanSquaredError"),
    ("keras.losses", "mae", "MeanAbsoluteError"),
    ("keras.losses", "mape", "MeanAbsolutePercentageError"),
    ("keras.losses", "msle", "MeanSquaredLogarithmicError"),
    ("keras.losses", "bce", "BinaryCrossentropy"),
    ("keras.losses", "kld", "KLDivergence"),
    ("keras.losses", "kl_divergence", "KLDivergence"),
    ("keras.metrics", "mse", "MeanSquaredError"),
    ("keras.metrics", "mae", "MeanAbsoluteError"),
    ("keras.metrics", "mape", "MeanAbsolutePercentageError"),
    ("keras.metrics", "msle", "MeanSquaredLogarithmicError"),
    ("keras.metrics", "bce", "BinaryCrossentropy"),
    ("keras.metrics", "kld", "KLDivergence"),
    ("keras.metrics", "kl_divergence", "KLDivergence"),
];

/// `keras.layers`
pub const LAYERS: Module = Module {
    path: "keras.layers",
    classes: "\
Activation activation
ActivityRegularization l1 l2
AdaptiveAveragePooling1D output_size data_format
AdaptiveAveragePooling2D output_size data_format
AdaptiveAveragePooling3D output_size data_format
AdaptiveMaxPooling1D output_size data_format
AdaptiveMaxPooling2D output_size data_format
AdaptiveMaxPooling3D output_size data_format
AlphaDropout rate noise_shape seed
AveragePooling1D pool_size strides padding data_format name
AveragePooling2D pool_size strides padding data_format name
AveragePooling3D pool_size strides padding data_format name
BatchNormalization axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer moving_variance_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint renorm renorm_clipping renorm_momentum synchronized
Bidirectional layer merge_mode weights backward_layer
Conv1D filters kernel_size strides padding data_format dilation_rate groups activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint bias_constraint
Conv1DTranspose filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint bias_constraint
Conv2D filters kernel_size strides padding data_format dilation_rate groups activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint bias_constraint
Conv2DTranspose filters kernel_size strides padding output_padding data_format dilation_rate activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint bias_constraint
Conv3D filters kernel_size strides padding data_format dilation_rate groups activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint bias_constraint
Conv3DTranspose filters kernel_size strides padding data_format output_padding dilation_rate activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint bias_constraint
ConvLSTM1D filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful
ConvLSTM2D filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful
ConvLSTM3D filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful
Cropping1D cropping
Cropping2D cropping data_format
Cropping3D cropping data_format
Dense units activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer kernel_constraint bias_constraint
DepthwiseConv1D kernel_size strides padding depth_multiplier data_format dilation_rate activation use_bias depthwise_initializer bias_initializer depthwise_regularizer bias_regularizer activity_regularizer depthwise_constraint bias_constraint
DepthwiseConv2D kernel_size strides padding depth_multiplier data_format dilation_rate activation use_bias depthwise_initializer bias_initializer depthwise_regularizer bias_regularizer activity_regularizer depthwise_constraint bias_constraint
Dropout rate noise_shape seed
ELU alpha
EinsumDense equation output_shape activation bias_axes kernel_initializer bias_initializer kernel_regularizer bias_regularizer kernel_constraint bias_constraint
Embedding input_dim output_dim embeddings_initializer embeddings_regularizer embeddings_constraint mask_zero weights
Flatten data_format
GRU units activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful unroll reset_after zero_output_for_mask
GaussianDropout rate seed
GaussianNoise stddev seed
GlobalAveragePooling1D data_format keepdims
GlobalAveragePooling2D data_format keepdims
GlobalAveragePooling3D data_format keepdims
GlobalMaxPooling1D data_format keepdims
GlobalMaxPooling2D data_format keepdims
GlobalMaxPooling3D data_format keepdims
GroupNormalization groups axis epsilon center scale beta_initializer gamma_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint
Identity
InputLayer shape batch_size dtype sparse ragged batch_shape input_tensor optional name
LSTM units activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful unroll zero_output_for_mask
LayerNormalization axis epsilon center scale beta_initializer gamma_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint
LeakyReLU negative_slope
Masking mask_value
MaxPooling1D pool_size strides padding data_format name
MaxPooling2D pool_size strides padding data_format name
MaxPooling3D pool_size strides padding data_format name
Normalization axis mean variance invert
PReLU alpha_initializer alpha_regularizer alpha_constraint shared_axes
Permute dims
RMSNormalization axis epsilon
RandomContrast factor value_range seed
RandomFlip mode seed data_format
RandomRotation factor fill_mode interpolation seed fill_value data_format
RandomTranslation height_factor width_factor fill_mode interpolation seed fill_value data_format
RandomZoom height_factor width_factor fill_mode interpolation seed fill_value data_format
ReLU max_value negative_slope threshold
RepeatVector n
Rescaling scale offset
Reshape target_shape
SeparableConv1D filters kernel_size strides padding data_format dilation_rate depth_multiplier activation use_bias depthwise_initializer pointwise_initializer bias_initializer depthwise_regularizer pointwise_regularizer bias_regularizer activity_regularizer depthwise_constraint pointwise_constraint bias_constraint
SeparableConv2D filters kernel_size strides padding data_format dilation_rate depth_multiplier activation use_bias depthwise_initializer pointwise_initializer bias_initializer depthwise_regularizer pointwise_regularizer bias_regularizer activity_regularizer depthwise_constraint pointwise_constraint bias_constraint
SimpleRNN units activation use_bias kernel_initializer recurrent_initializer bias_initializer kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout return_sequences return_state go_backwards stateful unroll seed zero_output_for_mask
Softmax axis
SpatialDropout1D rate seed name dtype
SpatialDropout2D rate data_format seed name dtype
SpatialDropout3D rate data_format seed name dtype
TimeDistributed layer
UnitNormalization axis
UpSampling1D size
UpSampling2D size data_format interpolation
UpSampling3D size data_format
ZeroPadding1D padding data_format
ZeroPadding2D padding data_format
ZeroPadding3D padding data_format
",
};

/// `keras.optimizers`
pub const OPTIMIZERS: Module = Module {
    path: "keras.optimizers",
    classes: "\
Adadelta learning_rate rho epsilon weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
Adafactor learning_rate beta_2_decay epsilon_1 epsilon_2 clip_threshold relative_step weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
Adagrad learning_rate initial_accumulator_value epsilon weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
Adam learning_rate beta_1 beta_2 epsilon amsgrad weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
AdamW learning_rate weight_decay beta_1 beta_2 epsilon amsgrad clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
Adamax learning_rate beta_1 beta_2 epsilon weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
Ftrl learning_rate learning_rate_power initial_accumulator_value l1_regularization_strength l2_regularization_strength l2_shrinkage_regularization_strength beta weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
Lamb learning_rate beta_1 beta_2 epsilon weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
Lion learning_rate beta_1 beta_2 weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
LossScaleOptimizer inner_optimizer initial_scale dynamic_growth_steps name
Muon learning_rate adam_beta_1 adam_beta_2 adam_weight_decay epsilon weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name exclude_layers exclude_embeddings muon_a muon_b muon_c adam_lr_ratio momentum ns_steps nesterov rms_rate
Nadam learning_rate beta_1 beta_2 epsilon weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
RMSprop learning_rate rho momentum epsilon centered weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
SGD learning_rate momentum nesterov weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
ScheduleFreeAdamW learning_rate beta_1 beta_2 epsilon warmup_steps weight_decay clipnorm clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor gradient_accumulation_steps name
",
};

/// `keras.optimizers.schedules`
pub const SCHEDULES: Module = Module {
    path: "keras.optimizers.schedules",
    classes: "\
CosineDecay initial_learning_rate decay_steps alpha name warmup_target warmup_steps
CosineDecayRestarts initial_learning_rate first_decay_steps t_mul m_mul alpha name
ExponentialDecay initial_learning_rate decay_steps decay_rate staircase name
InverseTimeDecay initial_learning_rate decay_steps decay_rate staircase name
PiecewiseConstantDecay boundaries values name
PolynomialDecay initial_learning_rate decay_steps end_learning_rate power cycle name
",
};

/// `keras.losses`
pub const LOSSES: Module = Module {
    path: "keras.losses",
    classes: "\
BinaryCrossentropy from_logits label_smoothing axis reduction name dtype
BinaryFocalCrossentropy apply_class_balancing alpha gamma from_logits label_smoothing axis reduction name dtype
CTC reduction name dtype
CategoricalCrossentropy from_logits label_smoothing axis reduction name dtype
CategoricalFocalCrossentropy alpha gamma from_logits label_smoothing axis reduction name dtype
CategoricalGeneralizedCrossEntropy q reduction name dtype
CategoricalHinge reduction name dtype
Circle gamma margin remove_diagonal reduction name dtype
CosineSimilarity axis reduction name dtype
Dice reduction name axis dtype
Hinge reduction name dtype
Huber delta reduction name dtype
KLDivergence reduction name dtype
LogCosh reduction name dtype
MeanAbsoluteError reduction name dtype
MeanAbsolutePercentageError reduction name dtype
MeanSquaredError reduction name dtype
MeanSquaredLogarithmicError reduction name dtype
Poisson reduction name dtype
SparseCategoricalCrossentropy from_logits ignore_class reduction axis name dtype
SquaredHinge reduction name dtype
Tversky alpha beta reduction name axis dtype
",
};

/// `keras.metrics`
pub const METRICS: Module = Module {
    path: "keras.metrics",
    classes: "\
AUC num_thresholds curve summation_method name dtype thresholds multi_label num_labels label_weights from_logits
Accuracy name dtype
BinaryAccuracy name dtype threshold
BinaryCrossentropy name dtype from_logits label_smoothing
BinaryIoU target_class_ids threshold name dtype
CategoricalAccuracy name dtype
CategoricalCrossentropy name dtype from_logits label_smoothing axis
CategoricalHinge name dtype
ConcordanceCorrelation name dtype axis
CosineSimilarity name dtype axis
F1Score average threshold name dtype
FBetaScore average beta threshold name dtype
FalseNegatives thresholds name dtype
FalsePositives thresholds name dtype
Hinge name dtype
IoU num_classes target_class_ids name dtype ignore_class sparse_y_true sparse_y_pred axis
KLDivergence name dtype
LogCoshError name dtype
Mean name dtype
MeanAbsoluteError name dtype
MeanAbsolutePercentageError name dtype
MeanIoU num_classes name dtype ignore_class sparse_y_true sparse_y_pred axis
MeanSquaredError name dtype
MeanSquaredLogarithmicError name dtype
OneHotIoU num_classes target_class_ids name dtype ignore_class sparse_y_pred axis
OneHotMeanIoU num_classes name dtype ignore_class sparse_y_pred axis
PearsonCorrelation name dtype axis
Poisson name dtype
Precision thresholds top_k class_id name dtype
PrecisionAtRecall recall num_thresholds class_id name dtype
R2Score class_aggregation num_regressors name dtype
Recall thresholds top_k class_id name dtype
RecallAtPrecision precision num_thresholds class_id name dtype
RootMeanSquaredError name dtype
SensitivityAtSpecificity specificity num_thresholds class_id name dtype
SparseCategoricalAccuracy name dtype
SparseCategoricalCrossentropy name dtype from_logits ignore_class axis
SparseTopKCategoricalAccuracy k name dtype from_sorted_ids
SpecificityAtSensitivity sensitivity num_thresholds class_id name dtype
SquaredHinge name dtype
Sum name dtype
TopKCategoricalAccuracy k name dtype
TrueNegatives thresholds name dtype
TruePositives thresholds name dtype
",
};

/// `keras.initializers`
pub const INITIALIZERS: Module = Module {
    path: "keras.initializers",
    classes: "\
Constant value
GlorotNormal seed input_axes output_axes
GlorotUniform seed input_axes output_axes
HeNormal seed input_axes output_axes
HeUniform seed input_axes output_axes
Identity gain
LecunNormal seed input_axes output_axes
LecunUniform seed input_axes output_axes
Ones
Orthogonal gain seed
RandomNormal mean stddev seed
RandomUniform minval maxval seed
TruncatedNormal mean stddev seed
VarianceScaling scale mode distribution seed input_axes output_axes
Zeros
",
};

/// `keras.regularizers`
pub const REGULARIZERS: Module = Module {
    path: "keras.regularizers",
    classes: "\
L1 l1
L1L2 l1 l2
L2 l2
OrthogonalRegularizer factor mode
",
};

/// `keras.constraints`
pub const CONSTRAINTS: Module = Module {
    path: "keras.constraints",
    classes: "\
MaxNorm max_value axis
MinMaxNorm min_value max_value rate axis
NonNeg
UnitNorm axis
",
};

/// `keras.callbacks`
pub const CALLBACKS: Module = Module {
    path: "keras.callbacks",
    classes: "\
BackupAndRestore backup_dir save_freq double_checkpoint delete_checkpoint
CSVLogger filename separator append
EarlyStopping monitor min_delta patience verbose mode baseline restore_best_weights start_from_epoch
LearningRateScheduler schedule verbose
ModelCheckpoint filepath monitor verbose save_best_only save_weights_only mode save_freq initial_value_threshold
ReduceLROnPlateau monitor factor patience verbose mode min_delta cooldown min_lr
RemoteMonitor root path field headers send_as_json
SwapEMAWeights swap_on_epoch
TensorBoard log_dir histogram_freq write_graph write_images write_steps_per_second update_freq profile_batch embeddings_freq embeddings_metadata
TerminateOnNaN raise_error
",
};
