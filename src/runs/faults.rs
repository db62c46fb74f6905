//! A whole training on a disk that fails at each of its operations in turn: an error, a short write,
//! a disk that is full from there on, a power cut that loses any of what was not flushed. Whatever
//! happens, the run goes on to the bytes of an undisturbed one, and the error names the file.

use std::fs::Metadata;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use candle_core::Device;

use crate::disk::lock::Lock;
use crate::disk::{Disk, DiskFile, Local};
use crate::error::Result;
use crate::history::HISTORY;
use crate::runs::keeper::Keeper;
use crate::runs::run::{Resumed, Run};
use crate::runs::run_metrics::METRICS;
use crate::sections::run_config::CONFIG;
use crate::trainer::events::Event;
use crate::trainer::{Listener, Listeners, Trainer};
use crate::training::plan::Plan;

#[test]
fn a_training_survives_a_fault_at_every_operation() {
    let whole = folder();
    let counted = Faulty::new(Fault::Error, usize::MAX, 0);
    train(whole.path(), Arc::new(counted.clone())).unwrap();
    let operations = counted.state.lock().unwrap().count;
    let reference = contents(&whole.path().join("run"));
    assert!(operations > 60, "{operations} operations");
    let names: Vec<&str> = reference.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "checkpoint.safetensors",
            "events.jsonl",
            "history.csv",
            "log.csv",
            "m-01.safetensors",
            "m-02.safetensors",
            "m-03.safetensors",
            "model.safetensors"
        ]
    );
    for fault in [Fault::Error, Fault::Short, Fault::Full, Fault::PowerCut] {
        for at in 1..=operations {
            let what = format!("{fault:?} at operation {at} of {operations}");
            let folder = folder();
            let disk = Faulty::new(fault, at, at as u64);
            let result = train(folder.path(), Arc::new(disk.clone()));
            disk.lose_what_was_not_flushed();
            if let Err(error) = result {
                let text = error.to_string();
                assert!(
                    text.contains("can't write ") || text.contains("can't make "),
                    "{what}: {text}"
                );
            }
            if let Err(error) = train(folder.path(), Arc::new(Local)) {
                assert!(error.to_string().contains("is finished"), "{what}: {error}");
            }
            let run = folder.path().join("run");
            assert!(run.join(METRICS).exists(), "{what}");
            let found = contents(&run);
            assert!(found == reference, "{what}: {:?}", differing(&found, &reference));
        }
    }
}

#[test]
fn an_epoch_costs_the_same_however_many_came_before() {
    let cost = |epochs: usize| {
        let folder = folder();
        let config = CONFIGURATION.replace("epochs: 3", &format!("epochs: {epochs}"));
        let config: Vec<&str> =
            config.lines().filter(|line| !line.contains("model_checkpoint")).collect();
        std::fs::write(folder.path().join("c.yaml"), config.join("\n")).unwrap();
        let counted = Faulty::new(Fault::Error, usize::MAX, 0);
        train(folder.path(), Arc::new(counted.clone())).unwrap();
        let state = counted.state.lock().unwrap();
        let history = std::fs::read(folder.path().join("run").join(HISTORY)).unwrap();
        let lines: Vec<usize> = history.split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
        // all of its lines but the first, which come with the header, are appended, each once
        let first = lines[0] + lines[1] + 2;
        assert_eq!(state.of_history, history.len() - first, "{epochs} epochs");
        state.count
    };
    let (ten, twenty, forty) = (cost(10), cost(20), cost(40));
    assert!(twenty > ten);
    assert_eq!(forty - twenty, 2 * (twenty - ten), "{ten}, {twenty}, {forty} operations");
}

const TABLE: &str = "a,b,y\n1,3,0\n2,1,1\n3,5,0\n4,2,1\n5,9,0\n6,7,1\n7,8,0\n8,4,1\n9,6,0\n";

const CONFIGURATION: &str = "\
data:
  train: t.csv
  features: [{columns: [a, b], scale: standard}]
  target: {column: y, encode: label}
model:
  layers: [{dense: {units: 2, activation: tanh}}, {dropout: {rate: 0.1}}, {dense: {units: 2, activation: softmax}}]
