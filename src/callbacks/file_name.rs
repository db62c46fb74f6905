//! Names of files inside a run's folder, and templates of such names in Python's format.

use crate::config::names::suggestion;
use crate::error::Problem;
use crate::history::logs::Logs;

/// What a run keeps in its folder by itself.
const TAKEN: [&str; 4] =
    ["model.safetensors", "checkpoint.safetensors", "history.csv", "config.yaml"];

/// What is wrong with the name of a file inside a run's folder.
pub(super) fn check_name(key: &str, name: &str) -> Result<(), Problem> {
    let is_plain = !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', ':'])
        && !name.chars().any(char::is_control);
    if !is_plain {
        let message =
            format!("`{key}` must be the name of a file, without folders, got \"{name}\"");
        return Err(Problem::at(key, message).help("the file is written into the run's folder"));
    }
    if TAKEN.contains(&name) {
        let message = format!("`{key}` is `{name}`, which every run keeps by itself");
        return Err(Problem::at(key, message).help("choose another name"));
    }
    Ok(())
}

/// A file's name with fields: `{epoch:02d}-{val_loss:.2f}.safetensors`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Template {
    parts: Vec<NamePart>,
}

#[derive(Debug, Clone, PartialEq)]
enum NamePart {
    Text(String),
    Field { key: String, zero: bool, width: usize, precision: Option<usize>, style: Style },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Integer,
    Fixed,
    Scientific,
    Percent,
}

impl Template {
    /// Reads a template whose fields may be `keys`, counts (`epoch`, `batch`) or numbers of the
    /// logs.
    pub(super) fn new(argument: &str, text: &str, keys: &[&str]) -> Result<Self, Problem> {
        let wrong = |what: String| Problem::at(argument, format!("`{argument}`: {what}"));
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace); // a doubled brace stands for itself
                rest = after;
                continue;
            }
            let Some((field, after)) = rest.split_once('}').filter(|_| brace == "{") else {
                return Err(wrong(format!("a single `{brace}` in \"{text}\"")).help(
                    "a field is written `{epoch:02d}`; a brace of the name itself is doubled",
                ));
            };
            rest = after;
            parts.push(NamePart::Text(std::mem::take(&mut plain)));
            let (key, format) = field.split_once(':').unwrap_or((field, ""));
            if !keys.contains(&key) {
                let list = keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                let help = suggestion(key, keys, &format!("valid fields: {list}"));
                return Err(wrong(format!("nothing is known as `{key}` when the file is written"))
                    .help(help));
            }
            let is_count = key == "epoch" || key == "batch";
            parts.push(read_format(key, format, is_count).ok_or_else(|| {
                wrong(format!("can't write `{key}` by the format `{format}`"))
                    .help("`02d` pads a count with zeros, `.2f` gives a number two decimals")
            })?);
        }
        plain.push_str(rest);
        parts.push(NamePart::Text(plain));
        Ok(Template { parts })
    }

    /// The name for an epoch and a batch (both from 1), or the key that the logs lack.
    pub(super) fn name(&self, epoch: usize, batch: usize, logs: &Logs) -> Result<String, String> {
        let mut name = String::new();
        for part in &self.parts {
            let NamePart::Field { key, zero, width, precision, style } = part else {
                if let NamePart::Text(text) = part {
                    name.push_str(text);
                }
                continue;
            };
            let value = match key.as_str() {
                "epoch" => epoch as f64,
                "batch" => batch as f64,
                key => logs.get(key).ok_or(key)?,
            };
            let is_count = key == "epoch" || key == "batch";
            let digits = match (style, precision) {
                (Style::Integer, _) => format!("{value:.0}"),
                (Style::Plain, None) if is_count => format!("{value:.0}"),
                (Style::Plain, None) => format!("{value:?}"),
                (Style::Fixed | Style::Plain, precision) => {
                    format!("{value:.*}", precision.unwrap_or(6))
                }
                (Style::Percent, precision) => {
                    format!("{:.*}%", precision.unwrap_or(6), value * 100.0)
                }
                (Style::Scientific, precision) => scientific(value, precision.unwrap_or(6)),
            };
            let digits = digits.replace("NaN", "nan");
            let missing = width.saturating_sub(digits.len());
            match (zero, digits.strip_prefix('-')) {
                (true, Some(size)) => name.extend(["-", &"0".repeat(missing), size]),
                (true, None) => name.extend([&*"0".repeat(missing), &digits]),
                (false, _) => name.extend([&*" ".repeat(missing), &digits]),
            }
        }
        Ok(name)
    }
}

/// `02d`, `.2f`, `8.3e`, `.1%`; None for what isn't one of these.
fn read_format(key: &str, format: &str, is_count: bool) -> Option<NamePart> {
    let (style, format) = match format.char_indices().last() {
        Some((at, 'd')) if is_count => (Style::Integer, &format[..at]),
        Some((at, 'f' | 'F')) => (Style::Fixed, &format[..at]),
        Some((at, 'e')) => (Style::Scientific, &format[..at]),
        Some((at, '%')) => (Style::Percent, &format[..at]),
        _ => (Style::Plain, format),
    };
    let (width, precision) = match format.split_once('.') {
        Some((width, digits)) => (width, Some(digits.parse::<usize>().ok().filter(|d| *d < 100)?)),
        None => (format, None),
    };
    if precision.is_some() && matches!(style, Style::Integer | Style::Plain) {
        return None;
    }
    let zero = width.starts_with('0');
    let width = match width {
        "" => 0,
        width => width.parse::<usize>().ok().filter(|width| *width < 100)?,
    };
    Some(NamePart::Field { key: key.to_string(), zero, width, precision, style })
}

/// As Python writes it: `1.50e-03`.
fn scientific(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, size) = match exponent.strip_prefix('-') {
                Some(size) => ('-', size),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{size:0>2}")
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(template: &str) -> Result<String, Problem> {
        let logs = Logs::from_iter([("loss", 0.0015), ("val_loss", 12.3456)]);
        let template = Template::new("filepath", template, &["epoch", "loss", "val_loss"])?;
        Ok(template.name(7, 0, &logs).unwrap())
    }

    #[test]
    fn fields_are_written_as_python_writes_them() {
        for (template, expected) in [
            ("best.safetensors", "best.safetensors"),
            ("{epoch}", "7"),
            ("w-{epoch:02d}-{val_loss:.2f}.x", "w-07-12.35.x"),
            ("{epoch:03d}{{}}", "007{}"),
            ("{loss:.2e}", "1.50e-03"),
            ("{loss:.1%}", "0.1%"),
            ("{val_loss}", "12.3456"),
            ("{val_loss:08.2f}", "00012.35"),
        ] {
            assert_eq!(name(template).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_nearest_one() {
        let problem = name("{val_los:.2f}").unwrap_err();
        assert!(problem.help.starts_with("did you mean `val_loss`?"), "{}", problem.help);
        assert!(name("{epoch").is_err());
        assert!(name("epoch}").is_err());
        assert!(name("{loss:02d}").is_err());
        assert!(name("{loss:>5}").is_err());
    }

    #[test]
    fn a_name_stays_inside_the_folder() {
        for bad in ["", "../x.csv", "a/b.csv", "/x", "c:\\x", ".hidden", "history.csv"] {
            assert!(check_name("filename", bad).is_err(), "{bad}");
        }
        assert!(check_name("filename", "log.csv").is_ok());
    }
}
