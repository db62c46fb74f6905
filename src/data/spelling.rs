//! Spelling: categories that may be one, and texts that are no categories.

use std::collections::HashMap;

use super::cells::shortened;
use super::columns::{ColumnPlan, Planned};
use super::looks::{Look, is_missing_word, look};
use super::preprocessing::Preprocessing;
use super::rules::written_name;
use crate::config::ConfigError;
use crate::diagnostics::{Code, Diagnostic};
use crate::sections::Encode;
use crate::transforms::MissingRule;
use crate::transforms::classes::{Classes, boolean, number};

/// Warnings about the categories of each column, and the first of those of the target; an error for
/// dates that would be numbered.
pub(super) fn check(
    plan: &ColumnPlan,
    preprocessing: &Preprocessing,
) -> Result<(Vec<Diagnostic>, Option<Diagnostic>), ConfigError> {
    let mut warnings = Vec::new();
    let mut of_target = None;
    let planned = plan.features.iter().chain(&plan.target);
    let columns = preprocessing.features.iter().chain(&preprocessing.target);
    for (index, (planned, column)) in planned.zip(columns).enumerate() {
        let Some(classes) = column.classes().filter(|classes| !classes.are_booleans()) else {
            continue;
        };
        if index < plan.features.len() {
            check_dates(planned, classes)?;
        }
        let all = [booleans, numbers, case, lookalikes, invisible, quotes, missing];
        for (message, help) in all.iter().filter_map(|look| look(planned, classes)) {
            let message = format!("column `{}`: {message}", planned.name);
            let warning = Diagnostic::warning(Code::Spelling, message).with_help(help);
            if index >= plan.features.len() {
                of_target.get_or_insert_with(|| warning.clone());
            }
            warnings.push(warning);
        }
    }
    Ok((warnings, of_target))
}

/// What is to be told of a column, and what to do.
type Warning = Option<(String, String)>;

/// Dates whose numbers would be those of the days that training has seen.
fn check_dates(planned: &Planned, classes: &Classes) -> Result<(), ConfigError> {
    let are_dates = classes.len() > 2 && classes.names.iter().all(|name| look(name) == Look::Date);
    if !matches!(planned.encode, Some(Encode::Label(_))) || !are_dates {
        return Ok(());
    }
    let message = format!(
        "column `{}` holds dates: `encode: label` would number the {} days of this table, and \
         refuse any other",
        planned.name,
        classes.len()
    );
    Err(ConfigError::at(format!("{}.encode", planned.path), message)
        .with_code(Code::Column)
        .with_help(format!(
            "take numbers of the dates, such as `{{column: {}, date: {{parts: [month, weekday]}}}}`; \
             or leave the column out",
            written_name(&planned.name)
        )))
}

fn booleans(planned: &Planned, classes: &Classes) -> Warning {
    let are_booleans =
        classes.len() > 2 && classes.names.iter().all(|name| boolean(name).is_some());
    let written = written_name(&planned.name);
    are_booleans.then(|| {
        (
            format!("{} spellings of true and false are as many categories", classes.len()),
            format!("write `{{column: {written}, encode: boolean}}`"),
        )
    })
}

/// Spellings of one number.
fn numbers(_: &Planned, classes: &Classes) -> Warning {
    const EXACT: f64 = (1u64 << 53) as f64; // above it different whole numbers are one f64
    let key = |name: &str| {
        number(name).filter(|number| number.abs() < EXACT).map(|number| (number + 0.0).to_bits())
    };
    let (first, other, count) = alike(classes, key)?;
    Some((
        format!("`{first}` and `{other}` are one number, and two categories{}", more(count)),
        "write each in one way; codes that only look like numbers are right as they are"
            .to_string(),
    ))
}

fn case(_: &Planned, classes: &Classes) -> Warning {
    let (first, other, count) = alike(classes, |name| Some(name.to_lowercase()))?;
    Some((
        format!(
            "`{first}` and `{other}` differ only by case, and are two categories{}",
            more(count)
        ),
        "write each in one way".to_string(),
    ))
}

