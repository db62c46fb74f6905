//! Copies of the model while it trains.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::callback::{
    Callback, Hook, Requests, TrainingInfo, check_verbose, load, save, val_loss,
};
use super::file_name::{Template, check_name};
use super::monitor::{Mode, Monitor, keys};
use super::save_freq::SaveFreq;
use crate::error::Problem;
use crate::history::logs::{Exact, Logs};

/// Saves the model in the run's folder after each epoch or every few batches, or only when the
/// monitored value is the best so far. Keras: `keras.callbacks.ModelCheckpoint`.
///
/// Unlike Keras, `filepath` is the name of a `.safetensors` file inside the run's folder; `lanthorn
/// export` converts it for Keras.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelCheckpoint {
    /// Name of the file; `{epoch:02d}` (from 1), `{batch}` (from 1, if `save_freq` is a number) and
    /// keys of the logs such as `{val_loss:.2f}` are filled in.
    pub filepath: String,
    /// Quantity to monitor: a key of the logs. Default: val_loss.
    #[serde(default = "val_loss")]
    pub monitor: String,
    /// 1 to print a message when it acts. Default: 0.
    #[serde(default)]
    pub verbose: u8,
    /// Whether to save only when the model is better than all before it. Default: false.
    #[serde(default)]
    pub save_best_only: bool,
    /// Must be false: a model file holds weights and configuration, and any safetensors tool can
    /// read the weights. Default: false.
    #[serde(default)]
    pub save_weights_only: bool,
    /// Whether smaller (`min`) or larger (`max`) values are better. Default: auto, which depends on
    /// the metric.
    #[serde(default)]
    pub mode: Mode,
    /// `epoch`, or a number of batches. Default: epoch.
    #[serde(default)]
    pub save_freq: SaveFreq,
    /// Value to beat for the first save, with `save_best_only`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_value_threshold: Option<f64>,
}

impl Callback for ModelCheckpoint {
    fn start(&self, training: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
        check_verbose(self.verbose)?;
        let template = self.template(training)?;
        if self.save_weights_only {
            let message = "`save_weights_only` must be false, got true";
            let help = "a model's file holds weights and configuration, and any safetensors tool \
                        takes the weights out of it; remove it";
            return Err(Problem::at("save_weights_only", message).help(help));
        }
        if self.initial_value_threshold.is_some() && !self.save_best_only {
            let message = "`initial_value_threshold` does nothing without `save_best_only`";
            let help = "add `save_best_only: true`, or remove it";
            return Err(Problem::at("initial_value_threshold", message).help(help));
        }
        let by_batch = matches!(self.save_freq, SaveFreq::Batches(_));
        if self.save_best_only && by_batch && self.monitor.starts_with("val_") {
            let message = format!("`{}` is known at the end of an epoch only", self.monitor);
            let help = "use `save_freq: epoch`, or a `monitor` without `val_`";
            return Err(Problem::at("monitor", message).help(help));
        }
        let is_used = self.save_best_only || self.monitor != val_loss();
        let mut monitor = None;
        if is_used {
            monitor = Some(Monitor::new(&self.monitor, self.mode, 0.0, training)?);
        }
        let best = self.initial_value_threshold.map(Exact);
        Ok(Box::new(CheckpointHook {
            config: self.clone(),
            template,
            monitor: monitor.filter(|_| self.save_best_only),
            state: SavingState { best, batches: 0 },
            epoch: 0,
            warned: false,
        }))
    }
}

impl ModelCheckpoint {
    fn template(&self, training: &TrainingInfo) -> Result<Template, Problem> {
        let path = self.filepath.as_str();
        check_name("filepath", &path.replace(':', ""))?; // colons are the fields' own
        if !path.ends_with(".safetensors") {
            let message = format!("`filepath` must end in .safetensors, got \"{path}\"");
            let keras = path.strip_suffix(".keras").or_else(|| path.strip_suffix(".h5"));
            let help = match keras.map(|name| name.trim_end_matches(".weights")) {
                Some(name) => format!(
                    "write `{name}.safetensors`, and make Keras's file of it with `lanthorn export`"
                ),
                None => "models are saved as safetensors".to_string(),
            };
            return Err(Problem::at("filepath", message).help(help));
        }
        let of_logs = keys(training);
        let by_batch = matches!(self.save_freq, SaveFreq::Batches(_));
        let mut fields = vec!["epoch"];
        fields.extend(by_batch.then_some("batch"));
        fields.extend(
            of_logs.iter().map(String::as_str).filter(|key| !by_batch || !key.starts_with("val_")),
        );
        Template::new("filepath", path, &fields)
    }
}

#[derive(Clone)]
struct CheckpointHook {
    config: ModelCheckpoint,
    template: Template,
    /// Only where the best alone is kept.
    monitor: Option<Monitor>,
    state: SavingState,
    epoch: usize,
    warned: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct SavingState {
    best: Option<Exact>,
    /// Since the last save.
    batches: usize,
}

impl Hook for CheckpointHook {
    fn on_epoch_begin(&mut self, epoch: usize, _: &mut Requests) {
        self.epoch = epoch;
    }

    fn on_batch_end(&mut self, batch: usize, logs: &Logs, requests: &mut Requests) {
        let SaveFreq::Batches(batches) = self.config.save_freq else { return };
        self.state.batches += 1;
        if self.state.batches >= batches {
            self.state.batches = 0;
            self.keep(self.epoch, batch, logs, requests);
        }
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, requests: &mut Requests) {
        self.epoch = epoch + 1; // for a training that is resumed here
        if self.config.save_freq == SaveFreq::Epoch {
            self.keep(epoch, 0, logs, requests);
        }
    }

