//! No key of the configuration is without effect: every key of the JSON Schema, with a value other
//! than its default, changes what comes of a training, or is refused by name. The values stand in
//! keys.txt; a key without a line fails, and so does a line without a key.

mod around;
mod bounds;
mod sections;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use around::{config, csv};

use crate::support::{Call, Folder, project};

/// What a line of the table claims.
#[derive(Clone, Copy, PartialEq)]
enum Claim {
    Effect,
    Refused,
    /// None, and its description says so.
    None,
}

/// One key, its value, and what stands beside it.
#[derive(Clone)]
struct Line {
    key: String,
    claim: Claim,
    value: String,
    beside: String,
}

/// A kind of a list, with its keys.
struct Kind {
    /// `layer.dense`.
    name: String,
    options: BTreeMap<String, String>,
    arguments: String,
    lines: Vec<Line>,
}

fn table() -> Vec<Kind> {
    let text = std::fs::read_to_string(project("tests/cli/every_key/keys.txt")).unwrap();
    let mut kinds: Vec<Kind> = Vec::new();
    let text = text.split_once("\n# The sections:").unwrap().0;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(line) = line.strip_prefix("  ") {
            let (key, rest) = line.split_once(' ').unwrap();
            let (value, beside) = rest.split_once(" & ").unwrap_or((rest, ""));
            let claims = [("! ", Claim::Refused), ("= ", Claim::None), ("", Claim::Effect)];
            let mut claims = claims.iter();
            let claim = claims.find_map(|(sign, claim)| Some((*claim, value.strip_prefix(sign)?)));
            let (claim, value) = claim.unwrap();
            let (key, value, beside) = (key.into(), value.into(), beside.into());
            kinds.last_mut().unwrap().lines.push(Line { key, claim, value, beside });
            continue;
        }
        let (head, arguments) = line.split_once(" {").unwrap_or((line, "}"));
        let mut words = head.split(' ');
        let name = words.next().unwrap().to_string();
        let options = words.map(|word| word.split_once('=').unwrap());
        let options = options.map(|(key, value)| (key.to_string(), value.to_string())).collect();
        let arguments = arguments.strip_suffix('}').unwrap().to_string();
        kinds.push(Kind { name, options, arguments, lines: Vec::new() });
    }
    kinds
}

/// The keys of each kind of the schema, with their descriptions.
fn schema() -> BTreeMap<String, BTreeMap<String, String>> {
    let schema: Value = serde_json::from_str(&Folder::new().ok("schema")).unwrap();
    let mut kinds = BTreeMap::new();
    let mut add = |name: &str, schema: &Value| {
        let mut keys = BTreeMap::new();
        let parts = schema["anyOf"].as_array().into_iter().flatten().chain([schema]);
        for (key, value) in parts.filter_map(|part| part["properties"].as_object()).flatten() {
            keys.insert(key.clone(), value["description"].to_string());
        }
        kinds.insert(name.to_string(), keys);
    };
    add("Config", &schema);
    let defs = schema["$defs"].as_object().unwrap();
    let is_list = |name: &str| defs.keys().any(|other| other.starts_with(&format!("{name}.")));
    defs.iter().filter(|(name, _)| !is_list(name)).for_each(|(name, schema)| add(name, schema));
    for list in ["scaling", "encoding"] {
        for (name, member) in members(&defs[list]) {
            add(&format!("{list}.{name}"), member);
        }
    }
    kinds.retain(|_, keys| !keys.is_empty());
    kinds
}

/// The members of a list whose arguments stand in its own schema, by the letters of their names.
fn members(list: &Value) -> Vec<(String, &Value)> {
    let choices = list["anyOf"].as_array().into_iter().flatten();
    let patterns = choices.filter_map(|choice| choice["patternProperties"].as_object()).flatten();
    patterns
        .map(|(pattern, member)| {
            let first = pattern.split('|').next().unwrap();
            let name: String = first.chars().filter(char::is_ascii_lowercase).collect();
            (name, member)
        })
        .collect()
}

/// The keys of a flow mapping without its braces, in order: `a: 1, b: [2, 3]`.
fn pairs(text: &str) -> Vec<(String, String)> {
    let (mut depth, mut items) = (0, vec![String::new()]);
    for c in text.chars() {
        depth = if c == '"' { -depth - 1 } else { depth }; // negative within quotes
        depth += i32::from("[{".contains(c)) - i32::from("]}".contains(c));
        match c {
            ',' if depth == 0 => items.push(String::new()),
            c => items.last_mut().unwrap().push(c),
        }
    }
    let items = items.iter().filter_map(|item| item.split_once(':'));
    items.map(|(key, value)| (key.trim().to_string(), value.trim().to_string())).collect()
}

