//! Categories without a list of them: a hash of the text.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::met::Met;
use super::transform::{Encoded, Encoder, Primitive};
use crate::error::Problem;

/// A number below `num_bins`, computed from the text by a hash function: every text has one,
/// whether or not it was seen in training, and several texts may share one. Keras:
/// `keras.layers.Hashing`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hashing {
    /// Number of hash bins.
    pub num_bins: usize,
    /// One or two whole numbers that change the hash, which is then SipHash64 instead of
    /// FarmHash64. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
    /// `int` for the number of the bin, `one_hot` for a column for each bin. Keras calls it
    /// `output_mode`. Default: int.
    #[serde(default)]
    pub output: HashingOutput,
}

/// What a hash becomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "output", rename_all = "snake_case")]
pub enum HashingOutput {
    /// The number of the bin.
    #[default]
    Int,
    /// One column for each bin: 1 for that of the cell, 0 for the others.
    OneHot,
}

/// The key of the hash. One number stands for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u64; 2]);

/// The most bins.
const MOST_BINS: usize = 1 << 24; // whole numbers up to here are exact in 32 bits
/// The most bins that become a column each.
const MOST_COLUMNS: usize = 4096;

impl Encoder for Hashing {
    type Fitted = Hashing;

    fn check(&self) -> Result<(), Problem> {
        let most = match self.output {
            HashingOutput::Int => MOST_BINS,
            HashingOutput::OneHot => MOST_COLUMNS,
        };
        if (1..=most).contains(&self.num_bins) {
            return Ok(());
        }
        let message = format!("`num_bins` must be between 1 and {most}, got {}", self.num_bins);
        Err(Problem::at("num_bins", message))
    }

    fn may_be_scaled(&self) -> bool {
        self.output == HashingOutput::Int
    }

    fn may_be_target(&self) -> bool {
        false
    }

    fn fit(&self, _: &Met<'_>) -> Hashing {
        *self
    }
}

impl Encoded for Hashing {
    fn count(&self) -> usize {
        self.num_bins
    }

    fn index(&self, text: &str) -> Option<usize> {
        let hash = match self.salt {
            None => farmhash::fingerprint64(text.as_bytes()),
            Some(Salt(key)) => sip_hash(key, text.as_bytes()),
        };
        usize::try_from(hash % self.num_bins.max(1) as u64).ok()
    }

    fn is_one_hot(&self) -> bool {
        self.output == HashingOutput::OneHot
    }

    fn export(&self) -> Primitive<'_> {
        let salt = self.salt.map(|Salt([a, b])| format!(", salt=({a}, {b})")).unwrap_or_default();
        let how = format!("keras.layers.Hashing(num_bins={}{salt})", self.num_bins);
        Primitive::Opaque { count: self.num_bins, how }
    }
}

/// SipHash-2-4 of the bytes. Aumasson, Bernstein, "SipHash: a fast short-input PRF" (2012).
fn sip_hash([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let word = word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        compress(&mut v, word);
    }
    let rest = words.remainder().iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    compress(&mut v, rest | (bytes.len() as u64) << 56);
    v[2] ^= 0xff;
    (0..4).for_each(|_| round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn compress(v: &mut [u64; 4], word: u64) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [first, second] if first == second => first.serialize(serializer),
            both => both.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaltVisitor)
    }
}

struct SaltVisitor;

impl<'de> Visitor<'de> for SaltVisitor {
    type Value = Salt;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "a whole number from 0 on, or a list of two")
    }

    fn visit_u64<E: de::Error>(self, salt: u64) -> Result<Salt, E> {
        Ok(Salt([salt; 2]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Salt, A::Error> {
        let mut salts = Vec::new();
        while let Some(salt) = list.next_element()? {
            salts.push(salt);
        }
        let found = salts.len();
        let both: [u64; 2] =
            salts.try_into().map_err(|_| de::Error::invalid_length(found, &self))?;
        Ok(Salt(both))
    }
}

impl JsonSchema for Salt {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "salt".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = serde_json::json!({ "type": "integer", "minimum": 0 });
        let two = serde_json::json!({
            "type": "array", "items": number, "minItems": 2, "maxItems": 2,
        });
        json_schema!({ "anyOf": [number, two] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn bins_are_those_of_keras() {
        let recorded = include_str!("../../tests/files/transforms.json");
        let recorded: Value = serde_json::from_str(recorded).unwrap();
        let texts = recorded["hashing"]["texts"].as_array().unwrap();
        let cases = recorded["hashing"]["cases"].as_array().unwrap();
        assert!(texts.len() >= 60 && cases.len() >= 8);
        for case in cases {
            let hashing: Hashing = serde_json::from_value(case["arguments"].clone()).unwrap();
            for (text, bin) in texts.iter().zip(case["bins"].as_array().unwrap()) {
                let found = hashing.index(text.as_str().unwrap());
                assert_eq!(found, bin.as_u64().map(|bin| bin as usize), "{text} {hashing:?}");
            }
        }
    }

    #[test]
    fn a_salt_is_one_number_or_two() {
        for json in [
            r#"{"num_bins":7,"salt":3,"output":"int"}"#,
            r#"{"num_bins":7,"salt":[3,4],"output":"one_hot"}"#,
        ] {
            let hashing: Hashing = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&hashing).unwrap(), json);
        }
        assert!(serde_json::from_str::<Hashing>(r#"{"num_bins":7,"salt":[3]}"#).is_err());
        assert!(serde_json::from_str::<Hashing>(r#"{"num_bins":7,"salt":-3}"#).is_err());
        assert!(Hashing { num_bins: 0, salt: None, output: HashingOutput::Int }.check().is_err());
    }
}
