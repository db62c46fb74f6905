//! The sources as modules: which of them imports which, and the types that each defines. Read as
//! tokens; tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The crate's modules by path, `layers::dense`; the root is "".
pub struct Sources {
    pub modules: BTreeMap<String, Module>,
}

pub struct Module {
    tokens: Vec<String>,
    /// What it brings into its scope, by the name that it has there.
    names: BTreeMap<String, Vec<String>>,
}

/// Everything up to and with the place where something is found.
type Found = (Vec<String>, usize);

impl Sources {
    /// All modules below a folder, without tests.
    pub fn read(root: &Path) -> Sources {
        let mut modules = BTreeMap::new();
        for path in files(root) {
            let name = path.strip_prefix(root).unwrap().with_extension("");
            let mut parts: Vec<&str> = name.iter().map(|part| part.to_str().unwrap()).collect();
            if parts.contains(&"tests") || matches!(parts[..], ["main"] | ["runs", "faults"]) {
                continue;
            }
            if matches!(parts.last(), Some(&"mod" | &"lib")) {
                parts.pop();
            }
            let tokens = without_tests(&tokens(&std::fs::read_to_string(&path).unwrap()));
            modules.insert(parts.join("::"), Module { tokens, names: BTreeMap::new() });
        }
        let mut sources = Sources { modules };
        let names: Vec<_> = sources
            .modules
            .iter()
            .map(|(name, module)| {
                let used = uses(&module.tokens).into_iter();
                let used =
                    used.filter_map(|(path, alias)| Some((alias, sources.absolute(name, &path)?)));
                (name.clone(), used.collect())
            })
            .collect();
        for (name, used) in names {
            sources.modules.get_mut(&name).unwrap().names = used;
        }
        sources
    }

    /// Which modules each module names something of. The root, which hands names on, has no arrows.
    pub fn imports(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut imports = BTreeMap::new();
        for (name, module) in self.modules.iter().filter(|(name, _)| !name.is_empty()) {
            let mut named = BTreeSet::new();
            let (body, uses) = split(&module.tokens);
            for (path, alias, is_public) in uses {
                // a `pub use` alone hands a name on
                if (!is_public || body.contains(&alias))
                    && let Some(path) = self.absolute(name, &path)
                {
                    named.insert(self.home(&path, 0));
                }
            }
            for path in paths(&body) {
                if let Some(path) = self.absolute(name, &path) {
                    named.insert(self.home(&path, 0));
                }
            }
            named.remove(name);
            named.remove("");
            imports.insert(name.clone(), named);
        }
        imports
    }

    /// The paths from the crate's root that name no module below it but what the root hands on.
    pub fn through_the_face(&self, module: &str) -> Vec<Vec<String>> {
        let (body, uses) = split(&self.modules[module].tokens);
        let all = paths(&body).into_iter().chain(uses.into_iter().map(|(path, ..)| path));
        let from_root = all.filter_map(|path| self.absolute(module, &path));
        let is_face = |name: &String| name.starts_with(char::is_uppercase) || name == "runtime";
        from_root.filter(|path| path.first().is_some_and(is_face)).collect()
    }

    /// The structs, enums, traits and names for types that each module defines.
    pub fn types(&self) -> BTreeMap<String, Vec<String>> {
        let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, module) in &self.modules {
            let mut depth = 0;
            for (at, token) in module.tokens.iter().enumerate() {
                match token.as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    _ => {}
                }
                let defines = matches!(token.as_str(), "struct" | "enum" | "trait" | "union")
                    || (token == "type" && depth == 0);
                let next = module.tokens.get(at + 1);
                if let Some(next) =
                    next.filter(|next| defines && next.starts_with(char::is_uppercase))
                {
                    types.entry(next.clone()).or_default().push(name.clone());
                }
            }
        }
        types
    }

    /// A path from the root of the crate; None for one of another crate.
    fn absolute(&self, module: &str, path: &[String]) -> Option<Vec<String>> {
        let mut here: Vec<String> =
            module.split("::").filter(|part| !part.is_empty()).map(String::from).collect();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    here.pop();
                    rest = &rest[1..];
                }
            }
            child => {
                here.push(child.to_string());
                if !self.modules.contains_key(&here.join("::")) {
                    return None;
                }
                here.pop();
            }
        }
        here.extend_from_slice(rest);
        Some(here)
    }

    /// The module that defines what a path names; who only hands it on is passed.
    fn home(&self, path: &[String], depth: usize) -> String {
        let mut module = String::new();
        for (at, part) in path.iter().enumerate() {
            let inner = if module.is_empty() { part.clone() } else { format!("{module}::{part}") };
            if self.modules.contains_key(&inner) {
                module = inner;
                continue;
            }
            match self.modules[&module].names.get(part) {
                Some(other) if depth < 8 && other != path => {
                    let other = [other.as_slice(), &path[at + 1..]].concat();
                    return self.home(&other, depth + 1);
                }
                _ => return module,
            }
        }
        module
    }
}

