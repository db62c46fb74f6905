//! Memory is asked for before it is taken.

use crate::support::{Folder, LOAN};
use lanthorn::model::{Need, Network};
use lanthorn::optimizers::OptimizerState;
use lanthorn::training::Plan;

/// 24 bytes a weight and more: no machine has that.
fn huge() -> String {
    LOAN.replace("units: 8,", "units: 500000000,")
        .replace("    - dropout", "    - dense: {units: 4}\n    - dropout")
}

#[test]
fn a_model_that_is_too_large_is_refused_before_memory_is_taken() {
    let folder = Folder::with_loan();
    folder.write("huge.yaml", &huge());
    let limited = |arguments: &str| {
        let binary = env!("CARGO_BIN_EXE_lanthorn");
        // where the machine has so much, the limit of the process counts
        let line = format!("ulimit -v 16000000; {binary} {arguments}");
        let output = std::process::Command::new("sh")
            .args(["-c", &line])
            .current_dir(folder.path(""))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    if cfg!(target_os = "linux") {
        let (code, out, err) = limited("train huge.yaml --out run");
        assert_eq!(code, Some(1), "{out}{err}");
        assert!(err.contains("error: training needs 109.90 GB"), "{err}");
        assert!(err.contains(" are free") && err.contains("for the optimizer"), "{err}");
        assert!(err.contains("39.12 GB for the copy that is written as a checkpoint"), "{err}");
        assert!(!folder.path("run").exists());
        for verb in ["check", "summary"] {
            let (code, out, err) = limited(&format!("{verb} huge.yaml"));
            assert_eq!(code, Some(0), "{err}");
            assert!(err.contains("warning: training needs 109.90 GB"), "{verb}: {err}");
            assert!(verb == "check" || out.contains("3,500,000,014"), "{out}");
        }
    }
    let call = folder.run("check loan.yaml");
    assert!(!call.stderr.contains("memory"), "{}", call.stderr);
}

#[test]
fn the_need_is_what_the_trainer_takes() {
    let folder = Folder::with_loan();
    for optimizer in [
        "adam",
        "sgd",
        "{sgd: {momentum: 0.9}}",
        "{adam: {amsgrad: true}}",
        "adafactor",
        "muon",
        "{adam: {use_ema: true}}",
        "{adam: {gradient_accumulation_steps: 2}}",
        "{loss_scale_optimizer: {inner_optimizer: adam}}",
    ] {
        let text = LOAN.replace("{adam: {learning_rate: 0.01}}", optimizer);
        folder.write("it.yaml", &text.replace("units: 8", "units: 800"));
        let plan = Plan::open(&folder.path("it.yaml"), &[]).unwrap();
        let need = Need::of_training(&plan.spec, 300).unwrap();
        let network = Network::build(&plan.spec.model, 0, &candle_core::Device::Cpu).unwrap();
        let weights = 4 * network.weights().count() as u64;
        let trainable: usize =
            network.weights().trainable().map(lanthorn::model::Weight::elements).sum();
        assert_eq!((need.weights, need.gradients), (weights, 4 * trainable as u64));
        assert_eq!((need.best, need.checkpoint), (0, need.weights + need.optimizer));
        let callbacks =
            "fit.callbacks=[{early_stopping: {restore_best_weights: true}}]".to_string();
        let best = Plan::open(&folder.path("it.yaml"), &[callbacks]).unwrap();
        let best = Need::of_training(&best.spec, 300).unwrap();
        assert_eq!((best.best, best.checkpoint), (weights, need.checkpoint + weights));
        assert_eq!(need.activations, 4 * 10 * (2 + 800 + 800 + 2));
        let train = plan.spec.train.as_ref().unwrap();
        let state = OptimizerState::new(&train.optimizer, network.weights()).unwrap();
        let kept: usize = state.variables().unwrap().iter().map(|(_, t)| t.elem_count()).sum();
        let few = (kept as u64 * 4).saturating_sub(need.optimizer);
        assert!(kept as u64 * 4 >= need.optimizer && few < 100, "{optimizer}: {kept} {need:?}");
    }
}

#[test]
fn the_file_of_a_model_can_t_ask_for_what_no_such_model_would() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let bytes = folder.read_bytes("run/model.safetensors");
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    for layers in [
        r#"{\"repeat_vector\":{\"n\":100000000}},{\"global_average_pooling1d\":{}},"#,
        r#"{\"repeat_vector\":{\"n\":3000}},{\"flatten\":{}},{\"repeat_vector\":{\"n\":3000}},{\"global_average_pooling1d\":{}},"#,
    ] {
        let place = r#"\"layers\":["#;
        assert!(header.contains(place), "{header}");
        let header = header.replace(place, &format!("{place}{layers}"));
        let mut bad = (header.len() as u64).to_le_bytes().to_vec();
        bad.extend_from_slice(header.as_bytes());
        bad.extend_from_slice(&bytes[8 + length..]);
        folder.write_bytes("bad.safetensors", &bad);
        for verb in ["predict bad.safetensors loan.csv", "summary bad.safetensors"] {
            let call = folder.run(verb);
            assert_eq!(call.code, 1, "{}", call.stderr);
            assert!(call.stderr.contains("memory for one sample"), "{}", call.stderr);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_of_rows_is_read_in_small_pages() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out run");
    let mut command = folder.command(&["predict", "run", "-"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    let path = format!("/proc/{}/status", child.id());
    let mut found = None;
    for _ in 0..200 {
        let status = std::fs::read_to_string(&path).unwrap_or_default();
        found =
            status.lines().find_map(|line| line.strip_prefix("THP_enabled:")?.trim().parse().ok());
        if found != Some(1) {
            break; // an old kernel doesn't tell
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success()); // an empty table
    assert_ne!(found, Some(1));
}
