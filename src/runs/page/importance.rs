//! Permutation importance: how much worse the loss becomes where the cells of a column are shuffled
//! (Breiman 2001, "Random forests"; scikit-learn: `permutation_importance`).

use std::sync::Arc;

use super::html::{Chapter, escape, number, paragraph};
use crate::data::{Dataset, Memory};
use crate::error::Result;
use crate::model::artifact::Model;
use crate::model::engine::{self, Task};
use crate::model::evaluate::score;
use crate::model::scores::Scores;
use crate::random::Random;

/// Rows that are looked at.
const MOST_ROWS: usize = 2000;
/// Columns beyond which it says little: pictures, series.
const MOST_COLUMNS: usize = 100;
/// How often each column is shuffled.
const REPEATS: u64 = 5;
/// Rows that go through the model for it, in all.
const BUDGET: usize = 400_000;
const BATCH: usize = 256;

/// What a column is worth.
struct Importance {
    name: String,
    mean: f64,
    deviation: f64,
}

/// The chapter; a sentence where there are too many columns, none without a loss.
pub(super) fn chapter(model: &Model, data: &Dataset) -> Result<Option<Chapter>> {
    let title = "Permutation importance";
    let Some(preprocessing) = &model.preprocessing else { return Ok(None) };
    let columns = preprocessing.feature_widths();
    if model.spec.train.is_none() || data.len() < 2 || data.x.pictures.is_some() {
        return Ok(None);
    }
    if columns.len() > MOST_COLUMNS {
        let body =
            format!("Left out: there are {} columns, more than {MOST_COLUMNS}.", columns.len());
        return Ok(Some(Chapter { title, body: paragraph(&body) }));
    }
    let most = MOST_ROWS.min(BUDGET / (columns.len().max(1) * REPEATS as usize));
    let rows = drawn(data, most.max(2), model.spec.seed);
    let (base, mut all) = importances(model, &rows, &columns, preprocessing.rows_of_a_sample())?;
    all.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    let largest = all.iter().map(|one| one.mean).fold(0.0, f64::max);
    let mut body = paragraph(&format!(
        "How much the loss, {} on {} rows, rises where the cells of a column are shuffled: the mean of \
         {REPEATS} shuffles, and their standard deviation. Columns that say the same share their \
         importance.",
        number(base),
        rows.len()
    ));
    body += "<div class=\"scroll\"><table>\n<thead><tr><th>column</th><th class=\"n\">rise</th>\
             <th class=\"n\">±</th><th></th></tr></thead>\n<tbody>\n";
    for one in &all {
        let share = if largest > 0.0 { (one.mean / largest).max(0.0) * 240.0 } else { 0.0 };
        body += &format!(
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td><span class=\"share\" style=\"width:{share:.0}px\"></span></td></tr>\n",
            escape(&one.name),
            number(one.mean),
            number(one.deviation)
        );
    }
    Ok(Some(Chapter { title, body: body + "</tbody></table></div>\n" }))
}

/// At most so many rows, drawn.
fn drawn(data: &Dataset, most: usize, seed: u64) -> Dataset {
    let mut rows: Vec<usize> = (0..data.len()).collect();
    if data.len() <= most {
        return data.rows(&rows);
    }
    Random::new(seed).stream("importance", "rows", 0).shuffle(&mut rows);
    rows.truncate(most);
    rows.sort_unstable();
    data.rows(&rows)
}

/// The loss, and what each column is worth; a sample is `steps` rows, whose cells are moved together.
fn importances(
    model: &Model,
    rows: &Dataset,
    columns: &[(String, usize)],
    steps: usize,
) -> Result<(f64, Vec<Importance>)> {
    let base = loss(model, rows)?;
    let (width, mut start, mut all) = (rows.x.width / steps.max(1), 0, Vec::new());
    for (name, cells) in columns {
        let mut rises = Vec::new();
        for repeat in 0..REPEATS {
            let mut order: Vec<usize> = (0..rows.len()).collect();
            Random::new(model.spec.seed).stream("importance", name, repeat + 1).shuffle(&mut order);
            let mut shuffled = rows.clone();
            let x = Arc::make_mut(&mut shuffled.x.values);
            for (row, from) in order.into_iter().enumerate() {
                for step in 0..steps {
                    let from = (from * steps + step) * width + start;
                    let to = (row * steps + step) * width + start;
                    x[to..to + cells].copy_from_slice(&rows.x.values[from..from + cells]);
                }
            }
            rises.push(loss(model, &shuffled)? - base);
        }
        start += cells;
        let mean = rises.iter().sum::<f64>() / rises.len() as f64;
        let squares = rises.iter().map(|rise| (rise - mean).powi(2)).sum::<f64>();
        let deviation = (squares / rises.len() as f64).sqrt();
        all.push(Importance { name: name.clone(), mean, deviation });
    }
    Ok((base, all))
}

fn loss(model: &Model, data: &Dataset) -> Result<f64> {
    let Some(train) = &model.spec.train else { return Ok(f64::NAN) };
    let mut train = train.clone();
    train.metrics.clear();
    let mut scores = Scores::new(&model.spec, &train);
    let samples = Memory::from(data);
    let task = Task { network: &model.network, loss: &train.loss, samples: &samples };
    score(engine::of(&model.network)?.as_mut(), &task, BATCH, &mut scores)?;
    Ok(scores.logs("")?.get("loss").unwrap_or(f64::NAN))
}
