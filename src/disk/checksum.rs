//! The checksum of what a model or a checkpoint holds, in its own metadata: numbers, names, shapes,
//! types and the rest of the metadata, in whatever order the file has them.

use std::collections::BTreeMap;

use candle_core::Tensor;
use safetensors::View;
use serde_json::Value;

use crate::error::Result;

/// The key of the metadata.
const KEY: &str = "checksum";

/// The same metadata with the checksum of itself and these tensors.
pub(crate) fn seal(mut metadata: Value, tensors: &[(String, Tensor)]) -> Result<Value> {
    let checksum = of(&metadata, tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)))?;
    metadata[KEY] = Value::String(checksum);
    Ok(metadata)
}

/// What the file says and what it comes to, where the two differ; None where they are the same, and
/// where the file, of an older version or another program, has no checksum.
pub(crate) fn mismatch<'a>(
    metadata: &Value,
    tensors: impl Iterator<Item = (&'a str, &'a Tensor)>,
) -> Result<Option<(String, String)>> {
    let mut rest = metadata.clone();
    let Some(said) = rest.as_object_mut().and_then(|entries| entries.shift_remove(KEY)) else {
        return Ok(None);
    };
    let said = said.as_str().unwrap_or("no text").to_string();
    let found = of(&rest, tensors)?;
    Ok((said != found).then_some((said, found)))
}

/// `xxh64:` and 16 digits.
fn of<'a>(
    metadata: &Value,
    tensors: impl Iterator<Item = (&'a str, &'a Tensor)>,
) -> Result<String> {
    let mut hash = Xxh64::default();
    hash.update(metadata.to_string().as_bytes());
    for (name, tensor) in tensors.collect::<BTreeMap<_, _>>() {
        hash.update(format!("\n{name} {:?} {:?}\n", tensor.dtype(), tensor.dims()).as_bytes());
        each_piece(tensor, &mut |bytes| {
            hash.update(bytes);
            Ok(())
        })?;
    }
    Ok(format!("xxh64:{:016x}", hash.digest()))
}

/// The hash of a whole file's bytes.
pub(crate) fn hash_of(bytes: &[u8]) -> String {
    let mut hash = Xxh64::default();
    hash.update(bytes);
    format!("xxh64:{:016x}", hash.digest())
}

/// Numbers of one piece.
const PIECE: usize = 1 << 16;

/// The bytes of a tensor as they stand in a file, a piece at a time: the whole is never copied.
pub(crate) fn each_piece(tensor: &Tensor, see: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let flat = tensor.flatten_all()?;
    let count = flat.elem_count();
    for start in (0..count).step_by(PIECE) {
        see(&flat.narrow(0, start, PIECE.min(count - start))?.data())?;
    }
    Ok(())
}

const P: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

/// XXH64 with seed 0, as its specification (xxhash.com, version 0.1.1) has it.
struct Xxh64 {
    lanes: [u64; 4],
    /// What doesn't fill a stripe of 32 bytes yet.
    rest: Vec<u8>,
    length: u64,
}

impl Default for Xxh64 {
    fn default() -> Self {
        let lanes = [P[0].wrapping_add(P[1]), P[1], 0, 0u64.wrapping_sub(P[0])];
        Xxh64 { lanes, rest: Vec::with_capacity(32), length: 0 }
    }
}

impl Xxh64 {
    fn update(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at(bytes.len().min(32 - self.rest.len()));
            self.rest.extend_from_slice(head);
            bytes = tail;
            if self.rest.len() < 32 {
                return;
            }
            let stripe = std::mem::take(&mut self.rest);
            self.stripe(&stripe);
        }
        let mut stripes = bytes.chunks_exact(32);
        for stripe in &mut stripes {
            self.stripe(stripe);
        }
        self.rest.extend_from_slice(stripes.remainder());
    }

    fn stripe(&mut self, stripe: &[u8]) {
        for (lane, bytes) in self.lanes.iter_mut().zip(stripe.chunks_exact(8)) {
            *lane = round(*lane, word(bytes));
        }
    }

    fn digest(&self) -> u64 {
        let mut hash = P[4]; // no stripe was ever full
        if self.length >= 32 {
            let turned = self.lanes.iter().zip([1, 7, 12, 18]).map(|(x, by)| x.rotate_left(by));
            hash = turned.fold(0, u64::wrapping_add);
            for lane in self.lanes {
                hash = (hash ^ round(0, lane)).wrapping_mul(P[0]).wrapping_add(P[3]);
            }
        }
        hash = hash.wrapping_add(self.length);
        let mut words = self.rest.chunks_exact(8);
        for bytes in &mut words {
            hash = (hash ^ round(0, word(bytes))).rotate_left(27).wrapping_mul(P[0]);
            hash = hash.wrapping_add(P[3]);
        }
        let mut halves = words.remainder().chunks_exact(4);
        for bytes in &mut halves {
            hash = (hash ^ word(bytes).wrapping_mul(P[0])).rotate_left(23);
            hash = hash.wrapping_mul(P[1]).wrapping_add(P[2]);
        }
        for byte in halves.remainder() {
            hash = (hash ^ u64::from(*byte).wrapping_mul(P[4])).rotate_left(11).wrapping_mul(P[0]);
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(P[1]);
        hash = (hash ^ (hash >> 29)).wrapping_mul(P[2]);
        hash ^ (hash >> 32)
    }
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(P[1])).rotate_left(31).wrapping_mul(P[0])
}

/// Up to eight bytes, the lowest first.
fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xxh64_is_the_published_one_however_the_bytes_come() {
        // from xxHash's own sanity checks and its command line
        let text = b"Nobody inspects the spammish repetition";
        for (bytes, expected) in [
            (&b""[..], 0xef46_db37_51d8_e999_u64),
            (b"a", 0xd24e_c4f1_a98c_6e5b),
            (b"abc", 0x44bc_2cf5_ad77_0999),
            (text, 0xfbce_a83c_8a37_8bf1),
        ] {
            for size in [1, 3, 7, 32, 100] {
                let mut hash = Xxh64::default();
                bytes.chunks(size).for_each(|piece| hash.update(piece));
                assert_eq!(hash.digest(), expected, "{bytes:?} by {size}");
            }
        }
    }
}
