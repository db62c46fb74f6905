//! What the recordings don't cover: every layer over space as composed of candle ops and as a
//! kernel, over many arguments; and its errors.

use candle_core::{Device, Tensor, Var};
use serde_json::{Value, json};

use crate::Shape;
use crate::config::Node;
use crate::layers::apply_kernel;
use crate::layers::{Context, LayerEntry, Signal};
use crate::random::Random;
use crate::weights::Weights;

fn layer(entry: &Value) -> LayerEntry {
    Node::from_json(entry).read().unwrap()
}

fn problem(entry: &Value, input: &[usize]) -> String {
    let input = Shape(input.to_vec());
    layer(entry).item.output_shape(&input).unwrap_err().message
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Output, gradient of the input and gradients of the weights.
fn run(entry: &LayerEntry, input: &[usize], batch: usize, kernel: bool) -> Vec<Tensor> {
    let random = Random::new(3);
    let mut weights = Weights::new(random, &Device::Cpu);
    let shape = Shape(input.to_vec());
    let output = entry.item.output_shape(&shape).unwrap();
    let built = entry.item.build(&shape, &mut weights.scope("layer", true)).unwrap();
    let mut stream = random.stream("test", "numbers", 0);
    let mut draw = |dims: &[usize]| {
        let n = dims.iter().product();
        let values: Vec<f32> = (0..n).map(|_| stream.uniform_in(-1.0, 1.0)).collect();
        Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
    };
    let x = Var::from_tensor(&draw(&shape.with_batch(batch))).unwrap();
    for weight in weights.iter() {
        weight.set(&draw(weight.shape())).unwrap();
    }
    let signal = Signal::new(x.as_tensor().clone());
    let mut context = Context::training(0, &random);
    let signal = if kernel {
        let bound = built.to_kernel().unwrap();
        apply_kernel(&bound, &output, signal, &mut context).unwrap()
    } else {
        built.forward(signal, &mut context).unwrap()
    };
    let y = signal.tensor;
    assert_eq!(y.dims(), output.with_batch(batch), "{entry:?}");
    let gradients = (&y * draw(y.dims())).unwrap().sum_all().unwrap().backward().unwrap();
    let mut all = vec![y, gradients.get(&x).unwrap().clone()];
    all.extend(weights.iter().map(|weight| gradients.get(&weight.var).unwrap().clone()));
    all
}

fn agree(entry: &Value, input: &[usize], batch: usize) {
    let entry = layer(entry);
    let reference = run(&entry, input, batch, false);
    let kernel = run(&entry, input, batch, true);
    for (at, (reference, kernel)) in reference.iter().zip(&kernel).enumerate() {
        for (a, b) in numbers(reference).iter().zip(numbers(kernel)) {
            assert!((a - b).abs() <= 2e-4 * (1.0 + a.abs()), "{entry:?} {input:?} {at}: {a} {b}");
        }
    }
}

#[test]
fn convolutions_agree_with_their_reference() {
    for padding in ["valid", "same"] {
        for (stride, dilation) in [(1, 1), (2, 1), (3, 1), (1, 2)] {
            let common = json!({
                "kernel_size": [2, 3], "strides": [stride, 1 + stride / 2], "padding": padding,
                "dilation_rate": [1, dilation], "activation": "tanh"
            });
            let with = |name: &str, more: Value| {
                let mut arguments = common.clone();
                let all = arguments.as_object_mut().unwrap();
                all.extend(more.as_object().unwrap().clone());
                json!({ name: arguments })
            };
            let input = [5, 8, 4];
            agree(&with("conv2d", json!({ "filters": 3 })), &input, 2);
            agree(&with("conv2d", json!({ "filters": 6, "groups": 2 })), &input, 19);
            agree(&with("depthwise_conv2d", json!({ "depth_multiplier": 2 })), &input, 3);
            agree(&with("depthwise_conv2d", json!({})), &input, 3);
            agree(&with("separable_conv2d", json!({ "filters": 3 })), &input, 2);
            agree(&with("conv2d_transpose", json!({ "filters": 3 })), &[3, 4, 2], 17);
        }
        for rank in [1, 3] {
            let input = [&[4, 5, 6][3 - rank..], &[2]].concat();
            for name in ["conv", "conv_transpose", "depthwise_conv", "separable_conv"] {
                if rank == 3 && name.contains('p') && name != "conv_transpose" {
                    continue;
                }
                let name = match name {
                    "conv_transpose" => format!("conv{rank}d_transpose"),
                    name => format!("{name}{rank}d"),
                };
                let mut entry = json!({ name.clone():
                    { "kernel_size": 3, "strides": 2, "padding": padding } });
                if !name.starts_with("depthwise") {
                    entry[&name]["filters"] = json!(3);
                }
                agree(&entry, &input, 2);
            }
        }
    }
    agree(
        &json!({ "conv1d": { "filters": 2, "kernel_size": 3, "padding": "causal" } }),
        &[5, 2],
        2,
    );
    let one = json!({ "filters": 4, "kernel_size": 1, "groups": 2, "use_bias": false });
    agree(&json!({ "conv2d": one }), &[4, 3, 4], 2);
    let far = json!({ "filters": 2, "kernel_size": 2, "strides": 5, "output_padding": 4 });
    agree(&json!({ "conv1d_transpose": far }), &[3, 2], 2);
}

#[test]
fn large_images_agree_in_several_tiles() {
    let entry = json!({ "conv2d": { "filters": 8, "kernel_size": 5, "padding": "same" } });
    agree(&entry, &[40, 30, 16], 2);
    let entry = json!({ "conv2d_transpose": { "filters": 16, "kernel_size": 5, "strides": 2 } });
    agree(&entry, &[30, 20, 8], 2);
}

#[test]
fn pools_agree_with_their_reference() {
    for kind in ["max", "average"] {
        for (rank, input) in [(1, &[7, 3][..]), (2, &[5, 6, 2]), (3, &[4, 3, 5, 2])] {
            for padding in ["valid", "same"] {
                for (size, strides) in [(2, 2), (3, 1), (2, 3)] {
                    let name = format!("{kind}_pooling{rank}d");
                    let entry = json!({ name: {
                        "pool_size": size, "strides": strides, "padding": padding } });
                    agree(&entry, input, 2);
                }
            }
            for size in [2, 3, 9] {
                let name = format!("adaptive_{kind}_pooling{rank}d");
                agree(&json!({ name: { "output_size": size } }), input, 2);
            }
            for keepdims in [true, false] {
                let name = format!("global_{kind}_pooling{rank}d");
                agree(&json!({ name: { "keepdims": keepdims } }), input, 2);
            }
        }
    }
}

#[test]
fn padding_cropping_and_upsampling_agree_with_their_reference() {
    agree(&json!({ "zero_padding1d": { "padding": [0, 3] } }), &[4, 2], 2);
    agree(&json!({ "zero_padding2d": { "padding": [1, 0] } }), &[3, 4, 2], 2);
    agree(&json!({ "zero_padding3d": { "padding": [1, [0, 2], 3] } }), &[2, 1, 2, 3], 2);
    agree(&json!({ "cropping1d": { "cropping": [0, 3] } }), &[4, 2], 2);
    agree(&json!({ "cropping2d": { "cropping": [1, 0] } }), &[3, 4, 2], 2);
    agree(&json!("cropping3d"), &[3, 4, 5, 2], 2);
    agree(&json!({ "up_sampling1d": { "size": 3 } }), &[4, 2], 2);
    agree(&json!({ "up_sampling3d": { "size": [1, 2, 3] } }), &[2, 1, 3, 2], 2);
    for how in ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] {
        let entry = json!({ "up_sampling2d": { "size": [3, 2], "interpolation": how } });
        agree(&entry, &[4, 1, 2], 2);
    }
}

