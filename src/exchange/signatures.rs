//! Keras's classes and the arguments that their constructors take, in order: what positional
//! arguments in code mean, and which keys Keras accepts in a config (an unknown one is an error
//! there). As of Keras 3.15. They are those of our own lists, the few exceptions named.

use std::sync::LazyLock;

use schemars::SchemaGenerator;

use crate::callbacks::Callback;
use crate::config::names::same_name;
use crate::config::{Catalog, Common};
use crate::layers::Layer;
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::optimizers::schedules::Schedule;

/// One of Keras's modules and its classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// `keras.layers`
    pub path: &'static str,
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
        self.find_by(|known| same_name(known, name))
    }

    fn find_by(&self, is_meant: impl Fn(&str) -> bool) -> Option<Class> {
        let mut all = self.signatures();
        let found = all.find(|own| is_meant(own.name) || own.aliases.iter().any(|a| is_meant(a)));
        found.map(|own| Class {
            module: own.module.path,
            name: own.name,
            arguments: &own.arguments,
        })
    }

    fn signatures(&self) -> impl Iterator<Item = &'static Signature> {
        SIGNATURES.iter().filter(|own| own.module == *self)
    }
}

/// The module whose last parts a name has: `layers`, `optimizers.schedules`.
pub fn module(name: &str) -> Option<Module> {
    let tail = name.rsplit('.').next().unwrap_or(name);
    ALL.into_iter().find(|module| module.path.rsplit('.').next() == Some(tail))
}

/// The class of this name in whichever module has it, layers first.
pub fn class_anywhere(name: &str) -> Option<Class> {
    ALL.into_iter().find_map(|module| module.find_by(|known| known == name))
}

/// `keras.layers`
pub const LAYERS: Module = Module { path: "keras.layers" };
/// `keras.optimizers`
pub const OPTIMIZERS: Module = Module { path: "keras.optimizers" };
/// `keras.optimizers.schedules`
pub const SCHEDULES: Module = Module { path: "keras.optimizers.schedules" };
/// `keras.losses`
pub const LOSSES: Module = Module { path: "keras.losses" };
/// `keras.metrics`
pub const METRICS: Module = Module { path: "keras.metrics" };
/// `keras.initializers`
pub const INITIALIZERS: Module = Module { path: "keras.initializers" };
/// `keras.regularizers`
pub const REGULARIZERS: Module = Module { path: "keras.regularizers" };
/// `keras.constraints`
pub const CONSTRAINTS: Module = Module { path: "keras.constraints" };
/// `keras.callbacks`
pub const CALLBACKS: Module = Module { path: "keras.callbacks" };

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

/// Other names that Keras has for its classes, beside those of our layers: module, class, alias.
const ALIASES: &str = "\
initializers RandomUniform uniform
initializers RandomNormal normal
initializers Zeros zero
initializers Ones one
initializers Orthogonal OrthogonalInitializer
initializers Identity IdentityInitializer
losses MeanSquaredError mse
losses MeanAbsoluteError mae
losses MeanAbsolutePercentageError mape
losses MeanSquaredLogarithmicError msle
losses BinaryCrossentropy bce
losses KLDivergence kld
losses KLDivergence kl_divergence
metrics MeanSquaredError mse
metrics MeanAbsoluteError mae
metrics MeanAbsolutePercentageError mape
metrics MeanSquaredLogarithmicError msle
metrics BinaryCrossentropy bce
metrics KLDivergence kld
metrics KLDivergence kl_divergence
";

