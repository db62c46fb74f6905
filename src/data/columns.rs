//! Columns: what the `data` section says of a table, checked against its header.

use std::collections::{HashMap, HashSet};

use super::cells::{Missing, limit};
use super::header::Header;
use super::layout::Wanted;
use super::named::Named;
use super::rules::{self, filling_of_array, written_name};
use super::source::Source;
use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::error::{Error, Result};
use crate::sections::{
    ColumnConfig, Columns, DataConfig, Encode, FEATURES, ImageConfig, MissingValues, Scale,
};
use crate::splits::Division;
use crate::transforms::{Label, MissingRule, OneOrSeveral, Unknown};

/// The columns of a table that the configuration asks for.
pub(super) struct ColumnPlan {
    pub features: Vec<Planned>,
    pub target: Vec<Planned>,
    pub weight: Option<Planned>,
    /// Columns that are copied to the predictions.
    pub ids: Vec<Planned>,
    /// The column that a split looks at; another of these may be the same one.
    pub split: Option<Planned>,
    /// The shape of one sample, where the features are an array of several axes.
    pub input_shape: Option<Vec<usize>>,
    /// The column that tells series apart.
    pub group: Option<Planned>,
    /// The column with the time of each row.
    pub order: Option<Planned>,
}

/// A column with its rule.
pub(super) struct Planned {
    pub name: String,
    /// Its place in the header.
    pub index: usize,
    pub scale: OneOrSeveral<Scale>,
    pub encode: Option<Encode>,
    pub missing: MissingRule,
    pub missing_values: MissingValues,
    pub indicator: bool,
    pub unknown: Unknown,
    /// Where the configuration asks for it: `data.features[1]`.
    pub path: String,
    /// Whether it is the only column that its rule names.
    pub is_alone: bool,
}

impl ColumnPlan {
    /// Checks the section against the header; the error holds all mistakes.
    pub(super) fn resolve(
        section: &DataConfig,
        division: Division<'_>,
        source: &dyn Source,
    ) -> Result<ColumnPlan> {
        let named = Named::of(section, source).map_err(|mistakes| match Error::all(mistakes) {
            Some(error) => error,
            None => Error::Internal("no features and no mistake".to_string()),
        })?;
        let mut mistakes = Vec::new();
        let mut finder = Finder { source, header: source.header(), apart: HashSet::new() };
        let mut find = |finder: &Finder<'_>, rule: &ColumnConfig, path: &str| {
            let found = finder.columns(rule, path);
            found.map_err(|error| mistakes.push(error)).unwrap_or_default()
        };
        let target = find(&finder, &named.target.0, named.target.1);
        let weight = section.sample_weight.as_ref().map(ColumnConfig::number);
        let weight = weight.and_then(|rule| find(&finder, &rule, "data.sample_weight").pop());
        let ids = section.id.steps().iter();
        let ids = ids
            .flat_map(|name| find(&finder, &ColumnConfig::number(name), "data.id"))
            .collect::<Vec<_>>();
        let mut key = |name: Option<String>, path: &str| {
            let label = ColumnConfig::number(name?).encoded(Label::default()); // read as text
            find(&finder, &label, path).pop()
        };
        let split = division.needs().and_then(|(name, path)| key(Some(name), &path));
        let window = section.window.as_ref();
        let group = key(window.and_then(|own| own.group.clone()), "data.window.group");
        let order = key(window.and_then(|own| own.order_by.clone()), "data.window.order_by");
        // a pattern among the features means none of these, nor what another rule names
        let mut apart: HashSet<usize> = target
            .iter()
            .chain(&weight)
            .chain(&ids)
            .chain(&split)
            .map(|column| column.index)
            .collect();
        apart.extend(group.iter().chain(&order).map(|column| column.index));
        let is_pattern = |rule: &ColumnConfig| matches!(rule.columns, Columns::Pattern(_));
        let mut rules = Vec::new();
        for (rule, path) in &named.features {
            let named = if is_pattern(rule) { Vec::new() } else { find(&finder, rule, path) };
            apart.extend(named.iter().map(|column| column.index));
            rules.push((rule, path, named));
        }
        finder.apart = apart;
        let mut features = Vec::new();
        for (rule, path, named) in rules {
            features.extend(if is_pattern(rule) { find(&finder, rule, path) } else { named });
        }
        let (rule, input_shape) = (&named.target.0, named.input_shape);
        let plan = ColumnPlan { features, target, weight, ids, split, input_shape, group, order };
        mistakes.extend(rules::check_target(rule, plan.target.len()).err());
        mistakes.extend(plan.check_each_once(section.window.is_some()).err());
        mistakes.extend(plan.check_pictures_alone().err());
        match Error::all(mistakes) {
            Some(mistakes) => Err(mistakes),
            None => Ok(plan),
        }
    }

    /// The columns to read: features, target, weight; then those of the split and of the windows,
    /// which may be columns that are read already.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        self.used().chain(self.keys()).map(Planned::wanted).collect()
    }

    /// Where a column of the split or of the windows is among those that are read.
    pub(super) fn place_of(&self, key: &Planned) -> usize {
        let place = self.keys().position(|other| std::ptr::eq(other, key)).unwrap_or(0);
        self.used().count() + place
    }

    fn keys(&self) -> impl Iterator<Item = &Planned> {
        self.split.iter().chain(&self.group).chain(&self.order)
    }

    fn used(&self) -> impl Iterator<Item = &Planned> {
        self.features.iter().chain(&self.target).chain(&self.weight)
    }

    /// The columns that rows are left out for, each with its place among the columns to read.
    pub(super) fn dropping(&self) -> Vec<(&str, usize)> {
        let columns = self.features.iter().chain(&self.target).enumerate();
        let dropping = columns.filter(|(_, column)| column.missing == MissingRule::DropRow);
        dropping.map(|(place, column)| (column.name.as_str(), place)).collect()
    }

    /// The column of pictures, by its place among the features.
    pub(super) fn image(&self) -> Option<(usize, &ImageConfig)> {
        let mut features = self.features.iter().enumerate();
        features.find_map(|(place, column)| match &column.encode {
            Some(Encode::ImageConfig(image)) => Some((place, image)),
            _ => None,
        })
    }

    /// A model has one input, and pictures are all of it.
    fn check_pictures_alone(&self) -> Result<(), ConfigError> {
        let Some((place, _)) = self.image().filter(|_| self.features.len() > 1) else {
            return Ok(());
        };
        let image = &self.features[place];
        let others = self.features.iter().filter(|column| column.name != image.name);
        let others: Vec<&str> = others.map(|column| column.name.as_str()).take(3).collect();
        let message = format!(
            "pictures are the only feature of a model, and there are others beside `{}`: {}",
            image.name,
            others.join(", ")
        );
        let error = ConfigError::at(&image.path, message).with_code(Code::Column);
        Err(error.with_help("keep the column of pictures alone"))
    }

    /// With windows, the target's past may be a feature.
    fn check_each_once(&self, has_window: bool) -> Result<(), ConfigError> {
        let mut first: HashMap<usize, &str> = HashMap::new();
        let fixed = self.target.iter().chain(&self.weight).chain(&self.ids);
        let is_past = |column: &Planned| {
            has_window && self.target.iter().any(|target| target.index == column.index)
        };
        for column in fixed.chain(self.features.iter().filter(|column| !is_past(column))) {
            if let Some(other) = first.insert(column.index, &column.path) {
                let name = &column.name;
                let message = if other == column.path {
                    format!("column `{name}` is used twice")
                } else {
                    format!("column `{name}` is used twice: it is in `{other}` too")
                };
                let is_feature = column.path.starts_with("data.features");
                let help = if other == "data.id" && is_feature {
                    "an `id` is never a feature: remove it from the one or the other"
                } else if other == "data.target" && is_feature {
                    "name it once; to train an autoencoder, write `target: features`"
                } else {
                    "name it once"
                };
                let error = ConfigError::at(&column.path, message).with_code(Code::Column);
                return Err(error.with_help(help));
            }
        }
        Ok(())
    }
}

