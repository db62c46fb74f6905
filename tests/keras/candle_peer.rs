//! model.safetensors' weights in candle's own modules: the names are theirs, and so are the numbers.

use std::collections::HashMap;

use candle_core::{DType, Device, Module, Tensor};
use candle_nn::rnn::RNN;
use candle_nn::{BatchNormConfig, Conv2dConfig, GRUConfig, LSTMConfig, ModuleT, VarBuilder};
use lanthorn::config::Node;
use lanthorn::model::{DataFacts, Network, weights_file};
use lanthorn::sections::Config;
use lanthorn::training::Spec;
use serde_json::{Value, json};

/// A model of ours, and its weights as candle takes them.
fn model(input: &[usize], layers: Value) -> (Network, VarBuilder<'static>) {
    let json = json!({ "model": { "input_shape": input, "layers": layers } });
    let config: Config = Node::from_json(&json).read().unwrap();
    let spec = Spec::resolve(&config, &DataFacts::default()).unwrap();
    let model = Network::build(&spec.model, 3, &Device::Cpu).unwrap();
    for (index, weight) in model.weights().iter().enumerate() {
        // biases and statistics that differ from their start
        let n = weight.elements();
        let values: Vec<f32> =
            (0..n).map(|i| 0.5 + ((i * 7 + index * 3) % 11) as f32 / 20.0).collect();
        if weight.shape().len() == 1 {
            weight.set(&Tensor::from_vec(values, n, &Device::Cpu).unwrap()).unwrap();
        }
    }
    let tensors: HashMap<String, Tensor> =
        weights_file::to_file(model.weights()).unwrap().into_iter().collect();
    (model, VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu))
}

fn ramp(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| ((i * 37 % 23) as f32 - 11.0) / 9.0).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn assert_same(ours: &Tensor, theirs: &Tensor) {
    assert_eq!(ours.dims(), theirs.dims());
    let far = (ours - theirs).unwrap().abs().unwrap().max_all().unwrap();
    let far = far.to_scalar::<f32>().unwrap();
    assert!(far < 1e-5, "they differ by {far}");
}

#[test]
fn linear_is_candles() {
    let (model, vb) = model(&[3], json!([{ "dense": { "units": 4 } }]));
    let x = ramp(&[5, 3]);
    let theirs = candle_nn::linear(3, 4, vb.pp("dense")).unwrap();
    assert_same(&model.predict(&x).unwrap(), &theirs.forward(&x).unwrap());
}

#[test]
fn conv2d_and_batch_norm_are_candles() {
    let layers = json!([{ "conv2d": { "filters": 4, "kernel_size": 3 } }, "batch_normalization"]);
    let (model, vb) = model(&[6, 5, 2], layers);
    let x = ramp(&[2, 6, 5, 2]);
    let conv = candle_nn::conv2d(2, 4, 3, Conv2dConfig::default(), vb.pp("conv2d")).unwrap();
    let config = BatchNormConfig { eps: 1e-3, ..BatchNormConfig::default() };
    let norm = candle_nn::batch_norm(4, config, vb.pp("batch_normalization")).unwrap();
    let first = x.permute((0, 3, 1, 2)).unwrap().contiguous().unwrap();
    let theirs = norm.forward_t(&conv.forward(&first).unwrap(), false).unwrap();
    assert_same(&model.predict(&x).unwrap(), &theirs.permute((0, 2, 3, 1)).unwrap());
}

#[test]
fn embedding_and_layer_norm_are_candles() {
    let layers = json!([
        { "embedding": { "input_dim": 9, "output_dim": 4 } },
        "layer_normalization",
    ]);
    let (model, vb) = model(&[3], layers);
    let ids = Tensor::new(&[[1.0_f32, 8.0, 0.0], [3.0, 3.0, 7.0]], &Device::Cpu).unwrap();
    let table = candle_nn::embedding(9, 4, vb.pp("embedding")).unwrap();
    let norm = candle_nn::layer_norm(4, 1e-3, vb.pp("layer_normalization")).unwrap();
    let rows = table.forward(&ids.to_dtype(DType::U32).unwrap()).unwrap();
    assert_same(&model.predict(&ids).unwrap(), &norm.forward(&rows).unwrap());
}

#[test]
fn lstm_and_gru_are_candles() {
    let x = ramp(&[2, 6, 3]);
    let layers = json!([{ "lstm": { "units": 4, "return_sequences": true } }]);
    let (ours, vb) = model(&[6, 3], layers);
    let lstm = candle_nn::lstm(3, 4, LSTMConfig::default(), vb.pp("lstm")).unwrap();
    let states = lstm.seq(&x).unwrap();
    assert_same(
        &ours.predict(&x).unwrap(),
        &lstm.states_to_tensor(&states).unwrap().reshape((2, 6, 4)).unwrap(),
    );

    let layers = json!([{ "gru": { "units": 4, "return_sequences": true } }]);
    let (ours, vb) = model(&[6, 3], layers);
    let gru = candle_nn::gru(3, 4, GRUConfig::default(), vb.pp("gru")).unwrap();
    let states = gru.seq(&x).unwrap();
    assert_same(
        &ours.predict(&x).unwrap(),
        &gru.states_to_tensor(&states).unwrap().reshape((2, 6, 4)).unwrap(),
    );
}
