//! Reference: what the lists hold, and what the keys of a configuration mean, as data. The page
//! docs/reference.md and `lanthorn explain` are made from it.

use schemars::{JsonSchema, SchemaGenerator, schema_for};
use serde_json::Value;

use crate::activations::Activation;
use crate::callbacks::Callback;
use crate::config::{Catalog, without_code};
use crate::diagnostics::Code;
use crate::layers::Layer;
use crate::losses::Loss;
use crate::metrics::Metric;
use crate::optimizers::Optimizer;
use crate::optimizers::schedules::Schedule;
use crate::transforms::{Encode, Scale};
use crate::weights::constraints::Constraint;
use crate::weights::initializers::Initializer;
use crate::weights::regularizers::Regularizer;

/// One of the lists: layers, losses, …
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// `Layers`.
    pub title: &'static str,
    /// The arguments that all of its entries take.
    pub shared: Vec<DescribedKey>,
    /// What it holds, in its order.
    pub entries: Vec<Described>,
    /// Whether the entries are told in a line each.
    pub is_short: bool,
}

/// One entry of a list: `dense`.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// Its name in a configuration.
    pub name: String,
    /// Other names that are accepted.
    pub aliases: Vec<String>,
    /// What it is.
    pub about: String,
    /// Its own arguments.
    pub arguments: Vec<DescribedKey>,
}

/// An argument, or a key of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedKey {
    /// `units`.
    pub name: String,
    /// What it means, with its default.
    pub about: String,
    /// Whether it must be given.
    pub is_required: bool,
}

/// All lists, in the order of the page.
pub fn sections() -> Vec<Section> {
    vec![
        list::<dyn Layer>("Layers"),
        names::<Activation>("Activations"),
        names::<Initializer>("Initializers"),
        names::<Regularizer>("Regularizers"),
        names::<Constraint>("Constraints"),
        list::<dyn Optimizer>("Optimizers"),
        list::<dyn Schedule>("Schedules"),
        list::<dyn Loss>("Losses"),
        list::<dyn Metric>("Metrics"),
        list::<dyn Callback>("Callbacks"),
        names::<Scale>("Scalings"),
        names::<Encode>("Encodings"),
    ]
}

/// What a word means: a code of an error, a list, a name in one or several lists, or a key of the
/// configuration by its path, such as `fit.validation_split`. None where it means nothing.
///
/// ```
/// let text = lanthorn::sections::reference::explain("dense").unwrap();
/// assert!(text.contains("units"));
/// assert!(lanthorn::sections::reference::explain("L010").unwrap().contains("does not exist"));
/// assert!(lanthorn::sections::reference::explain("fit.epochs").unwrap().contains("fit.epochs"));
/// ```
pub fn explain(word: &str) -> Option<String> {
    let sections = sections();
    let code = |is_it: &dyn Fn(&Code) -> bool| {
        let code = Code::ALL.iter().find(|code| is_it(code))?;
        Some(format!("{} {}\n\n{}\n", code.number(), code.name(), code.meaning()))
    };
    if let Some(text) = code(&|code| code.number().eq_ignore_ascii_case(word)) {
        return Some(text);
    }
    let is_list = |section: &&Section| {
        section.title.eq_ignore_ascii_case(word) || section.noun().eq_ignore_ascii_case(word)
    };
    if let Some(section) = sections.iter().find(is_list) {
        return Some(section.overview());
    }
    let mut found = String::new();
    for section in &sections {
        for entry in section.entries.iter().filter(|entry| entry.is_named(word)) {
            let gap = if found.is_empty() { "" } else { "\n" };
            found += &format!("{gap}{}", entry.text(section));
        }
    }
    if !found.is_empty() {
        return Some(found);
    }
    key(word).or_else(|| code(&|code| code.name() == word))
}

/// Every word that [`explain`] knows, keys aside.
pub fn words() -> Vec<String> {
    let mut words: Vec<String> = Code::ALL.iter().map(|code| code.number().to_string()).collect();
    for section in sections() {
        words.push(section.title.to_lowercase());
        for entry in section.entries {
            words.push(entry.name);
            words.extend(entry.aliases);
        }
    }
    words
}

impl Section {
    /// The section of the page, in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("\n## {}\n", self.title);
        if self.is_short {
            text.push('\n');
            text.extend(self.entries.iter().map(Described::line));
            return text;
        }
        if !self.shared.is_empty() {
            text += &format!("\nEvery one takes:\n\n{}", lines(&self.shared));
        }
        for entry in &self.entries {
            let also: Vec<String> = entry.aliases.iter().map(|name| format!("`{name}`")).collect();
            let (name, about) = (&entry.name, &entry.about);
            text += &format!("\n### {name}\n\n{about}\n\nAlso: {}.\n", also.join(", "));
            if !entry.arguments.is_empty() {
                text += &format!("\n{}", lines(&entry.arguments));
            }
        }
        text
    }

    /// `layer`, `loss`.
    fn noun(&self) -> String {
        let plural = self.title.to_lowercase();
        let end = if plural.ends_with("sses") { "es" } else { "s" };
        plural.strip_suffix(end).unwrap_or(&plural).to_string()
    }

    /// Its names, each with the first sentence of what it is.
    fn overview(&self) -> String {
        let width = self.entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
        let mut text = format!("{}\n\n", self.title);
        for Described { name, about, .. } in &self.entries {
            let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
            let first = about.split(". ").next().unwrap_or_default().trim_end_matches('.');
            text += &format!("  {name:width$}  {first}\n");
        }
        text
    }
}

