//! What `fit` asks to decide, judged against the model and the data before a training begins.

use super::interval;
use crate::callbacks::CallbackKind;
use crate::config::ConfigError;
use crate::data::Loaded;
use crate::diagnostics::{Code, Diagnostic};
use crate::layers::LayerKind;
use crate::sections::{Config, FitConfig, ThresholdRule};
use crate::spec::Spec;
use crate::spec::meaning::Meaning;
use crate::spec::trainable::Judgement;

/// Judges the keys of `fit` that decide something once training has ended.
pub(crate) fn judge(config: &Config, spec: &Spec, loaded: &Loaded) -> Judgement {
    let mut judgement = Judgement::default();
    let fit = &config.fit;
    let Some(key) = fit.decision() else {
        if fit.calibration_split.is_some() {
            let message = "`calibration_split` holds rows back for `calibrate`, `threshold` and \
                           `intervals`, none of which is given";
            judgement.refuse("calibration_split", message, "remove it, or add one of them");
        }
        return judgement;
    };
    let Some(rows) = loaded.calibration.as_ref().or(loaded.validation.as_ref()) else {
        let message = format!("`{key}` needs held-back rows, and there are none");
        let help = "add `validation_split: 0.2` (or `calibration_split: 0.1`) under `fit`, or name a \
                    table in `data.validation`";
        judgement.refuse(key, &message, help);
        return judgement;
    };
    let loss = config.compile.as_ref().map(|compile| &compile.loss);
    // a target that doesn't fit the output is told by others
    let Ok(meaning) = Meaning::of(&loaded.preprocessing, &spec.model, loss) else {
        return judgement;
    };
    judgement.calibrate(fit, spec, &meaning);
    judgement.threshold(fit, loaded.preprocessing.is_of_features(), &meaning);
    judgement.intervals(fit, spec, loaded, &meaning, rows.len());
    judgement.warnings.extend(not_exchangeable(fit, loaded));
    if judgement.errors.is_empty() && loaded.calibration.is_none() {
        judgement.warnings.extend(optimistic(fit));
    }
    judgement
}

impl Judgement {
    fn refuse(&mut self, key: &str, message: &str, help: &str) {
        let error = ConfigError::at(format!("fit.{key}"), message).with_code(Code::Decision);
        self.errors.push(error.with_help(help).into());
    }

    fn calibrate(&mut self, fit: &FitConfig, spec: &Spec, meaning: &Meaning) {
        if fit.calibrate.is_none() {
            return;
        }
        let wanted = match meaning {
            Meaning::Classes(_) => "softmax",
            Meaning::Second(_) | Meaning::Labels(_) => "sigmoid",
            Meaning::Numbers(_) => {
                let message = "`calibrate` needs probabilities of classes or labels, but the model \
                               predicts numbers";
                return self.refuse(
                    "calibrate",
                    message,
                    "remove it; for numbers there is `intervals: 0.9`",
                );
            }
        };
        let Some(last) = spec.model.layers.last() else { return };
        let kind = last.entry.kind.name;
        let LayerKind::Dense(dense) = LayerKind::from(&*last.entry.item) else {
            let message = format!(
                "`calibrate: temperature` divides the weights of the last layer, which must be a \
                 `dense`, but it is `{kind}`"
            );
            let help = format!("end the model with `dense: {{units: …, activation: {wanted}}}`");
            return self.refuse("calibrate", &message, &help);
        };
        let are_logits = spec.train.as_ref().is_some_and(|train| train.loss.item.from_logits());
        let activation = dense.activation.name();
        let expected = if are_logits { "linear" } else { wanted };
        if activation != expected || spec.model.output().rank() != 1 {
            let message = format!(
                "`calibrate: temperature` needs `{expected}` probabilities of one row of outputs, but \
                 the last layer has `activation: {activation}` and the output {}",
                spec.model.output()
            );
            self.refuse(
                "calibrate",
                &message,
                &format!("give the last layer `activation: {expected}`"),
            );
        }
    }

