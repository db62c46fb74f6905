//! The full screen, drawn: where the training stands, its curves, its numbers, its keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Block, Chart, Clear, Dataset, GraphType, Paragraph, Wrap};

use super::super::super::keras_number;
use super::super::super::streams::printable;
use super::super::course::{Course, brief, rounded};
use super::super::live_line;
use super::points::points;
use super::state::{Panel, ScreenMode, ScreenState};

/// A picture that is smaller than this tells nothing.
const LEAST: (u16, u16) = (24, 8);
/// A picture of this size is large enough to leave room for another.
const AMPLE: (u16, u16) = (80, 14);

/// Draws the whole screen.
pub(super) fn draw(frame: &mut Frame<'_>, state: &ScreenState) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let line = live_line::text(&state.course, usize::from(area.width));
        frame.render_widget(Paragraph::new(line).wrap(Wrap { trim: true }), area);
        return;
    }
    let numbers = numbers(&state.course, usize::from(area.width));
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(4),
        Constraint::Length(numbers.len() as u16),
        Constraint::Length(u16::from(!state.message.is_empty())),
        Constraint::Length(1),
    ]);
    let [head, bar, tabs, pictures, below, message, keys] = rows.areas(area);
    let width = usize::from(area.width);
    frame.render_widget(Line::styled(title(state, width), bold()), head);
    frame.render_widget(Line::raw(progress(&state.course, width)), bar);
    frame.render_widget(names(state), tabs);
    draw_pictures(frame, state, pictures);
    frame.render_widget(Paragraph::new(numbers.join("\n")), below);
    let said = printable(state.message.lines().next().unwrap_or_default());
    frame.render_widget(Line::styled(said, colour(state, Color::Yellow)), message);
    frame.render_widget(Line::raw(help_line(state, width)), keys);
    if state.shows_help {
        draw_help(frame, state, pictures);
    }
}

/// The run and how far it is.
fn title(state: &ScreenState, width: usize) -> String {
    let course = &state.course;
    let (epoch, epochs) = ((course.at.0 + 1).min(course.epochs), course.epochs);
    let name = printable(&state.title).into_owned();
    let mut parts = vec![name, format!("epoch {epoch}/{epochs}")];
    parts.push(format!("{:.0}%", course.part() * 100.0));
    let is_going_on = course.part() < 1.0;
    if let Some(seconds) = course.seconds_left().filter(|_| is_going_on) {
        parts.push(format!("ETA {}", brief(seconds)));
    }
    if let Some(speed) = course.speed() {
        parts.push(format!("{} samples/s", rounded(speed)));
    }
    joined(&parts, width).swap_remove(0)
}

/// A bar over the whole width.
fn progress(course: &Course, width: usize) -> String {
    let full = (course.part() * width as f64).round() as usize;
    format!("{}{}", "━".repeat(full), "─".repeat(width.saturating_sub(full)))
}

/// The panels' names, the one that comes first in brackets.
fn names(state: &ScreenState) -> Line<'static> {
    let panels = state.panels();
    let first = state.first.min(panels.len() - 1);
    let name = |(place, panel): (usize, &Panel)| {
        let name = printable(panel.name()).into_owned();
        if place == first {
            Span::styled(format!("[{name}] "), bold())
        } else {
            Span::raw(format!(" {name}  "))
        }
    };
    // from the first one's neighbour on, where there is no room for all
    let skipped = if panels.len() > 6 { first.saturating_sub(1) } else { 0 };
    Line::from(panels.iter().enumerate().skip(skipped).map(name).collect::<Vec<_>>())
}

/// As many pictures as there is room for, from the first panel on.
fn draw_pictures(frame: &mut Frame<'_>, state: &ScreenState, area: Rect) {
    let panels = state.panels();
    let (across, down) = ((area.width / AMPLE.0).clamp(1, 3), (area.height / AMPLE.1).clamp(1, 3));
    let down = down.min((panels.len() as u16).div_ceil(across));
    let lines = Layout::vertical(vec![Constraint::Fill(1); usize::from(down)]).split(area);
    let cells = lines.iter().flat_map(|line| {
        let cells = Layout::horizontal(vec![Constraint::Fill(1); usize::from(across)]).split(*line);
        cells.to_vec()
    });
    let shown = (0..panels.len()).map(|place| &panels[(state.first + place) % panels.len()]);
    for (cell, panel) in cells.zip(shown) {
        draw_picture(frame, state, panel, cell);
    }
}

