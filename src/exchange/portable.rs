//! `Portable`: a model as the exporters see it. Every layer with its configuration, its shapes and
//! its weights in Keras's order and layout; free of how the model is run.

use candle_core::Tensor;
use serde_json::{Map, Value};

use crate::config::names::snake_case;
use crate::data::Preprocessing;
use crate::error::{Error, Result};
use crate::layers::{LayerEntry, LayerKind, Recurrent};
use crate::sections::CompileConfig;
use crate::shape::Shape;
use crate::target::{Output, Target, TargetRange};

/// A model to be written in another format.
#[derive(Debug, Clone)]
pub struct Portable {
    /// `sequential`, or the model's own name.
    pub name: String,
    /// The shape of one sample.
    pub input: Vec<usize>,
    /// First to last.
    pub layers: Vec<PortableLayer>,
    /// The `compile` section; none for an architecture alone.
    pub compile: Option<CompileConfig>,
    /// What becomes of the cells of a row; none for an architecture alone.
    pub preprocessing: Option<Preprocessing>,
    /// The optimizer's variables in Keras's order; empty where there are none.
    pub optimizer: Vec<(String, Tensor)>,
}

/// One layer.
#[derive(Debug, Clone)]
pub struct PortableLayer {
    /// Unique in the model: `dense_1`.
    pub name: String,
    /// Its kind and its configuration.
    pub entry: LayerEntry,
    /// False where its weights are frozen.
    pub trainable: bool,
    /// The shape that comes in, batch left out.
    pub input: Vec<usize>,
    /// The shape that goes out.
    pub output: Vec<usize>,
    /// Name, values; in Keras's order and layout.
    pub weights: Vec<(String, Tensor)>,
    /// The layers inside a residual, those of its `shortcut` last; none for every other layer.
    pub ways: [Vec<PortableLayer>; 2],
}

impl Portable {
    /// The shape that goes out of the last layer.
    pub fn output(&self) -> &[usize] {
        self.layers.last().map_or(&self.input, |layer| &layer.output)
    }

    /// Every layer, those inside residuals too.
    pub fn every_layer(&self) -> Vec<&PortableLayer> {
        self.layers.iter().flat_map(PortableLayer::with_inner).collect()
    }

    /// The names of the classes that it tells apart: the target's or, where that is class numbers as
    /// they stand in the table, these numbers.
    pub(crate) fn classes(&self, preprocessing: &Preprocessing) -> Option<Vec<String>> {
        if let Some(classes) = preprocessing.classes() {
            return Some(classes.to_vec());
        }
        let (shape, target) = (Shape(self.output().to_vec()), preprocessing.target_kind());
        let output = Output { shape: &shape, activation: None, target };
        let range = self.compile.as_ref()?.loss.item.target_range(&output);
        match (self.output(), target, range) {
            ([width], Target::Numbers(1), TargetRange::ClassNumbers) if *width > 1 => {
                Some((0..*width).map(|class| class.to_string()).collect())
            }
            _ => None,
        }
    }

    /// True where the model gives logits: a softmax (or, of one output, a sigmoid) is still to come.
    pub fn gives_logits(&self) -> bool {
        self.compile.as_ref().is_some_and(|compile| compile.loss.item.from_logits())
    }

    /// True where these logits are of labels, each of which a sigmoid makes a probability.
    pub fn gives_logits_of_labels(&self) -> bool {
        self.gives_logits()
            && self.compile.as_ref().is_some_and(|compile| compile.loss.is_of_labels())
    }

    /// Keras's keys for the layers in its files: the class in snake_case, counted in the model,
    /// whatever the layer's own name.
    pub fn file_keys(&self) -> Vec<String> {
        file_keys(self.layers.iter().map(PortableLayer::class))
    }
}

/// See [`Portable::file_keys`].
pub fn file_keys<'a>(classes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    classes
        .map(|class| {
            let base = snake_case(class);
            let count = counts.entry(base.clone()).or_insert(0);
            *count += 1;
            if *count == 1 { base } else { format!("{base}_{}", *count - 1) }
        })
        .collect()
}

impl PortableLayer {
    /// Which layer it is, with its arguments.
    pub fn kind(&self) -> LayerKind<'_> {
        LayerKind::from(&*self.entry.item)
    }

    /// This layer, and after it those inside it.
    pub fn with_inner(&self) -> Vec<&PortableLayer> {
        let inner = self.ways.iter().flatten().flat_map(PortableLayer::with_inner);
        std::iter::once(self).chain(inner).collect()
    }

    /// Keras's class: `Dense`.
    pub fn class(&self) -> &'static str {
        self.entry.kind.class_name
    }

    /// An error that names the layer.
    pub fn refuse(&self, why: impl Into<String>) -> Error {
        Error::run(format!("layer `{}` ({}): {}", self.name, self.class(), why.into()))
    }

    /// A weight by Keras's name.
    pub fn weight(&self, name: &str) -> Option<&Tensor> {
        self.weights.iter().find(|(own, _)| own == name).map(|(_, tensor)| tensor)
    }

    /// What an LSTM, GRU or SimpleRNN does.
    pub fn cell(&self) -> Result<Recurrent> {
        self.entry.item.recurrent().ok_or_else(|| self.refuse("it is not a recurrent layer"))
    }

    /// A layer inside this one as a layer of its own, without weights.
    pub fn inner(&self, entry: &LayerEntry) -> PortableLayer {
        PortableLayer {
            name: entry.common.name.clone().unwrap_or_else(|| snake_case(entry.kind.class_name)),
            entry: entry.clone(),
            weights: Vec::new(),
            ways: Default::default(),
            ..self.clone()
        }
    }
}

/// The name and the arguments of an entry: `relu`, or `{leaky_relu: {negative_slope: 0.1}}`.
pub fn named(entry: &Value) -> Option<(String, Map<String, Value>)> {
    match entry {
        Value::String(name) => Some((name.clone(), Map::new())),
        Value::Object(map) if map.len() == 1 => {
            let (name, arguments) = map.iter().next()?;
            match arguments {
                Value::Object(arguments) => Some((name.clone(), arguments.clone())),
                Value::Null => Some((name.clone(), Map::new())),
                _ => None,
            }
        }
        _ => None,
    }
}
