use candle_core::{DType, Device, Tensor, Var};

use super::add::added;
use super::lists::{Lists, program};
use super::*;
use crate::gpu::compiled::{Compiled, bytes, floats, nvcc_takes};

const SOURCES: [u32; 7] = [2, 0, 3, 9, 2, 2, 1]; // of 4 positions; 9 is a row of zeros

fn values(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_dtype(DType::F32).unwrap().to_vec1().unwrap()
}

fn numbers(dims: (usize, usize, usize), seed: usize) -> Tensor {
    let count = dims.0 * dims.1 * dims.2;
    let numbers = (0..count).map(|i| ((i * 37 + seed * 11) % 13) as f32 * 0.25 - 1.5);
    Tensor::from_vec(numbers.collect(), dims, &Device::Cpu).unwrap()
}

/// Windows over four rows, which overlap.
fn windows() -> RowLists {
    RowLists::of(&[vec![0, 1, 2], vec![2, 3], vec![1]], 4, &Device::Cpu).unwrap()
}

fn gradient(x: &Var, y: &Tensor, dy: &Tensor) -> Vec<f32> {
    let store = (y * dy).unwrap().sum_all().unwrap().backward().unwrap();
    values(store.get(x).unwrap())
}

#[test]
fn selected_rows_and_gradients_are_those_of_candles_ops() {
    let lists = RowLists::selecting(&SOURCES, 4, &Device::Cpu).unwrap();
    let (x, dy) = (Var::from_tensor(&numbers((2, 4, 3), 1)).unwrap(), numbers((2, 7, 3), 2));
    let y = add_rows(&lists, &x).unwrap();
    let zeros = Tensor::zeros((2, 1, 3), DType::F32, &Device::Cpu).unwrap();
    let sources = Tensor::new(&SOURCES.map(|source| source.min(4)), &Device::Cpu).unwrap();
    let padded = Tensor::cat(&[x.as_tensor(), &zeros], 1).unwrap();
    let theirs = padded.index_select(&sources, 1).unwrap();
    assert_eq!(values(&y), values(&theirs));
    assert_eq!(gradient(&x, &y, &dy), gradient(&x, &theirs, &dy));
    // the opposite's gradient selects
    let x = Var::from_tensor(&dy).unwrap();
    let y = add_rows_back(&lists, &x).unwrap();
    assert_eq!(y.dims(), [2, 4, 3]);
    let seed = numbers((2, 4, 3), 3);
    assert_eq!(gradient(&x, &y, &seed), values(&add_rows(&lists, &seed).unwrap()));
    let half = dy.to_dtype(DType::BF16).unwrap();
    assert_eq!(values(&add_rows_back(&lists, &half).unwrap()), values(&y)); // these are exact
    assert!(add_rows(&lists, &numbers((2, 5, 3), 1)).is_err());
}

#[test]
fn the_largest_rows_gradient_goes_to_the_first_of_equals() {
    let x = Tensor::new(&[[[1f32, 5.0], [3.0, 5.0], [3.0, 0.0], [-1.0, 9.0]]], &Device::Cpu);
    let x = Var::from_tensor(&x.unwrap()).unwrap();
    let y = largest_row(&windows(), &x).unwrap();
    assert_eq!(values(&y), [3.0, 5.0, 3.0, 9.0, 3.0, 5.0]);
    let dy = Tensor::new(&[[[1f32, 2.0], [4.0, 8.0], [16.0, 32.0]]], &Device::Cpu).unwrap();
    assert_eq!(gradient(&x, &y, &dy), [0.0, 2.0, 17.0, 32.0, 4.0, 0.0, 0.0, 8.0]);
}

#[test]
fn the_gpus_texts_make_the_same() {
    let list = |tensor: &Tensor| {
        tensor.to_vec1::<u32>().unwrap().iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
    };
    let tables = |lists: &Lists, name: &str| {
        let (starts, places) = (list(&lists.starts), list(&lists.places));
        format!("static const u32 {name}s[] = {{ {starts} }}, {name}p[] = {{ {places} }};")
    };
    let loops = |call: &str| {
        format!(
            "blockDim.x = 4; gridDim.x = 3;
            for (blockIdx.x = 0; blockIdx.x < 3; blockIdx.x++) {{
                for (threadIdx.x = 0; threadIdx.x < 4; threadIdx.x++) {call};
            }}"
        )
    };
    let run = |name: &str, lists: &RowLists, dims: [usize; 3], call: &str, input: &[f32]| {
        let (count, made) = (input.len(), dims.iter().product::<usize>());
        let main = format!(
            "{}\n{}
            int main(void) {{
                static float x[{count}], y[{made}];
                if (fread(x, sizeof(float), {count}, stdin) != {count}) return 1;
                {}
                return fwrite(y, sizeof(float), {made}, stdout) == {made} ? 0 : 1;
            }}",
            tables(&lists.forward, "f"),
            tables(&lists.backward, "b"),
            loops(call)
        );
        let text = program(name, DType::F32).whole();
        Compiled::of(&text, &main).map(|program| floats(&program.run(&bytes(input))))
    };
    let lists = RowLists::selecting(&SOURCES, 4, &Device::Cpu).unwrap().turned();
    let x = values(&numbers((2, 7, 3), 2));
    let call = "add_rows(x, y, fs, fp, 7, 4, 3, 24)";
    let Some(found) = run("add_rows", &lists, [2, 4, 3], call, &x) else { return };
    assert_eq!(found, added(&x, &lists.forward, [2, 4, 3]).unwrap());

    let x = Var::from_tensor(&numbers((2, 4, 3), 1)).unwrap();
    let y = largest_row(&windows(), &x).unwrap();
    let call = "largest_row(x, y, fs, fp, 4, 3, 3, 18)";
    let found = run("largest_row", &windows(), [2, 3, 3], call, &values(&x)).unwrap();
    assert_eq!(found, values(&y));

    let dy = numbers((2, 3, 3), 4);
    let input = [values(&dy), values(&x)].concat();
    let call = "largest_row_gradient(x, x + 18, y, fs, fp, bs, bp, 4, 3, 3, 24)";
    let found = run("largest_row_gradient", &windows(), [2, 4, 3], call, &input).unwrap();
    assert_eq!(found, gradient(&x, &y, &dy));
}

#[test]
fn the_gpus_compiler_takes_the_texts() {
    let names = ["add_rows", "largest_row", "largest_row_gradient"];
    let both = |name: &&str| [DType::F32, DType::BF16].map(|dtype| program(name, dtype));
    nvcc_takes(&names.iter().flat_map(both).collect::<Vec<_>>());
}
