//! Ahead: batches of pictures that are decoded before they are asked for, beside the step at hand.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::{Problem, Result};

/// The numbers of a batch, once they are there.
type Decoding = Arc<OnceLock<Result<Vec<f32>, Problem>>>;

/// Batches that are being decoded: that of the step at hand and the one after it.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    batches: Mutex<Vec<(Vec<u64>, Decoding)>>,
}

/// How many batches there are at a time.
const BATCHES: usize = 2;

impl Ahead {
    /// Begins with a batch of these rows, on a thread that has nothing else to do.
    pub(super) fn begin(
        &self,
        rows: &[u64],
        decode: impl FnOnce(&[u64]) -> Result<Vec<f32>, Problem> + Send + 'static,
    ) {
        let decoding = Decoding::default();
        let mut batches = self.lock();
        if batches.len() == BATCHES {
            batches.remove(0);
        }
        batches.push((rows.to_vec(), Arc::clone(&decoding)));
        let rows = rows.to_vec();
        rayon::spawn(move || drop(decoding.set(decode(&rows))));
    }

    /// The numbers of these rows, where they were begun with.
    pub(super) fn take(&self, rows: &[u64]) -> Option<Result<Vec<f32>, Problem>> {
        let decoding = {
            let mut batches = self.lock();
            let place = batches.iter().position(|(of, _)| of == rows)?;
            batches.remove(place).1
        };
        while decoding.get().is_none() {
            // what else there is to do may be this very batch
            if !matches!(rayon::yield_now(), Some(rayon::Yield::Executed)) {
                std::thread::yield_now();
            }
        }
        match Arc::try_unwrap(decoding) {
            Ok(decoding) => decoding.into_inner(),
            Err(decoding) => decoding.get().cloned(), // its thread is about to let go of it
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Vec<u64>, Decoding)>> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is decoded ahead is no part of what the pictures are.
impl PartialEq for Ahead {
    fn eq(&self, _: &Ahead) -> bool {
        true
    }
}
