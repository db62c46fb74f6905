//! Charts as SVG: axes, lines, dots and bars, in the colors of the page's style.

use super::html::{escape, number};

/// The style of charts, on the page and alone.
pub(super) const CHART_STYLE: &str = include_str!("chart.css");

/// A chart with two axes.
pub(super) struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
}

/// An axis: its words, and ends that are given; the others come from the data.
pub(super) struct Axis {
    pub label: String,
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// Whether only whole numbers are marked.
    pub is_whole: bool,
}

/// Points that belong together.
pub(super) struct Series {
    /// In the legend; none where it is empty.
    pub name: String,
    pub marks: Marks,
    /// The how-manieth color.
    pub color: usize,
    pub points: Vec<(f64, f64)>,
}

/// How points are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    Line,
    Dashes,
    Dots,
    /// Bars from 0, as wide as their distance.
    Bars,
}

pub(super) const WIDTH: f64 = 480.0;
pub(super) const HEIGHT: f64 = 320.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 44.0;
/// Colors that the style has.
const COLORS: usize = 6;

impl Axis {
    /// An axis whose ends come from the data.
    pub(super) fn free(label: &str) -> Axis {
        Axis { label: label.to_string(), low: None, high: None, is_whole: false }
    }

    /// An axis from 0 to 1.
    pub(super) fn share(label: &str) -> Axis {
        Axis { low: Some(0.0), high: Some(1.0), ..Axis::free(label) }
    }

    fn ends(&self, values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
        let finite = values.filter(|value| value.is_finite());
        let low = self.low.unwrap_or_else(|| finite.clone().fold(f64::INFINITY, f64::min));
        let high = self.high.unwrap_or_else(|| finite.fold(f64::NEG_INFINITY, f64::max));
        match (low.is_finite() && high.is_finite(), high - low) {
            (false, _) => (0.0, 1.0),
            (true, span) if span <= 0.0 => {
                let room = (low.abs() * 0.1).max(0.5);
                (low - room, high + room)
            }
            (true, span) if self.is_whole || (self.low.is_some() && self.high.is_some()) => {
                (low, low + span)
            }
            (true, span) => {
                (self.low.unwrap_or(low - span * 0.04), self.high.unwrap_or(high + span * 0.04))
            }
        }
    }
}

impl Chart {
    /// The chart as an `svg` element.
    pub(super) fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let (x0, x1) = self.x.ends(points().map(|point| point.0));
        let (y0, y1) = self.y.ends(points().map(|point| point.1));
        let place = |x: f64, y: f64| {
            let across = LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
            let down = HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM);
            (across, down)
        };
        let title = escape(&self.title);
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\
             <title>{title}</title>\n<text class=\"title\" x=\"{LEFT}\" y=\"18\">{title}</text>\n"
        );
        for tick in ticks(x0, x1, 6, self.x.is_whole) {
            let (x, y) = (place(tick, y0).0, HEIGHT - BOTTOM + 16.0);
            let text = number(tick);
            svg += &format!(
                "<text class=\"tick\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>\n"
            );
        }
        for tick in ticks(y0, y1, 5, self.y.is_whole) {
            let (y, end) = (place(x0, tick).1, WIDTH - RIGHT);
            let text = number(tick);
            svg += &format!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>\n",
                LEFT - 6.0,
                y + 4.0
            );
        }
        let (middle, bottom) = (LEFT + (WIDTH - LEFT - RIGHT) / 2.0, HEIGHT - 8.0);
        svg += &format!(
            "<text class=\"axis\" x=\"{middle}\" y=\"{bottom}\" text-anchor=\"middle\">{}</text>\n",
            escape(&self.x.label)
        );
        svg += &format!(
            "<text class=\"axis\" transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
            TOP + (HEIGHT - TOP - BOTTOM) / 2.0,
            escape(&self.y.label)
        );
        for series in &self.series {
            svg += &series.svg(&place, (y0, y1));
        }
        svg + &self.legend() + "</svg>\n"
    }

    fn legend(&self) -> String {
        let (mut x, mut svg) = (LEFT, String::new());
        for series in self.series.iter().filter(|series| !series.name.is_empty()) {
            let name = shortened(&series.name, 24);
            let width = 26.0 + 6.6 * name.chars().count() as f64;
            if x + width > WIDTH {
                break; // the table beside it names them all
            }
            let class = series.class();
            svg += &format!(
                "<line class=\"{class} key\" x1=\"{x:.1}\" x2=\"{:.1}\" y1=\"34\" y2=\"34\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"38\">{}</text>\n",
                x + 14.0,
                x + 19.0,
                escape(&name)
            );
            x += width + 8.0;
        }
        svg
    }
}