/// What a picture shows: (its name, the last value as words, the curve).
type NamedCurve<'a> = (&'static str, String, &'a [(f64, f64)]);

fn draw_picture(frame: &mut Frame<'_>, state: &ScreenState, panel: &Panel, area: Rect) {
    let course = &state.course;
    let curves: Vec<NamedCurve<'_>> = match panel {
        Panel::Metric(name) => {
            let curve = |key: &str| course.curves.get(key).map_or(&[][..], Vec::as_slice);
            let value = |key: &str| {
                let last = course.curves.get(key).and_then(|curve| curve.last());
                let value = course.running.get(key).or(last.map(|(_, value)| *value));
                value.map(keras_number).unwrap_or_default()
            };
            let held_back = format!("val_{name}");
            vec![
                ("training", value(name), curve(name)),
                ("validation", value(&held_back), curve(&held_back)),
            ]
        }
        Panel::LearningRate => vec![("", rate(course).unwrap_or_default(), &course.rates[..])],
        Panel::StepTime => vec![("", step(course).unwrap_or_default(), &course.step_times[..])],
    };
    let scale = if state.is_logarithmic { " (log)" } else { "" };
    let mut heading = vec![Span::styled(format!(" {}{scale} ", printable(panel.name())), bold())];
    let styles = [colour(state, Color::Cyan), colour(state, Color::Magenta)];
    for ((name, value, _), (mark, style)) in curves.iter().zip(["⡠ ", "• "].iter().zip(styles))
    {
        if !value.is_empty() {
            let mark = if name.is_empty() { "" } else { mark };
            let gap = if name.is_empty() { "" } else { " " };
            heading.push(Span::styled(format!("{mark}{name}{gap}{value} "), style));
        }
    }
    let block = Block::bordered().title(Line::from(heading));
    let given: Vec<&[(f64, f64)]> = curves.iter().map(|(_, _, curve)| *curve).collect();
    let Some(drawn) = points(&given, state.is_logarithmic, usize::from(area.width) * 2) else {
        let any = given.iter().any(|curve| !curve.is_empty());
        let why = match panel {
            _ if any && state.is_logarithmic => "no values above 0: press l for the linear scale",
            Panel::StepTime if state.mode == ScreenMode::Watch => {
                "measured while the training is watched"
            }
            _ => "after the first epoch",
        };
        frame.render_widget(Paragraph::new(why).block(block).centered(), area);
        return;
    };
    let is_time = *panel == Panel::StepTime;
    let label = |y: f64| {
        let value = if state.is_logarithmic { 10f64.powf(y) } else { y };
        if is_time { fine(value) } else { keras_number(value) }
    };
    let [bottom, top] = drawn.y;
    let mut labels = vec![label(bottom), label(f64::midpoint(bottom, top)), label(top)];
    if area.height < 9 {
        labels.remove(1);
    }
    let width = labels.iter().map(String::len).max().unwrap_or(0);
    let labels = labels.into_iter().map(|label| format!("{label:>width$}"));
    let sets = drawn.curves.iter().zip(styles).enumerate().map(|(place, (curve, style))| {
        let (marker, kind) = match place {
            0 => (Marker::Braille, GraphType::Line),
            _ => (Marker::Dot, GraphType::Scatter),
        };
        Dataset::default().data(curve).marker(marker).graph_type(kind).style(style)
    });
    // the training's curve over the validation's points
    let sets = sets.rev().collect();
    let [start, end] = drawn.x;
    let chart = Chart::new(sets)
        .block(block)
        .legend_position(None)
        .x_axis(Axis::default().bounds(drawn.x).labels([start, end].map(|x| format!("{x:.0}"))))
        .y_axis(Axis::default().bounds(drawn.y).labels(labels));
    frame.render_widget(chart, area);
}

