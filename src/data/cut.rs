//! Cut: which windows are trained on, and which are held back. No window to train on sees a row that
//! is held back, nor crosses from one series into another.

use super::dataset::{Dataset, Matrix, Targets};
use super::raw_cells::RawCells;
use super::time_window::{TimeSeries, TimeWindow};
use super::timeline::{Timeline, needs, rows_of};
use super::windows::Windows;
use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::error::Result;
use crate::random::Random;
use crate::sections::{FoldsBy, WindowConfig};
use crate::splits::{self, Division, KeyColumn, RowRole, SplitRows, ValidationSplit};

/// The windows of a table, and what each is for.
pub(super) struct Cut {
    /// What each row of the table is for: statistics are those of the rows to train on. None where
    /// all are trained on.
    pub roles: Option<Vec<RowRole>>,
    windows: Vec<PlacedWindow>,
}

/// A window in the order of time.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedWindow {
    /// The first row that it sees.
    pub start: usize,
    /// The row of its target.
    pub target: usize,
    pub role: RowRole,
}

impl Cut {
    /// The windows of a division; an error where none is left to train or to validate on.
    pub(super) fn new(
        cells: &RawCells,
        timeline: &Timeline,
        division: Division<'_>,
        calibration: Option<f64>,
        random: Random,
    ) -> Result<Cut> {
        let Some(window) = &cells.section.window else {
            return Ok(Cut { roles: None, windows: Vec::new() });
        };
        let (shape, rows) = (window.shape(), cells.rows());
        let cut = if is_drawn(division) {
            Cut::drawn(cells, timeline, division, calibration, random)?
        } else {
            let mut roles = roles_of_rows(cells, timeline, division, random)?;
            if let Some(part) = calibration {
                splits::check_calibration(part)?;
                let roles = roles.get_or_insert_with(|| vec![RowRole::Train; rows]);
                timeline.series.iter().for_each(|series| latest(timeline, *series, part, roles));
            }
            if let Some(roles) = &mut roles {
                let all = timeline.series.iter();
                all.for_each(|series| leave_gap(timeline, *series, window.gap, roles));
            }
            let windows = of_roles(timeline, window, roles.as_deref());
            Cut { roles, windows }
        };
        cut.check(timeline, &shape, division, calibration)?;
        Ok(cut)
    }

    /// Windows that are divided without regard to time.
    fn drawn(
        cells: &RawCells,
        timeline: &Timeline,
        division: Division<'_>,
        calibration: Option<f64>,
        random: Random,
    ) -> Result<Cut> {
        let Some(window) = &cells.section.window else {
            return Ok(Cut { roles: None, windows: Vec::new() });
        };
        check_overlap(window, division)?;
        let mut windows = of_roles(timeline, window, None);
        let classes = super::fit::target_classes(&cells.plan, &cells.table);
        let of_window =
            |window: &PlacedWindow, classes: &[usize]| classes[timeline.rows[window.target]];
        let classes: Option<Vec<usize>> =
            classes.map(|all| windows.iter().map(|window| of_window(window, &all)).collect());
        let count = windows.len();
        let rows = SplitRows { count, classes: classes.as_deref(), column: None, random };
        let mut roles = division.assign(&rows)?;
        if let Some(part) = calibration {
            roles = Some(splits::calibrate(roles, part, count, random)?);
        }
        let roles = roles.unwrap_or_else(|| vec![RowRole::Train; count]);
        let mut of_rows = vec![RowRole::LeftOut; cells.rows()];
        for wanted in [RowRole::Calibrate, RowRole::Validate, RowRole::Train] {
            for (window, role) in windows.iter().zip(&roles).filter(|(_, role)| **role == wanted) {
                timeline.rows[window.start..=window.target]
                    .iter()
                    .for_each(|row| of_rows[*row] = *role);
            }
        }
        windows.iter_mut().zip(roles).for_each(|(window, role)| window.role = role);
        Ok(Cut { roles: Some(of_rows), windows })
    }

    /// The windows of rows whose roles are known.
    pub(super) fn of_roles(
        timeline: &Timeline,
        window: &WindowConfig,
        roles: Option<&[RowRole]>,
    ) -> Cut {
        Cut { roles: None, windows: of_roles(timeline, window, roles) }
    }

    /// The samples of a role; `base` are the rows of the table as the model sees them.
    pub(super) fn dataset(
        &self,
        base: &Dataset,
        timeline: &Timeline,
        shape: TimeWindow,
        role: RowRole,
    ) -> Dataset {
        let windows: Vec<PlacedWindow> =
            self.windows.iter().filter(|window| window.role == role).copied().collect();
        samples(base, timeline, shape, &windows)
    }

