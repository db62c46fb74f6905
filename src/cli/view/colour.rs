//! Whether colours are wanted: by the terminal, and by the variables that people set for that.

use std::ffi::OsString;
use std::io::{self, IsTerminal};

/// Whether what goes to stderr may have colours: `NO_COLOR` says no, `CLICOLOR_FORCE` yes; else a
/// terminal has them, unless it is a dumb one or `CLICOLOR` is 0.
pub(crate) fn is_on_stderr() -> bool {
    decided(|name| std::env::var_os(name), io::stderr().is_terminal())
}

/// Whether the terminal can only print one character after the other.
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

fn decided(variable: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is_zero = |name: &str| variable(name).is_some_and(|value| value == "0");
    if is_set("NO_COLOR") {
        return false;
    }
    if is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE") {
        return true;
    }
    let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !is_dumb && !is_zero("CLICOLOR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_as_the_variables_say() {
        let on = |set: &[(&str, &str)], is_terminal| {
            let found = |name: &str| set.iter().find(|(key, _)| *key == name);
            decided(|name| found(name).map(|(_, value)| OsString::from(value)), is_terminal)
        };
        assert!(on(&[], true) && !on(&[], false));
        assert!(!on(&[("NO_COLOR", "1")], true) && on(&[("NO_COLOR", "")], true));
        assert!(on(&[("CLICOLOR_FORCE", "1")], false) && !on(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!on(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
        assert!(!on(&[("TERM", "dumb")], true) && !on(&[("CLICOLOR", "0")], true));
        assert!(on(&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], false));
    }
}