impl Planned {
    pub(super) fn wanted(&self) -> Wanted {
        let name = &self.name;
        let written = written_name(name);
        if self.path == "data.sample_weight" {
            return Wanted::weight(name, self.index);
        }
        let add = |encode: &str| match (self.is_alone, self.path.as_str()) {
            (true, path) => {
                let encodes = encode.replace('|', "` or `encode: ");
                let first = encode.split('|').next().unwrap_or_default();
                format!(
                    "add `encode: {encodes}` to `{path}`: `{{column: {written}, encode: {first}}}`"
                )
            }
            (false, _) => {
                let first = encode.split('|').next_back().unwrap_or_default();
                format!(
                    "give it a rule of its own beside the others: `- {{column: {written}, encode: {first}}}`"
                )
            }
        };
        let (advice, booleans) = match self.path.as_str() {
            "data.target" => (format!("if `{name}` holds classes, {}", add("label")), add("label")),
            _ => {
                (format!("if `{name}` holds categories, {}", add("label|one_hot")), add("boolean"))
            }
        };
        let text = self.encode.as_ref().is_some_and(|encode| !encode.takes_numbers());
        let advice = if text { String::new() } else { advice };
        let filling = match &self.encode {
            Some(Encode::MultiHot(_)) => {
                "where an empty cell has no labels, add `missing: {constant: \"\"}`".to_string()
            }
            _ if self.path == "data.target" => {
                format!("`missing: drop_row` in `{}` leaves such rows out", self.path)
            }
            _ if self.path == "data.x" => filling_of_array(name),
            _ => {
                let fill = if text { "most_frequent" } else { "median" };
                format!(
                    "`missing: {fill}` in `{}` fills such cells, `missing: drop_row` leaves their rows out",
                    self.path
                )
            }
        };
        let limit = limit(!self.scale.is_none() || self.encode.is_some());
        let (index, takes_missing) = (self.index, self.missing.is_allowed());
        let separator = self.encode.as_ref().and_then(Encode::separator).map(str::to_string);
        Wanted {
            name: name.clone(),
            index,
            text,
            advice,
            filling,
            booleans,
            limit,
            takes_missing,
            missing: Missing::new(&self.missing_values),
            separator,
        }
    }
}

