//! Dictionary: the distinct texts of a column, numbered as they are met.

use std::hash::BuildHasher;
use std::sync::OnceLock;

/// Distinct texts, numbered as they are met. They lie in one text, one after the other.
#[derive(Debug, Default, Clone)]
pub(super) struct Dictionary {
    bytes: String,
    /// Where each ends.
    ends: Vec<usize>,
    hashes: Vec<u64>,
    /// A place for each text, found by its hash: its number and one more, or 0. Their count is a
    /// power of two, and at least half of them are 0.
    places: Vec<u32>,
}

/// The most texts of a column.
const MOST: usize = u32::MAX as usize - 2;

impl Dictionary {
    /// How many.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a number; of one that there isn't the empty one.
    pub(super) fn get(&self, number: usize) -> &str {
        let Some(end) = self.ends.get(number) else { return "" };
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..*end]
    }

    /// The texts in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        (0..self.len()).map(|number| self.get(number))
    }

    /// The number of a text.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        self.number_of(text, hash(text), || true).unwrap_or_default()
    }

    /// The same; None where it wasn't met before, and may not be added.
    pub(super) fn number_if(
        &mut self,
        text: &str,
        may_be_new: impl FnOnce() -> bool,
    ) -> Option<u32> {
        self.number_of(text, hash(text), may_be_new)
    }

    /// The numbers here of all texts of another one.
    pub(super) fn take(&mut self, other: &Dictionary) -> Vec<u32> {
        let texts = other.iter().zip(&other.hashes);
        texts.map(|(text, hash)| self.number_of(text, *hash, || true).unwrap_or_default()).collect()
    }

    fn number_of(
        &mut self,
        text: &str,
        hash: u64,
        may_be_new: impl FnOnce() -> bool,
    ) -> Option<u32> {
        if self.places.len() < 2 * (self.len() + 1) {
            self.grow();
        }
        let mut place = hash as usize & (self.places.len() - 1);
        while let Some(number) = self.places[place].checked_sub(1) {
            if self.hashes[number as usize] == hash && self.get(number as usize) == text {
                return Some(number);
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        if self.len() >= MOST || !may_be_new() {
            return None;
        }
        let number = self.len() as u32;
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        self.hashes.push(hash);
        self.places[place] = number + 1;
        Some(number)
    }

    fn grow(&mut self) {
        let count = (4 * self.len()).max(16).next_power_of_two();
        self.places = vec![0; count];
        for (number, hash) in self.hashes.iter().enumerate() {
            let mut place = *hash as usize & (count - 1);
            while self.places[place] != 0 {
                place = (place + 1) & (count - 1);
            }
            self.places[place] = number as u32 + 1;
        }
    }
}

/// The same texts have the same numbers.
impl PartialEq for Dictionary {
    fn eq(&self, other: &Dictionary) -> bool {
        self.ends == other.ends && self.bytes == other.bytes
    }
}

/// A hash of a text, eight bytes at a time. Its key differs from process to process, so that no file
/// is written for all of its texts to have the same one; nothing that is told depends on it.
fn hash(text: &str) -> u64 {
    static KEYS: OnceLock<[u64; 2]> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let state = std::hash::RandomState::new();
        [1, 2].map(|number| state.hash_one(number) | 1)
    });
    let fold = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(keys[1]);
        (product >> 64) as u64 ^ product as u64
    };
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(keys[0], |hash, word| fold(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(hash, u64::from_le_bytes(last)), text.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn texts_are_numbered_as_they_are_met() {
        let mut dictionary = Dictionary::default();
        let mut expected: HashMap<String, u32> = HashMap::new();
        for row in 0..20_000 {
            let text = format!("{}{}", "c".repeat(row % 17), row * 7919 % 3001);
            let next = expected.len() as u32;
            let number = *expected.entry(text.clone()).or_insert(next);
            assert_eq!(dictionary.number(&text), number);
            assert_eq!(dictionary.get(number as usize), text);
        }
        assert_eq!(dictionary.len(), expected.len());
        assert_eq!(dictionary.number_if("new", || false), None);
        assert_eq!(dictionary.len(), expected.len());
    }

    #[test]
    fn two_of_them_become_one() {
        let (mut all, mut other) = (Dictionary::default(), Dictionary::default());
        assert_eq!(["a", "b", ""].map(|text| all.number(text)), [0, 1, 2]);
        assert_eq!(["c", "b", "d"].map(|text| other.number(text)), [0, 1, 2]);
        assert_eq!(all.take(&other), [3, 1, 4]);
        assert_eq!(all.iter().collect::<Vec<_>>(), ["a", "b", "", "c", "d"]);
    }
}
