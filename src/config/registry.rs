//! `Registry`: the kinds that a program adds to a list at run time.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::Value;

/// How a program's own kind is made from its arguments.
pub type Constructor<T> = fn(Value) -> Result<Arc<T>, serde_json::Error>;

/// Kinds that a program added to a list at run time.
pub struct Registry<T: ?Sized> {
    added: OnceLock<RwLock<BTreeMap<&'static str, Constructor<T>>>>,
}

impl<T: ?Sized> Registry<T> {
    /// An empty registry.
    pub const fn new() -> Self {
        Registry { added: OnceLock::new() }
    }

    /// Adds a kind, or replaces the one of that name.
    pub fn add(&self, name: &'static str, reader: Constructor<T>) {
        let mut added = self.map().write().unwrap_or_else(PoisonError::into_inner);
        added.insert(name, reader);
    }

    pub(super) fn find(&self, name: &str) -> Option<(&'static str, Constructor<T>)> {
        let added = self.map().read().unwrap_or_else(PoisonError::into_inner);
        added.get_key_value(name).map(|(name, reader)| (*name, *reader))
    }

    pub(super) fn names(&self) -> Vec<&'static str> {
        let added = self.map().read().unwrap_or_else(PoisonError::into_inner);
        added.keys().copied().collect()
    }

    fn map(&self) -> &RwLock<BTreeMap<&'static str, Constructor<T>>> {
        self.added.get_or_init(RwLock::default)
    }
}

impl<T: ?Sized> Default for Registry<T> {
    fn default() -> Self {
        Self::new()
    }
}