impl Described {
    fn is_named(&self, word: &str) -> bool {
        let plain = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
        plain(&self.name) == plain(word)
            || self.aliases.iter().any(|alias| plain(alias) == plain(word))
    }

    /// One line of the page.
    fn line(&self) -> String {
        let keys = self.arguments.iter().map(|key| format!("`{}` ({})", key.name, key.about));
        let keys = keys.collect::<Vec<_>>().join(", ");
        let gap = if keys.is_empty() { "" } else { " " };
        format!("- `{}`: {}{gap}{keys}\n", self.name, self.about)
    }

    /// All of it, for a terminal.
    fn text(&self, section: &Section) -> String {
        let mut text = format!("{} ({})\n\n{}\n", self.name, section.noun(), self.about);
        if !self.aliases.is_empty() {
            text += &format!("\nalso: {}\n", self.aliases.join(", "));
        }
        let all = format!("arguments of every {}", section.noun());
        for (title, arguments) in [("arguments", &self.arguments), (all.as_str(), &section.shared)]
        {
            if !arguments.is_empty() {
                text += &format!("\n{title}:\n{}", indented(arguments));
            }
        }
        text
    }
}

/// A catalog: its kinds with their arguments, and the arguments that all of them take.
fn list<T: Catalog + ?Sized>(title: &'static str) -> Section {
    let mut generator = SchemaGenerator::default();
    let shared = arguments(&T::Common::json_schema(&mut generator).to_value());
    let kinds = T::kinds().iter().zip(T::schemas(&mut generator));
    let entries = kinds.map(|(kind, schema)| {
        let schema = schema.to_value();
        let names = std::iter::once(&kind.class_name).chain(kind.aliases);
        Described {
            name: kind.name.to_string(),
            aliases: names.map(ToString::to_string).collect(),
            about: without_code(schema["description"].as_str().unwrap_or_default()).to_string(),
            arguments: arguments(&schema),
        }
    });
    Section { title, shared, entries: entries.collect(), is_short: false }
}

/// A closed list of names.
fn names<T: JsonSchema>(title: &'static str) -> Section {
    let schema = schema_for!(T).to_value();
    let mut entries = Vec::new();
    for choice in choices(&schema) {
        let about = one_line(&choice["description"]);
        let mut push = |name: &str, arguments: Vec<DescribedKey>| {
            let (name, about) = (name.to_string(), about.clone());
            entries.push(Described { name, aliases: Vec::new(), about, arguments });
        };
        if let Some(name) = choice["const"].as_str() {
            push(name, Vec::new());
        }
        for (name, value) in choice["properties"].as_object().into_iter().flatten() {
            let keys = value["properties"].as_object().into_iter().flatten();
            let argument = |(key, value): (&String, &Value)| DescribedKey {
                name: key.clone(),
                about: one_line(&value["description"]),
                is_required: false,
            };
            push(name, keys.map(argument).collect());
        }
    }
    Section { title, shared: Vec::new(), entries, is_short: true }
}

fn arguments(schema: &Value) -> Vec<DescribedKey> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let keys = schema["properties"].as_object().into_iter().flatten();
    keys.map(|(key, value)| DescribedKey {
        name: key.clone(),
        about: one_line(&value["description"]),
        is_required: required.contains(&key.as_str()),
    })
    .collect()
}

fn lines(arguments: &[DescribedKey]) -> String {
    let line = |DescribedKey { name, about, is_required }: &DescribedKey| {
        let must = if *is_required { " (required)" } else { "" };
        format!("- `{name}`{must}: {about}\n")
    };
    arguments.iter().map(line).collect()
}

fn indented(arguments: &[DescribedKey]) -> String {
    let width = arguments.iter().map(|argument| argument.name.len()).max().unwrap_or(0);
    let line = |DescribedKey { name, about, is_required }: &DescribedKey| {
        let must = if *is_required { "Required. " } else { "" };
        format!("  {name:width$}  {must}{about}\n")
    };
    arguments.iter().map(line).collect()
}

fn one_line(text: &Value) -> String {
    text.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The choices of a schema.
fn choices(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten()
}

/// What a key of the configuration means, and the keys below it.
fn key(path: &str) -> Option<String> {
    let root = crate::config::schema_of::<crate::sections::Config>();
    let (mut at, mut about) = (&root, String::new());
    for key in path.split('.') {
        let key = key.split('[').next().unwrap_or(key);
        at = property(&root, at, key)?;
        about = one_line(&at["description"]);
    }
    let at = resolved(&root, at);
    if about.is_empty() {
        about = one_line(&at["description"]);
    }
    let mut text = format!("{path}\n\n{about}\n");
    let keys = arguments(at);
    if !keys.is_empty() {
        text += &format!("\nkeys:\n{}", indented(&keys));
    }
    Some(text)
}

/// A key of a schema, or of one of its choices.
fn property<'s>(root: &'s Value, schema: &'s Value, key: &str) -> Option<&'s Value> {
    let schema = resolved(root, schema);
    if let Some(found) = schema["properties"].get(key) {
        return Some(found);
    }
    choices(schema).chain(schema.get("items")).find_map(|choice| property(root, choice, key))
}

/// A schema behind its references; of a choice between a table and nothing, the table.
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return resolved(root, &root["$defs"][name]);
    }
    let mut others = choices(schema).filter(|choice| choice["type"] != "null");
    match (schema["properties"].is_object(), others.next(), others.next()) {
        (false, Some(only), None) => resolved(root, only),
        _ => schema,
    }
}
