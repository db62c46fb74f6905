//! The logs of each epoch as a table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::callback::{Callback, Hook, Requests, TrainingInfo, load, save};
use super::file_name::check_name;
use crate::error::{Error, Problem};
use crate::history::History;
use crate::history::logs::Logs;

/// Writes the logs of each epoch as a row of a CSV file in the run's folder: `epoch` (from 0), then
/// the keys of the first epoch in alphabetical order, with `NA` where a later epoch lacks one. If
/// the first epoch has no `val_` keys, columns for them follow. Callbacks that add to the logs must
/// come before it. Keras: `keras.callbacks.CSVLogger`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvLogger {
    /// Name of the file in the run's folder.
    pub filename: String,
    /// Separator of the cells; one character. Default: a comma.
    #[serde(default = "comma")]
    pub separator: String,
    /// Must be false: a resumed run continues its file by itself. Default: false.
    #[serde(default)]
    pub append: bool,
}

fn comma() -> String {
    ",".to_string()
}

impl Callback for CsvLogger {
    fn start(&self, _: &TrainingInfo) -> Result<Box<dyn Hook>, Problem> {
        check_name("filename", &self.filename)?;
        let separator = match self.separator.as_bytes() {
            [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte) => *byte,
            _ => {
                let found = &self.separator;
                let message = format!("`separator` must be one plain character, got \"{found}\"");
                return Err(Problem::at("separator", message));
            }
        };
        if self.append {
            let help = "a resumed run goes on with its file by itself; remove it";
            return Err(Problem::at("append", "`append` must be false, got true").help(help));
        }
        Ok(Box::new(CsvHook { name: self.filename.clone(), separator, state: CsvState::default() }))
    }
}

#[derive(Clone)]
struct CsvHook {
    name: String,
    separator: u8,
    state: CsvState,
}

/// The rows themselves are those of the history.
#[derive(Clone, Default, Serialize, Deserialize)]
struct CsvState {
    keys: Vec<String>,
}

impl Hook for CsvHook {
    fn on_train_begin(&mut self, _: &mut Requests) {
        self.state = CsvState::default();
    }

    fn on_epoch_end(&mut self, epoch: usize, logs: &mut Logs, requests: &mut Requests) {
        let is_first = self.state.keys.is_empty();
        if is_first {
            self.state.keys = columns(logs);
        }
        let text = if is_first {
            self.header().and_then(|header| Ok(header + &self.line(epoch, logs)?))
        } else {
            self.line(epoch, logs)
        };
        match (text, is_first) {
            (Ok(text), true) => requests.write.push((self.name.clone(), text)),
            (Ok(text), false) => requests.append.push((self.name.clone(), text)),
            (Err(error), _) => requests.warnings.push(format!("csv_logger: {error}")),
        }
    }

    fn on_resume(&mut self, history: &History, requests: &mut Requests) {
        if self.state.keys.is_empty() {
            return;
        }
        let lines = history.epochs.iter().map(|epoch| self.line(epoch.epoch - 1, &epoch.logs));
        match std::iter::once(self.header()).chain(lines).collect() {
            Ok(text) => requests.write.push((self.name.clone(), text)),
            Err(error) => requests.warnings.push(format!("csv_logger: {error}")),
        }
    }

    fn state(&self) -> Value {
        save(&self.state)
    }

    fn set_state(&mut self, state: &Value) -> Result<(), String> {
        self.state = load("csv_logger", state)?;
        Ok(())
    }

    fn watches_batches(&self) -> bool {
        false
    }
}

impl CsvHook {
    fn header(&self) -> Result<String, Error> {
        self.row(std::iter::once("epoch".to_string()).chain(self.state.keys.iter().cloned()))
    }

    fn line(&self, epoch: usize, logs: &Logs) -> Result<String, Error> {
        let cell = |key: &String| logs.get(key).map_or("NA".to_string(), number);
        self.row(std::iter::once(epoch.to_string()).chain(self.state.keys.iter().map(cell)))
    }

    fn row(&self, cells: impl Iterator<Item = String>) -> Result<String, Error> {
        let failed = |error: String| Error::Internal(error);
        let mut writer =
            csv::WriterBuilder::new().delimiter(self.separator).from_writer(Vec::new());
        writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
        let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
    }
}

/// The columns after the first epoch.
fn columns(logs: &Logs) -> Vec<String> {
    let mut keys: Vec<String> = logs.iter().map(|(key, _)| key.to_string()).collect();
    if !keys.iter().any(|key| key.starts_with("val_")) {
        keys.extend(keys.clone().iter().map(|key| format!("val_{key}")));
    }
    keys
}

/// A number that is read back as the same.
fn number(value: f64) -> String {
    if value.is_nan() { "nan".to_string() } else { format!("{value:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(separator: &str) -> Box<dyn Hook> {
        let logger =
            CsvLogger { filename: "log.csv".into(), separator: separator.into(), append: false };
        logger.start(&TrainingInfo::default()).unwrap()
    }

    fn epoch(hook: &mut dyn Hook, epoch: usize, pairs: &[(&str, f64)]) -> Requests {
        let mut requests = Requests::default();
        hook.on_epoch_end(epoch, &mut pairs.iter().copied().collect(), &mut requests);
        requests
    }

    fn file(text: &str) -> Vec<(String, String)> {
        vec![("log.csv".to_string(), text.to_string())]
    }

    #[test]
    fn validation_columns_are_there_from_the_first_epoch_and_rows_are_added() {
        let mut hook = table(";");
        let first = epoch(hook.as_mut(), 0, &[("loss", 0.5), ("auc", f64::NAN)]);
        assert_eq!(first.write, file("epoch;auc;loss;val_auc;val_loss\n0;nan;0.5;NA;NA\n"));
        let second = epoch(hook.as_mut(), 1, &[("loss", 0.25), ("val_loss", 1.0)]);
        assert_eq!(second.append, file("1;NA;0.25;NA;1.0\n"));
        assert!(second.write.is_empty());
    }

    #[test]
    fn a_resumed_table_is_cut_back_to_the_epochs_of_the_checkpoint() {
        let mut first = table(",");
        let logs = [("loss", 0.5), ("val_loss", 0.5)];
        epoch(first.as_mut(), 0, &logs);
        // what version 0.1.0 kept has the text too
        let state = serde_json::json!({ "keys": first.state()["keys"], "text": "epoch,loss\n" });
        let mut second = table(",");
        second.on_train_begin(&mut Requests::default());
        second.set_state(&state).unwrap();
        let done = crate::history::EpochLogs { epoch: 1, logs: Logs::from_iter(logs) };
        let mut requests = Requests::default();
        second.on_resume(&History { epochs: vec![done] }, &mut requests);
        assert_eq!(requests.write, file("epoch,loss,val_loss\n0,0.5,0.5\n"));
        let next = epoch(second.as_mut(), 1, &[("loss", 0.25), ("val_loss", 0.5)]);
        assert_eq!(next.append, file("1,0.25,0.5\n"));
    }
}
