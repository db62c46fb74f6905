//! Draft: a first configuration of a table, with the reason for each choice beside it.
//!
//! `columns` decides what each column is used as, `goal` what is learned, `in_time` whether the rows
//! are a series to forecast, `shapes` finds pictures and sequences among the columns, `pictures` is of
//! a folder of them, `network` chooses the layers and the training, `comments` puts the reasons into
//! the text.

mod columns;
mod comments;
mod goal;
mod in_time;
mod network;
mod pictures;
mod shapes;

use serde_json::{Map, Value, json};

use crate::config::Format;
use crate::config::names::{listed, suggestion};
use crate::data::{ColumnProfile, Profile};
use crate::diagnostics::Code;
use crate::error::{Error, Result};

use columns::Role;
use comments::{Comments, Spot};
use goal::Goal;
use in_time::InTime;
use shapes::Form;

/// A first configuration of a table: it trains as it is, and says why it is so.
///
/// ```no_run
/// use lanthorn::config::Format;
/// use lanthorn::data::Profile;
/// use lanthorn::training::Draft;
///
/// let profile = Profile::read("loan.csv".as_ref())?;
/// let draft = Draft::new(&profile, "loan", "loan.csv", &["outcome"], false)?;
/// println!("{}", draft.text(Format::Yaml)?);
/// # Ok::<(), lanthorn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The configuration.
    pub tree: Value,
    /// What was made of the table, one line for each choice.
    pub choices: Vec<String>,
    comments: Comments,
}

impl Draft {
    /// The configuration of a table whose path, as the configuration names it, is `train`; with one
    /// target, or several that are numbers; with `regression`, a target of few whole numbers is a
    /// number and not a class.
    ///
    /// # Errors
    ///
    /// Where a target is no column or can't be one, and where no column is left to learn from.
    pub fn new(
        profile: &Profile,
        name: &str,
        train: &str,
        targets: &[&str],
        regression: bool,
    ) -> Result<Draft> {
        let targets =
            targets.iter().map(|name| target(profile, name)).collect::<Result<Vec<_>>>()?;
        if profile.rows < 2 {
            let message = format!("the table has {} rows, too few to learn from", profile.rows);
            return Err(Error::data(train, message));
        }
        let task = Goal::of(profile, &targets, regression)?;
        let features: Vec<&ColumnProfile> = profile
            .columns
            .iter()
            .filter(|column| !targets.iter().any(|target| target.name == column.name))
            .collect();
        let mut roles: Vec<(&ColumnProfile, Role)> =
            features.iter().map(|column| (*column, columns::role(column))).collect();
        let form = Form::of(&roles);
        let ids = roles.iter().filter(|(column, role)| columns::is_id(column, role));
        let ids: Vec<&str> = ids.map(|(column, _)| column.name.as_str()).collect();
        if !matches!(form, Form::Table) {
            roles.retain(|(_, role)| role.left_out().is_none());
        }
        let in_time = InTime::of(profile, &task, &roles, &form);
        if in_time.is_none() && roles.iter().all(|(_, role)| role.left_out().is_some()) {
            return Err(nothing_left(train, &roles));
        }
        let mut draft =
            Draft { tree: Value::Null, choices: Vec::new(), comments: Comments::default() };
        let is_time = |name: &&&str| in_time.as_ref().is_some_and(|own| own.order_by == **name);
        let id = ids.iter().find(|name| !is_time(name)).copied();
        let data = draft.data(profile, train, &task, (&roles, id), (&form, in_time.as_ref()));
        let network = network::choose(profile, &task, &roles, (&form, in_time.as_ref()));
        draft.comments.extend(network.comments);
        draft.tree = json!({
            "name": name, "seed": 42, "data": data,
            "model": network.model, "compile": network.compile, "fit": network.fit,
        });
        let rows = profile.rows;
        let to_beat = match in_time {
            Some(_) => "always the last value".to_string(),
            None => task.baseline(rows),
        };
        draft.comments.head = vec![
            format!(
                "A first configuration of {train}: {rows} rows, {} columns.",
                profile.columns.len()
            ),
            format!("To beat: {to_beat}."),
        ];
        draft.choices.push(format!("to beat: {to_beat}"));
        Ok(draft)
    }

    /// The text of a configuration file; JSON has no comments.
    pub fn text(&self, format: Format) -> Result<String> {
        let text = format.write(&self.tree)?;
        Ok(if format == Format::Json { text } else { self.comments.put_into(&text) })
    }

