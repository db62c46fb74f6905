//! Callbacks: the decisions on a given sequence of monitored values.

use lanthorn::callbacks::{CallbackEntry, Hook, Logs, Requests, TrainingInfo};
use lanthorn::config::Node;
use serde_json::{Map, Value, json};

use crate::golden::{Golden, Outcome, close_numbers};

pub fn check(_: &Golden, case: &Value) -> Result<Outcome, String> {
    let class = case["callback"].as_str().unwrap_or_default();
    let mut config = case["config"].as_object().cloned().unwrap_or_default();
    if class == "ModelCheckpoint" {
        config.insert("filepath".into(), json!("x.safetensors"));
    }
    let entry = Value::Object(Map::from_iter([(class.to_string(), Value::Object(config))]));
    let callback: CallbackEntry = Node::from_json(&entry).read().map_err(|e| e.to_string())?;
    let facts = TrainingInfo { metrics: Vec::new(), has_validation: true, scheduled: false };
    let start = || callback.item.start(&facts).map_err(|problem| problem.message);

    let values: Vec<f64> = case["values"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|value| value.as_f64().unwrap_or(f64::NAN))
        .collect();
    let mut hook = start()?;
    hook.on_train_begin(&mut Requests::default());
    let mut seen =
        Seen { rate: case["initial_lr"].as_f64().unwrap_or(0.1) as f32, ..Seen::default() };
    for (epoch, value) in values.iter().enumerate() {
        // a hook that is resumed at every epoch decides alike
        let state = serde_json::to_string(&hook.state()).map_err(|e| e.to_string())?;
        hook = start()?;
        hook.on_train_begin(&mut Requests::default());
        hook.set_state(&serde_json::from_str(&state).map_err(|e| e.to_string())?)?;
        seen.epoch(hook.as_mut(), epoch, *value);
        if seen.stopped.is_some() {
            break;
        }
    }
    let mut run = Requests::default();
    hook.on_train_end(&mut run);
    seen.restored = if run.restore_best { seen.kept } else { None };
    seen.best_epoch = hook.state()["best_epoch"].as_u64();
    match class {
        "EarlyStopping" => seen.early_stopping(case)?,
        "ReduceLROnPlateau" => {
            let keras: Vec<f32> =
                numbers(&case["lr_after_epoch"]).iter().map(|rate| *rate as f32).collect();
            close_numbers("learning rate", &seen.rates, &keras, 0.0, 1e-6)?;
        }
        _ => same("saved_epochs", json!(seen.saved), &case["saved_epochs"])?,
    }
    Ok(Outcome::Pass)
}

/// What a callback did.
#[derive(Default)]
struct Seen {
    epochs: usize,
    rate: f32,
    rates: Vec<f32>,
    saved: Vec<usize>,
    kept: Option<usize>,
    stopped: Option<usize>,
    best_epoch: Option<u64>,
    restored: Option<usize>,
}

impl Seen {
    fn epoch(&mut self, hook: &mut dyn Hook, epoch: usize, value: f64) {
        let mut run = Requests { learning_rate: Some(self.rate), ..Requests::default() };
        hook.on_epoch_begin(epoch, &mut run);
        hook.on_epoch_end(epoch, &mut Logs::from_iter([("val_loss", value)]), &mut run);
        self.epochs += 1;
        self.rate = run.new_learning_rate.unwrap_or(self.rate);
        self.rates.push(self.rate);
        self.saved.extend(run.save.iter().map(|_| epoch));
        self.kept = if run.keep_best { Some(epoch) } else { self.kept };
        self.stopped = run.stop.map(|_| epoch);
    }

    fn early_stopping(&self, case: &Value) -> Result<(), String> {
        same("epochs_run", json!(self.epochs), &case["epochs_run"])?;
        same("stopped", json!(self.stopped.is_some()), &case["stopped"])?;
        same("stopped_epoch", json!(self.stopped.unwrap_or(0)), &case["stopped_epoch"])?;
        same("best_epoch", json!(self.best_epoch), &case["best_epoch"])?;
        same("restored_from_epoch", json!(self.restored), &case["restored_from_epoch"])
    }
}

fn same(what: &str, ours: Value, keras: &Value) -> Result<(), String> {
    if ours == *keras { Ok(()) } else { Err(format!("{what}: {ours}, Keras {keras}")) }
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}