    fn threshold(&mut self, fit: &FitConfig, is_of_features: bool, meaning: &Meaning) {
        let Some(rule) = fit.threshold else { return };
        if let ThresholdRule::Quantile(quantile) = rule
            && !(quantile > 0.0 && quantile < 1.0)
        {
            let message = format!("`quantile` must be between 0 and 1, got {quantile}");
            let help = "it is the fraction of the rows with smaller errors, such as 0.99";
            return self.refuse("threshold", &message, help);
        }
        match (rule, is_of_features) {
            (ThresholdRule::Quantile(_), true) => return,
            (ThresholdRule::Quantile(_), false) => {
                let message = "`threshold: {quantile: …}` is for autoencoders: it is of the \
                               reconstruction error";
                let help = "write `target: features`; for classes, `threshold: f1`";
                return self.refuse("threshold", message, help);
            }
            (rule, true) => {
                let message = format!(
                    "`threshold: {}` needs classes, but the target is the features",
                    rule.name()
                );
                let help = "write `threshold: {quantile: 0.99}`: rows with larger errors than that \
                            fraction of the held-back rows are anomalies";
                return self.refuse("threshold", &message, help);
            }
            _ => {}
        }
        if let ThresholdRule::Cost(cost) = rule
            && !cost.is_valid()
        {
            let message = format!(
                "the costs must be 0 or more, and not both 0, got fp {} and fn {}",
                cost.fp, cost.fn_
            );
            return self.refuse("threshold", &message, "write them as `{cost: {fp: 1, fn: 5}}`");
        }
        match meaning {
            Meaning::Second(_) | Meaning::Labels(_) => {}
            Meaning::Classes(classes) if classes.len() == 2 => {}
            Meaning::Classes(classes) => {
                let message = format!(
                    "`threshold` needs two classes, or labels, but the target has {} classes",
                    classes.len()
                );
                let help = "remove it; `lanthorn predict --threshold CLASS=P` takes thresholds of \
                            several classes";
                self.refuse("threshold", &message, help);
            }
            Meaning::Numbers(_) => {
                let message =
                    "`threshold` needs two classes, or labels, but the model predicts numbers";
                let help = "encode a target of two classes with `encode: label`";
                self.refuse("threshold", message, help);
            }
        }
    }

    fn intervals(
        &mut self,
        fit: &FitConfig,
        spec: &Spec,
        loaded: &Loaded,
        meaning: &Meaning,
        rows: usize,
    ) {
        let Some(level) = fit.intervals else { return };
        if !(level > 0.0 && level < 1.0) {
            let message = format!("`intervals` must be between 0 and 1, got {level}");
            let help = "it is the fraction of the true values that the intervals hold, such as 0.9";
            return self.refuse("intervals", &message, help);
        }
        let width = spec.model.output().elements();
        if !matches!(meaning, Meaning::Numbers(_)) || loaded.preprocessing.classes().is_some() {
            let message = "`intervals` needs a target of numbers, but the model predicts classes";
            return self.refuse(
                "intervals",
                message,
                "remove it; for classes there is `calibrate: temperature`",
            );
        }
        if width != loaded.train.y.width() {
            let message = format!(
                "`intervals` needs one output for each number of the target, but the model has \
                 {width} outputs and the target {}",
                loaded.train.y.width()
            );
            return self.refuse(
                "intervals",
                &message,
                "change the number of `units` of the last layer",
            );
        }
        let least = interval::least_rows(level);
        if rows < least {
            let message = format!(
                "intervals that hold {level} of the values need at least {least} held-back rows, but \
                 there are {rows}"
            );
            let help = "hold more rows back by `validation_split` or `calibration_split`, or lower \
                        the level";
            self.refuse("intervals", &message, help);
        }
    }
}

/// A warning about intervals around forecasts.
fn not_exchangeable(fit: &FitConfig, loaded: &Loaded) -> Option<Diagnostic> {
    let level = fit.intervals.filter(|_| loaded.train.windows.is_some())?;
    let message = format!(
        "`intervals: {level}` takes errors to come as likely in the future as in the held-back \
         windows, which a series that changes breaks"
    );
    let help = "compare the coverage on later data: `lanthorn evaluate RUN TABLE`";
    Some(Diagnostic::warning(Code::Window, message).with_help(help))
}

/// A warning where the rows that decide have decided something else before.
fn optimistic(fit: &FitConfig) -> Option<Diagnostic> {
    let by_epoch = fit.callbacks.iter().any(|callback| match CallbackKind::from(&*callback.item) {
        CallbackKind::EarlyStopping(stopping) => stopping.monitor.starts_with("val_"),
        CallbackKind::ReduceLrOnPlateau(reduce) => reduce.monitor.starts_with("val_"),
        _ => false,
    });
    if !by_epoch {
        return None;
    }
    let what = match (fit.intervals, fit.threshold, fit.calibrate) {
        (Some(_), ..) => "the coverage of `intervals`",
        (_, Some(_), _) => "the score of `threshold`",
        (None, None, _) => return None, // one number can hardly overfit
    };
    let message = format!("{what} will be optimistic: the validation rows also choose the epoch");
    let help = "hold other rows back for it: `calibration_split: 0.1` under `fit`";
    Some(Diagnostic::warning(Code::Optimistic, message).with_help(help))
}
