//! The walks of docs/architecture.md: what becomes of a cell, and of a gradient, file by file.

use std::collections::BTreeSet;

use super::source::Sources;

/// The steps of each walk: a file below `src`, and the functions that the page names of it.
fn walks(page: &str) -> Vec<Vec<(&str, Vec<&str>)>> {
    let (_, section) = page.split_once("## Two walks").expect("the page has its walks");
    let (section, _) = section.split_once("\n## ").expect("a section follows");
    let mut walks: Vec<Vec<(&str, Vec<&str>)>> = Vec::new();
    for line in section.lines() {
        let Some((number, step)) = line.split_once(". `src/") else { continue };
        if number == "1" {
            walks.push(Vec::new());
        }
        let mut parts = step.split('`');
        let file = parts.next().unwrap_or_default();
        let functions = parts.skip(1).step_by(2).collect();
        walks.last_mut().expect("a walk begins with 1").push((file, functions));
    }
    walks
}

fn defines_a_trait(module: &str) -> bool {
    let path = module.replace("::", "/");
    let texts = [format!("src/{path}.rs"), format!("src/{path}/mod.rs")];
    let mut texts =
        texts.iter().filter_map(|path| std::fs::read_to_string(crate::support::project(path)).ok());
    texts.any(|text| text.lines().any(|line| line.starts_with("pub") && line.contains(" trait ")))
}

#[test]
fn the_walks_enter_each_file_once_and_name_what_is_there() {
    let page = std::fs::read_to_string(crate::support::project("docs/architecture.md")).unwrap();
    let imports = Sources::read(&crate::support::project("src")).imports();
    let walks = walks(&page);
    assert_eq!(walks.iter().map(Vec::len).collect::<Vec<_>>(), [20, 13]);
    for walk in walks {
        let mut entered: BTreeSet<String> = BTreeSet::new();
        for (file, functions) in walk {
            let path = crate::support::project(&format!("src/{file}"));
            let text = std::fs::read_to_string(path).unwrap_or_else(|_| panic!("no {file}"));
            assert!(!functions.is_empty(), "{file}: no function is named");
            for name in functions {
                let starts = [format!("fn {name}("), format!("fn {name}<")];
                let is_there = starts.iter().any(|start| text.contains(start));
                assert!(is_there, "{file} has no `fn {name}`");
            }
            let module = file.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
            // itself, by way of one other, or by a trait that both know
            let uses = |from: &String, to: &String| {
                let direct = &imports[from];
                direct.contains(to) || direct.iter().any(|between| imports[between].contains(to))
            };
            let shares = |other: &String| {
                let mut common = imports[other].intersection(&imports[&module]);
                common.any(|between| defines_a_trait(between))
            };
            let meet =
                |other: &String| uses(other, &module) || uses(&module, other) || shares(other);
            let is_met = entered.is_empty() || entered.iter().any(meet);
            assert!(is_met, "{file} neither uses nor is used by a file before it");
            assert!(entered.insert(module), "{file} is entered twice");
        }
    }
}