impl Kind {
    /// The configuration with these arguments over its own ones.
    fn config(&self, over: &[&str]) -> String {
        let mut options = self.options.clone();
        let mut arguments: Vec<(String, String)> = Vec::new();
        for (key, value) in
            [self.arguments.as_str()].iter().chain(over).flat_map(|text| pairs(text))
        {
            match (key.as_str(), arguments.iter_mut().find(|(other, _)| *other == key)) {
                ("before" | "after", _) => _ = options.insert(key, value),
                ("activation", _) if self.name.starts_with("loss.") => {
                    _ = options.insert(key, value);
                }
                (_, Some((_, old))) => *old = value,
                (_, None) => arguments.push((key, value)),
            }
        }
        let arguments: Vec<String> = arguments.iter().map(|(k, v)| format!("{k}: {v}")).collect();
        let (list, name) = self.name.split_once('.').unwrap();
        config(list, &format!("{name}: {{{}}}", arguments.join(", ")), &options)
    }
}

impl Kind {
    /// A line as it is meant here: `trainable` has no effect without weights.
    fn line(&self, line: &Line) -> Line {
        let is_idle = line.key == "trainable" && self.options.contains_key("weights");
        Line { claim: if is_idle { Claim::None } else { line.claim }, ..line.clone() }
    }
}

/// What comes of a training: the call, the tensors of its files, and its other files.
struct Outcome {
    run: String,
    call: Call,
    files: BTreeMap<String, Vec<u8>>,
}

/// A folder with the table, and the trainings that were run there, by their configurations.
struct Bench {
    folder: Folder,
    outcomes: BTreeMap<String, Outcome>,
}

impl Bench {
    fn new() -> Bench {
        let folder = Folder::new();
        folder.write("t.csv", &csv());
        Bench { folder, outcomes: BTreeMap::new() }
    }

    /// Trains by each configuration once.
    fn train(&mut self, config: &str) {
        if !self.outcomes.contains_key(config) {
            let run = format!("run-{:03}", self.outcomes.len());
            self.outcomes.insert(config.to_string(), train(&self.folder, run, config));
        }
    }
}

/// Trains by a configuration.
fn train(folder: &Folder, run: String, config: &str) -> Outcome {
    folder.write(&format!("{run}.yaml"), config);
    let call = folder.run(&format!("train {run}.yaml --out {run}"));
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder.path(&run)).into_iter().flatten() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            continue; // a fold
        }
        let file = entry.file_name().into_string().unwrap();
        if file == "metrics.json" {
            continue; // it holds times, and what else it says stands in the other files
        }
        let bytes = folder.read_bytes(&format!("{run}/{file}"));
        // the configuration is another one anyhow, and stands in model files too
        let bytes = match file.rsplit_once('.') {
            Some((_, "safetensors")) => tensors(&bytes),
            Some((_, "yaml")) => Vec::new(),
            _ => bytes,
        };
        files.insert(file, bytes);
    }
    Outcome { run, call, files }
}

/// A safetensors file without its configuration.
fn tensors(bytes: &[u8]) -> Vec<u8> {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let metadata = header.as_object_mut().unwrap().remove("__metadata__");
    let text = metadata.as_ref().and_then(|metadata| metadata["lanthorn"].as_str());
    let mut metadata: Value = serde_json::from_str(text.unwrap_or("{}")).unwrap();
    for key in ["config", "checksum"] {
        metadata.as_object_mut().unwrap().remove(key);
    }
    [header.to_string().as_bytes(), metadata.to_string().as_bytes(), &bytes[8 + length..]].concat()
}

/// What was printed, without times.
fn said(call: &Call) -> String {
    let is_time = |part: &&str| part.ends_with("/step") || part.ends_with('s') && part.len() < 5;
    let line = |line: &str| {
        line.split(" - ").filter(|part| !is_time(part)).collect::<Vec<_>>().join(" - ")
    };
    let text = format!("{}{}", call.stdout, call.stderr);
    let lines = text.lines().filter(|line| !line.ends_with(" samples/s"));
    lines.map(line).collect::<Vec<_>>().join("\n")
}

