//! Models made and trained in Rust, over arrays.

use candle_core::{Device, Tensor};
use lanthorn::Sequential;
use lanthorn::callbacks::{Hook, Logs, Requests};
use lanthorn::layers::activations::Activation;
use lanthorn::layers::{Dense, Dropout, Embedding, Flatten, Residual};
use lanthorn::losses::{BinaryCrossentropy, MeanSquaredError, SparseCategoricalCrossentropy};
use lanthorn::metrics::Accuracy;
use lanthorn::optimizers::Adam;
use lanthorn::sections::{ClassWeight, CompileConfig, FitConfig, ValidationSplit};
use lanthorn::training::{Arrays, Listeners, Plan};

/// 60 points; class 1 where the sum is above 1.
fn points() -> (Tensor, Tensor) {
    let x: Vec<f32> = (0..120).map(|i| (i * 37 % 101) as f32 / 50.0 - 0.5).collect();
    let y: Vec<u32> = x.chunks(2).map(|p| u32::from(p[0] + p[1] > 1.0)).collect();
    (Tensor::from_vec(x, (60, 2), &Device::Cpu).unwrap(), Tensor::new(y, &Device::Cpu).unwrap())
}

fn classifier() -> Sequential {
    let mut model = Sequential::new([
        Dense::new(8, Activation::relu()).into(),
        Dropout::new(0.1).into(),
        Dense::new(2, Activation::Softmax).into(),
    ]);
    model.compile(CompileConfig {
        optimizer: Adam { learning_rate: 0.02.into(), ..Adam::default() }.into(),
        metrics: vec![Accuracy::default().into()],
        ..CompileConfig::new(SparseCategoricalCrossentropy::default())
    });
    model
}

