//! The arguments that every optimizer takes.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::MapAccess;

use crate::config::{Common, checks};
use crate::error::Problem;

/// The arguments that every optimizer takes; Keras's, with Keras's defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct OptimizerCommon {
    /// Decoupled weight decay: `w -= w · weight_decay · learning_rate` before each update, for
    /// every trainable weight. Default: the optimizer's own value; none for most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// Largest norm of each weight's gradient; a larger one is scaled down. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clipnorm: Option<f64>,
    /// Largest absolute value of each element of a gradient; larger ones are clipped. Default:
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clipvalue: Option<f64>,
    /// Largest norm of all gradients together; a larger one is scaled down. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub global_clipnorm: Option<f64>,
    /// Whether to keep an exponential moving average of the weights, which replaces them at the end
    /// of training. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_ema: Option<bool>,
    /// Momentum of the moving average. Default: 0.99.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_momentum: Option<f64>,
    /// Replace the weights by their averages every this many steps. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema_overwrite_frequency: Option<u64>,
    /// Factor by which the loss is multiplied before the backward pass, and the gradients are
    /// divided after it. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_scale_factor: Option<f64>,
    /// Number of batches whose gradients are averaged for one update; at least 2. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gradient_accumulation_steps: Option<u64>,
}

impl OptimizerCommon {
    /// The first of the arguments that are given.
    pub(super) fn first_given(&self) -> Option<&'static str> {
        let OptimizerCommon {
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
        } = self;
        let are_given = [
            weight_decay.is_some(),
            clipnorm.is_some(),
            clipvalue.is_some(),
            global_clipnorm.is_some(),
            use_ema.is_some(),
            ema_momentum.is_some(),
            ema_overwrite_frequency.is_some(),
            loss_scale_factor.is_some(),
            gradient_accumulation_steps.is_some(),
        ];
        Self::KEYS.iter().zip(are_given).find(|(_, is_given)| *is_given).map(|(key, _)| *key)
    }
}

impl Common for OptimizerCommon {
    const KEYS: &'static [&'static str] = &[
        "weight_decay",
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
        "use_ema",
        "ema_momentum",
        "ema_overwrite_frequency",
        "loss_scale_factor",
        "gradient_accumulation_steps",
    ];

    fn read<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match key {
            "weight_decay" => self.weight_decay = map.next_value()?,
            "clipnorm" => self.clipnorm = map.next_value()?,
            "clipvalue" => self.clipvalue = map.next_value()?,
            "global_clipnorm" => self.global_clipnorm = map.next_value()?,
            "use_ema" => self.use_ema = map.next_value()?,
            "ema_momentum" => self.ema_momentum = map.next_value()?,
            "ema_overwrite_frequency" => self.ema_overwrite_frequency = map.next_value()?,
            "loss_scale_factor" => self.loss_scale_factor = map.next_value()?,
            _ => self.gradient_accumulation_steps = map.next_value()?,
        }
        Ok(())
    }
}

impl OptimizerCommon {
    /// Whether averages of the weights are kept.
    pub fn uses_ema(&self) -> bool {
        self.use_ema.unwrap_or(false)
    }

    /// What is wrong with the arguments.
    pub fn check(&self) -> Result<(), Problem> {
        if let Some(decay) = self.weight_decay {
            checks::not_negative("weight_decay", decay)?;
        }
        let clips = [
            ("clipnorm", self.clipnorm),
            ("clipvalue", self.clipvalue),
            ("global_clipnorm", self.global_clipnorm),
        ];
        let mut set = clips.iter().filter_map(|(key, value)| value.map(|value| (*key, value)));
        if let Some((first, value)) = set.next() {
            checks::positive(first, value)?;
            if let Some((second, _)) = set.next() {
                let message = format!("`{first}` and `{second}` can't both be set");
                let help = "keep one of `clipnorm`, `clipvalue` and `global_clipnorm`";
                return Err(Problem::at(second, message).help(help));
            }
        }
        if let Some(momentum) = self.ema_momentum {
            checks::fraction("ema_momentum", momentum)?;
        }
        if self.ema_overwrite_frequency == Some(0) {
            let message = "`ema_overwrite_frequency` must be at least 1, got 0";
            return Err(Problem::at("ema_overwrite_frequency", message));
        }
        if self.ema_overwrite_frequency.is_some() && !self.uses_ema() {
            let message = "`ema_overwrite_frequency` needs `use_ema: true`";
            return Err(Problem::at("ema_overwrite_frequency", message)
                .help("add `use_ema: true`, or remove it"));
        }
        if let Some(factor) = self.loss_scale_factor {
            checks::positive("loss_scale_factor", factor)?;
        }
        match self.gradient_accumulation_steps {
            Some(steps) if steps < 2 => {
                let key = "gradient_accumulation_steps";
                let message = format!("`{key}` must be at least 2, got {steps}");
                Err(Problem::at(key, message).help("remove it to step at every batch"))
            }
            _ => Ok(()),
        }
    }
}
