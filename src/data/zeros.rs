//! Zeros of a column that may mean that the number is missing.

/// How many zeros a column has, and what its other numbers are.
#[derive(Default)]
pub(super) struct Zeros {
    count: usize,
    others: usize,
    has_negative: bool,
    has_fractions: bool,
    /// The least of the others.
    least: Option<f64>,
    sum: f64,
}

/// Of fewer different numbers, 0 is one as the others are.
const KINDS: usize = 20;

impl Zeros {
    pub(super) fn see(&mut self, number: f64) {
        if number == 0.0 {
            self.count += 1;
            return;
        }
        self.others += 1;
        self.has_negative |= number < 0.0;
        self.has_fractions |= number.fract() != 0.0;
        self.least = Some(self.least.map_or(number, |least| least.min(number)));
        self.sum += number;
    }

    /// How many there are in a column of so many different numbers, and the least of the others,
    /// where these are far above 0.
    pub(super) fn told(&self, kinds: usize) -> Option<(usize, f64)> {
        let least = self.least.filter(|_| !self.has_negative && kinds > KINDS)?;
        let is_apart = least * self.others as f64 >= self.sum / 20.0;
        let is_no_count = self.has_fractions || least >= 5.0;
        let is_rare = (1..self.others).contains(&self.count);
        (is_apart && is_no_count && is_rare).then_some((self.count, least))
    }
}

#[cfg(test)]
mod tests {
    use crate::data::Profile;

    #[test]
    fn zeros_that_are_far_from_all_others_are_told() {
        let rows = (0..60).map(|row| {
            let (pressure, visits) = if row % 6 == 0 { (0, 0) } else { (60 + row, row % 25) };
            let rain = if row % 2 == 0 { 0.0 } else { f64::from(row) / 10.0 };
            format!("{pressure},{visits},{rain}\n")
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, format!("pressure,visits,rain\n{}", rows.collect::<String>()))
            .unwrap();
        let table = Profile::read(&path).unwrap();
        let found: Vec<_> = table.columns.iter().map(|column| column.lone_zeros).collect();
        assert_eq!(found, [Some((10, 61.0)), None, None]);
    }
}