/// Whether two trainings differ in more than their configurations.
fn differ(folder: &Folder, a: &Outcome, b: &Outcome) -> bool {
    let plain = |text: String, of: &Outcome| text.replace(&of.run, "RUN");
    let differs = |call: &str| {
        let shown = |of: &Outcome| plain(folder.run(&call.replace("RUN", &of.run)).stdout, of);
        shown(a) != shown(b)
    };
    a.files != b.files
        || plain(said(&a.call), a) != plain(said(&b.call), b)
        || differs("predict RUN t.csv")
        || differs("summary RUN")
        || differs("evaluate RUN")
}

/// Judges a line, by the two configurations without and with it.
fn judge(bench: &mut Bench, base: &str, changed: &str, line: &Line, about: &str) -> Option<String> {
    bench.train(base);
    bench.train(changed);
    let (one, other) = (&bench.outcomes[base], &bench.outcomes[changed]);
    let is_refused = other.call.code == 1 && other.files.is_empty();
    let wrong = match line.claim {
        _ if one.call.code != 0 => {
            let error = one.call.stderr.lines().find(|line| line.starts_with("error"));
            format!("without it: {}", error.unwrap_or_default())
        }
        Claim::Refused if !is_refused => "isn't refused".into(),
        Claim::Refused if !other.call.stderr.contains(&line.key) => {
            format!("is refused without its name: {}", other.call.stderr)
        }
        Claim::Refused => return None,
        _ if is_refused => format!("is refused: {}", other.call.stderr),
        claim => match (claim == Claim::Effect, differ(&bench.folder, one, other)) {
            (true, false) => "makes no difference".into(),
            (false, true) => "makes a difference".into(),
            (false, false) if !about.contains("no effect") => "isn't described so".into(),
            _ => return None,
        },
    };
    let first = wrong.lines().next().unwrap_or_default();
    Some(format!("{}: {} {first}\n", line.key, line.value))
}

/// What [`differ`] compares is the same for the same configuration.
fn same_configurations_do_not_differ(kind: &Kind) {
    let folder = Bench::new().folder;
    let [one, other] =
        ["run-a", "run-b"].map(|run| train(&folder, run.to_string(), &kind.config(&[])));
    assert!(!differ(&folder, &one, &other));
}

/// Judges all kinds of a list, on as many threads as there are.
fn list(of: &str) {
    let (table, schema) = (table(), schema());
    let all = table.iter().find(|kind| kind.name == format!("{of}.*")).unwrap();
    let kinds: Vec<&Kind> = table
        .iter()
        .filter(|kind| kind.name.starts_with(&format!("{of}.")) && !kind.name.ends_with('*'))
        .collect();
    let known: BTreeSet<&String> =
        schema.keys().filter(|name| name.starts_with(&format!("{of}."))).collect();
    let listed: BTreeSet<&String> = kinds.iter().map(|kind| &kind.name).collect();
    assert_eq!(known, listed);
    same_configurations_do_not_differ(kinds[0]);
    let queue = std::sync::Mutex::new(kinds.iter());
    let wrong = std::sync::Mutex::new(Vec::new());
    let work = || {
        while let Some(kind) = { queue.lock().unwrap().next() } {
            let mut bench = Bench::new();
            let keys = &schema[&kind.name];
            for line in kind.lines.iter().filter(|line| !keys.contains_key(&line.key)) {
                wrong.lock().unwrap().push(format!("{}: no key `{}`\n", kind.name, line.key));
            }
            for (key, about) in keys {
                let own = kind.lines.iter().find(|line| line.key == *key);
                let found = match own.or_else(|| all.lines.iter().find(|line| line.key == *key)) {
                    Some(line) => {
                        let line = &kind.line(line);
                        let base = kind.config(&[&line.beside]);
                        let changed =
                            kind.config(&[&line.beside, &format!("{key}: {}", line.value)]);
                        judge(&mut bench, &base, &changed, line, about)
                    }
                    None => Some(format!("`{key}` has no line in keys.txt\n")),
                };
                wrong.lock().unwrap().extend(found.map(|found| format!("{}: {found}", kind.name)));
            }
        }
    };
    std::thread::scope(|scope| {
        (0..2).for_each(|_| _ = scope.spawn(work));
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn every_key_of_the_layers_has_an_effect_or_is_refused() {
    list("layer");
}

#[test]
fn every_key_of_the_optimizers_has_an_effect_or_is_refused() {
    list("optimizer");
    list("schedule");
}

#[test]
fn every_key_of_the_losses_has_an_effect_or_is_refused() {
    list("loss");
}

#[test]
fn every_key_of_the_metrics_has_an_effect_or_is_refused() {
    list("metric");
}

#[test]
fn every_key_of_the_callbacks_has_an_effect_or_is_refused() {
    list("callback");
}
