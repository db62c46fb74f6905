//! Folds: the splits of a cross-validation, by scikit-learn's definitions.

use std::cmp::Reverse;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::role::RowRole;
use super::rows::SplitRows;
use crate::config::names::suggestion;
use crate::config::{ConfigError, PlainText};
use crate::diagnostics::Code;
use crate::error::Problem;

/// Cross-validation: the table is divided into folds, and a model is trained for each of them, which
/// is validated on that fold and trained on the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "cv", deny_unknown_fields, default)]
pub struct CvConfig {
    /// Number of folds; at least 2. Default: 5.
    pub folds: usize,
    /// How rows are assigned to folds: `rows` in the order of the table, `stratified` with the
    /// proportions of the classes, `{group: COLUMN}` with rows with equal cells in one fold, `time`
    /// (or `{time: COLUMN}`) with each fold later than the rows it is trained on. Default: rows.
    pub by: FoldsBy,
    /// Whether to shuffle the rows (or the groups) before they are assigned. Default: false.
    pub shuffle: bool,
    /// Whether to train a model on all rows after the folds, kept in the folder `refit`. Default:
    /// false.
    pub refit: bool,
    /// The only fold to train, from 1, as an ordinary run. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<usize>,
}

/// How rows are assigned to folds.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum FoldsBy {
    /// Consecutive rows. scikit-learn: `KFold`.
    #[default]
    Rows,
    /// Each class by its share. scikit-learn: `StratifiedKFold`.
    Stratified,
    /// Whole groups, the rows with equal cells in a column. scikit-learn: `GroupKFold`.
    Group(String),
    /// Later and later rows, by a column or in the order of the table; each fold is trained on the rows
    /// before it. scikit-learn: `TimeSeriesSplit`.
    Time(Option<String>),
}

impl Default for CvConfig {
    fn default() -> Self {
        CvConfig { folds: 5, by: FoldsBy::Rows, shuffle: false, refit: false, fold: None }
    }
}

/// The most folds.
const MOST_FOLDS: usize = 1000;

impl CvConfig {
    /// The column of the table that decides the folds, where one does.
    pub fn needs(&self) -> Option<&str> {
        match &self.by {
            FoldsBy::Group(column) | FoldsBy::Time(Some(column)) => Some(column),
            _ => None,
        }
    }