#[test]
fn channels_first_is_channels_last_moved() {
    let dims = [2, 3, 5, 4];
    let values: Vec<f32> = (0..120).map(|i| (i * 37 % 23) as f32 - 11.0).collect();
    let last = Tensor::from_vec(values, &dims, &Device::Cpu).unwrap();
    let first = last.permute([0, 3, 1, 2]).unwrap().contiguous().unwrap();
    let conv = json!({ "filters": 3, "kernel_size": [2, 3], "activation": "relu" });
    for (name, arguments) in [
        ("conv2d", conv.clone()),
        ("conv2d_transpose", conv.clone()),
        ("separable_conv2d", conv),
        ("max_pooling2d", json!({ "pool_size": [1, 2] })),
        ("global_average_pooling2d", json!({ "keepdims": true })),
        ("zero_padding2d", json!({ "padding": [[1, 0], [2, 0]] })),
        ("up_sampling2d", json!({ "size": [1, 2] })),
    ] {
        let forward = |format: &str, x: &Tensor| {
            let mut arguments = arguments.clone();
            arguments["data_format"] = json!(format);
            let entry = layer(&json!({ name: arguments }));
            let shape = Shape(x.dims()[1..].to_vec());
            let output = entry.item.output_shape(&shape).unwrap();
            let random = Random::new(5);
            let mut weights = Weights::new(random, &Device::Cpu);
            let built = entry.item.build(&shape, &mut weights.scope("layer", true)).unwrap();
            assert_eq!(built.to_kernel().is_some(), format == "channels_last");
            let mut context = Context::inference(&random);
            let y = built.forward(Signal::new(x.clone()), &mut context).unwrap().tensor;
            assert_eq!(y.dims()[1..], *output.dims());
            y
        };
        let expected = forward("channels_last", &last).permute([0, 3, 1, 2]).unwrap();
        assert_eq!(numbers(&forward("channels_first", &first)), numbers(&expected), "{name}");
    }
}