fn epochs(epochs: usize) -> FitConfig {
    FitConfig { epochs, batch_size: 8, ..FitConfig::default() }
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn a_second_fit_goes_on_where_the_first_one_stopped() {
    let (x, y) = points();
    let (mut once, mut twice) = (classifier(), classifier());
    let whole = once.fit(&x, &y, &epochs(5)).unwrap();
    let mut parts = twice.fit(&x, &y, &epochs(2)).unwrap();
    parts.epochs.extend(twice.fit(&x, &y, &epochs(3)).unwrap().epochs);
    assert_eq!(whole, parts);
    assert_eq!(numbers(&once.predict(&x).unwrap()), numbers(&twice.predict(&x).unwrap()));
}

#[test]
fn ids_may_be_whole_numbers_or_floats() {
    let ids: Vec<u32> = (0..60).map(|i| i * 7 % 11).collect();
    let y = Tensor::new(
        ids.chunks(2).map(|p| p[0] as f32 - p[1] as f32).collect::<Vec<_>>(),
        &Device::Cpu,
    );
    let (x, y) = (Tensor::from_vec(ids, (30, 2), &Device::Cpu).unwrap(), y.unwrap());
    let fitted = |x: &Tensor| {
        let embedding: Embedding =
            serde_json::from_str(r#"{"input_dim": 11, "output_dim": 3}"#).unwrap();
        let mut model = Sequential::new([
            embedding.into(),
            Flatten::default().into(),
            Dense::new(1, Activation::Linear).into(),
        ]);
        let optimizer = Adam { learning_rate: 0.02.into(), ..Adam::default() }.into();
        model.compile(CompileConfig {
            optimizer,
            ..CompileConfig::new(MeanSquaredError::default())
        });
        let history = model.fit(x, &y, &epochs(3)).unwrap();
        (history, numbers(&model.predict(x).unwrap()))
    };
    assert_eq!(fitted(&x), fitted(&x.to_dtype(candle_core::DType::F32).unwrap()));
}

#[test]
fn a_saved_model_is_loaded_and_evaluated_as_it_was() {
    let (x, y) = points();
    let mut model = classifier();
    model.fit(&x, &y, &epochs(30)).unwrap();
    let logs = model.evaluate(&x, &y).unwrap();
    assert!(logs.get("accuracy").unwrap() > 0.9, "{logs:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    let loaded = Sequential::load(&path).unwrap();
    assert_eq!(loaded.evaluate(&x, &y).unwrap(), logs);
    assert_eq!(loaded.summary().unwrap(), model.summary().unwrap());
}

#[test]
fn rows_are_held_back_weighed_and_validated_on() {
    let (x, y) = points();
    let fit = FitConfig {
        validation_split: Some(ValidationSplit::Stratified(0.2)),
        class_weight: Some(ClassWeight::Named(vec![("1".to_string(), 3.0)])),
        ..epochs(2)
    };
    let history = classifier().fit(&x, &y, &fit).unwrap();
    assert_eq!(history.values("val_accuracy").len(), 2);
    let plain = FitConfig { class_weight: None, ..fit.clone() };
    assert_ne!(classifier().fit(&x, &y, &plain).unwrap(), history);
    let rows = Arrays { x: &x, y: &y, sample_weight: None };
    let mut model = classifier();
    let given = model.fit_arrays(rows, Some(rows), &epochs(1), &mut Listeners::none()).unwrap();
    let evaluated = model.evaluate(&x, &y).unwrap();
    let (validated, evaluated) = (given.last("val_loss").unwrap(), evaluated.get("loss").unwrap());
    assert!((validated - evaluated).abs() < 1e-6, "{validated}, {evaluated}"); // other batches
    let both =
        model.fit_arrays(rows, Some(rows), &fit, &mut Listeners::none()).unwrap_err().to_string();
    assert!(both.contains("are both given"), "{both}");
}

#[test]
fn numbers_and_flags_are_targets_too() {
    let (x, y) = points();
    let flags = y.to_dtype(candle_core::DType::F32).unwrap();
    let mut model = Sequential::new([Dense::new(1, Activation::Sigmoid).into()]).with_seed(3);
    model.compile(CompileConfig {
        metrics: vec![Accuracy::default().into()],
        ..CompileConfig::new(BinaryCrossentropy::default())
    });
    let of_flags = model.fit(&x, &flags, &epochs(3)).unwrap();
    let mut same = Sequential::new([Dense::new(1, Activation::Sigmoid).into()]).with_seed(3);
    same.compile(CompileConfig {
        metrics: vec![Accuracy::default().into()],
        ..CompileConfig::new(BinaryCrossentropy::default())
    });
    assert_eq!(same.fit(&x, &y, &epochs(3)).unwrap(), of_flags);
    let mut regression = Sequential::new([Dense::new(2, Activation::Linear).into()]);
    regression.compile(CompileConfig::new(MeanSquaredError::default()));
    let history = regression.fit(&x, &x, &epochs(50)).unwrap();
    assert!(history.last("loss").unwrap() < history.values("loss")[0]);
    assert_eq!(regression.predict(&x).unwrap().dims(), [60, 2]);
}

#[test]
fn mistakes_say_what_was_expected() {
    let (x, y) = points();
    let mut model = classifier();
    let error = model.predict(&x).unwrap_err().to_string();
    assert!(error.contains("call `fit` or `build` first"), "{error}");
    let wrong = Tensor::new(vec![7u32; 60], &Device::Cpu).unwrap();
    let error = model.fit(&x, &wrong, &epochs(1)).unwrap_err().to_string();
    assert!(error.contains("is 7, but class numbers go from 0 to 1"), "{error}");
    let error = model.fit(&x, &y.narrow(0, 0, 10).unwrap(), &epochs(1)).unwrap_err().to_string();
    assert!(error.contains("has 60 rows in `x` and 10 in `y`"), "{error}");
    let wide = Tensor::zeros((60, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let error = model.fit(&wide, &y, &epochs(1)).unwrap_err().to_string();
    assert!(error.contains("built for samples of shape (None, 2), got [3]"), "{error}");
    let error = Sequential::new([]).fit(&x, &y, &epochs(1)).unwrap_err().to_string();
    assert!(error.contains("the model has no layers"), "{error}");
    let mut uncompiled = Sequential::new([Dense::new(2, Activation::Softmax).into()]);
    let error = uncompiled.fit(&x, &y, &epochs(1)).unwrap_err().to_string();
    assert!(error.contains("call `compile`"), "{error}");
}

#[test]
fn a_residual_adds_what_its_two_ways_make() {
    let (x, y) = points();
    let residual = Residual::new([Dense::new(3, Activation::relu()).into()])
        .with_shortcut([Dense::new(3, Activation::Linear).into()]);
    let mut model = Sequential::new([residual.into(), Dense::new(2, Activation::Softmax).into()])
        .with_device(Device::Cpu);
    model.compile(CompileConfig::new(SparseCategoricalCrossentropy::default()));
    let history = model.fit(&x, &y, &epochs(20)).unwrap();
    assert!(history.last("loss").unwrap() < history.values("loss")[0]);
    // both ways and the last layer, each with a kernel and a bias
    assert_eq!(model.weights().unwrap().var_map().all_vars().len(), 6);
}

/// A callback of a program's own.
#[derive(Debug, Clone)]
struct StopAfter(usize);

impl Hook for StopAfter {
    fn on_epoch_end(&mut self, epoch: usize, _: &mut Logs, requests: &mut Requests) {
        if epoch + 1 == self.0 {
            requests.stop = Some("that is enough".to_string());
        }
    }
}

#[test]
fn a_callback_of_a_programs_own_stops_a_training() {
    let configuration = crate::support::project("configs/iris.yaml");
    let plan = Plan::open(&configuration, &["fit.epochs=9".to_string()]).unwrap();
    let mut trainer = plan.trainer(&Device::Cpu).unwrap().with_hook(Box::new(StopAfter(2)));
    trainer.fit(&plan.training_data().unwrap(), &mut Listeners::none()).unwrap();
    assert_eq!(trainer.stopped(), Some("that is enough"));
    assert_eq!(trainer.history.epochs.len(), 2);
}