    fn state(&self) -> Value {
        save(&(&self.state, self.epoch))
    }

    fn set_state(&mut self, state: &Value) -> Result<(), String> {
        (self.state, self.epoch) = load("model_checkpoint", state)?;
        Ok(())
    }

    fn watches_batches(&self) -> bool {
        self.config.save_freq != SaveFreq::Epoch
    }
}

impl CheckpointHook {
    /// Saves the model, if it is to be saved.
    fn keep(&mut self, epoch: usize, batch: usize, logs: &Logs, requests: &mut Requests) {
        let speaks = self.config.verbose > 0;
        let name = match self.template.name(epoch + 1, batch + 1, logs) {
            Ok(name) => name,
            Err(key) => {
                self.warn(
                    requests,
                    format!("`{key}` of `filepath` is not available, nothing is saved"),
                );
                return;
            }
        };
        let epoch = epoch + 1;
        let Some(monitor) = &self.monitor else {
            if speaks {
                requests.messages.push(format!("Epoch {epoch}: saving model to {name}"));
            }
            requests.save.push(name);
            return;
        };
        let key = &monitor.key;
        let Some(value) = logs.get(key) else {
            let message = format!("`{key}` is not available, so the model is saved as it is");
            self.warn(requests, message);
            requests.save.push(name);
            return;
        };
        let best = self.state.best.map(|best| best.0);
        let words = best.map_or("None".to_string(), |best| format!("{best:.5}"));
        if monitor.is_better(value, best) {
            if speaks {
                requests.messages.push(format!(
                    "Epoch {epoch}: {key} improved from {words} to {value:.5}, saving model to {name}"
                ));
            }
            self.state.best = Some(Exact(value));
            requests.save.push(name);
        } else if speaks {
            requests.messages.push(format!("Epoch {epoch}: {key} did not improve from {words}"));
        }
    }

    fn warn(&mut self, requests: &mut Requests, message: String) {
        if !std::mem::replace(&mut self.warned, true) {
            requests.warnings.push(format!("model_checkpoint: {message}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callbacks::CallbackEntry;
    use crate::config::Node;
    use serde_json::json;

    fn start(arguments: Value) -> Result<Box<dyn Hook>, Problem> {
        let config = json!({ "model_checkpoint": arguments });
        let entry: CallbackEntry = Node::from_json(&config).read().unwrap();
        let metrics = vec![("accuracy".to_string(), true)];
        entry.item.start(&TrainingInfo { metrics, has_validation: true, scheduled: false })
    }

    fn saved(hook: &mut dyn Hook, epoch: usize, batches: usize) -> Vec<String> {
        let mut logs = Logs::from_iter([("loss", 0.5), ("val_loss", 0.25)]);
        let mut requests = Requests::default();
        hook.on_epoch_begin(epoch, &mut requests);
        for batch in 0..batches {
            hook.on_batch_end(batch, &logs, &mut requests);
        }
        hook.on_epoch_end(epoch, &mut logs, &mut requests);
        requests.save
    }

    #[test]
    fn a_name_is_filled_in_at_each_epoch() {
        let mut hook =
            start(json!({"filepath": "{epoch:02d}-{val_loss:.2f}.safetensors"})).unwrap();
        assert_eq!(saved(hook.as_mut(), 8, 3), ["09-0.25.safetensors"]);
    }

    #[test]
    fn batches_are_counted_on_through_epochs_and_resumes() {
        let arguments = json!({"filepath": "{epoch}-{batch}.safetensors", "save_freq": 3});
        let mut hook = start(arguments.clone()).unwrap();
        assert_eq!(saved(hook.as_mut(), 0, 4), ["1-3.safetensors"]);
        let mut resumed = start(arguments).unwrap();
        resumed.set_state(&hook.state()).unwrap();
        assert_eq!(saved(resumed.as_mut(), 1, 4), ["2-2.safetensors"]);
    }

    #[test]
    fn what_can_not_be_is_refused_at_its_key() {
        for (arguments, key) in [
            (json!({"filepath": "best.keras"}), "filepath"),
            (json!({"filepath": "a/b.safetensors"}), "filepath"),
            (json!({"filepath": "model.safetensors"}), "filepath"),
            (json!({"filepath": "{val_auc}.safetensors"}), "filepath"),
            (json!({"filepath": "{val_loss}.safetensors", "save_freq": 5}), "filepath"),
            (json!({"filepath": "x.safetensors", "save_weights_only": true}), "save_weights_only"),
            (json!({"filepath": "x.safetensors", "monitor": "f1"}), "monitor"),
            (
                json!({"filepath": "x.safetensors", "save_best_only": true, "save_freq": 5}),
                "monitor",
            ),
            (
                json!({"filepath": "x.safetensors", "initial_value_threshold": 1}),
                "initial_value_threshold",
            ),
        ] {
            match start(arguments.clone()) {
                Err(problem) => assert_eq!(problem.key, key, "{arguments}"),
                Ok(_) => panic!("{arguments} was accepted"),
            }
        }
    }

    #[test]
    fn keras_files_are_refused_with_the_name_to_write() {
        let Err(problem) = start(json!({"filepath": "w.weights.h5"})) else { panic!("accepted") };
        assert!(problem.help.contains("`w.safetensors`"), "{}", problem.help);
    }
}