#[test]
fn the_mask_says_which_steps_are_averaged() {
    let values = [1.0, 2.0, 3.0, f32::NAN, 5.0, 6.0];
    let x = Tensor::from_slice(&values, (2, 3, 1), &Device::Cpu).unwrap();
    let mask = Tensor::new(&[[1f32, 0.0, 1.0], [0.0, 0.0, 0.0]], &Device::Cpu).unwrap();
    let entry = layer(&json!("global_average_pooling1d"));
    let shape = Shape(vec![3, 1]);
    let random = Random::new(1);
    let mut weights = Weights::new(random, &Device::Cpu);
    let built = entry.item.build(&shape, &mut weights.scope("layer", true)).unwrap();
    let signal = || Signal { tensor: x.clone(), mask: Some(mask.clone()) };
    let mut context = Context::inference(&random);
    let reference = built.forward(signal(), &mut context).unwrap();
    let bound = built.to_kernel().unwrap();
    let kernel = apply_kernel(&bound, &Shape(vec![1]), signal(), &mut context).unwrap();
    for output in [reference, kernel] {
        assert!(output.mask.is_none());
        assert_eq!(numbers(&output.tensor), [2.0, 0.0]);
    }
}

#[test]
fn interpolated_numbers_are_weighed_by_distance() {
    let parts = crate::layers::Interpolation::Bilinear;
    let entry = layer(&json!({ "up_sampling2d": { "size": 2, "interpolation": parts } }));
    let random = Random::new(1);
    let mut weights = Weights::new(random, &Device::Cpu);
    let shape = Shape(vec![1, 2, 1]);
    let built = entry.item.build(&shape, &mut weights.scope("layer", true)).unwrap();
    let x = Tensor::from_slice(&[0f32, 4.0], (1, 1, 2, 1), &Device::Cpu).unwrap();
    let y = built.forward(Signal::new(x), &mut Context::inference(&random)).unwrap();
    assert_eq!(numbers(&y.tensor)[..4], [0.0, 1.0, 3.0, 4.0]);
}

