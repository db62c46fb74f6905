//! Whole runs of `fit` without shuffling: the logs after every batch, history, weights, optimizer
//! state, predictions, and the text of the summary.

use candle_core::Tensor;
use lanthorn::config::Node;
use lanthorn::data::{Memory, Samples};
use lanthorn::exchange::keras_json::translate;
use lanthorn::model::{DataFacts, Scores, Target, Task, engine_of, score, summary};
use lanthorn::sections::Config;
use lanthorn::training::{Event, Listener, Listeners, Spec, Trainer, TrainingData};
use serde_json::{Value, json};

use crate::golden::{Golden, Outcome, close, close_numbers, numbers};

pub fn check(golden: &Golden, case: &Value) -> Result<Outcome, String> {
    run(golden, case, &|trainer| trainer).map_err(|e| format!("compiled: {e}"))?;
    run(golden, case, &Trainer::autograd).map_err(|e| format!("autograd: {e}"))?;
    run(golden, case, &Trainer::without_kernels).map_err(|e| format!("candle ops: {e}"))?;
    Ok(Outcome::Pass)
}

fn run(golden: &Golden, case: &Value, way: &dyn Fn(Trainer) -> Trainer) -> Result<(), String> {
    let text = |e: lanthorn::Error| e.to_string();
    let tensor = |name: &str| golden.tensor(&case["tensors"][name]);
    let (x, y) = (tensor("x")?, tensor("y")?);
    let spec = spec(case, &x, &y)?;
    let mut trainer = way(Trainer::new(&spec, &golden.device()).map_err(text)?);
    let keras = case["weights"].as_array().ok_or("no weights")?;
    if keras.len() != trainer.model.weights().iter().count() {
        return Err(format!("{} weights, Keras {}", trainer.model.weights().count(), keras.len()));
    }
    for (weight, keras) in trainer.model.weights().iter().zip(keras) {
        weight.set(&golden.tensor(&keras["tensor"])?).map_err(text)?;
    }
    let before = trainer.model.predict(&x).map_err(text)?;
    close("predict before", &before, &tensor("predict_before")?, 1e-5, 1e-4)?;
    let table = summary(&trainer.model, 80, None);
    same_text("summary before", &table, &case["summary_before_compile"])?;

    let all = Table::of(golden, case, &x, &y)?;
    let n = x.dims()[0];
    let part = case["fit"]["validation_split"].as_f64().unwrap_or(0.0);
    let split = (n as f64 * (1.0 - part)).floor() as usize;
    let class_weights = class_weights(case, &all.y[..split * all.y_width()]);
    let weights = class_weights.as_deref().or(all.weights.as_deref().map(|w| &w[..split]));
    let train = Box::new(all.rows(0, split, weights));
    let of_validation = || Box::new(all.rows(split, n, all.weights(split, n))) as Box<dyn Samples>;
    let validation = (split < n).then(of_validation);
    let mut logs = BatchLogs::default();
    let mut listeners = Listeners::new([&mut logs as &mut dyn Listener]);
    trainer.fit(&TrainingData { train, validation }, &mut listeners).map_err(text)?;

    for (batch, (ours, keras)) in logs
        .0
        .iter()
        .zip(case["batch_logs_running_mean"].as_array().into_iter().flatten())
        .enumerate()
    {
        same_logs(&format!("batch {batch}"), ours, keras)?;
    }
    for (key, values) in case["history"].as_object().into_iter().flatten() {
        let ours: Vec<f32> = trainer.history.values(key).iter().map(|x| *x as f32).collect();
        close_numbers(key, &ours, &floats(values), 2e-5, 1e-4)?;
    }
    for (index, weight) in trainer.model.weights().iter().enumerate() {
        close(&weight.path(), &weight.var, &tensor(&format!("final.{index}"))?, 1e-4, 0.0)?;
    }
    let state = trainer.optimizer().variables().map_err(text)?;
    let keras = case["optimizer_state"].as_array().ok_or("no optimizer state")?;
    if state.len() != keras.len() {
        return Err(format!("{} optimizer variables, Keras {}", state.len(), keras.len()));
    }
    for ((name, ours), keras) in state.iter().zip(keras) {
        // a file holds a single number as a vector of one
        let keras = numbers(&golden.tensor(&keras["tensor"])?);
        close_numbers(name, &numbers(ours), &keras, 1e-4, 1e-4)?;
    }
    let after = trainer.model.predict(&x).map_err(text)?;
    close("predict after", &after, &tensor("predict_after")?, 1e-4, 1e-4)?;

    let train = spec.train.as_ref().ok_or("not trained")?;
    let mut scores = Scores::new(&spec, train);
    let mut engine = engine_of(&trainer.model).map_err(text)?;
    let samples = all.rows(0, n, all.weights(0, n));
    let task = Task { network: &trainer.model, loss: &train.loss, samples: &samples };
    score(engine.as_mut(), &task, 32, &mut scores).map_err(text)?;
    same_logs("evaluate", &logs_json(&scores.logs("").map_err(text)?), &case["evaluate_all"])?;
    let count = state.iter().map(|(_, tensor)| tensor.elem_count()).sum();
    let table = summary(&trainer.model, 80, Some(count));
    same_text("summary after", &table, &case["summary_after_fit"])
}

