//! The points of a picture: scaled, thinned out to what there is room for, and the ends of its axes.

/// The curves of a picture, and the ends of its axes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Points {
    pub(super) curves: Vec<Vec<(f64, f64)>>,
    pub(super) x: [f64; 2],
    /// Logarithms to base 10 on a logarithmic scale.
    pub(super) y: [f64; 2],
}

/// The points of curves of (epoch, value), at most so many a curve; None where there is nothing to
/// draw. Values that are not finite, and on a logarithmic scale those that are not above 0, are left
/// out.
pub(super) fn points(
    curves: &[&[(f64, f64)]],
    is_logarithmic: bool,
    places: usize,
) -> Option<Points> {
    let scaled = |curve: &&[(f64, f64)]| {
        let shown = curve.iter().filter(|(_, y)| y.is_finite() && (!is_logarithmic || *y > 0.0));
        let points = shown.map(|(x, y)| (*x, if is_logarithmic { y.log10() } else { *y }));
        thinned(&points.collect::<Vec<_>>(), places)
    };
    let curves: Vec<Vec<(f64, f64)>> = curves.iter().map(scaled).collect();
    let all = || curves.iter().flatten();
    let (bottom, top) = ends(all().map(|(_, y)| *y))?;
    let (_, last) = ends(all().map(|(x, _)| *x))?;
    let margin = match top - bottom {
        0.0 if bottom == 0.0 => 0.5,
        0.0 => bottom.abs() * 0.1,
        _ => 0.0,
    };
    Some(Points { curves, x: [1.0, last.max(2.0)], y: [bottom - margin, top + margin] })
}

/// As many points in a row as there are places, each the mean of those that fall there.
fn thinned(points: &[(f64, f64)], places: usize) -> Vec<(f64, f64)> {
    if points.len() <= places {
        return points.to_vec();
    }
    let mean = |place: usize| {
        let part = &points[place * points.len() / places..(place + 1) * points.len() / places];
        let count = part.len() as f64;
        let sum = part.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
        (sum.0 / count, sum.1 / count)
    };
    (0..places).map(mean).collect()
}

/// The least and the greatest of some numbers.
fn ends(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    numbers.fold(None, |ends, number| match ends {
        None => Some((number, number)),
        Some((least, most)) => Some((number.min(least), number.max(most))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_curve_is_thinned_out_and_what_cannot_be_drawn_left_out() {
        let curve: Vec<(f64, f64)> =
            (1..=1000).map(|epoch| (f64::from(epoch), 1.0 / f64::from(epoch))).collect();
        let drawn = points(&[&curve, &[(3.0, f64::NAN)]], false, 50).unwrap();
        assert_eq!((drawn.curves[0].len(), drawn.curves[1].len()), (50, 0));
        let drawn = points(&[&curve, &[(3.0, -1.0)]], true, 5000).unwrap();
        assert_eq!((drawn.curves[0].len(), drawn.curves[1].len()), (1000, 0));
        assert_eq!((drawn.x, drawn.y), ([1.0, 1000.0], [-3.0, 0.0]));
        assert_eq!(points(&[&[(1.0, 0.0)]], true, 50), None);
    }

    #[test]
    fn a_level_curve_has_room_above_and_below() {
        let drawn = points(&[&[(1.0, 2.0)]], false, 50).unwrap();
        assert_eq!((drawn.x, drawn.y), ([1.0, 2.0], [1.8, 2.2]));
    }
}