    /// What is wrong with it, whatever the data.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let error = |key: &str, message: String, help: &str| {
            Err(ConfigError::at(format!("fit.cv.{key}"), message).with_help(help))
        };
        if !(2..=MOST_FOLDS).contains(&self.folds) {
            let message = format!("`folds` must be between 2 and {MOST_FOLDS}, got {}", self.folds);
            return error("folds", message, "5 or 10 are usual");
        }
        if let Some(fold) = self.fold.filter(|fold| !(1..=self.folds).contains(fold)) {
            let message = format!("`fold` must be between 1 and {}, got {fold}", self.folds);
            return error("fold", message, "leave it out to train all folds");
        }
        if self.shuffle && matches!(self.by, FoldsBy::Time(_)) {
            let message = "folds by time can't be shuffled".to_string();
            return error("shuffle", message, "remove `shuffle`, or take `by: rows`");
        }
        Ok(())
    }

    /// What each row is for in a fold, which is counted from 1.
    pub(crate) fn assign(
        &self,
        fold: usize,
        rows: &SplitRows<'_>,
    ) -> Result<Vec<RowRole>, ConfigError> {
        self.check()?;
        let folds = self.folds_of(rows).map_err(|problem| {
            let place = if problem.key.is_empty() { "by" } else { &problem.key };
            ConfigError::at(format!("fit.cv.{place}"), problem.message)
                .with_code(Code::ValidationSplit)
                .with_help(problem.help)
        })?;
        let is_in_time = matches!(self.by, FoldsBy::Time(_));
        let role = |of: &usize| match of.cmp(&fold) {
            std::cmp::Ordering::Equal => RowRole::Validate,
            std::cmp::Ordering::Greater if is_in_time => RowRole::LeftOut,
            _ => RowRole::Train,
        };
        Ok(folds.iter().map(role).collect())
    }

    /// The fold of each row, from 1; 0 for rows before the first fold of a division by time.
    fn folds_of(&self, rows: &SplitRows<'_>) -> Result<Vec<usize>, Problem> {
        if rows.count < self.folds + usize::from(matches!(self.by, FoldsBy::Time(_))) {
            let message = format!("{} folds need more than {} rows", self.folds, rows.count);
            return Err(Problem::at("folds", message).help("use fewer folds"));
        }
        match &self.by {
            FoldsBy::Rows => Ok(self.consecutive(rows)),
            FoldsBy::Stratified => self.stratified(rows),
            FoldsBy::Group(column) => self.grouped(column, rows),
            FoldsBy::Time(column) => self.in_time(column.as_deref(), rows),
        }
    }

    /// KFold: consecutive rows, of which the first `n % k` folds have one more.
    fn consecutive(&self, rows: &SplitRows<'_>) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows.count).collect();
        if self.shuffle {
            rows.random.stream("folds", "rows", 0).shuffle(&mut order);
        }
        let mut folds = vec![0; rows.count];
        for (row, fold) in order.into_iter().zip(self.sizes(rows.count)) {
            folds[row] = fold;
        }
        folds
    }

    /// The fold of each of `n` consecutive things.
    fn sizes(&self, n: usize) -> impl Iterator<Item = usize> {
        let (least, more) = (n / self.folds, n % self.folds);
        (1..=self.folds)
            .flat_map(move |fold| std::iter::repeat_n(fold, least + usize::from(fold <= more)))
    }

    /// StratifiedKFold: classes in the order in which they are first met; each fold has of each class
    /// what every k-th row of the sorted classes has.
    fn stratified(&self, rows: &SplitRows<'_>) -> Result<Vec<usize>, Problem> {
        let Some(classes) = rows.classes else {
            return Err(Problem::at("by", "`by: stratified` needs a target of classes")
                .help("take `by: rows`, with `shuffle: true`, for numbers"));
        };
        let mut members: Vec<Vec<usize>> =
            vec![Vec::new(); classes.iter().max().map_or(0, |last| last + 1)];
        classes.iter().enumerate().for_each(|(row, class)| members[*class].push(row));
        members.retain(|rows| !rows.is_empty());
        members.sort_by_key(|rows| rows.first().copied());
        if let Some(rows) = members.iter().find(|rows| rows.len() < 2) {
            let message = "a class has one row: it can't be trained and validated on";
            let help =
                format!("leave out row {} of the table, or add rows of its class", rows[0] + 1);
            return Err(Problem::at("by", message).help(help));
        }
        let mut folds = vec![0; rows.count];
        let mut start = 0;
        for (class, members) in members.iter().enumerate() {
            // the sorted classes from `start` on are of this one; place i is of fold i % k
            let mut of_class: Vec<usize> = (0..self.folds)
                .flat_map(|fold| {
                    let count = (start..start + members.len())
                        .filter(|place| place % self.folds == fold)
                        .count();
                    std::iter::repeat_n(fold + 1, count)
                })
                .collect();
            if self.shuffle {
                rows.random.stream("folds", "stratified", class as u64).shuffle(&mut of_class);
            }
            members.iter().zip(of_class).for_each(|(row, fold)| folds[*row] = fold);
            start += members.len();
        }
        Ok(folds)
    }

    /// GroupKFold: the largest group to the lightest fold; shuffled, the same number of groups to each.
    fn grouped(&self, column: &str, rows: &SplitRows<'_>) -> Result<Vec<usize>, Problem> {
        let groups = rows.column()?.groups();
        let mut sizes = vec![0; groups.iter().max().map_or(0, |last| last + 1)];
        groups.iter().for_each(|group| sizes[*group] += 1);
        if sizes.len() < self.folds {
            let message = format!(
                "`{column}` has {} groups, fewer than the {} folds",
                sizes.len(),
                self.folds
            );
            return Err(Problem::at("folds", message).help("use fewer folds"));
        }
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        let mut fold_of = vec![0; sizes.len()];
        if self.shuffle {
            rows.random.stream("folds", "groups", 0).shuffle(&mut order);
            order
                .iter()
                .zip(self.sizes(sizes.len()))
                .for_each(|(group, fold)| fold_of[*group] = fold);
        } else {
            order.sort_by_key(|group| Reverse((sizes[*group], *group)));
            let mut loads = vec![0; self.folds];
            for group in order {
                let lightest = (0..self.folds).min_by_key(|fold| loads[*fold]).unwrap_or_default();
                loads[lightest] += sizes[group];
                fold_of[group] = lightest + 1;
            }
        }
        Ok(groups.iter().map(|group| fold_of[*group]).collect())
    }

    /// TimeSeriesSplit: `⌊n / (k + 1)⌋` rows each, the last rows in the last fold.
    fn in_time(&self, column: Option<&str>, rows: &SplitRows<'_>) -> Result<Vec<usize>, Problem> {
        let mut order: Vec<usize> = (0..rows.count).collect();
        if column.is_some() {
            let times = rows.column()?.times()?;
            order.sort_by_key(|row| times[*row]); // stable: rows of one time in their order
        }
        let size = rows.count / (self.folds + 1);
        let first = rows.count - self.folds * size;
        let mut folds = vec![0; rows.count];
        for (place, row) in order.into_iter().enumerate().skip(first) {
            folds[row] = 1 + (place - first) / size;
        }
        Ok(folds)
    }
}

