//! A curve over a logarithmic axis as text, 60 columns wide.

/// Columns of the whole, and rows of the curve.
const WIDTH: usize = 60;
const HEIGHT: usize = 10;
/// Columns of the numbers at the left.
const LABEL: usize = 9;

/// The points as a picture: x, above 0, by its logarithm. Points that are not finite are left out.
pub(crate) fn over_logarithm(points: &[(f64, f64)], y_name: &str, x_name: &str) -> String {
    let shown = points.iter().filter(|(x, y)| *x > 0.0 && x.is_finite() && y.is_finite());
    let points: Vec<(f64, f64)> = shown.map(|(x, y)| (x.log10(), *y)).collect();
    let ends = |of: fn(&(f64, f64)) -> f64| {
        let values = points.iter().map(of);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
            (least.min(value), most.max(value))
        })
    };
    if points.is_empty() {
        return format!("no {y_name} to draw");
    }
    let ((left, right), (bottom, top)) = (ends(|point| point.0), ends(|point| point.1));
    let columns = WIDTH - LABEL - 1;
    let place = |value: f64, (least, most): (f64, f64), cells: usize| {
        let part = if most > least { (value - least) / (most - least) } else { 0.0 };
        (part * (cells - 1) as f64).round() as usize
    };
    let mut cells = vec![vec![' '; columns]; HEIGHT];
    for (x, y) in &points {
        let row = HEIGHT - 1 - place(*y, (bottom, top), HEIGHT);
        cells[row][place(*x, (left, right), columns)] = '*';
    }
    let mut text = format!("{y_name}\n");
    for (row, line) in cells.iter().enumerate() {
        let label = match row {
            0 => format!("{top:.4}"),
            row if row == HEIGHT - 1 => format!("{bottom:.4}"),
            _ => String::new(),
        };
        let line: String = line.iter().collect();
        text += format!("{label:>LABEL$}|{line}").trim_end();
        text.push('\n');
    }
    text += &format!("{:>LABEL$}+{}\n", "", "-".repeat(columns));
    let (first, last) = (format!("{:.0e}", 10f64.powf(left)), format!("{:.0e}", 10f64.powf(right)));
    let gap = columns.saturating_sub(first.len() + last.len());
    text + &format!("{:>LABEL$} {first}{x_name:^gap$}{last}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_fits_sixty_columns() {
        let points: Vec<(f64, f64)> =
            (0..100).map(|i| (10f64.powf(f64::from(i) / 14.0 - 7.0), f64::from(i))).collect();
        let text = over_logarithm(&points, "loss", "learning rate");
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("  99.0000|") && lines[1].ends_with('*'), "{text}");
        assert_eq!(lines[10].chars().nth(10), Some('*'), "{text}");
        assert!(lines[12].contains("1e-7") && lines[12].ends_with("1e0"), "{text}");
        assert_eq!(over_logarithm(&[(1.0, f64::NAN)], "loss", "x"), "no loss to draw");
    }
}
