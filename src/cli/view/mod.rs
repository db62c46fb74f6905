//! The only code that prints: results to stdout, everything else to stderr.

mod colour;
mod folds;
pub(crate) mod plot;
pub(crate) mod streams;
pub(crate) mod table;
pub(crate) mod training;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::sync::atomic::{AtomicI8, Ordering};

use anyhow::Result;
use lanthorn::{Code, Diagnostic};

/// Prints a result. A reader that has gone away (`| head`) is no error.
pub(crate) fn result(text: &str) -> Result<()> {
    streams::write_out(streams::printable(text).as_bytes())
}

/// Prints a result as it is.
pub(crate) fn bytes(bytes: &[u8]) -> Result<()> {
    streams::write_out(bytes)
}

/// Stdout, for results that are written by and by.
pub(crate) struct Stdout;

impl io::Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        streams::write_out(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prints a JSON document on one line.
pub(crate) fn json(document: &serde_json::Value) -> Result<()> {
    let text = document.to_string();
    // serde_json leaves DEL and the C1 controls as they are; they stand in strings alone
    let mut safe = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        match c {
            c if c.is_control() => safe += &format!("\\u{:04x}", c as u32),
            c => safe.push(c),
        }
    }
    safe.push('\n');
    streams::write_out(safe.as_bytes())
}

/// How much is said beside results: `-q` less, `-v` more.
static LOUDNESS: AtomicI8 = AtomicI8::new(0);

/// Takes `-q` and `-v`, for whatever verb.
pub(crate) fn set_loudness(quiet: bool, verbose: bool) {
    LOUDNESS.store(i8::from(verbose) - i8::from(quiet), Ordering::Relaxed);
}

/// Prints a warning.
pub(crate) fn warning(message: &str) {
    diagnostic(&Diagnostic::warning(Code::Run, message));
}

/// Asks on the terminal; true where the answer is yes.
pub(crate) fn ask(question: &str) -> bool {
    streams::ask(question)
        .is_ok_and(|answer| matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Prints what is neither a result nor a warning, unless `-q` is given.
pub(crate) fn note(message: &str) {
    if LOUDNESS.load(Ordering::Relaxed) >= 0 {
        streams::say(message);
    }
}

/// Prints what `-v` asks for.
pub(crate) fn detail(message: &str) {
    if LOUDNESS.load(Ordering::Relaxed) > 0 {
        streams::say(message);
    }
}

/// Prints what must be known whatever the flags: why the exit code isn't 0, or what to type now.
pub(crate) fn answer(message: &str) {
    streams::say(message);
}

/// Prints a warning with its place.
pub(crate) fn diagnostic(diagnostic: &Diagnostic) {
    if colour::is_on_stderr() {
        streams::say_as_it_is(&diagnostic.render_in_colour());
    } else {
        streams::say(&diagnostic.render());
    }
}

/// Tells how many rows were left out, and why.
pub(crate) fn skipped(skipped: &lanthorn::data::Skipped) {
    let rows = if skipped.rows == 1 { "row was" } else { "rows were" };
    warning(&format!("{} {rows} skipped", skipped.rows));
    skipped.reasons.iter().for_each(diagnostic);
}

/// Prints an error, with `--json` as an object for each diagnostic too, and gives the exit code: 1
/// for what the user gave, 3 for our own failure.
pub(crate) fn error(error: &anyhow::Error, as_json: bool) -> ExitCode {
    let Some(known) = error.downcast_ref::<lanthorn::Error>() else {
        streams::say(&format!("error: {error:#}"));
        return ExitCode::from(3);
    };
    let diagnostics = known.diagnostics();
    if colour::is_on_stderr() {
        streams::say_as_it_is(&diagnostics.render_in_colour());
    } else {
        streams::say(&diagnostics.render());
    }
    if as_json {
        // a reader of stdout that has gone away still gets the exit code
        let _ = diagnostics.iter().try_for_each(|diagnostic| json(&diagnostic.to_json()));
    }
    ExitCode::from(known.exit_code())
}

/// Keras's default width of a summary: the terminal's less 4, at most 88; 80 columns elsewhere.
pub(crate) fn keras_line_length() -> usize {
    let columns = if io::stdout().is_terminal() { table::terminal_width() } else { 80 };
    columns.saturating_sub(4).min(88)
}

/// A number as Keras prints it: `%.4f` above 1e-3, `%.4e` below.
pub(crate) fn keras_number(value: f64) -> String {
    if value.abs() > 1e-3 || value == 0.0 {
        return format!("{value:.4}");
    }
    let text = format!("{value:.4e}");
    match text.split_once("e-") {
        Some((mantissa, exponent)) => format!("{mantissa}e-{exponent:0>2}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_keras_writes_them() {
        assert_eq!(keras_number(0.12345), "0.1235");
        assert_eq!(keras_number(0.000_123_45), "1.2345e-04");
        assert_eq!(keras_number(0.0), "0.0000");
    }
}
