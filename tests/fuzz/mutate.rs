//! Mutations: of bytes, of words and numbers, of lines, and of the text within a binary file.

use std::hash::{DefaultHasher, Hash, Hasher};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Values that are at the edge of something.
const WORDS: [&str; 34] = [
    "-1",
    "0",
    "1",
    "2",
    "3",
    "7",
    "0.5",
    "-0.0",
    "1e308",
    "1e-320",
    "nan",
    ".inf",
    "-.inf",
    "null",
    "~",
    "[]",
    "{}",
    "[1, 2]",
    "''",
    "\"\"",
    "x",
    "true",
    "9223372036854775807",
    "18446744073709551616",
    "18446744073709551615",
    "4294967296",
    "2147483648",
    "1000000",
    "-9223372036854775808",
    "None",
    "relu",
    "*",
    "[null]",
    "1_000",
];
const TOKENS: [&[u8]; 34] = [
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\n",
    b"\r",
    b"\t",
    b"\"",
    b"'",
    b",",
    b":",
    b"- ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"#",
    b"&a ",
    b"*a",
    b"!!int ",
    b"<<: ",
    b"---\n",
    b"|\n",
    b">-\n",
    b"%",
    b"\\",
    b"\xe2\x80\xa8",
    b"\xf0\x9f\x98\x80",
    b"=",
    b"(",
    b")",
    b"**",
    b";",
    b"..",
    b"0x",
];

/// One input to be made, from a corpus and a seed.
pub struct Mutations<'a> {
    random: ChaCha8Rng,
    seeds: &'a [Vec<u8>],
}

/// A number for the name of an input.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

impl<'a> Mutations<'a> {
    pub fn new(seed: u64, seeds: &'a [Vec<u8>]) -> Self {
        Mutations { random: ChaCha8Rng::seed_from_u64(seed), seeds }
    }

    /// A number below `count`, which is not 0.
    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    fn of<'b, T: ?Sized>(&mut self, list: &[&'b T]) -> &'b T {
        list[self.below(list.len())]
    }

    /// A file of the corpus.
    pub fn seed(&mut self) -> &'a [u8] {
        let at = self.below(self.seeds.len());
        &self.seeds[at]
    }

    /// A text of the corpus, with changes.
    pub fn text(&mut self) -> Vec<u8> {
        let mut text = self.seed().to_vec();
        self.change_text(&mut text);
        text
    }

    /// Changes of words, of lines or of bytes.
    pub fn change_text(&mut self, text: &mut Vec<u8>) {
        match self.below(4) {
            0 => self.change_bytes(text),
            1 => self.change_lines(text),
            _ => self.change_words(text),
        }
    }

    /// A binary file of the corpus, with changes.
    pub fn bytes(&mut self) -> Vec<u8> {
        let mut bytes = self.seed().to_vec();
        self.change_bytes(&mut bytes);
        bytes
    }

    /// A safetensors file whose header is changed as a text, its length kept true; or its bytes.
    pub fn tensors(&mut self) -> Vec<u8> {
        let seed = self.seed();
        let length = seed.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)) as usize;
        let Some(header) = seed.get(8..8 + length).filter(|_| self.below(4) > 0) else {
            return self.bytes();
        };
        let mut header = header.to_vec();
        self.change_words(&mut header);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend(&seed[8 + length..]);
        bytes
    }

    pub fn change_bytes(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..[1, 1, 1, 2, 4, 16][self.below(6)] {
            if bytes.is_empty() {
                bytes.push(b'x');
            }
            let at = self.below(bytes.len());
            let end = (at + [1, 1, 2, 4, 8, 64, 1000][self.below(7)]).min(bytes.len());
            match self.below(10) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.below(256) as u8,
                2 => drop(bytes.drain(at..end)),
                3 => {
                    let copy = bytes[at..end].repeat([1, 2, 50][self.below(3)]);
                    drop(bytes.splice(at..at, copy));
                }
                4 => {
                    let token = self.of(&TOKENS).repeat([1, 1, 1, 30][self.below(4)]);
                    drop(bytes.splice(at..at, token));
                }
                5 => drop(bytes.splice(at..end, self.of(&WORDS).bytes())),
                6 => {
                    let other = self.seed();
                    let from = self.below(other.len() + 1);
                    let part = &other[from..(from + end - at).min(other.len())];
                    drop(bytes.splice(at..end, part.iter().copied()));
                }
                7 => bytes.truncate(at),
                8 if at + 8 <= bytes.len() => {
                    let length = bytes.len() as u64;
                    let any = self.random.random();
                    let number = [0, 1, 1 << 31, 1 << 32, 1 << 40, 1 << 63, u64::MAX, length, any]
                        [self.below(9)];
                    bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
                }
                _ if at + 4 <= bytes.len() => {
                    let number = [0, 1, 1 << 31, u32::MAX, bytes.len() as u32][self.below(5)];
                    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
                }
                _ => bytes[at] = 0,
            }
        }
    }

    /// Puts another word in a word's place: of the edges, of the text, of another text.
    fn change_words(&mut self, text: &mut Vec<u8>) {
        for _ in 0..[1, 1, 2, 3][self.below(4)] {
            let Some((start, end)) = self.word_of(text) else { return };
            let word: Vec<u8> = match self.below(6) {
                0 | 1 => self.of(&WORDS).into(),
                2 => {
                    let other = self.seed();
                    self.word_of(other).map_or(Vec::new(), |(start, end)| other[start..end].into())
                }
                3 => Vec::new(),
                4 => [&text[start..end], b" ", &text[start..end]].concat(),
                _ => self.word_of(text).map_or(Vec::new(), |(start, end)| text[start..end].into()),
            };
            text.splice(start..end, word);
        }
    }

    /// The place of a word or number near some place of a text.
    fn word_of(&mut self, text: &[u8]) -> Option<(usize, usize)> {
        let is_word =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(byte) || *byte > 127;
        let from = self.below(text.len().max(1));
        let start = from + text.get(from..)?.iter().position(is_word)?;
        let end = text[start..].iter().position(|byte| !is_word(byte));
        Some((start, end.map_or(text.len(), |end| start + end)))
    }

    fn change_lines(&mut self, text: &mut Vec<u8>) {
        let other = self.seed();
        let others: Vec<&[u8]> = other.split(|byte| *byte == b'\n').collect();
        let mut lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').map(Vec::from).collect();
        for _ in 0..=self.below(3) {
            let at = self.below(lines.len());
            match self.below(4) {
                0 if lines.len() > 1 => drop(lines.remove(at)),
                1 => lines.insert(at, self.of(&others).into()),
                2 => lines.insert(at, lines[at].clone()),
                _ => {
                    let to = self.below(lines.len());
                    lines.swap(at, to);
                }
            }
        }
        *text = lines.join(&b'\n');
    }
}