/// The best epoch, the learning rate, the time of a step, and what the epoch at hand has come to, in
/// two lines at most.
fn numbers(course: &Course, width: usize) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some((epoch, value)) = course.best() {
        let monitor = course.monitor();
        parts.push(format!("best {monitor} {} at epoch {epoch}", keras_number(value)));
    }
    parts.extend(rate(course).map(|rate| format!("learning rate {rate}")));
    parts.extend(step(course).map(|step| format!("{step}/step")));
    let running = course.running.iter().filter(|(key, _)| *key != "learning_rate");
    let running = running.map(|(key, value)| format!("{key} {}", keras_number(value)));
    parts.extend(running.map(|text| printable(&text).into_owned()));
    let mut lines = joined(&parts, width);
    lines.truncate(2);
    lines.resize(2, String::new());
    lines
}

fn rate(course: &Course) -> Option<String> {
    course.rate.or(course.rates.last().map(|(_, rate)| *rate)).map(keras_number)
}

fn step(course: &Course) -> Option<String> {
    let last = course.step_times.last().map(|(_, seconds)| *seconds);
    let mean = || Some(course.seconds_per_epoch()? / course.steps.max(1) as f64);
    last.or_else(mean).map(fine)
}

/// The time of a step, fine enough to see it change: `2.71us`, `14.2ms`.
fn fine(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s => (s * 1e6, "us"),
    };
    match value {
        v if v >= 100.0 => format!("{v:.0}{unit}"),
        v if v >= 10.0 => format!("{v:.1}{unit}"),
        v => format!("{v:.2}{unit}"),
    }
}

/// Parts in lines of at most so many characters, two blanks between; at least one line.
fn joined(parts: &[String], width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in parts {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() {
            line.push_str(part);
        } else if line.chars().count() + 2 + part.chars().count() <= width {
            *line += &format!("  {part}");
        } else {
            lines.push(part.clone());
        }
    }
    lines
}

/// The keys, the first of them always there.
fn help_line(state: &ScreenState, width: usize) -> String {
    if state.asks {
        return "q again: stop after this step and save; any other key: go on".to_string();
    }
    let end = match state.mode {
        ScreenMode::Train => "q stop",
        ScreenMode::Watch => "q leave",
    };
    let scale = if state.is_logarithmic { "l linear scale" } else { "l log scale" };
    let parts = [end, "←/→ metric", scale, "? help"].map(str::to_string);
    joined(&parts, width).swap_remove(0)
}

fn draw_help(frame: &mut Frame<'_>, state: &ScreenState, area: Rect) {
    let end = match state.mode {
        ScreenMode::Train => [
            "q q, Ctrl-C   stop after this step and save; resume later",
            "Ctrl-C twice  stop at once, from the last checkpoint",
        ],
        ScreenMode::Watch => {
            ["q, Esc        leave; the training goes on", "Ctrl-C        the same"]
        }
    };
    let lines = [
        end[0],
        end[1],
        "Ctrl-Z        suspend; `fg` goes on",
        "←/→, Tab      the next metric first",
        "1 … 9         that metric first",
        "l             logarithmic or linear scale",
        "? or h        this help",
    ];
    let (width, height) = (area.width.min(62), area.height.min(lines.len() as u16 + 2));
    let [_, row, _] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(height), Constraint::Fill(1)])
            .areas(area);
    let [_, place, _] =
        Layout::horizontal([Constraint::Fill(1), Constraint::Length(width), Constraint::Fill(1)])
            .areas(row);
    frame.render_widget(Clear, place);
    let text = Paragraph::new(lines.join("\n")).block(Block::bordered().title(" keys "));
    frame.render_widget(text, place);
}

fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

fn colour(state: &ScreenState, colour: Color) -> Style {
    if state.has_colour { Style::new().fg(colour) } else { Style::new() }
}