struct Finder<'a> {
    source: &'a dyn Source,
    header: &'a Header,
    /// Columns that no pattern means.
    apart: HashSet<usize>,
}

impl Finder<'_> {
    /// The columns of one rule.
    fn columns(&self, rule: &ColumnConfig, path: &str) -> Result<Vec<Planned>, ConfigError> {
        rules::check(rule, path)?;
        let indices = match &rule.columns {
            Columns::Features => {
                self.check_no_column_of_that_name(path)?;
                Vec::new()
            }
            Columns::One(name) => vec![self.named(name, path)?],
            Columns::Pattern(pattern) => self.matching(pattern, &rule.exclude, path)?,
            Columns::Many(names) if names.is_empty() => {
                return Err(ConfigError::at(format!("{path}.columns"), "`columns` is empty")
                    .with_help("name at least one column"));
            }
            Columns::Many(names) => {
                let names = names.iter().enumerate();
                let place = |(at, name): (usize, &String)| {
                    self.named(name, &format!("{path}.columns[{at}]"))
                };
                names.map(place).collect::<Result<_, _>>()?
            }
        };
        let is_alone = matches!(rule.columns, Columns::One(_));
        let planned = |index: usize| Planned {
            name: self.header.names[index].clone(),
            index,
            scale: rule.scale.clone(),
            encode: rule.encode.clone(),
            missing: rule.missing.clone(),
            missing_values: rule.missing_values.clone(),
            indicator: rule.indicator,
            unknown: rule.unknown(),
            path: path.to_string(),
            is_alone,
        };
        Ok(indices.into_iter().map(planned).collect())
    }

    /// The word `features` must mean one thing.
    fn check_no_column_of_that_name(&self, path: &str) -> Result<(), ConfigError> {
        if self.header.names.iter().all(|name| name != FEATURES) {
            return Ok(());
        }
        let message = format!(
            "`features` means the features themselves, and {} has a column `features` too",
            self.source.name()
        );
        Err(ConfigError::at(path, message).with_code(Code::Column).with_help(
            "to predict that column, write `target: {column: features}`; else give it another name",
        ))
    }

    fn named(&self, name: &str, path: &str) -> Result<usize, ConfigError> {
        let place = self.header.place(name);
        let place = place
            .map_err(|p| ConfigError::at(path, p.message).with_code(p.code).with_help(p.help))?;
        place.ok_or_else(|| {
            let message = format!("column `{name}` is not in {}", self.source.name());
            let help = if name.contains(['*', '?']) {
                format!("a pattern is written as `{{columns: \"{name}\"}}`")
            } else {
                self.source.missing_help(name)
            };
            ConfigError::at(path, message).with_code(Code::Column).with_help(help)
        })
    }

    fn matching(
        &self,
        pattern: &str,
        exclude: &[String],
        path: &str,
    ) -> Result<Vec<usize>, ConfigError> {
        let glob = glob(pattern, &format!("{path}.columns"))?;
        let names = || self.header.names.iter().enumerate();
        let mut left_out = HashSet::new();
        for (at, pattern) in exclude.iter().enumerate() {
            let path = format!("{path}.exclude[{at}]");
            let glob = self::glob(pattern, &path)?;
            let matches = names().filter(|(_, name)| **name == *pattern || glob.matches(name));
            let before = left_out.len();
            left_out.extend(matches.map(|(index, _)| index));
            if left_out.len() == before {
                let message = format!("no column of {} is `{pattern}`", self.source.name());
                let help = self.header.missing_help(pattern);
                let error = ConfigError::at(path, message).with_code(Code::Column);
                return Err(error.with_help(help));
            }
        }
        let matches: Vec<(usize, &String)> =
            names().filter(|(_, name)| !name.is_empty() && glob.matches(name)).collect();
        let path = format!("{path}.columns");
        let mut indices = Vec::new();
        for (index, name) in &matches {
            if self.apart.contains(index) || left_out.contains(index) {
                continue;
            }
            self.header.place(name).map_err(|p| {
                ConfigError::at(&path, p.message).with_code(p.code).with_help(p.help)
            })?;
            indices.push(*index);
        }
        if !indices.is_empty() {
            return Ok(indices);
        }
        if matches.is_empty() {
            let message = format!("no column of {} matches `{pattern}`", self.source.name());
            return Err(ConfigError::at(path, message)
                .with_code(Code::Column)
                .with_help(self.header.missing_help(pattern)));
        }
        let message = format!("`{pattern}` has no column left: all that match have other rules");
        let help = "remove this rule; if the target was to be the features themselves, write \
                    `target: features`";
        Err(ConfigError::at(path, message).with_code(Code::Column).with_help(help))
    }
}

fn glob(pattern: &str, path: &str) -> Result<glob::Pattern, ConfigError> {
    glob::Pattern::new(pattern).map_err(|error| {
        ConfigError::at(path, format!("`{pattern}` is not a pattern: {}", error.msg))
            .with_help("`*` is any text, `?` one character, `[0-9]` one of these")
    })
}