compile: {optimizer: adam, loss: sparse_categorical_crossentropy, metrics: [accuracy]}
fit:
  batch_size: 4
  epochs: 3
  validation_split: {random: 0.3}
  callbacks:
    - early_stopping: {patience: 50, restore_best_weights: true}
    - model_checkpoint: {filepath: \"m-{epoch:02d}.safetensors\"}
    - csv_logger: {filename: log.csv}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), TABLE).unwrap();
    std::fs::write(folder.path().join("c.yaml"), CONFIGURATION).unwrap();
    folder
}

/// The run's files, but for config.yaml, whose bytes don't depend on the training, and metrics.json,
/// whose times do.
fn contents(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(run)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .filter(|(name, _)| name != CONFIG && name != METRICS)
        .collect();
    files.sort();
    files
}

fn differing<'a>(a: &'a [(String, Vec<u8>)], b: &'a [(String, Vec<u8>)]) -> Vec<&'a String> {
    a.iter()
        .filter(|file| !b.contains(file))
        .chain(b.iter().filter(|file| !a.contains(file)))
        .map(|file| &file.0)
        .collect()
}

/// Trains into `run`, or goes on with what is there, with a checkpoint after every epoch.
fn train(folder: &Path, disk: Arc<dyn Disk>) -> Result<()> {
    let out = folder.join("run");
    let is_new = !out.join(CONFIG).exists();
    let config = if is_new { folder.join("c.yaml") } else { out.join(CONFIG) };
    let plan = Plan::open(&config, &[])?;
    let mut trainer = plan.trainer(&Device::Cpu)?;
    let mut has_ended = false;
    let run = if is_new {
        let mut run = Run::create_on(disk, false, &plan, Some(&out))?;
        run.begin(&plan, &trainer)?;
        run
    } else {
        let mut run = Run::over(disk, false, &plan, out.clone(), Lock::take(&out)?)?;
        match run.resume(&plan, true)? {
            Resumed::Anew => {}
            Resumed::From(state) => trainer.resume(&state)?,
            Resumed::Ended(state) => {
                trainer.resume(&state)?;
                has_ended = true;
            }
            Resumed::Finished(error) => return Err(error),
        }
        run
    };
    let mut run = run;
    let mut keeper = EveryEpoch(Keeper::new(&mut run, &plan));
    let data = plan.training_data()?;
    let mut listeners = Listeners::new([&mut keeper as &mut dyn Listener]);
    if has_ended {
        trainer.finish(&data, &mut listeners)?;
    } else {
        drop(trainer.fit(&data, &mut listeners)?);
    }
    let unkept = keeper.0.unkept;
    let saved = run.save_model(&plan, trainer);
    unkept.map_or(Ok(()), Err).and(saved.map(|_| ()))
}

/// Keeps a checkpoint after every epoch, whatever the time.
struct EveryEpoch<'a>(Keeper<'a>);