#[test]
fn errors_say_both_halves() {
    let conv = |arguments: Value| {
        let mut all = json!({ "filters": 4, "kernel_size": 3 });
        all.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        json!({ "conv2d": all })
    };
    let image = [5, 5, 3];
    for (entry, input, message) in [
        (
            conv(json!({})),
            &[8][..],
            "conv2d takes an input (None, height, width, channels), got (None, 8)",
        ),
        (conv(json!({ "filters": 0 })), &image, "`filters` must be at least 1, got 0"),
        (
            conv(json!({ "kernel_size": [3, 3, 3] })),
            &image,
            "`kernel_size` must be one number or a list of 2 numbers, got 3",
        ),
        (conv(json!({ "strides": 0 })), &image, "`strides` must be at least 1, got 0"),
        (
            conv(json!({ "kernel_size": [3, 6] })),
            &image,
            "`kernel_size` reaches over 6 but the input's axis has 5 with `padding: valid`",
        ),
        (
            conv(json!({ "strides": 2, "dilation_rate": 2 })),
            &image,
            "`strides` above 1 can't be combined with `dilation_rate` above 1, got [2, 2] and [2, 2]",
        ),
        (
            conv(json!({ "groups": 2 })),
            &image,
            "the input's channels must be a multiple of `groups`, got 3 and 2",
        ),
        (
            conv(json!({ "groups": 3 })),
            &image,
            "`filters` must be a multiple of `groups`, got 4 and 3",
        ),
        (
            conv(json!({ "padding": "causal" })),
            &image,
            "`padding: causal` is for conv1d; conv2d takes `valid` or `same`",
        ),
        (
            json!({ "conv1d_transpose": { "filters": 1, "kernel_size": 2, "output_padding": 1 } }),
            &[4, 1],
            "`output_padding` must be less than `strides`, got 1 and 1",
        ),
        (
            json!({ "max_pooling1d": { "pool_size": 6 } }),
            &[5, 1],
            "`pool_size` reaches over 6 but the input's axis has 5 with `padding: valid`",
        ),
        (
            json!({ "cropping1d": { "cropping": [3, 2] } }),
            &[5, 1],
            "`cropping` must leave at least 1 of each axis, got 3 and 2 of 5",
        ),
        (
            json!({ "zero_padding1d": { "padding": [[1, 2]] } }),
            &[5, 1],
            "`padding` must be one number or a list of 2 numbers, before and after",
        ),
    ] {
        assert_eq!(problem(&entry, input), message);
    }
}

#[test]
fn absurd_sizes_are_problems() {
    let most = 1_u64 << 40;
    for entry in [
        json!({ "conv3d": { "filters": most, "kernel_size": most, "padding": "same" } }),
        json!({ "conv3d": { "filters": 1 << 20, "kernel_size": 1 << 20, "padding": "same" } }),
        json!({ "conv3d_transpose": { "filters": 1, "kernel_size": 1, "strides": 1 << 30 } }),
        json!({ "average_pooling3d": { "pool_size": most } }),
        json!({ "adaptive_max_pooling3d": { "output_size": 1 << 20 } }),
        json!({ "zero_padding3d": { "padding": most } }),
        json!({ "zero_padding3d": { "padding": 1 << 30 } }),
        json!({ "cropping3d": { "cropping": most } }),
        json!({ "up_sampling3d": { "size": 1 << 30 } }),
    ] {
        assert!(!problem(&entry, &[4, 4, 4, 1]).is_empty());
    }
    let (huge, conv) = (usize::MAX / 2, json!({ "conv1d": { "filters": 1, "kernel_size": 1 } }));
    assert!(problem(&conv, &[huge, huge]).contains("at most"));
    assert!(problem(&json!("max_pooling1d"), &[0, 3]).contains("at least 1"));
}