/// Letters with accents in two forms of Unicode: one character, or a letter and a mark.
fn lookalikes(_: &Planned, classes: &Classes) -> Warning {
    let has_mark = |name: &str| name.chars().any(is_mark);
    let marked: Vec<&String> = classes.names.iter().filter(|name| has_mark(name)).collect();
    let pair = marked.iter().find_map(|marked| {
        let twin = classes.names.iter().find(|name| !has_mark(name) && looks_like(marked, name));
        Some((twin?, marked))
    });
    let (plain, _) = pair?;
    Some((
        format!(
            "two categories look like `{plain}`: one has its accents as marks of their own (Unicode's form NFD)"
        ),
        "write the texts in one form, NFC".to_string(),
    ))
}

/// Characters that nobody sees.
fn invisible(_: &Planned, classes: &Classes) -> Warning {
    let is_invisible = |c: char| {
        c.is_control()
            || matches!(
                c,
                '\u{ad}'
                    | '\u{a0}'
                    | '\u{180e}'
                    | '\u{2007}'
                    | '\u{202f}'
                    | '\u{2060}'
                    | '\u{feff}'
            )
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || ('\u{202a}'..='\u{202e}').contains(&c)
    };
    let name = classes.names.iter().find(|name| name.chars().any(is_invisible))?;
    let found = name.chars().find(|c| is_invisible(*c))?;
    let seen: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    let code = u32::from(found);
    Some((
        format!(
            "a category that looks like `{}` holds the invisible character U+{code:04X}",
            shortened(&seen)
        ),
        "remove it".to_string(),
    ))
}

fn quotes(_: &Planned, classes: &Classes) -> Warning {
    let is_quoted =
        |name: &String| name.len() > 1 && name.starts_with('\'') && name.ends_with('\'');
    let name = classes.names.iter().find(|name| is_quoted(name))?;
    Some((
        format!("the single quotes of `{}` belong to the category", shortened(name)),
        "if they are quotes, set `csv: {quote: \"'\"}`; or remove them".to_string(),
    ))
}

fn missing(planned: &Planned, classes: &Classes) -> Warning {
    // a word that the rule itself puts there is meant
    let is_fill = |name: &String| matches!(&planned.missing, MissingRule::Constant(fill) if fill.text() == *name);
    let mut names = classes.names.iter();
    let name = names.find(|name| is_missing_word(name) && !is_fill(name))?;
    Some((
        format!("`{name}` is a category like others, and seems to stand for a missing value"),
        format!(
            "if so, add it to `data.missing_values`: the rows are told, and can be filled or removed; `{name}` stays a category otherwise"
        ),
    ))
}

/// Two categories of one key, and how many more there are.
fn alike<K: std::hash::Hash + Eq>(
    classes: &Classes,
    key: impl Fn(&str) -> Option<K>,
) -> Option<(&str, &str, usize)> {
    let mut first: HashMap<K, &str> = HashMap::new();
    let mut pair = None;
    let mut count = 0;
    for name in &classes.names {
        let Some(key) = key(name) else { continue };
        if let Some(first) = first.get(&key) {
            count += 1;
            pair = pair.or(Some((*first, name.as_str())));
            continue;
        }
        first.insert(key, name);
    }
    pair.map(|(first, other)| (first, other, count - 1))
}

fn more(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "; so is 1 more".to_string(),
        more => format!("; so are {more} more"),
    }
}

/// Unicode's combining marks that follow a letter.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c) || ('\u{1ab0}'..='\u{1aff}').contains(&c)
}

/// Whether a text with marks looks like one without: each letter with a mark stands where the other
/// has one character that isn't ASCII, and all others are the same.
fn looks_like(marked: &str, plain: &str) -> bool {
    let mut left = marked.chars().peekable();
    for other in plain.chars() {
        let Some(letter) = left.next() else { return false };
        let mut has_mark = false;
        while left.next_if(|c| is_mark(*c)).is_some() {
            has_mark = true;
        }
        let is_same = if has_mark { !other.is_ascii() } else { letter == other };
        if !is_same {
            return false;
        }
    }
    left.next().is_none()
}