impl Series {
    fn class(&self) -> String {
        let kind = match self.marks {
            Marks::Line => "line",
            Marks::Dashes => "line dashed",
            Marks::Dots => "dot",
            Marks::Bars => "bar",
        };
        format!("{kind} c{}", self.color % COLORS)
    }

    fn svg(&self, place: &dyn Fn(f64, f64) -> (f64, f64), (low, high): (f64, f64)) -> String {
        let class = self.class();
        let finite = self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
        let clamped = finite.map(|(x, y)| place(*x, y.clamp(low, high)));
        match self.marks {
            Marks::Line | Marks::Dashes => {
                let points: Vec<String> = clamped.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
                let mut svg =
                    format!("<polyline class=\"{class}\" points=\"{}\"/>\n", points.join(" "));
                if let [only] = points.as_slice()
                    && let Some((x, y)) = only.split_once(',')
                {
                    svg += &format!(
                        "<circle class=\"dot c{}\" cx=\"{x}\" cy=\"{y}\" r=\"3\"/>\n",
                        self.color % COLORS
                    );
                }
                svg
            }
            Marks::Dots => clamped
                .map(|(x, y)| {
                    format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>\n")
                })
                .collect(),
            Marks::Bars => {
                let step = match self.points.as_slice() {
                    [first, second, ..] => place(second.0, 0.0).0 - place(first.0, 0.0).0,
                    _ => 40.0,
                };
                let base = place(0.0, low.max(0.0).min(high)).1;
                clamped
                    .map(|(x, y)| {
                        let (top, height) = (y.min(base), (base - y).abs());
                        format!(
                            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>\n",
                            x - step * 0.45,
                            step * 0.9
                        )
                    })
                    .collect()
            }
        }
    }
}

/// A text of at most so many characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Round numbers between two ends: steps of 1, 2 or 5 times a power of ten.
fn ticks(low: f64, high: f64, about: usize, is_whole: bool) -> Vec<f64> {
    let rough = (high - low) / about as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= rough * 0.999);
    let step = step.unwrap_or(10.0) * power;
    let step = if is_whole { step.max(1.0).round() } else { step };
    if !(step > 0.0 && step.is_finite()) {
        return Vec::new();
    }
    let first = (low / step - 1e-9).ceil();
    let mark = |i: usize| (first + i as f64) * step;
    (0..2 * about + 2).map(mark).take_while(|tick| *tick <= high + step * 1e-6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(ticks(0.0, 1.0, 5, false).len(), 6);
        assert_eq!(ticks(1.0, 30.0, 6, true), [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]);
        assert_eq!(ticks(1.0, 3.0, 6, true), [1.0, 2.0, 3.0]);
        assert!(ticks(f64::NAN, 1.0, 5, false).is_empty());
    }

    #[test]
    fn numbers_that_are_not_finite_draw_nothing() {
        let points = vec![(1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 1.0)];
        let series = Series { name: "<loss>".into(), marks: Marks::Line, color: 0, points };
        let (x, y) = (Axis::free("epoch"), Axis::free("loss"));
        let svg = Chart { title: "t".into(), x, y, series: vec![series] }.svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf") && svg.contains("&lt;loss&gt;"));
    }
}
