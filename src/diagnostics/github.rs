//! A diagnostic as a workflow command of GitHub Actions, which shows it beside the line of a change.

use std::path::Path;

use super::{Diagnostic, Place};

impl Diagnostic {
    /// One line: `::error file=loan.yaml,line=14,col=25,title=L001::unknown key …`. A table may
    /// be named relative to `folder`, that of the configuration.
    pub fn to_github(&self, folder: &Path) -> String {
        let (file, line, column) = self.place.in_file(folder);
        let mut properties = Vec::new();
        if let Some(file) = file {
            properties.push(format!("file={}", escaped(&file, &PROPERTY)));
        }
        if let Some(line) = line {
            properties.push(format!("line={line}"));
        }
        if let Some(column) = column {
            properties.push(format!("col={column}"));
        }
        properties.push(format!("title={}", self.code.number()));
        let help = if self.help.is_empty() { "" } else { "\nhelp: " };
        let place = match &self.place {
            Place::Config { path, span: None, .. } if !path.is_empty() => format!("{path}: "),
            _ => String::new(),
        };
        let text = escaped(&format!("{place}{}{help}{}", self.message, self.help), &TEXT);
        format!("::{} {}::{text}", self.severity.name(), properties.join(","))
    }
}

impl Place {
    /// The file, the line and the column, as far as they are known.
    fn in_file(&self, folder: &Path) -> (Option<String>, Option<usize>, Option<usize>) {
        match self {
            Place::None | Place::Config { text: None, .. } => (None, None, None),
            Place::Config { text: Some(text), span, .. } => {
                let at = span.as_ref().map(|span| text.line_and_column(span.start));
                (Some(text.name.clone()), at.map(|at| at.0), at.map(|at| at.1))
            }
            Place::Table { file, line, .. } => {
                let joined = folder.join(file); // unless it is from here already
                let file = if joined.exists() { joined.as_path() } else { Path::new(file) };
                (Some(file.display().to_string()), *line, None)
            }
            Place::File(path) => (Some(path.display().to_string()), None, None),
        }
    }
}

/// What GitHub reads as more than itself in the message of a command.
const TEXT: [(char, &str); 3] = [('%', "%25"), ('\r', "%0D"), ('\n', "%0A")];
/// The same in a property.
const PROPERTY: [(char, &str); 5] =
    [('%', "%25"), ('\r', "%0D"), ('\n', "%0A"), (':', "%3A"), (',', "%2C")];

fn escaped(text: &str, escapes: &[(char, &str)]) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match escapes.iter().find(|(special, _)| *special == c) {
            Some((_, escape)) => safe += escape,
            None => safe.push(c),
        }
    }
    safe
}