/// Where Keras's constructor differs from the arguments of ours, followed by those that all of the
/// module take: module, class, changes. `-name` is an argument that Keras lacks, `name<other` one
/// that stands before another, a bare name one that stands at the end.
const EXCEPTIONS: &str = "\
layers AveragePooling1D name
layers AveragePooling2D name
layers AveragePooling3D name
layers BatchNormalization renorm_clipping<synchronized renorm_momentum<synchronized
layers Bidirectional weights<backward_layer
layers Conv3DTranspose output_padding<dilation_rate
layers EinsumDense -activity_regularizer
layers Embedding weights
layers GRU seed<return_sequences zero_output_for_mask
layers LSTM seed<return_sequences
layers LayerNormalization -rms_scaling
layers MaxPooling1D name
layers MaxPooling2D name
layers MaxPooling3D name
layers RandomContrast -data_format
layers SeparableConv1D depth_multiplier<activation
layers SeparableConv2D depth_multiplier<activation
layers SimpleRNN zero_output_for_mask
layers SpatialDropout1D name dtype
layers SpatialDropout2D seed name dtype
layers SpatialDropout3D seed name dtype
optimizers AdamW weight_decay<beta_1 amsgrad<clipnorm
optimizers LossScaleOptimizer -weight_decay -clipnorm -clipvalue -global_clipnorm -use_ema -ema_momentum -ema_overwrite_frequency -loss_scale_factor -gradient_accumulation_steps
optimizers Muon exclude_layers exclude_embeddings muon_a muon_b muon_c adam_lr_ratio momentum ns_steps nesterov rms_rate
schedules CosineDecay warmup_target warmup_steps
losses Dice axis<dtype
losses SparseCategoricalCrossentropy axis<name
losses Tversky axis<dtype
metrics AUC thresholds multi_label num_labels label_weights from_logits
metrics BinaryAccuracy threshold
metrics BinaryCrossentropy from_logits label_smoothing
metrics CategoricalCrossentropy from_logits label_smoothing axis
metrics ConcordanceCorrelation axis
metrics CosineSimilarity axis
metrics IoU ignore_class sparse_y_true sparse_y_pred axis
metrics MeanIoU ignore_class sparse_y_true sparse_y_pred axis
metrics OneHotIoU ignore_class sparse_y_pred axis
metrics OneHotMeanIoU ignore_class sparse_y_pred axis
metrics PearsonCorrelation axis
metrics SparseCategoricalCrossentropy from_logits ignore_class axis
metrics SparseTopKCategoricalAccuracy from_sorted_ids
";

/// Classes that no list of ours holds: module, class, arguments.
const OTHERS: &str = "\
layers InputLayer shape batch_size dtype sparse ragged batch_shape input_tensor optional name
losses CTC reduction name dtype
metrics Mean name dtype
metrics Sum name dtype
initializers Constant value
initializers GlorotNormal seed input_axes output_axes
initializers GlorotUniform seed input_axes output_axes
initializers HeNormal seed input_axes output_axes
initializers HeUniform seed input_axes output_axes
initializers Identity gain
initializers LecunNormal seed input_axes output_axes
initializers LecunUniform seed input_axes output_axes
initializers Ones
initializers Orthogonal gain seed
initializers RandomNormal mean stddev seed
initializers RandomUniform minval maxval seed
initializers TruncatedNormal mean stddev seed
initializers VarianceScaling scale mode distribution seed input_axes output_axes
initializers Zeros
regularizers L1 l1
regularizers L1L2 l1 l2
regularizers L2 l2
regularizers OrthogonalRegularizer factor mode
constraints MaxNorm max_value axis
constraints MinMaxNorm min_value max_value rate axis
constraints NonNeg
constraints UnitNorm axis
callbacks RemoteMonitor root path field headers send_as_json
callbacks SwapEMAWeights swap_on_epoch
callbacks TensorBoard log_dir histogram_freq write_graph write_images write_steps_per_second update_freq profile_batch embeddings_freq embeddings_metadata
layers ConvLSTM1D filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful
layers ConvLSTM2D filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful
layers ConvLSTM3D filters kernel_size strides padding data_format dilation_rate activation recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed return_sequences return_state go_backwards stateful
";

/// A class with its arguments, separated by blanks, and its other names.
struct Signature {
    module: Module,
    name: &'static str,
    arguments: String,
    aliases: Vec<&'static str>,
}

static SIGNATURES: LazyLock<Vec<Signature>> = LazyLock::new(|| {
    let mut all = Vec::new();
    let keys = <<dyn Optimizer as Catalog>::Common as Common>::KEYS.join(" ");
    listed::<dyn Layer>(LAYERS, "", &mut all);
    listed::<dyn Optimizer>(OPTIMIZERS, &format!("{keys} name"), &mut all);
    listed::<dyn Schedule>(SCHEDULES, "name", &mut all);
    listed::<dyn Loss>(LOSSES, "reduction name dtype", &mut all);
    listed::<dyn Metric>(METRICS, "name dtype", &mut all);
    listed::<dyn Callback>(CALLBACKS, "", &mut all);
    for (module, name, arguments) in OTHERS.lines().filter_map(row) {
        all.push(Signature { module, name, arguments: arguments.into(), aliases: Vec::new() });
    }
    for (module, class, alias) in ALIASES.lines().filter_map(row) {
        let own = all.iter_mut().filter(|own| own.module == module && own.name == class);
        for own in own {
            own.aliases.push(alias);
        }
    }
    all
});