    fn check(
        &self,
        timeline: &Timeline,
        shape: &TimeWindow,
        division: Division<'_>,
        calibration: Option<f64>,
    ) -> Result<(), ConfigError> {
        let key = division.key();
        for (role, what, key, is_wanted) in [
            (RowRole::Train, "train on", "data.window", true),
            (RowRole::Validate, "validate on", key, !division.is_whole()),
            (RowRole::Calibrate, "decide by", "fit.calibration_split", calibration.is_some()),
        ] {
            if !is_wanted || self.windows.iter().any(|window| window.role == role) {
                continue;
            }
            let series =
                if timeline.series.len() == 1 { "the table" } else { "the longest series" };
            let mut message =
                format!("{}, but {series} has {}", needs(shape), rows_of(timeline.longest()));
            let mut help = "use more rows, or a smaller `sequence_length`".to_string();
            if timeline.longest() >= shape.rows() {
                let of_role =
                    |row: &&usize| self.roles.as_ref().is_none_or(|all| all[**row] == role);
                let most = |series: &TimeSeries| {
                    timeline.rows[series.first..series.end].iter().filter(of_role).count()
                };
                let most = timeline.series.iter().map(most).max().unwrap_or(0);
                message = format!("there is no window to {what}: {}", needs(shape));
                message +=
                    &format!(", and {series} has {most} of {} to {what}", timeline.longest());
                help = "use more rows, hold back another part, or use a smaller `sequence_length`"
                    .to_string();
            }
            let error = ConfigError::at(key, message).with_code(Code::Window);
            return Err(error.with_help(help));
        }
        Ok(())
    }
}

/// Whether a division draws from all windows, without regard to time.
fn is_drawn(division: Division<'_>) -> bool {
    match division {
        Division::Split(split) => {
            matches!(split, ValidationSplit::Random(_) | ValidationSplit::Stratified(_))
        }
        Division::Fold(cv, _) => match cv.by {
            FoldsBy::Stratified => true,
            FoldsBy::Rows => cv.shuffle,
            _ => false,
        },
        Division::Whole => false,
    }
}

/// What each row of the table is for; None where all are trained on.
fn roles_of_rows(
    cells: &RawCells,
    timeline: &Timeline,
    division: Division<'_>,
    random: Random,
) -> Result<Option<Vec<RowRole>>> {
    let of = |count: usize| SplitRows { count, classes: None, column: None, random };
    let all = cells.rows();
    let mut roles = vec![RowRole::LeftOut; all];
    match division {
        _ if division.is_whole() => return Ok(None),
        Division::Split(split @ ValidationSplit::Tail(part)) => {
            split.check()?;
            for series in &timeline.series {
                let boundary = series.boundary(*part);
                for place in series.first..series.end {
                    let is_held = place >= boundary;
                    roles[timeline.rows[place]] =
                        if is_held { RowRole::Validate } else { RowRole::Train };
                }
            }
        }
        Division::Fold(cv, fold) if cv.by == FoldsBy::Time(None) => {
            for series in &timeline.series {
                let count = series.end - series.first;
                if timeline.series.len() > 1 && count <= cv.folds {
                    continue; // too short for folds of its own
                }
                let own = cv.assign(fold, &of(count))?;
                let rows = &timeline.rows[series.first..series.end];
                rows.iter().zip(own).for_each(|(row, role)| roles[*row] = role);
            }
        }
        Division::Fold(cv, _) if cv.by == FoldsBy::Rows => {
            let own = division.assign(&of(all))?.unwrap_or_default();
            timeline.rows.iter().zip(own).for_each(|(row, role)| roles[*row] = role);
        }
        _ => {
            let column = super::raw_cells::split_column(cells)?;
            let rows = SplitRows { column: column.as_ref(), ..of(all) };
            roles = division.assign(&rows)?.unwrap_or_default();
            if let (Some(window), Some(column)) = (&cells.section.window, &column) {
                check_series(window, timeline, &roles, division, column)?;
            }
        }
    }
    Ok(Some(roles))
}

/// An error where groups or hashes divide the rows of a series, which is at random.
fn check_series(
    window: &WindowConfig,
    timeline: &Timeline,
    roles: &[RowRole],
    division: Division<'_>,
    column: &KeyColumn,
) -> Result<(), ConfigError> {
    let is_blind = match division {
        Division::Split(split) => {
            matches!(split, ValidationSplit::Group(_) | ValidationSplit::Hash(_))
        }
        Division::Fold(cv, _) => matches!(cv.by, FoldsBy::Group(_)),
        Division::Whole => false,
    };
    let is_of_one = |series: &TimeSeries| {
        let mut rows = timeline.rows[series.first..series.end].iter().map(|row| roles[*row]);
        let first = rows.next();
        rows.all(|role| Some(role) == first)
    };
    if !is_blind || timeline.series.iter().all(is_of_one) {
        return Ok(());
    }
    check_overlap(window, division).map_err(|error| {
        let help = match &window.group {
            Some(group) => format!("divide by `{group}`, which tells the series apart"),
            None => format!(
                "write `group: {}` under `data.window`, if it tells series apart",
                column.name
            ),
        };
        let help = format!("{help}; or {}", error.help);
        error.with_help(help)
    })
}

