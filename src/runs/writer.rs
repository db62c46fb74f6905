//! `Writer`: writes checkpoints, history.csv and events.jsonl off the training's path.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::disk::{self, Disk, Existing};
use crate::error::{Error, Result};
use crate::history::{EpochLogs, HISTORY, HistoryTable};
use crate::runs::event_log::{EVENTS, EventLog};
use crate::trainer::checkpoint::{CHECKPOINT, Checkpoint};

/// Writes the checkpoints of one run: the first and the last always, between them one whenever the
/// last is old enough and written. There is never more than one copy of the state beside the
/// training's own.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    /// None where the machine gives no thread: then `hand_over` writes.
    thread: Option<JoinHandle<()>>,
    files: Arc<Mutex<Files>>,
    /// When the last checkpoint was handed over.
    last: Instant,
    /// When the last checkpoint or progress was handed over.
    last_told: Instant,
    /// What `fit.checkpoint` says.
    interval: Option<Duration>,
    told_interval: bool,
}

#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

#[derive(Default)]
struct Desk {
    waiting: Option<WriteTask>,
    writing: bool,
    closed: bool,
    /// What the last one cost, copying included.
    cost: Duration,
    /// Why the last one could not be written, and whether that was told.
    error: Option<(Error, bool)>,
}

struct WriteTask {
    /// None where only the history and the events are written.
    checkpoint: Option<Checkpoint>,
    progress: Progress,
    started: Instant,
}

/// How far a training has come since the writer was last told.
#[derive(Default)]
pub(crate) struct Progress {
    /// Epochs that ended since then.
    pub(crate) epochs: Vec<EpochLogs>,
    /// The learning rate at the end of each.
    pub(crate) learning_rates: Vec<f32>,
    /// The last line of events.jsonl, or nothing.
    pub(crate) line: String,
}

/// The least time between two checkpoints.
const LEAST: Duration = Duration::from_secs(1);
/// The part of the time that checkpoints may take.
const PART: f64 = 0.02;
/// From here on the user is told how seldom they are.
const SELDOM: Duration = Duration::from_mins(1);

impl Writer {
    /// A writer into a run's folder; without a thread, every call writes at once.
    pub(crate) fn new(
        folder: &Path,
        disk: Arc<dyn Disk>,
        events: EventLog,
        interval: Option<Duration>,
        is_threaded: bool,
    ) -> Writer {
        let shared = Arc::new(Shared::default());
        let files = Arc::new(Mutex::new(Files::new(folder, disk, events)));
        let (theirs, their_files) = (Arc::clone(&shared), Arc::clone(&files));
        let thread = std::thread::Builder::new().name("checkpoints".to_string());
        let thread = if is_threaded {
            thread.spawn(move || write_all(&theirs, &their_files)).ok()
        } else {
            None
        };
        let last = Instant::now();
        Writer { shared, thread, files, last, last_told: last, interval, told_interval: false }
    }

    /// True where something is to be written again, and nothing is being written.
    pub(crate) fn is_due(&self) -> bool {
        self.last_told.elapsed() >= LEAST && !self.shared.lock().is_busy()
    }

    /// True where the last checkpoint is written, and old enough for another.
    pub(crate) fn is_checkpoint_due(&self) -> bool {
        let age = self.last.elapsed();
        if age < self.interval.unwrap_or(LEAST) {
            return false;
        }
        let desk = self.shared.lock();
        !desk.is_busy() && age >= self.interval.unwrap_or_else(|| interval(desk.cost))
    }

    /// Hands over a checkpoint, of which copying began at `started`, and the epochs that ended since
    /// the writer was last told. [`Writer::wait`] comes before.
    pub(crate) fn hand_over(
        &mut self,
        checkpoint: Checkpoint,
        progress: Progress,
        started: Instant,
    ) {
        self.last = Instant::now();
        self.hand(WriteTask { checkpoint: Some(checkpoint), progress, started });
    }

    /// Hands over how far the training has come, where a checkpoint is not due. [`Writer::is_due`]
    /// comes before.
    pub(crate) fn tell(&mut self, progress: Progress) {
        self.hand(WriteTask { checkpoint: None, progress, started: Instant::now() });
    }

    fn hand(&mut self, task: WriteTask) {
        self.last_told = Instant::now();
        if self.thread.is_some() {
            self.shared.lock().waiting = Some(task);
            self.shared.changed.notify_all();
        } else {
            let result = lock(&self.files).write(&task);
            self.shared.lock().wrote(&task, result);
        }
    }