/// The modules of each circle of a graph, in order.
pub fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach = |start: &String| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(at) = open.pop() {
            let next = graph.get(at).into_iter().flatten();
            open.extend(next.filter(|other| seen.insert((*other).clone())));
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        graph.keys().map(|module| (module, reach(module))).collect();
    let mut found: Vec<Vec<String>> = Vec::new();
    for (module, others) in &reached {
        if others.contains(*module) && !found.iter().any(|circle| circle.contains(module)) {
            let both =
                |other: &&String| reached.get(other).is_some_and(|back| back.contains(*module));
            found.push(others.iter().filter(both).cloned().collect());
        }
    }
    found
}

/// Every Rust file below a folder, in order.
pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Names and single marks, `::` being one; no comments, no texts.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    let until = |at: usize, end: &str| {
        let end: Vec<char> = end.chars().collect();
        (at..chars.len())
            .find(|at| chars[*at..].starts_with(&end))
            .map_or(chars.len(), |at| at + end.len())
    };
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let raw = chars[at + 1..].iter().take_while(|c| **c == '#').count();
        at = match c {
            '/' if next == '/' => until(at, "\n"),
            '/' if next == '*' => until(at, "*/"),
            'r' if chars.get(at + 1 + raw) == Some(&'"') => {
                until(at + 2 + raw, &format!("\"{}", "#".repeat(raw)))
            }
            '"' => {
                let mut end = at + 1;
                while end < chars.len() && chars[end] != '"' {
                    end += if chars[end] == '\\' { 2 } else { 1 };
                }
                end + 1
            }
            '\'' if next == '\\' => until(at + 3, "'"),
            '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
            ':' if next == ':' => {
                tokens.push("::".to_string());
                at + 2
            }
            c if c.is_alphanumeric() || c == '_' => {
                let word: String =
                    chars[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
                let end = at + word.chars().count();
                tokens.push(word);
                end
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(c.to_string());
                }
                at + 1
            }
        };
    }
    tokens
}

/// The tokens without the items under `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        if !tokens[at..].iter().take(MARK.len()).eq(MARK.iter()) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let mut depth = 0;
        at += MARK.len();
        while at < tokens.len() {
            match tokens[at].as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            at += 1;
            if depth == 0 && matches!(tokens[at - 1].as_str(), ";" | "}") {
                break;
            }
        }
    }
    kept
}

/// What is left without `use`, and each path that is used, with its name here, and whether it is
/// handed on.
fn split(tokens: &[String]) -> (Vec<String>, Vec<(Vec<String>, String, bool)>) {
    let (mut body, mut used, mut at) = (Vec::new(), Vec::new(), 0);
    while at < tokens.len() {
        if tokens[at] != "use" || tokens.get(at + 1).is_some_and(|next| next == "<") {
            body.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let is_public = at > 0 && (tokens[at - 1] == "pub" || tokens[at - 1] == ")");
        let (paths, end) = tree(tokens, at + 1, &[]);
        used.extend(paths.into_iter().map(|(path, alias)| (path, alias, is_public)));
        at = end;
    }
    (body, used)
}

fn uses(tokens: &[String]) -> Vec<(Vec<String>, String)> {
    split(tokens).1.into_iter().map(|(path, alias, _)| (path, alias)).collect()
}

/// The paths of a tree of `use` from a place on, and the place behind it.
fn tree(
    tokens: &[String],
    mut at: usize,
    before: &[String],
) -> (Vec<(Vec<String>, String)>, usize) {
    let (mut path, mut alias, mut paths) = (before.to_vec(), None, Vec::new());
    loop {
        match tokens.get(at).map_or(";", String::as_str) {
            "::" => {}
            "{" => {
                loop {
                    let (inner, end) = tree(tokens, at + 1, &path);
                    paths.extend(inner);
                    at = end;
                    if tokens.get(at).is_none_or(|token| token != ",") {
                        break;
                    }
                    if tokens.get(at + 1).is_some_and(|token| token == "}") {
                        at += 1; // a comma behind the last
                        break;
                    }
                }
                path.truncate(before.len());
                alias = Some(String::new());
            }
            "as" => {
                alias = tokens.get(at + 1).cloned();
                at += 1;
            }
            ";" | "," | "}" => break,
            "self" if !path.is_empty() => {}
            part => path.push(part.to_string()),
        }
        at += 1;
    }
    if alias.as_deref() != Some("") && path.len() >= before.len() && !path.is_empty() {
        let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        paths.push((path, name));
    }
    (paths, at)
}

/// The paths in a body: `crate::shape::Shape`, `graph::run`.
fn paths(body: &[String]) -> Vec<Vec<String>> {
    let is_name = |token: &String| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let (mut found, mut at): (Vec<Vec<String>>, usize) = (Vec::new(), 0);
    while at < body.len() {
        let (path, end): Found = {
            let mut path = Vec::new();
            let mut end = at;
            while end < body.len() && is_name(&body[end]) {
                path.push(body[end].clone());
                end += 1;
                if body.get(end).is_none_or(|token| token != "::") {
                    break;
                }
                end += 1;
            }
            (path, end.max(at + 1))
        };
        let is_first = at == 0 || body[at - 1] != "::";
        if path.len() > 1 && is_first {
            found.push(path);
        }
        at = end;
    }
    found
}
