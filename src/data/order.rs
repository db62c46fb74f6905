//! The order in which an epoch takes its samples: a pure function of the seed, the epoch and the
//! number of samples, never of the machine, so that a training goes on in its middle.

use serde::{Deserialize, Serialize};

use crate::random::{Random, Stream};

/// How samples are shuffled. Chosen by their number alone; a checkpoint names it, so that a run
/// goes on as it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shuffle {
    /// Fisher and Yates's, over a list of all numbers.
    List,
    /// A keyed permutation of the numbers, which needs no list.
    Keyed,
}

/// The most samples that are shuffled as a list.
const LONGEST_LIST: u64 = 1 << 20;

impl Shuffle {
    /// The way of so many samples.
    pub fn of(samples: u64) -> Shuffle {
        if samples <= LONGEST_LIST { Shuffle::List } else { Shuffle::Keyed }
    }
}

/// The order of the samples of one epoch.
/// ```
/// use lanthorn::data::{Order, Shuffle};
/// use lanthorn::runtime::Random;
///
/// let order = Order::shuffled(&Random::new(42), 0, 1000, Shuffle::of(1000));
/// let mut rows: Vec<u64> = (0..1000).map(|position| order.at(position)).collect();
/// assert_ne!(rows[..4], [0, 1, 2, 3]);
/// rows.sort_unstable();
/// assert!(rows.into_iter().eq(0..1000)); // every sample once
/// ```
#[derive(Debug, Clone)]
pub struct Order(OrderKind);

#[derive(Debug, Clone)]
enum OrderKind {
    AsTheyAre,
    List(Vec<u64>),
    Keyed(Permutation),
}

impl Order {
    /// The samples as they are.
    pub fn unshuffled() -> Order {
        Order(OrderKind::AsTheyAre)
    }

    /// The order of an epoch over so many samples.
    pub fn shuffled(random: &Random, epoch: u64, samples: u64, shuffle: Shuffle) -> Order {
        let mut stream = random.stream("shuffle", "", epoch);
        Order(match shuffle {
            Shuffle::List => {
                let mut list: Vec<u64> = (0..samples).collect();
                stream.shuffle(&mut list);
                OrderKind::List(list)
            }
            Shuffle::Keyed => OrderKind::Keyed(Permutation::new(&mut stream, samples)),
        })
    }

    /// The sample at a position; both from 0.
    pub fn at(&self, position: u64) -> u64 {
        match &self.0 {
            OrderKind::AsTheyAre => position,
            OrderKind::List(list) => list[position as usize],
            OrderKind::Keyed(permutation) => permutation.at(position),
        }
    }
}

/// A permutation of 0..n by a Feistel network over the two digits of a number to the bases
/// `rows` and `columns`, whose product is just above n: what leaves 0..n is sent on until it is
/// back. Black and Rogaway, Ciphers with Arbitrary Finite Domains (2002).
#[derive(Debug, Clone)]
struct Permutation {
    n: u64,
    rows: u64,
    columns: u64,
    keys: [u64; ROUNDS],
}

/// Fewer leave neighbours together more often than chance does.
const ROUNDS: usize = 8;

impl Permutation {
    fn new(stream: &mut Stream, n: u64) -> Permutation {
        let columns = n.isqrt().max(1);
        let mut keys = [0; ROUNDS];
        for key in &mut keys {
            *key = (u64::from(stream.word()) << 32) | u64::from(stream.word());
        }
        Permutation { n, rows: n.div_ceil(columns).max(1), columns, keys }
    }

    fn at(&self, position: u64) -> u64 {
        let mut number = position;
        loop {
            number = self.once(number);
            if number < self.n || position >= self.n {
                return number;
            }
        }
    }

    fn once(&self, number: u64) -> u64 {
        let (mut row, mut column) = (number / self.columns, number % self.columns);
        for keys in self.keys.chunks_exact(2) {
            row = (row + below(keys[0] ^ column, self.rows)) % self.rows;
            column = (column + below(keys[1] ^ row, self.columns)) % self.columns;
        }
        row * self.columns + column
    }
}

