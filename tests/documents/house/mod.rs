//! The shape of the sources: no circle of imports, no name of a type twice, no long file.

mod source;
mod walks;

use std::collections::{BTreeMap, BTreeSet};

use source::{Sources, circles, files};

#[test]
fn no_module_imports_itself_by_way_of_others() {
    let imports = Sources::read(&crate::support::project("src")).imports();
    assert!(
        imports["trainer::parts"].contains("optimizers::state"),
        "the sources are not understood"
    );
    let told = |circle: &[String]| {
        let arrows = circle.iter().flat_map(|from| {
            let inside = imports[from].iter().filter(|to| circle.contains(to));
            inside.map(move |to| format!("  {from} -> {to}"))
        });
        arrows.collect::<Vec<_>>().join("\n")
    };
    let new: Vec<String> = circles(&imports).iter().map(|circle| told(circle)).collect();
    assert!(new.is_empty(), "modules that import each other in a circle:\n{}", new.join("\n\n"));
}

#[test]
fn no_room_imports_itself_by_way_of_others() {
    let imports = Sources::read(&crate::support::project("src")).imports();
    let room = |module: &str| module.split("::").next().unwrap_or_default().to_string();
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to))) {
        if room(from) != room(to) {
            rooms.entry(room(from)).or_default().insert(room(to));
        }
    }
    let new: Vec<String> =
        circles(&rooms).into_iter().flat_map(std::iter::IntoIterator::into_iter).collect();
    assert!(new.is_empty(), "rooms that import each other in a circle: {}", new.join(", "));
}

/// What imports through the face that users see imports, by way of it, everything: arrows that point up.
#[test]
fn no_module_imports_through_the_face_of_the_crate() {
    let sources = Sources::read(&crate::support::project("src"));
    let through: Vec<String> = sources
        .modules
        .keys()
        .filter(|name| !name.is_empty() && !name.starts_with("cli"))
        .flat_map(|name| sources.through_the_face(name).into_iter().map(move |path| (name, path)))
        .map(|(name, path)| format!("{name}: crate::{}", path.join("::")))
        .collect();
    assert!(through.is_empty(), "name the module that defines it:\n{}", through.join("\n"));
}

/// A loss and its metric of the same Keras name aside; and what stands in one build or in another.
#[test]
fn no_type_has_the_name_of_another() {
    let types = Sources::read(&crate::support::project("src")).types();
    assert!(types.contains_key("Dense") && types.contains_key("Lstm"), "types are not understood");
    let new: Vec<String> = types
        .iter()
        .filter(|(_, homes)| {
            let rooms: BTreeSet<&str> =
                homes.iter().filter_map(|home| home.split("::").next()).collect();
            let is_keras_pair = homes.len() == 2 && rooms == BTreeSet::from(["losses", "metrics"]);
            let is_absent = homes.len() == 2 && homes.iter().any(|home| home.contains("absent"));
            homes.len() > 1 && !is_keras_pair && !is_absent
        })
        .map(|(name, homes)| format!("{name}: {}", homes.join(", ")))
        .collect();
    assert!(new.is_empty(), "names of types that stand twice:\n{}", new.join("\n"));
}

/// Sizes and counts that a file says must not overflow unseen, in release builds neither: our readers
/// are held by a lint, those of others by checks at run time. Readers of text count within a text that
/// is in memory.
#[test]
fn readers_of_files_that_anybody_may_have_made_check_their_arithmetic() {
    for reader in [
        "model/artifact",
        "trainer/checkpoint",
        "disk/files",
        "exchange/keras/archive",
        "exchange/keras/file",
        "exchange/keras/guard",
        "exchange/keras/hdf5",
        "exchange/keras/read_compile",
        "exchange/keras/read_json",
        "exchange/keras_json",
        "exchange/python/arithmetic",
        "exchange/python/built_in",
        "exchange/python/method",
    ] {
        let text = std::fs::read_to_string(crate::support::project(&format!("src/{reader}.rs")));
        let lint = "#![warn(clippy::arithmetic_side_effects)]";
        assert!(text.unwrap().contains(lint), "{reader} lacks `{lint}`");
    }
    let manifest = std::fs::read_to_string(crate::support::project("Cargo.toml")).unwrap();
    for reader in [
        "csv-core",
        "granit-parser",
        "hdf5-pure",
        "safetensors",
        "serde-saphyr",
        "serde_json",
        "toml",
        "toml_parser",
        "zip",
    ] {
        let lines = format!("[profile.release.package.{reader}]\noverflow-checks = true\n");
        assert!(manifest.contains(&lines), "Cargo.toml lacks {lines}");
    }
}

#[test]
fn no_file_has_over_400_lines() {
    let all = files(&crate::support::project("src"));
    let all = all.into_iter().chain(files(&crate::support::project("tests")));
    let long: Vec<String> = all
        .filter_map(|path| {
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            (lines > 400).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// The listing of `src` is the table of contents, and `lib.rs` says what of it a program may use.
#[test]
fn the_sources_have_few_rooms_and_the_crate_about_a_dozen_public_modules() {
    let rooms = std::fs::read_dir(crate::support::project("src")).unwrap().count();
    assert!(rooms <= 36, "src has {rooms} files and folders: find a room for what is new");
    let map = std::fs::read_to_string(crate::support::project("src/lib.rs")).unwrap();
    let public = map.lines().filter(|line| line.starts_with("pub mod ")).count();
    assert!((8..=13).contains(&public), "{public} public modules");
    let rooms: Vec<&str> = map
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod ")))
        .filter_map(|line| line.strip_suffix(';'))
        .collect();
    let unnamed: Vec<&&str> =
        rooms.iter().filter(|room| !map.contains(&format!("`{room}`"))).collect();
    assert!(unnamed.is_empty(), "the map of lib.rs lacks {unnamed:?}");
}

/// What an error is stands in its code and its place. Readers of errors of other crates are named.
#[test]
fn nothing_parses_an_errors_own_english() {
    let readers = ["config/syntax.rs", "config/toml.rs", "data/sources/batches.rs"];
    let root = crate::support::project("src");
    let mut found = Vec::new();
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_string();
        if readers.contains(&&*name) || name.contains("tests") || name == "runs/faults.rs" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for of in ["message", "help", "error.to_string()", "problem.to_string()"] {
            for asks in ["starts_with", "ends_with", "contains", "strip_prefix", "strip_suffix"] {
                if code.contains(&format!("{of}.{asks}(")) {
                    found.push(format!("{name}: {of}.{asks}(…)"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Exporters match the typed layers, losses and transforms. (Readers of other tools' JSON, and of
/// files as typed, ask by a text.)
#[test]
fn no_export_asks_a_configuration_by_a_text() {
    const EXPORTS: [&str; 7] =
        ["formats", "layer_rules", "onnx", "portable", "spatial", "torch", "verify"];
    let root = crate::support::project("src/exchange");
    let is_export = |name: &str| {
        EXPORTS.iter().any(|export| name.starts_with(export)) && !name.starts_with("onnx/eval")
    };
    let mut seen = 0;
    for path in files(&root) {
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_string();
        if !is_export(&name) || name.contains("tests") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for line in code.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let asks = ["[\"", ".get(\"", ".get_mut(\"", ".pointer(\""].iter().any(|ask| {
                line.match_indices(ask).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    ask.starts_with('.') || before.is_some_and(|c| c.is_alphanumeric() || c == ']')
                })
            });
            assert!(!asks, "{name}: {line}");
        }
    }
    assert!(seen > 30, "{seen} files");
}
