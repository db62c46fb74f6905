//! Plain tables, legible without colour and without a terminal.

use std::io::IsTerminal;

/// The width of what says that columns are left out.
const MORE: usize = 3;

/// Columns right-aligned under their names, two blanks between.
pub(crate) fn plain(names: &[String], rows: &[Vec<String>]) -> String {
    // a cell is one line
    let cells = |row: &[String]| -> Vec<String> {
        row.iter().map(|cell| cell.replace('\n', "\\n").replace('\t', "\\t")).collect()
    };
    let names = &cells(names);
    let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row)).collect();
    let rows = &rows;
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.chain(names.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..names.len()).map(width).collect();
    let limit = columns_that_fit(&widths);
    let line = |cells: &[String]| {
        let shown = cells.iter().zip(&widths).take(limit);
        let shown: Vec<String> =
            shown.map(|(cell, width)| format!("{cell:>width$}", width = *width)).collect();
        let more = if limit < names.len() { "  …" } else { "" };
        format!("  {}{more}\n", shown.join("  "))
    };
    let mut text = line(names);
    for row in rows {
        text += &line(row);
    }
    if limit < names.len() {
        text += &format!("  ({} of {} columns shown)\n", limit, names.len());
    }
    text
}

/// Columns left-aligned under their names, two blanks between and before.
pub(crate) fn left(names: &[String], rows: &[Vec<String>]) -> String {
    let all: Vec<&[String]> = [names].into_iter().chain(rows.iter().map(Vec::as_slice)).collect();
    let width = |column: usize| {
        let cells = all.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &&[String]| {
        let cells = row.iter().enumerate();
        let cells = cells.map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        let text = cells.collect::<Vec<_>>().join("  ").replace(['\n', '\t'], " ");
        format!("  {}\n", text.trim_end())
    };
    all.iter().map(line).collect()
}

/// How many columns fit in the terminal, or, where there is none, in 100 characters; at least one.
fn columns_that_fit(widths: &[usize]) -> usize {
    let all: usize = widths.iter().map(|width| width + 2).sum();
    let room = if std::io::stdout().is_terminal() { terminal_width() } else { 100 };
    if all <= room {
        return widths.len();
    }
    let mut used = MORE;
    let fitting = widths.iter().take_while(|width| {
        used += **width + 2;
        used <= room
    });
    fitting.count().max(1)
}

/// A number with at most six decimals and no trailing zeros.
pub(crate) fn number(value: f32) -> String {
    let text = format!("{value:.6}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// The terminal's width in columns; 80 where it can't be known.
pub(crate) fn terminal_width() -> usize {
    let size = console::Term::stdout().size_checked();
    size.map_or(80, |(_, columns)| usize::from(columns))
}
