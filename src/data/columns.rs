//! Columns: what the `data` section says of a table, checked against its header.

use std::collections::HashMap;

use super::header::Header;
use super::source::Source;
use super::table::Wanted;
use crate::config::ConfigError;
use crate::config::data::{ColumnConfig, Columns, DataConfig, Encode, Scale};
use crate::diagnostics::Code;
use crate::error::{Error, Result};

/// The columns of a table that the configuration asks for.
pub(super) struct Plan {
    pub features: Vec<Planned>,
    pub target: Vec<Planned>,
    pub weight: Option<Planned>,
}

/// A column with its rule.
pub(super) struct Planned {
    pub name: String,
    /// Its place in the header.
    pub index: usize,
    pub scale: Scale,
    pub encode: Option<Encode>,
    /// Where the configuration asks for it: `data.features[1]`.
    pub path: String,
}

impl Plan {
    /// Checks the section against the header; the error holds all mistakes.
    pub(super) fn resolve(section: &DataConfig, source: &Source, header: &Header) -> Result<Plan> {
        if section.features.is_empty() {
            let error = ConfigError::at("data.features", "`features` is empty").with_help(
                "list at least one column, or take all but the target: `[{columns: \"*\"}]`",
            );
            return Err(error.with_code(Code::Column).into());
        }
        let mut mistakes = Vec::new();
        let mut finder = Finder { source, header, apart: Vec::new() };
        let mut find = |finder: &Finder<'_>, rule: &ColumnConfig, path: &str| {
            let found = finder.columns(rule, path);
            found.map_err(|error| mistakes.push(error)).unwrap_or_default()
        };
        let target = find(&finder, &section.target, "data.target");
        let weight = section.sample_weight.as_ref().map(ColumnConfig::number);
        let weight = weight.and_then(|rule| find(&finder, &rule, "data.sample_weight").pop());
        // a pattern among the features means none of these
        finder.apart = target.iter().chain(&weight).map(|column| column.index).collect();
        let mut features = Vec::new();
        for (index, rule) in section.features.iter().enumerate() {
            features.extend(find(&finder, rule, &format!("data.features[{index}]")));
        }
        let plan = Plan { features, target, weight };
        mistakes.extend(check_target(&plan.target).err());
        mistakes.extend(plan.check_each_once().err());
        match Error::all(mistakes) {
            Some(mistakes) => Err(mistakes),
            None => Ok(plan),
        }
    }

    /// The columns to read: features, target, weight.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let all = self.features.iter().chain(&self.target).chain(&self.weight);
        all.map(Planned::wanted).collect()
    }

    fn check_each_once(&self) -> Result<(), ConfigError> {
        let mut first: HashMap<usize, &str> = HashMap::new();
        let fixed = self.target.iter().chain(&self.weight);
        for column in fixed.chain(&self.features) {
            if let Some(other) = first.insert(column.index, &column.path) {
                let name = &column.name;
                let message = if other == column.path {
                    format!("column `{name}` is used twice")
                } else {
                    format!("column `{name}` is used twice: it is in `{other}` too")
                };
                let error = ConfigError::at(&column.path, message).with_code(Code::Column);
                return Err(error.with_help("name it once"));
            }
        }
        Ok(())
    }
}

impl Planned {
    fn wanted(&self) -> Wanted {
        let name = &self.name;
        let advice = match self.path.as_str() {
            "data.sample_weight" => "weights are numbers".to_string(),
            "data.target" => format!(
                "if `{name}` holds classes, add `encode: label` to `data.target`: `{{column: {name}, encode: label}}`"
            ),
            path => format!(
                "if `{name}` holds categories, add `encode: label` or `encode: one_hot` to `{path}`: `{{column: {name}, encode: label}}`"
            ),
        };
        Wanted { name: name.clone(), index: self.index, text: self.encode.is_some(), advice }
    }
}

