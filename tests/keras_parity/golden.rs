//! Reading the recordings, comparing, and counting.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;

use candle_core::{DType, Device, Tensor};
use serde_json::Value;

/// What a check of one case says: nothing, or how it differs; `Skip` with a reason.
pub enum Outcome {
    Pass,
    Skip(&'static str),
    Fail(String),
}

/// The check of one case.
pub type Check = fn(&Golden, &Value) -> Result<Outcome, String>;

/// One kind of recordings.
pub struct Golden {
    pub kind: String,
    pub cases: Vec<Value>,
    tensors: HashMap<String, Tensor>,
}

#[derive(Default)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// The folder of the recordings.
pub fn folder() -> PathBuf {
    match std::env::var_os("LANTHORN_GOLDEN") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    }
}

impl Golden {
    pub fn open(kind: &str) -> Golden {
        let path = folder().join(format!("{kind}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut json: Value = serde_json::from_str(&text).unwrap();
        let Value::Array(cases) = json["cases"].take() else {
            panic!("{} has no cases", path.display())
        };
        let path = folder().join(format!("{kind}.safetensors"));
        let tensors = if path.exists() {
            candle_core::safetensors::load(&path, &Device::Cpu).unwrap()
        } else {
            HashMap::new()
        };
        Golden { kind: kind.to_string(), cases, tensors }
    }

    /// The tensor that a JSON string names, as f32.
    pub fn tensor(&self, name: &Value) -> Result<Tensor, String> {
        let name = name.as_str().ok_or_else(|| format!("{name} is not a tensor's name"))?;
        let tensor = self.tensors.get(name).ok_or_else(|| format!("no tensor `{name}`"))?;
        let tensor = tensor.to_dtype(DType::F32).map_err(|e| e.to_string())?;
        tensor.to_device(&self.device()).map_err(|e| e.to_string())
    }

    /// What computes: the CPU, or for what runs anywhere the first GPU, by LANTHORN_TEST_DEVICE=cuda.
    pub fn device(&self) -> Device {
        static GPU: LazyLock<Device> = LazyLock::new(|| Device::new_cuda_with_stream(0).unwrap());
        let runs_anywhere = ["layers", "losses", "fit"].contains(&self.kind.as_str());
        match std::env::var("LANTHORN_TEST_DEVICE") {
            Ok(name) if name == "cuda" && runs_anywhere => GPU.clone(),
            _ => Device::Cpu,
        }
    }

    /// Runs every case; prints those that fail. LANTHORN_CASE=text runs those whose id holds it.
    pub fn run(&self, check: Check) -> Tally {
        let only = std::env::var("LANTHORN_CASE").unwrap_or_default();
        let mut tally = Tally::default();
        for case in &self.cases {
            let id = case["id"].as_str().unwrap_or_default();
            if !id.contains(&only) {
                continue;
            }
            let run = std::panic::AssertUnwindSafe(|| check(self, case));
            let outcome = match std::panic::catch_unwind(run) {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => Outcome::Fail(error),
                Err(_) => Outcome::Fail("panicked".to_string()),
            };
            match outcome {
                Outcome::Pass => tally.passed += 1,
                Outcome::Skip(reason) => {
                    tally.skipped += 1;
                    println!("  skipped {}/{id}: {reason}", self.kind);
                }
                Outcome::Fail(how) => {
                    tally.failed += 1;
                    println!("  FAILED {}/{id}: {how}", self.kind);
                }
            }
        }
        tally
    }
}

/// The tensor's numbers, row-major.
pub fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_dtype(DType::F32).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// |a - b| <= atol + rtol·|b| everywhere and equal shapes, or where they differ.
pub fn close(
    what: &str,
    ours: &Tensor,
    keras: &Tensor,
    atol: f32,
    rtol: f32,
) -> Result<(), String> {
    if ours.dims() != keras.dims() {
        return Err(format!("{what}: shape {:?}, Keras {:?}", ours.dims(), keras.dims()));
    }
    close_numbers(what, &numbers(ours), &numbers(keras), atol, rtol)
}

/// The same over slices.
pub fn close_numbers(
    what: &str,
    ours: &[f32],
    keras: &[f32],
    atol: f32,
    rtol: f32,
) -> Result<(), String> {
    if ours.len() != keras.len() {
        return Err(format!("{what}: {} numbers, Keras {}", ours.len(), keras.len()));
    }
    for (i, (a, b)) in ours.iter().zip(keras).enumerate() {
        let near = (a - b).abs() <= atol + rtol * b.abs() || a == b || (a.is_nan() && b.is_nan());
        if !near {
            return Err(format!("{what}[{i}]: {a}, Keras {b}"));
        }
    }
    Ok(())
}