/// The words of `by`.
const WAYS: [&str; 4] = ["rows", "stratified", "group", "time"];

impl Serialize for FoldsBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            FoldsBy::Rows => serializer.serialize_str("rows"),
            FoldsBy::Stratified => serializer.serialize_str("stratified"),
            FoldsBy::Group(column) => serializer.collect_map([("group", column)]),
            FoldsBy::Time(None) => serializer.serialize_str("time"),
            FoldsBy::Time(Some(column)) => serializer.collect_map([("time", column)]),
        }
    }
}

impl<'de> Deserialize<'de> for FoldsBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WayVisitor)
    }
}

struct WayVisitor;

impl WayVisitor {
    fn unknown<E: de::Error>(word: &str) -> E {
        let valid = "valid: `rows`, `stratified`, `{group: COLUMN}`, `time`";
        let help = suggestion(word, &WAYS, valid);
        let problem = Problem::at("", format!("unknown way to make folds: `{word}`")).help(help);
        E::custom(problem.code(Code::UnknownName))
    }
}

impl<'de> Visitor<'de> for WayVisitor {
    type Value = FoldsBy;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "`rows`, `stratified`, `{{group: COLUMN}}` or `time`")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<FoldsBy, E> {
        match word {
            "rows" => Ok(FoldsBy::Rows),
            "stratified" => Ok(FoldsBy::Stratified),
            "time" => Ok(FoldsBy::Time(None)),
            "group" => {
                let problem = Problem::at("", "`by: group` doesn't say which column");
                Err(E::custom(problem.help("name it: `by: {group: COLUMN}`")))
            }
            _ => Err(Self::unknown(word)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FoldsBy, A::Error> {
        let Some(word) = map.next_key::<String>()? else {
            return Err(de::Error::invalid_length(0, &self));
        };
        let by = match word.as_str() {
            "group" => FoldsBy::Group(map.next_value::<PlainText>()?.0),
            "time" => FoldsBy::Time(Some(map.next_value::<PlainText>()?.0)),
            _ => return Err(Self::unknown(&word)),
        };
        match map.next_key::<String>()? {
            None => Ok(by),
            Some(_) => {
                let problem = Problem::at("", "`by` names one way to make folds");
                Err(de::Error::custom(problem.help("keep one of them")))
            }
        }
    }
}

impl JsonSchema for FoldsBy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "folds_by".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut group = PlainText::json_schema(generator);
        let mut time = group.clone();
        group.insert("description".to_string(), "Column that names the group of each row.".into());
        time.insert("description".to_string(), "Column with the time of each row.".into());
        json_schema!({ "anyOf": [
            { "enum": ["rows", "stratified", "time"] },
            {
                "type": "object", "additionalProperties": false, "minProperties": 1,
                "maxProperties": 1, "properties": { "group": group, "time": time },
            },
        ] })
    }
}
