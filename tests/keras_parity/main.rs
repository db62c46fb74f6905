//! Every case of a folder of recordings from Keras (see GOLDEN.md for the format): `tests/golden`,
//! or the folder that LANTHORN_GOLDEN names. Prints, per kind and in all, `N passed, N failed,
//! N skipped`; a skip names its case and its reason in a table of its kind's file. With
//! LANTHORN_TEST_DEVICE=cuda, layers, losses and whole trainings compute on the first GPU.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

mod activations;
mod callbacks;
mod fit;
mod golden;
mod initializers;
mod layers;
mod losses;
mod metrics;
mod optimizers;
mod regularizers_constraints;
mod schedules;

use golden::{Golden, Tally};

/// One kind a line: the name of its file in the folder and the check of one case.
#[rustfmt::skip]
const KINDS: &[(&str, golden::Check)] = &[
    ("activations", activations::check),
    ("initializers", initializers::check),
    ("regularizers_constraints", regularizers_constraints::check),
    ("layers", layers::check),
    ("losses", losses::check),
    ("metrics", metrics::check),
    ("optimizers", optimizers::check),
    ("schedules", schedules::check),
    ("callbacks", callbacks::check),
    ("fit", fit::check),
];

#[test]
fn every_recorded_case_agrees_with_keras() {
    let mut all = Tally::default();
    for (kind, check) in KINDS {
        let golden = Golden::open(kind);
        let tally = golden.run(*check);
        println!("{kind}: {tally}");
        all.add(&tally);
    }
    println!("all: {all}");
    assert_eq!(all.failed, 0, "{} cases differ from Keras", all.failed);
}
