//! The keys of the sections.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bench, Claim, Line, judge, schema};
use crate::support::{Folder, LOAN, project};

/// One key of a section: what is written instead of what in loan.yaml.
struct Edit {
    key: String,
    claim: Claim,
    changes: Vec<(String, String)>,
}

/// The sections, with their keys.
fn sections() -> BTreeMap<String, Vec<Edit>> {
    let text = std::fs::read_to_string(project("tests/cli/every_key/keys.txt")).unwrap();
    let text = text.split_once("\n# The sections:").unwrap().1;
    let mut sections: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().skip(2) {
        let Some(line) = line.strip_prefix("  ") else {
            section = line.to_string();
            continue;
        };
        let (key, rest) = line.split_once(' ').unwrap();
        let claim = if rest.starts_with("! ") { Claim::Refused } else { Claim::Effect };
        let texts: Vec<String> =
            rest.split('`').skip(1).step_by(2).map(|text| text.replace("\\n", "\n")).collect();
        let changes = texts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        sections.entry(section.clone()).or_default().push(Edit {
            key: key.to_string(),
            claim,
            changes,
        });
    }
    sections
}

#[test]
fn every_key_of_the_sections_has_an_effect_or_is_refused() {
    let sections = sections();
    let known = schema();
    let known = known.iter().filter(|(kind, _)| {
        !kind.contains('.') || kind.starts_with("scaling.") || kind.starts_with("encoding.")
    });
    let known: BTreeMap<&String, BTreeSet<&String>> =
        known.map(|(kind, keys)| (kind, keys.keys().collect())).collect();
    let listed: BTreeMap<&String, BTreeSet<&String>> = sections
        .iter()
        .map(|(kind, edits)| (kind, edits.iter().map(|edit| &edit.key).collect()))
        .collect();
    assert_eq!(known, listed);
    let mut bench = Bench { folder: Folder::with_loan(), outcomes: BTreeMap::new() };
    let folder = &bench.folder;
    let table = folder.read("loan.csv");
    let code = |(i, line): (usize, &str)| match i {
        0 => format!("{line},area_code,day,gap,note,pair,picture\n"),
        _ => {
            let gap = if i % 5 == 0 { String::new() } else { (i % 13).to_string() };
            let (day, code) = (1 + i % 28, i * 7 % 10);
            let note = ["Good and cheap", "bad!", "so so"][i % 3];
            let picture = ["rgb.png", "palette.png", "rgba.png"][i % 3];
            format!("{line},{code},2026-01-{day:02},{gap},{note},{} {},{picture}\n", i % 4, i % 3)
        }
    };
    let table: String = table.lines().enumerate().map(code).collect();
    folder.write("loan.csv", &table);
    folder.write("t.csv", &table);
    for picture in ["rgb.png", "palette.png", "rgba.png"] {
        let path = project(&format!("tests/files/pictures/{picture}"));
        std::fs::copy(path, folder.path(picture)).unwrap();
    }
    let some: Vec<&str> = table.lines().take(200).collect();
    folder.write("other.csv", &(some.join("\n") + "\n"));
    folder.write("trailing.csv", &(some.join(",\n") + ",\n"));
    folder.write("semicolons.csv", &table.replace(',', ";"));
    folder.write("model.yaml", "model: {layers: [{dense: {units: 2, activation: softmax}}]}\n");
    bench.train(LOAN);
    let mut wrong = String::new();
    for (section, edits) in &sections {
        for Edit { key, claim, changes } in edits {
            let mut changed = LOAN.to_string();
            for (ours, theirs) in changes {
                assert!(changed.contains(ours.as_str()), "{key}: {ours}");
                changed = changed.replacen(ours.as_str(), theirs, 1);
            }
            let [key, value, beside] = [key.as_str(), "", ""].map(str::to_string);
            let line = Line { key, claim: *claim, value, beside };
            let found = judge(&mut bench, LOAN, &changed, &line, "");
            wrong += &found.map(|found| format!("{section}.{found}")).unwrap_or_default();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