fn spec(case: &Value, x: &Tensor, y: &Tensor) -> Result<Spec, String> {
    let layers: Vec<Value> =
        case["layers"].as_array().into_iter().flatten().map(translate).collect();
    let mut compile = translate(&case["compile"]);
    if let Some(compile) = compile.as_object_mut() {
        compile.retain(|_, value| !value.is_null());
    }
    let fit = json!({
        "batch_size": case["fit"]["batch_size"], "epochs": case["fit"]["epochs"], "shuffle": false,
    });
    let config = json!({
        "model": { "name": case["id"], "input_shape": x.dims()[1..].to_vec(), "layers": layers },
        "compile": compile, "fit": fit,
    });
    let config: Config = Node::from_json(&config).read().map_err(|e| e.to_string())?;
    let numbers: usize = y.dims()[1..].iter().product();
    let target = match config.compile.as_ref().map(|compile| compile.loss.kind.name) {
        Some("sparse_categorical_crossentropy") => Target::Classes(2),
        _ => Target::Numbers(numbers),
    };
    let facts = DataFacts {
        features: Some(x.dims()[1..].iter().product()),
        target: Some(target),
        has_validation: true,
        ..DataFacts::default()
    };
    Spec::resolve(&config, &facts).map_err(|e| e.to_string())
}

/// All samples of a case.
struct Table {
    x: Vec<f32>,
    x_width: usize,
    y: Vec<f32>,
    y_shape: Vec<usize>,
    weights: Option<Vec<f32>>,
}

impl Table {
    fn of(golden: &Golden, case: &Value, x: &Tensor, y: &Tensor) -> Result<Table, String> {
        let weights = match case["tensors"].get("sample_weight") {
            Some(name) => Some(numbers(&golden.tensor(name)?)),
            None => None,
        };
        let y_shape = y.dims()[1..].to_vec();
        let x_width = x.dims()[1..].iter().product();
        Ok(Table { x: numbers(x), x_width, y: numbers(y), y_shape, weights })
    }

    fn y_width(&self) -> usize {
        self.y_shape.iter().product()
    }

    fn weights(&self, start: usize, end: usize) -> Option<&[f32]> {
        self.weights.as_deref().map(|weights| &weights[start..end])
    }

    fn rows<'a>(&'a self, start: usize, end: usize, weights: Option<&'a [f32]>) -> Memory<'a> {
        let (x, y) = (self.x_width, self.y_width());
        let (x_values, y_values) = (&self.x[start * x..end * x], &self.y[start * y..end * y]);
        Memory::new(x_values, x, y_values, &self.y_shape, weights)
    }
}

fn class_weights(case: &Value, labels: &[f32]) -> Option<Vec<f32>> {
    let weights = case["fit"]["class_weight"].as_object()?;
    let weight = |label: &f32| {
        let weight = weights.get(&(*label as i64).to_string());
        weight.and_then(Value::as_f64).unwrap_or(1.0) as f32
    };
    Some(labels.iter().map(weight).collect())
}

#[derive(Default)]
struct BatchLogs(Vec<Value>);

impl Listener for BatchLogs {
    fn on_event(&mut self, event: &Event, trainer: &Trainer) -> lanthorn::Result<()> {
        if matches!(event, Event::Batch) {
            self.0.push(logs_json(&trainer.running_logs()?));
        }
        Ok(())
    }
}

fn logs_json(logs: &lanthorn::callbacks::Logs) -> Value {
    Value::Object(logs.iter().map(|(key, value)| (key.to_string(), json!(value))).collect())
}

fn same_logs(what: &str, ours: &Value, keras: &Value) -> Result<(), String> {
    let keys = |logs: &Value| -> Vec<String> {
        logs.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
    };
    if keys(ours) != keys(keras) {
        return Err(format!("{what}: keys {:?}, Keras {:?}", keys(ours), keys(keras)));
    }
    for key in keys(keras) {
        close_numbers(
            &format!("{what}, {key}"),
            &floats(&ours[&key]),
            &floats(&keras[&key]),
            2e-5,
            1e-4,
        )?;
    }
    Ok(())
}

fn floats(value: &Value) -> Vec<f32> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter().map(|x| x.as_f64().unwrap_or(f64::NAN) as f32).collect()
}

fn same_text(what: &str, ours: &str, keras: &Value) -> Result<(), String> {
    let keras = keras.as_str().unwrap_or_default();
    let lines = |text: &str| {
        text.trim().lines().map(|line| line.trim_end().to_string()).collect::<Vec<_>>()
    };
    for (ours, keras) in lines(ours).iter().zip(lines(keras)) {
        if *ours != keras {
            return Err(format!("{what}:\n  {ours}\n  Keras\n  {keras}"));
        }
    }
    if lines(ours).len() == lines(keras).len() {
        Ok(())
    } else {
        Err(format!("{what}: {} lines, Keras {}", lines(ours).len(), lines(keras).len()))
    }
}