/// A hash of a word as a number below `n`. The hash is the finalizer of Steele, Lea and Flood's
/// SplitMix.
fn below(word: u64, n: u64) -> u64 {
    let mut hash = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((u128::from(hash ^ (hash >> 31)) * u128::from(n)) >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(epoch: u64, samples: u64, shuffle: Shuffle) -> Vec<u64> {
        let order = Order::shuffled(&Random::new(7), epoch, samples, shuffle);
        (0..samples).map(|position| order.at(position)).collect()
    }

    #[test]
    fn the_number_of_samples_alone_says_how_they_are_shuffled() {
        assert_eq!(Shuffle::of(1 << 20), Shuffle::List);
        assert_eq!(Shuffle::of((1 << 20) + 1), Shuffle::Keyed);
    }

    #[test]
    fn every_sample_comes_once() {
        for shuffle in [Shuffle::List, Shuffle::Keyed] {
            for samples in [1, 2, 3, 5, 16, 17, 1000, 65_537] {
                let mut rows = order(3, samples, shuffle);
                rows.sort_unstable();
                assert!(rows.into_iter().eq(0..samples), "{shuffle:?}, {samples}");
            }
        }
    }

    /// Models that were trained yesterday are trained the same tomorrow.
    #[test]
    fn orders_never_change() {
        assert_eq!(order(1, 8, Shuffle::List), GOLDEN_LIST);
        assert_eq!(order(1, (1 << 20) + 1, Shuffle::Keyed)[..4], GOLDEN_KEYED);
    }

    const GOLDEN_LIST: [u64; 8] = [0, 2, 1, 5, 6, 7, 3, 4];
    const GOLDEN_KEYED: [u64; 4] = [61_033, 72_508, 11_221, 496_763];

    #[test]
    fn a_list_is_what_the_stream_shuffles() {
        let mut list: Vec<usize> = (0..100).collect();
        Random::new(7).stream("shuffle", "", 4).shuffle(&mut list);
        assert!(order(4, 100, Shuffle::List).into_iter().eq(list.into_iter().map(|i| i as u64)));
    }

    #[test]
    fn another_epoch_has_another_order() {
        for shuffle in [Shuffle::List, Shuffle::Keyed] {
            assert_ne!(order(0, 1000, shuffle), order(1, 1000, shuffle));
        }
    }

    /// Chi-squared over the 10 by 10 tenths in which two neighbours of an order lie: 99 degrees of
    /// freedom, of which 1 in a thousand draws is above 149.
    #[test]
    fn neighbours_lie_anywhere() {
        for shuffle in [Shuffle::List, Shuffle::Keyed] {
            let (samples, mut cells, mut pairs) = (1000, [0u32; 100], 0);
            for epoch in 0..400 {
                for pair in order(epoch, samples, shuffle).chunks_exact(2) {
                    cells[(pair[0] * 10 / samples * 10 + pair[1] * 10 / samples) as usize] += 1;
                    pairs += 1;
                }
            }
            // within a tenth a neighbour is one of 99, not of 100
            let due = |cell: usize| {
                let others = if cell / 10 == cell % 10 { 99.0 } else { 100.0 };
                f64::from(pairs) / 10.0 * others / 999.0
            };
            let squares = cells
                .iter()
                .enumerate()
                .map(|(cell, found)| (f64::from(*found) - due(cell)).powi(2) / due(cell));
            let squares: f64 = squares.sum();
            assert!((40.0..149.0).contains(&squares), "{shuffle:?}: {squares}");
        }
    }

    /// All 24 orders of four samples: 23 degrees of freedom.
    #[test]
    fn a_short_list_has_every_order_alike() {
        let mut found = std::collections::BTreeMap::new();
        for epoch in 0..4800 {
            *found.entry(order(epoch, 4, Shuffle::List)).or_insert(0.0) += 1.0;
        }
        assert_eq!(found.len(), 24);
        let squares: f64 = found.values().map(|count: &f64| (count - 200.0).powi(2) / 200.0).sum();
        assert!((5.0..50.0).contains(&squares), "{squares}");
    }
}
