//! `lanthorn find-lr`.

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::model::{NOT_AS_WRITTEN, weights_file};
use lanthorn::optimizers::OptimizerEntry;
use lanthorn::training::{LearningRatePoint, LearningRateRange, LearningRateSearch, Plan};
use serde_json::json;

use super::common::{CommonArguments, ConfigFile};
use super::signals::Signals;
use super::view::{self, plot};

#[derive(Args)]
pub(crate) struct FindLrArguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The first learning rate
    #[arg(long, default_value_t = LearningRateRange::default().start, value_name = "RATE")]
    from: f64,
    /// The last learning rate
    #[arg(long, default_value_t = LearningRateRange::default().end, value_name = "RATE")]
    to: f64,
    /// Number of steps from the first to the last
    #[arg(long, default_value_t = LearningRateRange::default().steps, value_name = "N")]
    steps: usize,
}

pub(crate) fn run(arguments: &FindLrArguments, common: &CommonArguments) -> Result<()> {
    let device = common.device()?;
    let _signals = Signals::watch()?; // there is nothing to save: each ends it at once
    let FindLrArguments { config, from, to, steps } = arguments;
    let range = LearningRateRange { start: *from, end: *to, steps: *steps };
    range.check()?;
    let plan = Plan::open(&config.path, &config.overrides.set)?;
    let data = plan.training_data()?;
    let trainer = plan.trainer(&device)?;
    let key = rate_key(&trainer.spec().optimizer);
    if let Some(init) = &plan.config.fit.init_weights {
        let (path, file) = init.open(&plan.folder)?;
        if !common.no_verify {
            file.verify(&path).map_err(|error| error.with_help(NOT_AS_WRITTEN))?;
        }
        weights_file::load(trainer.model.weights(), &file.tensors, &path, init.partial)?;
    }
    let search = trainer.find_learning_rate(&*data.train, range)?;
    let points = search.points.iter().map(|point| (point.learning_rate, point.smoothed));
    view::note(&plot::over_logarithm(&points.collect::<Vec<_>>(), "loss", "learning rate"));
    let Some(proposal) = search.proposal().map(rounded) else {
        let help = "the loss must fall somewhere between `--from` and `--to`: look at the data and \
                    the last layer, or give more `--steps`";
        let message = "the loss falls at no learning rate, so none can be proposed";
        return Err(Error::run(message).with_help(help).into());
    };
    if common.json {
        return view::json(&as_json(&search, proposal, &key));
    }
    let end = if search.exploded { "; then it explodes" } else { "" };
    view::note(&format!(
        "the loss falls most steeply at a learning rate of {proposal}{end}\n  try: --set {key}={proposal}"
    ));
    view::result(&format!("{proposal}\n"))
}

/// Where the configuration holds the learning rate.
fn rate_key(optimizer: &OptimizerEntry) -> String {
    let mut key = format!("compile.optimizer.{}", optimizer.written);
    if let Some(scaled) = optimizer.item.scaled() {
        key += &format!(".inner_optimizer.{}", scaled.inner.written);
    }
    key + ".learning_rate"
}

/// In two significant digits: the test tells no more.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

fn as_json(search: &LearningRateSearch, proposal: f64, key: &str) -> serde_json::Value {
    let point = |point: &LearningRatePoint| {
        json!({
            "learning_rate": point.learning_rate, "loss": point.loss, "smoothed": point.smoothed,
        })
    };
    json!({
        "learning_rate": proposal, "key": key, "exploded": search.exploded,
        "points": search.points.iter().map(point).collect::<Vec<_>>(),
    })
}
