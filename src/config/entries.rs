//! Reading a list of entries, which is bounded: each takes its memory, and is checked against others.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, SeqAccess, Visitor};

use super::entry::{Catalog, Entry};
use crate::error::Problem;

/// A list of at most `MOST` entries, for serde's `deserialize_with`.
pub(crate) fn entries<'de, const MOST: usize, D, T>(list: D) -> Result<Vec<Entry<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Catalog + ?Sized,
{
    list.deserialize_seq(ListVisitor::<MOST, T>(PhantomData))
}

struct ListVisitor<const MOST: usize, T: ?Sized>(PhantomData<T>);

impl<const MOST: usize, T: Catalog + ?Sized> ListVisitor<MOST, T> {
    fn check<E: de::Error>(count: usize) -> Result<(), E> {
        if count <= MOST {
            return Ok(());
        }
        let message = format!("at most {MOST} {}s are allowed, got {count}", T::NOUN);
        Err(E::custom(Problem::at("", message)))
    }
}

impl<'de, const MOST: usize, T: Catalog + ?Sized> Visitor<'de> for ListVisitor<MOST, T> {
    type Value = Vec<Entry<T>>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a sequence") // serde's own word
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        Self::check(list.size_hint().unwrap_or(0))?;
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
            Self::check(entries.len())?;
        }
        Ok(entries)
    }
}