impl Listener for EveryEpoch<'_> {
    fn on_event(&mut self, event: &Event, trainer: &Trainer) -> Result<()> {
        match event {
            Event::Batch => {
                self.0.run.tell(trainer);
                Ok(())
            }
            Event::Epoch { .. } => self.0.run.keep(trainer),
            _ => self.0.on_event(event, trainer),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// One operation fails.
    Error,
    /// One write writes half of its bytes and fails; any other operation fails.
    Short,
    /// From here on nothing new can be written.
    Full,
    /// From here on nothing happens, and what was not flushed is lost or not, by chance.
    PowerCut,
}

/// The machine's own disk with a fault at one operation.
#[derive(Clone)]
struct Faulty {
    fault: Fault,
    at: usize,
    state: Arc<Mutex<State>>,
}

struct State {
    count: usize,
    /// Bytes that were appended to history.csv.
    of_history: usize,
    random: u64,
    /// What a power cut may undo, in order.
    unflushed: Vec<Change>,
}

enum Change {
    /// Bytes after this length of a file.
    Data(PathBuf, u64),
    /// A name in a folder, and what the file of that name held before.
    Name(PathBuf, Option<Vec<u8>>),
}

impl Faulty {
    fn new(fault: Fault, at: usize, seed: u64) -> Faulty {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let state = State { count: 0, of_history: 0, random, unflushed: Vec::new() };
        Faulty { fault, at, state: Arc::new(Mutex::new(state)) }
    }

    /// Counts an operation; an error where it is to fail.
    fn step(&self, takes_room: bool) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.count += 1;
        let (count, at) = (state.count, self.at);
        match self.fault {
            Fault::Error if count == at => Err(io::Error::other("a bad block")),
            Fault::Short if count == at => Err(io::Error::other("a bad block")),
            Fault::Full if count >= at && takes_room => Err(ErrorKind::StorageFull.into()),
            Fault::PowerCut if count >= at => Err(io::Error::other("no power")),
            _ => Ok(()),
        }
    }

    fn renames(&self, from: &Path, to: &Path, call: impl Fn() -> io::Result<()>) -> io::Result<()> {
        self.step(false)?;
        let before = std::fs::read(to).ok();
        call()?;
        let mut state = self.state.lock().unwrap();
        for change in &mut state.unflushed {
            if let Change::Data(path, _) = change
                && path == from
            {
                *path = to.to_path_buf();
            }
        }
        state.unflushed.push(Change::Name(to.to_path_buf(), before));
        Ok(())
    }

    fn open(&self, path: &Path, file: Box<dyn DiskFile>) -> Box<dyn DiskFile> {
        Box::new(FaultyFile { disk: self.clone(), path: path.to_path_buf(), file })
    }

    /// What a power cut leaves: any of the changes that were not flushed, in part.
    fn lose_what_was_not_flushed(&self) {
        let mut state = self.state.lock().unwrap();
        if self.fault != Fault::PowerCut {
            return;
        }
        while let Some(change) = state.unflushed.pop() {
            state.random ^= state.random << 13;
            state.random ^= state.random >> 7;
            state.random ^= state.random << 17;
            let random = state.random >> 8;
            match change {
                Change::Data(path, length) => {
                    let Ok(bytes) = std::fs::read(&path) else { continue };
                    let kept = length + random % (bytes.len() as u64 - length + 1);
                    std::fs::write(&path, &bytes[..kept as usize]).unwrap();
                }
                Change::Name(..) if random.is_multiple_of(2) => {}
                Change::Name(path, Some(before)) => std::fs::write(path, before).unwrap(),
                Change::Name(path, None) => drop(std::fs::remove_file(path)),
            }
        }
    }
}

impl Disk for Faulty {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step(true)?;
        Local.create_folder(path)
    }

    fn create(&self, path: &Path, before: Option<&Metadata>) -> io::Result<Box<dyn DiskFile>> {
        self.step(true)?;
        let file = Local.create(path, before)?;
        self.state.lock().unwrap().unflushed.push(Change::Name(path.to_path_buf(), None));
        Ok(self.open(path, file))
    }

    fn append(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.step(true)?;
        Ok(self.open(path, Local.append(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.renames(from, to, || Local.rename(from, to))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.renames(from, to, || Local.rename_new(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step(false)?;
        let before = std::fs::read(path).ok();
        Local.remove(path)?;
        self.state.lock().unwrap().unflushed.push(Change::Name(path.to_path_buf(), before));
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step(false)?;
        self.state.lock().unwrap().unflushed.retain(|change| match change {
            Change::Name(name, _) => name.parent() != Some(path),
            Change::Data(..) => true,
        });
        Ok(())
    }
}

struct FaultyFile {
    disk: Faulty,
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.disk.step(true) {
            let is_first = self.disk.state.lock().unwrap().count == self.disk.at;
            if self.disk.fault == Fault::Short && is_first {
                self.file.write_all(&bytes[..bytes.len() / 2])?;
            }
            return Err(error);
        }
        let length = std::fs::metadata(&self.path)?.len();
        let mut state = self.disk.state.lock().unwrap();
        state.unflushed.push(Change::Data(self.path.clone(), length));
        if self.path.ends_with(HISTORY) {
            state.of_history += bytes.len();
        }
        drop(state);
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl DiskFile for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        self.disk.step(false)?;
        self.disk.state.lock().unwrap().unflushed.retain(|change| match change {
            Change::Data(path, _) => *path != self.path,
            Change::Name(..) => true,
        });
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.step(false)?;
        self.file.truncate(length)
    }
}
