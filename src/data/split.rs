//! Split: which rows are held back to validate on.

use crate::config::ConfigError;
use crate::diagnostics::Code;
use crate::random::Random;
use crate::sections::ValidationSplit;

impl ValidationSplit {
    /// Which of `rows` rows are held back; None where nothing is. `classes` gives each row's class,
    /// where the target has classes.
    ///
    /// `⌊rows · (1 - part)⌋` rows are left to train on, as in Keras.
    pub(crate) fn held_back(
        &self,
        rows: usize,
        classes: Option<&[usize]>,
        random: Random,
    ) -> Result<Option<Vec<bool>>, ConfigError> {
        let part = self.part();
        let error = |message: String| {
            Err(ConfigError::at("fit.validation_split", message).with_code(Code::ValidationSplit))
        };
        if *self == ValidationSplit::Tail(0.0) {
            return Ok(None);
        }
        self.check()?;
        let kept = (rows as f64 * (1.0 - part)).floor() as usize;
        if kept == 0 || kept >= rows {
            let side = if kept == 0 { "train" } else { "validate" };
            return error(format!("{part} of {rows} rows leaves nothing to {side} on"))
                .map_err(|error| error.with_help("choose another part, or use more rows"));
        }
        let mut held = vec![false; rows];
        match self {
            ValidationSplit::Tail(_) => held[kept..].fill(true),
            ValidationSplit::Random(_) => {
                for row in drawn((0..rows).collect(), rows - kept, random, "") {
                    held[row] = true;
                }
            }
            ValidationSplit::Stratified(_) => {
                let Some(classes) = classes else {
                    return error("`stratified` needs a target of classes".to_string()).map_err(
                        |error| error.with_help(format!("write `{{random: {part}}}` for numbers")),
                    );
                };
                for row in stratified(classes, rows - kept, random) {
                    held[row] = true;
                }
            }
        }
        Ok(Some(held))
    }
}

/// So many of the rows, drawn from the stream ("split", name).
fn drawn(mut rows: Vec<usize>, count: usize, random: Random, name: &str) -> Vec<usize> {
    random.stream("split", name, 0).shuffle(&mut rows);
    rows.truncate(count);
    rows
}

/// So many rows, each class by its share; a class keeps at least one row to train on.
fn stratified(classes: &[usize], count: usize, random: Random) -> Vec<usize> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); classes.iter().max().map_or(0, |max| max + 1)];
    classes.iter().enumerate().for_each(|(row, class)| rows[*class].push(row));
    let share = |class: &Vec<usize>| class.len() as u128 * count as u128;
    let total = classes.len().max(1) as u128;
    let mut quotas: Vec<usize> = rows.iter().map(|class| (share(class) / total) as usize).collect();
    // what rounding down has left goes to the largest remainders, the first class first
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|class| std::cmp::Reverse(share(&rows[*class]) % total));
    let mut left = count - quotas.iter().sum::<usize>();
    for class in order {
        if left > 0 && quotas[class] + 1 < rows[class].len() {
            quotas[class] += 1;
            left -= 1;
        }
    }
    let parts = rows.into_iter().zip(quotas).enumerate();
    parts
        .flat_map(|(class, (rows, quota))| drawn(rows, quota, random, &class.to_string()))
        .collect()
}