struct Finder<'a> {
    source: &'a Source,
    header: &'a Header,
    /// Columns that no pattern means.
    apart: Vec<usize>,
}

impl Finder<'_> {
    /// The columns of one rule.
    fn columns(&self, rule: &ColumnConfig, path: &str) -> Result<Vec<Planned>, ConfigError> {
        check_rule(rule, path)?;
        let indices = match &rule.columns {
            Columns::One(name) => vec![self.named(name, path)?],
            Columns::Pattern(pattern) => self.matching(pattern, path)?,
            Columns::Many(names) if names.is_empty() => {
                return Err(ConfigError::at(format!("{path}.columns"), "`columns` is empty")
                    .with_help("name at least one column"));
            }
            Columns::Many(names) => {
                names.iter().map(|name| self.named(name, path)).collect::<Result<_, _>>()?
            }
        };
        let planned = |index: usize| Planned {
            name: self.header.names[index].clone(),
            index,
            scale: rule.scale,
            encode: rule.encode,
            path: path.to_string(),
        };
        Ok(indices.into_iter().map(planned).collect())
    }

    fn named(&self, name: &str, path: &str) -> Result<usize, ConfigError> {
        self.header.find(name).ok_or_else(|| {
            let message = format!("column `{name}` is not in {}", self.source.name);
            let help = if name.contains(['*', '?']) {
                format!("a pattern is written as `{{columns: \"{name}\"}}`")
            } else {
                self.header.missing_help(name)
            };
            ConfigError::at(path, message).with_code(Code::Column).with_help(help)
        })
    }

    fn matching(&self, pattern: &str, path: &str) -> Result<Vec<usize>, ConfigError> {
        let path = format!("{path}.columns");
        let glob = glob::Pattern::new(pattern).map_err(|error| {
            ConfigError::at(&path, format!("`{pattern}` is not a pattern: {}", error.msg))
                .with_help("`*` is any text, `?` one character, `[0-9]` one of these")
        })?;
        let names = self.header.names.iter().enumerate();
        let indices: Vec<usize> = names
            .filter(|(_, name)| !name.is_empty() && glob.matches(name))
            .filter(|(index, _)| !self.apart.contains(index))
            .map(|(index, _)| index)
            .collect();
        if indices.is_empty() {
            let message = format!("no column of {} matches `{pattern}`", self.source.name);
            return Err(ConfigError::at(path, message)
                .with_code(Code::Column)
                .with_help(self.header.missing_help(pattern)));
        }
        Ok(indices)
    }
}

/// What a rule says is checked by itself.
fn check_rule(rule: &ColumnConfig, path: &str) -> Result<(), ConfigError> {
    if let Scale::MinMax(min_max) = rule.scale {
        let [low, high] = min_max.range;
        if !(low < high && (high - low).is_finite()) {
            let message = format!("`range` must rise, got [{low}, {high}]");
            return Err(ConfigError::at(format!("{path}.scale.min_max.range"), message)
                .with_help("write the low end first, such as `[0, 1]`"));
        }
    }
    if rule.encode == Some(Encode::OneHot) && rule.scale != Scale::None {
        return Err(ConfigError::at(format!("{path}.scale"), "`one_hot` columns can't be scaled")
            .with_help("remove `scale`: they are 0 and 1"));
    }
    Ok(())
}

fn check_target(target: &[Planned]) -> Result<(), ConfigError> {
    let Some(first) = target.first().filter(|column| column.encode.is_some()) else {
        return Ok(());
    };
    if target.len() > 1 {
        let message = format!("a target of classes is one column, got {}", target.len());
        return Err(ConfigError::at("data.target", message).with_help(
            "name one column; several columns are a target of numbers, without `encode`",
        ));
    }
    if first.scale != Scale::None {
        return Err(ConfigError::at("data.target.scale", "a target of classes can't be scaled")
            .with_help("remove `scale`, or `encode` where the target is a number"));
    }
    Ok(())
}