    /// Waits until nothing is being written.
    pub(crate) fn wait(&self) {
        let mut desk = self.shared.lock();
        while desk.is_busy() && self.thread.is_some() {
            desk = self.shared.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits, and tells whether the last one is on disk.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.wait();
        self.shared.lock().error.take().map_or(Ok(()), |(error, _)| Err(error))
    }

    /// What the user should know by now: a checkpoint that failed, or how seldom they are.
    pub(crate) fn warnings(&mut self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut desk = self.shared.lock();
        if let Some((error, told)) = desk.error.as_mut().filter(|(_, told)| !told) {
            *told = true;
            warnings.push(format!("no checkpoint: {error}; training goes on, and tries again"));
        }
        let every = interval(desk.cost);
        if self.interval.is_none()
            && every > SELDOM
            && !std::mem::replace(&mut self.told_interval, true)
        {
            warnings.push(format!(
                "a checkpoint takes {:.1} s, so one is written every {:.0} s; `fit.checkpoint: 30s` \
                 sets another interval",
                desk.cost.as_secs_f64(),
                every.as_secs_f64()
            ));
        }
        warnings
    }

    /// Ends events.jsonl with a line, on disk.
    pub(crate) fn end(&self, progress: &Progress) -> Result<()> {
        self.wait();
        lock(&self.files).end(progress)
    }

    /// Makes history.csv what these epochs are, where it isn't.
    pub(crate) fn write_history(&self, epochs: &[EpochLogs]) -> Result<()> {
        self.wait();
        let files = lock(&self.files);
        let mut table = HistoryTable::default();
        table.add(epochs);
        let (path, text) = (files.folder.join(HISTORY), table.to_csv(0));
        if epochs.is_empty() || std::fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
            Ok(())
        } else {
            disk::replace(&*files.disk, &path, text.as_bytes())
        }
    }
}

/// The time between two checkpoints that cost this much.
fn interval(cost: Duration) -> Duration {
    LEAST.max(cost.div_f64(PART))
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }
}

impl Desk {
    fn is_busy(&self) -> bool {
        self.waiting.is_some() || self.writing
    }

    fn wrote(&mut self, task: &WriteTask, result: Result<()>) {
        self.writing = false;
        if task.checkpoint.is_none() {
            return; // what could not be written is written with the next checkpoint, or told there
        }
        self.cost = task.started.elapsed();
        let told = self.error.as_ref().is_some_and(|(_, told)| *told);
        self.error = result.err().map(|error| (error, told));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_all(shared: &Shared, files: &Mutex<Files>) {
    let mut desk = shared.lock();
    loop {
        if let Some(task) = desk.waiting.take() {
            desk.writing = true;
            drop(desk);
            let result = lock(files).write(&task);
            desk = shared.lock();
            desk.wrote(&task, result);
            drop(task); // the copy of the state, before another is made
            shared.changed.notify_all();
        } else if desk.closed {
            return;
        } else {
            desk = shared.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The checkpoint, and the history and the events beside it: in each epoch of a fast training, flushing that to
/// disk would take longer than the epoch.
struct Files {
    folder: PathBuf,
    disk: Arc<dyn Disk>,
    table: HistoryTable,
    /// Epochs that history.csv holds; None where it has to be written anew.
    written: Option<usize>,
    events: EventLog,
}

impl Files {
    fn new(folder: &Path, disk: Arc<dyn Disk>, events: EventLog) -> Files {
        let folder = folder.to_path_buf();
        Files { folder, disk, table: HistoryTable::default(), written: None, events }
    }

    fn write(&mut self, task: &WriteTask) -> Result<()> {
        self.add(&task.progress);
        if let Some(checkpoint) = &task.checkpoint {
            let path = self.folder.join(CHECKPOINT);
            disk::write_whole(&*self.disk, &path, Existing::Replace, &mut |out| {
                checkpoint.write(&self.table, out)
            })?;
        }
        self.write_history()?;
        self.write_events(&task.progress.line)
    }

    fn end(&mut self, progress: &Progress) -> Result<()> {
        self.add(progress);
        self.write_events(&progress.line)?;
        disk::sync(&*self.disk, &self.folder.join(EVENTS))
    }

    fn add(&mut self, progress: &Progress) {
        if self.table.add(&progress.epochs) {
            self.written = None; // the header is another
        }
        self.events.add(&progress.learning_rates);
    }

    /// Nothing is written before the first epoch ends or has something to tell.
    fn write_events(&mut self, last: &str) -> Result<()> {
        if self.table.epochs() == 0 && last.is_empty() {
            return Ok(());
        }
        self.events.write(&*self.disk, &self.folder, &self.table, last)
    }

    /// Writes the epochs that history.csv lacks at its end.
    fn write_history(&mut self) -> Result<()> {
        let (disk, path, epochs) = (&*self.disk, self.folder.join(HISTORY), self.table.epochs());
        let result = match self.written.take() {
            _ if epochs == 0 => return Ok(()),
            Some(written) if written == epochs => Ok(()),
            Some(written) => disk::append(disk, &path, &self.table.to_csv(written))
                .and_then(|()| disk::sync(disk, &path)),
            None => disk::replace(disk, &path, self.table.to_csv(0).as_bytes()),
        };
        self.written = result.is_ok().then_some(epochs);
        result
    }
}
