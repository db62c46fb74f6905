//! Checkpoints: everything that is needed to go on with a training, bit for bit.

#![warn(clippy::arithmetic_side_effects)] // of what a file says

use std::io::Write;
use std::path::Path;

use candle_core::Tensor;
use serde_json::{Value, json};

use crate::data::Shuffle;
use crate::disk::checksum;
pub(crate) use crate::disk::files::CHECKPOINT;
use crate::disk::files::{TensorFile, exact, from_exact, write_safetensors};
use crate::error::{Error, Result};
use crate::history::{History, HistoryTable};
use crate::model::artifact::{FORMAT_MAJOR, FORMAT_MINOR, check_format};
use crate::trainer::TrainerState;
use crate::trainer::events::Position;

/// A checkpoint: a trainer's state, and what it was trained on and how.
pub struct Checkpoint {
    /// Where the training stood.
    pub state: TrainerState,
    /// The resolved configuration.
    pub config: Value,
    /// A number that changes with the data.
    pub fingerprint: u64,
}

impl Checkpoint {
    /// The bytes of the file: a function of what it holds.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut history = HistoryTable::default();
        history.add(&self.state.history.epochs);
        let mut bytes = Vec::new();
        self.write(&history, &mut bytes)?;
        Ok(bytes)
    }

    /// Writes the file, with this history in place of the state's.
    pub(crate) fn write(&self, history: &HistoryTable, out: &mut dyn Write) -> Result<()> {
        let state = &self.state;
        let scores: Vec<Vec<Value>> =
            state.scores.iter().map(|list| list.iter().map(|x| exact(*x)).collect()).collect();
        let mut metadata = json!({
            "format": { "kind": "checkpoint", "major": FORMAT_MAJOR, "minor": FORMAT_MINOR },
            "config": self.config,
            "fingerprint": format!("{:016x}", self.fingerprint),
            "position": state.position,
            "weights": names(&state.weights),
            "optimizer": names(&state.optimizer),
            "scores": scores,
            "callbacks": state.hooks,
            "history": { "keys": history.keys() },
            "best_epoch": state.best_epoch,
            "stopped": state.stopped,
        });
        if state.is_adapted && state.position.step == 0 {
            metadata["adapted"] = json!(true); // after a step it goes without saying
        }
        if let Some(shuffle @ Shuffle::Keyed) = state.shuffle {
            metadata["shuffle"] = json!(shuffle);
        }
        let mut tensors = Vec::new();
        for (part, list) in
            [("weight", &state.weights), ("optimizer", &state.optimizer), ("best", &state.best)]
        {
            for (index, (_, tensor)) in list.iter().enumerate() {
                tensors.push((format!("{part}.{index:04}"), tensor.clone()));
            }
        }
        if history.epochs() > 0 {
            tensors.push(("history".to_string(), history.to_tensor()?));
        }
        let metadata = checksum::seal(metadata, &tensors)?;
        write_safetensors(out, &tensors, Some(&metadata))
    }

    /// Reads the checkpoint of a run folder; one that is not as it was written is an error.
    pub fn read(path: &Path) -> Result<Checkpoint> {
        let file = TensorFile::read(path)?;
        file.verify(path).map_err(|error| {
            error.with_help(
                "the disk or a copy has damaged it: put a backup in its place; or start a new run \
                 from the weights of its model, `--init-weights RUN`; or `--no-verify` goes on from \
                 it as it is",
            )
        })?;
        Checkpoint::of(&file, path)
    }

    /// Reads it as it is, whatever its checksum says.
    pub fn read_unverified(path: &Path) -> Result<Checkpoint> {
        Checkpoint::of(&TensorFile::read(path)?, path)
    }

    /// The same from a file's tensors; `path` is what errors call it.
    pub fn of(file: &TensorFile, path: &Path) -> Result<Checkpoint> {
        let damaged = || Error::model(path, "not a checkpoint of Lanthorn's");
        let metadata = file.metadata.as_ref().ok_or_else(damaged)?;
        check_format(path, metadata, "checkpoint")?;
        let list = |part: &str, names: &Value| -> Result<Vec<(String, Tensor)>> {
            let names: Vec<String> = read(names).ok_or_else(damaged)?;
            let mut tensors = Vec::new();
            for (index, name) in names.into_iter().enumerate() {
                let tensor = file.tensors.get(&format!("{part}.{index:04}"));
                tensors.push((name, tensor.ok_or_else(damaged)?.clone()));
            }
            Ok(tensors)
        };
        let scores: Vec<Vec<Value>> = read(&metadata["scores"]).ok_or_else(damaged)?;
        let scores: Option<Vec<Vec<f64>>> =
            scores.iter().map(|list| list.iter().map(from_exact).collect()).collect();
        let has_best = file.tensors.contains_key("best.0000");
        let best = if has_best { metadata["weights"].clone() } else { json!([]) };
        let hooks: Vec<Value> = read(&metadata["callbacks"]).ok_or_else(damaged)?;
        // one of format 1.0 has the best epoch (from 0) in the callback's state alone
        let of_hook = hooks
            .iter()
            .find_map(|state| state["best_epoch"].as_u64())
            .and_then(|e| e.checked_add(1));
        let best_epoch = metadata["best_epoch"].as_u64().or(of_hook.filter(|_| has_best));
        let fingerprint = metadata["fingerprint"].as_str().unwrap_or_default();
        let position: Position = read(&metadata["position"]).ok_or_else(damaged)?;
        // runs of before there was another way have shuffled a list
        let of_list = (position.step > 0).then_some(Shuffle::List);
        let shuffle: Option<Shuffle> = read(&metadata["shuffle"]).ok_or_else(damaged)?;
        Ok(Checkpoint {
            state: TrainerState {
                weights: list("weight", &metadata["weights"])?,
                optimizer: list("optimizer", &metadata["optimizer"])?,
                best: list("best", &best)?,
                position,
                is_adapted: metadata["adapted"].as_bool().unwrap_or(position.step > 0),
                shuffle: shuffle.or(of_list),
                scores: scores.ok_or_else(damaged)?,
                best_epoch: best_epoch.map(|epoch| epoch as usize),
                hooks,
                history: history(&metadata["history"], file).ok_or_else(damaged)?,
                stopped: read(&metadata["stopped"]).ok_or_else(damaged)?,
            },
            config: metadata["config"].clone(),
            fingerprint: u64::from_str_radix(fingerprint, 16).map_err(|_| damaged())?,
        })
    }
}