/// An error where windows that share rows would be divided at random.
fn check_overlap(window: &WindowConfig, division: Division<'_>) -> Result<(), ConfigError> {
    let seen = window.shape().reach() + 1;
    if window.overlap || window.sequence_stride >= seen {
        return Ok(());
    }
    let message = format!(
        "windows that share rows can't be divided at random: one begins every {} rows, and each \
         reaches over {seen}",
        window.sequence_stride
    );
    let error = ConfigError::at(division.key(), message).with_code(Code::Window);
    Err(error.with_help(
        "hold the last rows back, as `validation_split: 0.2` does; or, to divide them at random \
         nevertheless, write `overlap: true` under `data.window`",
    ))
}

/// The latest of the rows to train on of a series are kept apart to decide by.
fn latest(timeline: &Timeline, series: TimeSeries, part: f64, roles: &mut [RowRole]) {
    let rows = &timeline.rows[series.first..series.end];
    let train: Vec<usize> =
        rows.iter().copied().filter(|row| roles[*row] == RowRole::Train).collect();
    let count = (train.len() as f64 * part).round() as usize;
    train.iter().rev().take(count).for_each(|row| roles[*row] = RowRole::Calibrate);
}

/// The last rows to train on before those that are held back are left out.
fn leave_gap(timeline: &Timeline, series: TimeSeries, gap: usize, roles: &mut [RowRole]) {
    let rows = &timeline.rows[series.first..series.end];
    for place in 1..rows.len() {
        let is_held = matches!(roles[rows[place]], RowRole::Validate | RowRole::Calibrate);
        if is_held && roles[rows[place - 1]] == RowRole::Train {
            for row in rows[..place].iter().rev().take(gap) {
                if roles[*row] == RowRole::Train {
                    roles[*row] = RowRole::LeftOut;
                }
            }
        }
    }
}

/// Every window whose target has a role, in the order of time: one to train on sees rows to train on
/// alone; one that is held back sees any rows before its target, or with a gap none that is trained on.
fn of_roles(
    timeline: &Timeline,
    window: &WindowConfig,
    roles: Option<&[RowRole]>,
) -> Vec<PlacedWindow> {
    let shape = window.shape();
    let after = shape.rows() - 1;
    let role = |place: usize| roles.map_or(RowRole::Train, |roles| roles[timeline.rows[place]]);
    // how many rows to train on there are before each place
    let mut before = vec![0; timeline.rows.len() + 1];
    for place in 0..timeline.rows.len() {
        before[place + 1] = before[place] + usize::from(role(place) == RowRole::Train);
    }
    let mut windows = Vec::new();
    for series in &timeline.series {
        for start in series.starts(&shape, series.first, series.end) {
            let start = start as usize;
            let (target, seen) = (start + after, start + shape.reach() + 1);
            let role = role(target);
            let is_in_its_part = match role {
                RowRole::Train => before[target + 1] - before[start] == target + 1 - start,
                RowRole::LeftOut => false,
                _ => window.gap == 0 || before[seen] == before[start],
            };
            if is_in_its_part {
                windows.push(PlacedWindow { start, target, role });
            }
        }
    }
    windows
}

/// Windows as samples: the rows that they see are copied once, however many see them.
pub(super) fn samples(
    base: &Dataset,
    timeline: &Timeline,
    shape: TimeWindow,
    windows: &[PlacedWindow],
) -> Dataset {
    let (width, reach) = (base.x.width, shape.reach());
    let y_width = if base.y.values.is_empty() { 0 } else { base.y.width() };
    let mut x = Vec::new();
    let (mut starts, mut rows) = (Vec::with_capacity(windows.len()), Vec::new());
    let (mut y, mut last, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let mut copied = 0..0; // the rows that were copied last without a break
    for window in windows {
        let seen = window.start..window.start + reach + 1;
        if seen.start > copied.end || seen.start < copied.start {
            copied = seen.start..seen.start;
        }
        for place in copied.end..seen.end.max(copied.end) {
            let row = timeline.rows[place] * width;
            x.extend_from_slice(&base.x.values[row..row + width]);
        }
        copied.end = copied.end.max(seen.end);
        starts.push(x.len() / width.max(1) - (copied.end - seen.start));
        let (target, before) = (timeline.rows[window.target], timeline.rows[seen.end - 1]);
        rows.push(target);
        y.extend_from_slice(&base.y.values[target * y_width..(target + 1) * y_width]);
        last.extend_from_slice(&base.y.values[before * y_width..(before + 1) * y_width]);
        weights.extend(base.weights.as_ref().map(|weights| weights[target]));
    }
    Dataset {
        x: Matrix::new(x, width),
        y: Targets::new(y, base.y.shape().to_vec()),
        weights: base.weights.as_ref().map(|_| weights),
        windows: Some(Windows { shape, starts, rows, last }),
    }
}
