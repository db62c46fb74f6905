//! Writes the tables of configs/sequences_lstm.yaml and configs/text_gru.yaml:
//! `cargo run --release --example make_sequences`.

use std::fmt::Write;

use lanthorn::runtime::{Random, Stream};

fn main() -> std::io::Result<()> {
    let mut stream = Random::new(7).stream("example", "sequences", 0);
    std::fs::write("examples/data/sequences.csv", waves(&mut stream))?;
    std::fs::write("examples/data/sentences.csv", sentences(&mut stream))
}

/// 600 waves of 30 steps and 2 measures, of four kinds.
fn waves(stream: &mut Stream) -> String {
    let columns: Vec<String> = (0..30).map(|step| format!("s{step}_x,s{step}_y")).collect();
    let mut csv = format!("{},wave\n", columns.join(","));
    for _ in 0..600 {
        let kind = stream.below(4);
        let (phase, speed) =
            (stream.uniform() * std::f32::consts::TAU, 0.25 + 0.1 * stream.uniform());
        for step in 0..30 {
            let t = phase + speed * step as f32;
            let (x, y) = match kind {
                0 => (t.sin(), t.cos()),                  // a circle
                1 => (t.sin(), -t.cos()),                 // the other way round
                2 => (t.sin(), t.sin()),                  // to and fro
                _ => ((2.0 * t).sin().signum(), t.cos()), // a jump
            };
            let (x, y) = (x + 0.2 * stream.normal(), y + 0.2 * stream.normal());
            let _ = write!(csv, "{x:.2},{y:.2},");
        }
        let _ = writeln!(csv, "{}", ["circle", "counter", "line", "jump"][kind]);
    }
    csv
}

/// 800 sentences of 3 to 12 words, 0 after the end. 1 says "not", 2-9 praise, 10-17 blame.
fn sentences(stream: &mut Stream) -> String {
    let columns: Vec<String> = (0..12).map(|word| format!("w{word:02}")).collect();
    let mut csv = format!("{},verdict\n", columns.join(","));
    for _ in 0..800 {
        let mut words: Vec<usize> =
            (0..3 + stream.below(10)).map(|_| 18 + stream.below(22)).collect();
        let (praises, negated) = (stream.below(2) == 1, stream.below(3) == 0);
        let judging = stream.below(words.len() - 1) + 1;
        words[judging] = if praises { 2 } else { 10 } + stream.below(8);
        if negated {
            words[judging - 1] = 1;
        }
        words.resize(12, 0);
        let words: Vec<String> = words.iter().map(usize::to_string).collect();
        let verdict = if praises == negated { "blame" } else { "praise" };
        let _ = writeln!(csv, "{},{verdict}", words.join(","));
    }
    csv
}