/// The history: a list in format 1.0, a tensor since.
fn history(metadata: &Value, file: &TensorFile) -> Option<History> {
    match (&metadata["keys"], file.tensors.get("history")) {
        (Value::Null, _) => read(metadata),
        (_, None) => Some(History::default()),
        (keys, Some(tensor)) => HistoryTable::history(&read::<Vec<String>>(keys)?, tensor),
    }
}

fn names(list: &[(String, Tensor)]) -> Vec<&String> {
    list.iter().map(|(name, _)| name).collect()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use serde_json::json;

    use super::*;
    use crate::config::Node;
    use crate::spec::Spec;
    use crate::target::{DataFacts, Target};
    use crate::trainer::Trainer;

    fn trainer() -> Trainer {
        let config = json!({
            "model": {"layers": [{"dense": {"units": 1, "input_dim": 2}}]},
            "compile": {"optimizer": "adam", "loss": "mse"},
        });
        let facts = DataFacts { target: Some(Target::Numbers(1)), ..DataFacts::default() };
        let spec = Spec::resolve(&Node::from_json(&config).read().unwrap(), &facts).unwrap();
        Trainer::new(&spec, &Device::Cpu).unwrap()
    }

    /// Through a checkpoint's file and into a fresh trainer.
    fn resumed(trainer: &Trainer) -> (Value, Trainer) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CHECKPOINT);
        let state = TrainerState::of(trainer).unwrap();
        let checkpoint = Checkpoint { state, config: json!({}), fingerprint: 0 };
        std::fs::write(&path, checkpoint.to_bytes().unwrap()).unwrap();
        let mut fresh = self::trainer();
        fresh.resume(&Checkpoint::read(&path).unwrap().state).unwrap();
        (TensorFile::metadata(&path).unwrap(), fresh)
    }

    #[test]
    fn statistics_that_are_there_are_not_taken_anew() {
        let mut trainer = trainer();
        assert!(!resumed(&trainer).1.is_adapted);
        trainer.is_adapted = true; // weights of another tool, before the first step
        let (metadata, fresh) = resumed(&trainer);
        assert_eq!((&metadata["adapted"], fresh.is_adapted), (&json!(true), true));
        trainer.position.step = 1;
        let (metadata, fresh) = resumed(&trainer);
        assert_eq!((&metadata["adapted"], fresh.is_adapted), (&Value::Null, true));
    }

    #[test]
    fn a_run_goes_on_shuffled_as_it_began() {
        let mut trainer = trainer();
        let (metadata, fresh) = resumed(&trainer);
        assert_eq!((&metadata["shuffle"], fresh.shuffle), (&Value::Null, None));
        trainer.position.step = 1;
        // a checkpoint that says nothing is of a run that shuffles a list, however long
        let (metadata, fresh) = resumed(&trainer);
        assert_eq!((&metadata["shuffle"], fresh.shuffle), (&Value::Null, Some(Shuffle::List)));
        trainer.shuffle = Some(Shuffle::Keyed);
        let (metadata, fresh) = resumed(&trainer);
        assert_eq!((&metadata["shuffle"], fresh.shuffle), (&json!("keyed"), Some(Shuffle::Keyed)));
    }
}