    /// Columns that are likely to be a target, the likeliest first.
    pub fn candidates(profile: &Profile) -> Vec<&str> {
        goal::candidates(profile)
    }

    /// The `data` section.
    fn data(
        &mut self,
        profile: &Profile,
        train: &str,
        task: &Goal,
        (roles, id): (&[(&ColumnProfile, Role)], Option<&str>),
        (form, in_time): (&Form, Option<&InTime>),
    ) -> Value {
        let mut data = Map::new();
        data.insert("train".to_string(), json!(train));
        self.comments.push(Spot::Key("train"), "relative to this file");
        let mut csv = Map::new();
        if profile.delimiter != ',' {
            csv.insert("delimiter".to_string(), json!(profile.delimiter));
        }
        if !profile.has_header {
            csv.insert("header".to_string(), json!(false));
        }
        let (decimal, thousands, strip) = &profile.numbers;
        let marks = [("decimal", decimal), ("thousands", thousands)];
        for (key, mark) in marks.into_iter().filter_map(|(key, mark)| Some((key, (*mark)?))) {
            csv.insert(key.to_string(), json!(mark));
        }
        if !strip.is_empty() {
            csv.insert("strip".to_string(), json!(strip));
        }
        if !csv.is_empty() {
            data.insert("csv".to_string(), Value::Object(csv));
        }
        let (mut features, mut why) = match form.features() {
            Some((feature, why)) => (vec![feature], vec![why]),
            None => columns::features(&task.names(), roles, id),
        };
        if in_time.is_some() {
            let (rule, reason) = InTime::past(&task.names());
            features.insert(0, rule);
            why.insert(0, reason);
        }
        for (index, why) in why.into_iter().enumerate() {
            self.choices.push(format!("{}: {why}", name_of(&features[index])));
            self.comments.push(Spot::Item("features", index), &why);
        }
        data.insert("features".to_string(), Value::Array(features));
        for (column, role) in roles {
            let is_time = in_time.is_some_and(|in_time| in_time.order_by == column.name);
            let is_used = is_time || id == Some(column.name.as_str());
            if let Some(why) = role.left_out().filter(|_| !is_used) {
                let line = format!("left out: {}: {why}", column.name);
                self.comments.push(Spot::After("features"), &line);
                self.choices.push(line);
            }
        }
        let (target, why) = task.target();
        self.choices.push(format!("target {}: {why}", name_of(&target)));
        self.comments.push(Spot::Key("target"), &why);
        data.insert("target".to_string(), target);
        if let Some(id) = id {
            let why = "another value in each row: copied to the predictions, and no feature";
            self.choices.push(format!("id: {id}: {why}"));
            self.comments.push(Spot::Key("id"), why);
            data.insert("id".to_string(), json!(id));
        }
        if let Some(in_time) = in_time {
            let (window, why) = in_time.window();
            self.choices.push(format!("window: {why}"));
            self.comments.push(Spot::Key("window"), &why);
            data.insert("window".to_string(), window);
        }
        Value::Object(data)
    }
}

/// What a column's rule is about, for messages.
fn name_of(rule: &Value) -> String {
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    match rule {
        Value::Object(rule) => {
            rule.get("column").or(rule.get("columns")).map(shown).unwrap_or_default()
        }
        other => shown(other),
    }
}

/// The column that is named as a target.
fn target<'a>(profile: &'a Profile, name: &str) -> Result<&'a ColumnProfile> {
    profile.column(name).ok_or_else(|| {
        let names: Vec<&str> = profile.columns.iter().map(|column| column.name.as_str()).collect();
        let help = suggestion(name, &names, &format!("columns: {}", listed(&names)));
        Error::run(format!("the table has no column `{name}`"))
            .with_code(Code::Column)
            .with_help(help)
    })
}

/// The error where no column can be used.
fn nothing_left(train: &str, roles: &[(&ColumnProfile, Role)]) -> Error {
    let reason = |(column, role): &(&ColumnProfile, Role)| {
        role.left_out().map(|why| format!("{}: {why}", column.name))
    };
    let reasons: Vec<String> = roles.iter().filter_map(reason).collect();
    if reasons.is_empty() {
        let help = "a model learns one column from others: add columns, or name another target; of a \
                    series of numbers, write each window as one row";
        return Error::data(train, "the table has no column beside the target")
            .with_code(Code::Column)
            .with_help(help);
    }
    Error::data(train, "the table has no column to learn from")
        .with_code(Code::Column)
        .with_help(reasons.join("; "))
}
