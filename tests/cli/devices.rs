//! `--device`, in a build without a GPU.

use crate::support::Folder;

#[test]
fn auto_trains_to_the_bytes_of_the_cpu_and_says_what_it_took() {
    if cfg!(feature = "cuda") || cfg!(feature = "metal") {
        return;
    }
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml -q --out cpu --device cpu");
    let call = folder.run("train loan.yaml --out auto --device auto");
    assert_eq!(call.code, 0, "{}", call.stderr);
    assert!(call.stderr.contains("computing on the CPU"), "{}", call.stderr);
    for file in ["model.safetensors", "checkpoint.safetensors"] {
        let read = |run: &str| folder.read_bytes(&format!("{run}/{file}"));
        assert!(read("cpu") == read("auto"), "{file}");
    }
    let quiet = folder.run("train loan.yaml -q --out quiet --device auto");
    assert!(!quiet.stderr.contains("computing"), "{}", quiet.stderr);
}

#[test]
fn a_device_that_is_not_to_be_had_is_told_with_the_way_to_get_it() {
    let folder = Folder::with_loan();
    let told = |device: &str, words: &[&str]| {
        let call = folder.run(&format!("train loan.yaml -q --out run --device {device}"));
        assert_eq!(call.code, 1, "{device}: {}", call.stderr);
        for word in words {
            assert!(call.stderr.contains(word), "{device}: {}", call.stderr);
        }
        assert!(!folder.path("run").exists(), "{device}");
    };
    for device in ["gpu", "cuda:x", "cpu:0", "auto:1", "cuda:-1"] {
        told(device, &["unknown device", "`auto`"]);
    }
    if cfg!(not(feature = "cuda")) {
        told("cuda", &["no cuda support", "--features cuda", "docs/gpu.md"]);
        told("cuda:7", &["no cuda support"]);
    }
}
