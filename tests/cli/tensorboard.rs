//! TensorBoard's event file: whole records, and after a kill and a resume the same steps as without.

use crate::support::Folder;

const EVENTS: &str = "events.out.tfevents.lanthorn";

/// The payloads of the records.
fn payloads(file: &[u8]) -> Vec<&[u8]> {
    let (mut at, mut found) = (0, Vec::new());
    while at < file.len() {
        let length = u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
        found.push(&file[at + 12..at + 12 + length]);
        at += length + 16;
    }
    assert_eq!(at, file.len());
    found
}

/// How many records hold a text.
fn count(file: &[u8], text: &str) -> usize {
    let has = |payload: &&[u8]| payload.windows(text.len()).any(|part| part == text.as_bytes());
    payloads(file).iter().filter(|payload| has(payload)).count()
}

#[test]
fn a_resumed_run_has_each_step_once() {
    let folder = Folder::with_loan();
    let on = "--set logging={\"tensorboard\":{\"histograms\":true,\"configuration\":true}}";
    folder.ok(&format!("train loan.yaml -q --out run {on}"));
    let file = folder.read_bytes(&format!("run/{EVENTS}"));
    assert!(payloads(&file)[0].ends_with(b"brain.Event:2"));
    let counts = |file: &[u8]| {
        ["epoch/loss", "epoch/val_loss", "epoch/learning_rate", "batch/loss", "dense/kernel"]
            .map(|tag| count(file, tag))
    };
    assert_eq!(counts(&file), [4, 4, 4, 4 * 27, 4]);
    assert_eq!(count(&file, "configuration"), 1);

    // what was written after the checkpoint, and half a record, are cut away
    let longer = [&file[..], &file[file.len() - 40..], b"half"].concat();
    folder.write_bytes(&format!("run/{EVENTS}"), &longer);
    folder.ok("train -q --resume run --set fit.epochs=6");
    let file = folder.read_bytes(&format!("run/{EVENTS}"));
    assert_eq!(counts(&file), [6, 6, 6, 6 * 27, 6]);
    assert_eq!(count(&file, "configuration"), 1);

    folder.ok("train loan.yaml -q --out off --set logging.tensorboard=false");
    assert!(!folder.path(&format!("off/{EVENTS}")).exists());
    let model = "model.safetensors";
    folder.ok(&format!("train loan.yaml -q --out on {on}"));
    assert!(
        folder.read_bytes(&format!("off/{model}")) == folder.read_bytes(&format!("on/{model}"))
    );
    let call = folder.run("check loan.yaml --set logging={\"tensorboard\":{\"update_freq\":0}}");
    assert!(call.code == 1 && call.stderr.contains("at least 1, got 0"), "{}", call.stderr);
}
