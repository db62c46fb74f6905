//! Reasons beside the lines of a configuration.

/// Where a comment belongs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Spot {
    /// Beside the line of a key.
    Key(&'static str),
    /// Beside an item of a list, from 0.
    Item(&'static str, usize),
    /// On a line of its own after a list.
    After(&'static str),
}

/// The comments of a configuration.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Comments {
    /// The lines before everything.
    pub head: Vec<String>,
    all: Vec<(Spot, String)>,
}

impl Comments {
    pub(super) fn push(&mut self, spot: Spot, text: &str) {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.all.push((spot, text));
    }

    pub(super) fn extend(&mut self, others: Vec<(Spot, String)>) {
        self.all.extend(others);
    }

    /// The text of a YAML or TOML configuration with its comments; each item of a list that has
    /// comments is to begin on a line of its own.
    pub(super) fn put_into(&self, text: &str) -> String {
        let mut out: String = self.head.iter().map(|line| format!("# {line}\n")).collect();
        let mut list: Option<OpenList> = None;
        for line in text.lines() {
            let indent = line.len() - line.trim_start().len();
            if let Some(open) = &mut list {
                let is_item = indent == *open.indent.get_or_insert(indent);
                let is_end = indent <= open.key_indent && !line.is_empty();
                if is_end {
                    out += &self.after(open);
                    list = None;
                } else if is_item {
                    let spot = Spot::Item(open.key, open.items);
                    open.items += 1;
                    out += &self.beside(line, &spot);
                    continue;
                }
            }
            let key = line.trim_start().split([':', ' ']).next().unwrap_or_default();
            let known = self.all.iter().find_map(|(spot, _)| match spot {
                Spot::Item(name, _) | Spot::After(name) if *name == key => Some(*name),
                _ => None,
            });
            let opens = line.ends_with(':') || line.ends_with('[');
            if let Some(key) = known.filter(|_| opens) {
                list = Some(OpenList { key, key_indent: indent, indent: None, items: 0 });
            }
            let own = self.all.iter().find_map(|(spot, _)| match spot {
                Spot::Key(name) if *name == key && indent <= 2 => Some(spot.clone()),
                _ => None,
            });
            match own {
                Some(spot) => out += &self.beside(line, &spot),
                None => out += &format!("{line}\n"),
            }
        }
        if let Some(open) = &list {
            out += &self.after(open);
        }
        out
    }

    fn beside(&self, line: &str, spot: &Spot) -> String {
        match self.all.iter().find(|(at, _)| at == spot) {
            Some((_, text)) => format!("{line} # {text}\n"),
            None => format!("{line}\n"),
        }
    }

    fn after(&self, list: &OpenList) -> String {
        let indent = " ".repeat(list.indent.unwrap_or(list.key_indent));
        let here = self.all.iter().filter(|(at, _)| *at == Spot::After(list.key));
        here.map(|(_, text)| format!("{indent}# {text}\n")).collect()
    }
}

/// A list whose lines are being read.
struct OpenList {
    key: &'static str,
    key_indent: usize,
    indent: Option<usize>,
    items: usize,
}
