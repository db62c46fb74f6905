//! Parquet and Arrow files that are broken anywhere are read or refused: nothing panics, and no
//! memory is taken for what they can't hold.

use super::*;

fn table(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/tables").join(name);
    std::fs::read(path).unwrap()
}

fn load_bytes_of(bytes: &[u8]) -> Result<Loaded> {
    let section = json!({
        "features": [
            { "column": "age", "missing": "mean" },
            "income",
            { "column": "colour", "encode": "label" },
            { "column": "day", "encode": { "date": { "parts": ["month"] } } },
        ],
        "target": { "column": "bought", "encode": "label" },
        "train": "t",
    });
    let section: DataConfig = Node::from_json(&section).read().unwrap();
    load_bytes(bytes.to_vec(), &section, Path::new("."), None, &Random::new(1))
}

#[test]
fn parquet_and_arrow_files_with_any_bytes_changed_are_read_or_refused() {
    let mut state = 1u64;
    let mut random = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut refused = 0;
    for name in ["plain.parquet", "small.parquet", "large.parquet", "plain.arrow", "plain.arrows"] {
        let whole = table(name);
        assert!(load_bytes_of(&whole).is_ok(), "{name}");
        for _ in 0..40 {
            let mut bytes = whole.clone();
            // what files say of themselves stands at their ends
            let places = if random(2) == 0 { bytes.len() } else { 800 };
            let at = bytes.len() - 1 - random(places);
            let with: &[u8] =
                [&b"\xff\xff\xff\x7f"[..], b"\0\0\0\0\0\0\0\x40", b"\x80", b"\x01"][random(4)];
            let end = bytes.len().min(at + with.len());
            bytes[at..end].copy_from_slice(&with[..end - at]);
            refused += usize::from(load_bytes_of(&bytes).is_err());
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn parquet_builds_refuse_arrow_buffers_that_cant_unpack_to_what_they_say() {
    let whole = table("plain.arrow");
    let mut found = false;
    for at in (8..whole.len() - 8).step_by(8) {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&(1i64 << 44).to_le_bytes());
        let error = load_bytes_of(&bytes).err().map(|error| error.to_string());
        found |= error.is_some_and(|error| error.contains("unpacks to more than"));
    }
    assert!(found);
}