/// A row of a table: module, class, and what is said of it.
fn row(line: &'static str) -> Option<(Module, &'static str, &'static str)> {
    let (module, rest) = line.split_once(' ')?;
    let (class, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((self::module(module)?, class, rest))
}

/// The classes of one of our lists: the arguments in the order in which the struct declares them,
/// then those that all take.
fn listed<T: Catalog + ?Sized>(module: Module, shared: &str, all: &mut Vec<Signature>) {
    let mut generator = SchemaGenerator::default();
    for (kind, schema) in T::kinds().iter().zip(T::schemas(&mut generator)) {
        if kind.is_own {
            continue;
        }
        let properties = schema.get("properties").and_then(|properties| properties.as_object());
        let own = properties.into_iter().flat_map(|properties| properties.keys().cloned());
        let rest = shared.split_whitespace().map(str::to_string);
        let mut arguments: Vec<String> = own.chain(rest).collect();
        let exceptions = EXCEPTIONS.lines().filter_map(row);
        for (_, _, changes) in
            exceptions.filter(|(of, class, _)| *of == module && *class == kind.class_name)
        {
            for change in changes.split(' ') {
                apply(change, &mut arguments);
            }
        }
        let is_layer = module == LAYERS; // of others, ours have more than Keras's
        let aliases = kind.aliases.iter().copied().filter(|_| is_layer).collect();
        let (name, arguments) = (kind.class_name, arguments.join(" "));
        all.push(Signature { module, name, arguments, aliases });
    }
}

/// Makes one change; see [`EXCEPTIONS`].
fn apply(change: &str, arguments: &mut Vec<String>) {
    let (name, before) = change.split_once('<').unwrap_or((change, ""));
    let is_lacking = name.starts_with('-');
    let name = name.trim_start_matches('-');
    arguments.retain(|argument| argument != name);
    if !is_lacking {
        let place = arguments.iter().position(|argument| argument == before);
        arguments.insert(place.unwrap_or(arguments.len()), name.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_names_a_class_and_holds_of_it() {
        for line in EXCEPTIONS.lines() {
            let (module, class, changes) = row(line).unwrap();
            let known: Vec<&str> = module.find(class).unwrap().arguments().collect();
            for change in changes.split(' ') {
                let (name, before) = change.split_once('<').unwrap_or((change, ""));
                let is_lacking = name.starts_with('-');
                assert_eq!(known.contains(&name.trim_start_matches('-')), !is_lacking, "{line}");
                assert!(before.is_empty() || known.contains(&before), "{line}");
            }
        }
        assert!([OTHERS, ALIASES].iter().all(|table| table.lines().all(|l| row(l).is_some())));
    }

    #[test]
    fn arguments_stand_in_the_order_of_keras() {
        for (module, class, expected) in [
            (LAYERS, "SpatialDropout2D", "rate data_format seed name dtype"),
            (LAYERS, "Bidirectional", "layer merge_mode weights backward_layer"),
            (LOSSES, "Dice", "reduction name axis dtype"),
            (METRICS, "F1Score", "average threshold name dtype"),
            (METRICS, "BinaryCrossentropy", "name dtype from_logits label_smoothing"),
            (CALLBACKS, "CSVLogger", "filename separator append"),
        ] {
            assert_eq!(module.find(class).unwrap().arguments, expected, "{class}");
        }
        let lion: Vec<&str> = OPTIMIZERS.find("Lion").unwrap().arguments().collect();
        assert_eq!(lion[..5], ["learning_rate", "beta_1", "beta_2", "weight_decay", "clipnorm"]);
        assert!(LOSSES.find("Crossentropy").is_none(), "it is ours alone");
        assert!(class_anywhere("AvgPool2D").is_some_and(|class| class.name == "AveragePooling2D"));
        assert!(METRICS.find("mse").is_some_and(|class| class.name == "MeanSquaredError"));
    }
}
