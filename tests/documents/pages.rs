//! The how-to pages import from modules that there are. tests/adding/follow.py follows them word for
//! word, which takes minutes.

use std::path::{Path, PathBuf};

use crate::support::project;

/// Whether a module has a file in `folder`, as `a.rs` or `a/mod.rs`.
fn is_module(folder: &Path, name: &str) -> bool {
    folder.join(format!("{name}.rs")).is_file() || folder.join(name).join("mod.rs").is_file()
}

/// `kernels/dense` of the whole path of that module.
fn place_in_src(path: &Path) -> String {
    path.strip_prefix(project("src")).unwrap_or(path).display().to_string()
}

/// The first module on the way of `use crate::a::b::Item` that has no file, from the room of a file.
fn missing(import: &str, room: &Path) -> Option<PathBuf> {
    let (root, path) = import.split_once("::")?;
    let mut folder = match root {
        "crate" => project("src"),
        "super" => room.to_path_buf(),
        _ => return None,
    };
    for name in path.split("::") {
        let is_name = name.starts_with(|first: char| first.is_ascii_lowercase());
        if !is_name || name.contains(['{', ';']) {
            return None;
        }
        if !is_module(&folder, name) {
            return Some(folder.join(name));
        }
        folder.push(name);
    }
    None
}

#[test]
fn the_how_to_pages_import_from_modules_that_there_are() {
    let mut imports = 0;
    for page in ["a-callback", "a-layer", "a-loss", "a-source", "a-transform", "an-export"] {
        let text = std::fs::read_to_string(project(&format!("docs/adding-{page}.md"))).unwrap();
        let mut room = PathBuf::new();
        for line in text.lines() {
            if let Some(file) = line.strip_prefix("```rust file=") {
                room = project(file).parent().unwrap().to_path_buf();
            }
            let Some(import) = line.strip_prefix("use ") else { continue };
            imports += 1;
            // of `use crate::a::b;` the last may be a function or a macro
            let modules = import.rsplit_once("::").map_or(import, |(modules, last)| {
                if last.starts_with('{') { import } else { modules }
            });
            let missing = missing(modules, &room);
            // the page's own files are made by following it
            let is_made =
                |path: &PathBuf| text.contains(&format!("file=src/{}.rs", place_in_src(path)));
            let missing = missing.filter(|path| !is_made(path));
            assert!(missing.is_none(), "{page}: `{line}`: there is no {missing:?}");
        }
    }
    assert!(imports > 20, "{imports} imports");
}
