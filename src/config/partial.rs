//! Reading on after a mistake: all mistakes of a tree, and what can be read of the rest.
//!
//! A derived struct stops at its first error. So the part of the tree that is at fault is marked as
//! broken, which is as if it weren't there, and the tree is read again. One mistake gives one
//! message: an error that a broken part explains isn't told, and the part around it is broken too.

use serde::de::DeserializeOwned;

use super::error::{ConfigError, Detail};
use super::node::{Node, Segment, Value, find, segments};

/// How many mistakes are looked for: each costs another reading.
const LIMIT: usize = 100;

/// What could be read of a tree.
#[derive(Debug)]
pub struct Partial<T> {
    /// The value, without the parts that are broken; None where nothing is left.
    pub value: Option<T>,
    /// Every mistake; none where the value is whole.
    pub errors: Vec<ConfigError>,
    /// Which parts have a mistake.
    pub damage: Damage,
}

/// Which parts of a configuration have a mistake, so that what depends on them can't be judged.
#[derive(Debug, Clone, Default)]
pub struct Damage {
    /// The tree with its broken parts, where there is one.
    tree: Option<Node>,
    /// Keys that don't exist: the table, and what the key may be meant for.
    strangers: Vec<(String, Option<String>)>,
    /// Parts with a mistake that isn't the tree's.
    parts: Vec<String>,
}

/// How many values are read in all: each mistake takes another pass over the tree.
const WORK: usize = 2_000_000;

impl Node {
    /// How many values it has; at least one.
    fn size(&self) -> usize {
        match &self.value {
            Value::List(items) => 1 + items.iter().map(Node::size).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(_, node)| node.size()).sum::<usize>(),
            _ => 1,
        }
    }

    /// Reads a configuration type from the tree, with all mistakes that it has.
    pub fn read_all<T: DeserializeOwned>(&self) -> Partial<T> {
        let mut tree = self.clone();
        let (mut errors, mut damage) = (Vec::new(), Damage::default());
        let limit = (WORK / tree.size()).clamp(1, LIMIT);
        loop {
            let error = match tree.read() {
                Ok(value) => {
                    damage.tree = Some(tree);
                    return Partial { value: Some(value), errors, damage };
                }
                Err(error) => error,
            };
            let path = error.path.clone();
            if let Detail::UnknownKey(near) = &error.detail {
                damage.strangers.push((parent(&path).to_string(), near.clone()));
            }
            if !damage.explains(&error, &tree) {
                errors.push(error);
            }
            let can_go_on = tree.break_at(&path) && !tree.is_broken() && errors.len() < limit;
            if !can_go_on {
                return Partial { value: None, errors, damage };
            }
        }
    }

    /// Marks the node at a path as broken, or the nearest one above it that isn't yet; false where
    /// all of them are.
    fn break_at(&mut self, path: &str) -> bool {
        if self.is_broken() {
            return false;
        }
        let mut node = self;
        for step in segments(path) {
            let next = match (&node.value, step) {
                (Value::Map(entries), Segment::Key(name)) => find(entries, name),
                (Value::List(items), Segment::Index(index)) => {
                    (index < items.len()).then_some(index)
                }
                _ => None,
            };
            let child = match (&node.value, next) {
                (Value::Map(entries), Some(at)) if !entries[at].1.is_broken() => at,
                (Value::List(items), Some(at)) if !items[at].is_broken() => at,
                _ => break,
            };
            node = match &mut node.value {
                Value::Map(entries) => &mut entries[child].1,
                Value::List(items) => &mut items[child],
                _ => return false,
            };
        }
        node.value = Value::Broken;
        true
    }
}

/// The path of the table that a key stands in.
fn parent(path: &str) -> &str {
    path.rfind(['.', '[']).map_or("", |end| &path[..end])
}

impl Damage {
    /// Notes a mistake in a part, found by another than the reader.
    pub fn add(&mut self, path: &str) {
        self.parts.push(path.to_string());
    }

    /// True where what stands at a path has a mistake, or something in it does, or a mistyped key
    /// may be meant for it.
    pub fn is_in(&self, path: &str) -> bool {
        if self.parts.iter().any(|part| part.starts_with(path) || path.starts_with(part.as_str())) {
            return true;
        }
        match self.tree.as_ref().and_then(|tree| tree.at(path)) {
            Some(node) => node.is_damaged(),
            None => {
                let key = path.rsplit('.').next().unwrap_or(path);
                self.is_meant(parent(path), key)
            }
        }
    }

    /// Where the item of a list that was read at `position` stands in the file: broken ones before
    /// it count.
    pub fn index(&self, list: &str, position: usize) -> usize {
        let items = match self.tree.as_ref().and_then(|tree| tree.at(list)).map(|list| &list.value)
        {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        let mut whole = items.iter().enumerate().filter(|(_, item)| !item.is_broken());
        whole.nth(position).map_or(position, |(index, _)| index)
    }

    /// The same for the first `count` items that were read.
    pub fn indices(&self, list: &str, count: usize) -> Vec<usize> {
        let whole = match self.tree.as_ref().and_then(|tree| tree.at(list)).map(|list| &list.value)
        {
            Some(Value::List(items)) => {
                let whole = items.iter().enumerate().filter(|(_, item)| !item.is_broken());
                whole.map(|(index, _)| index).take(count).collect()
            }
            _ => Vec::new(),
        };
        (0..count).map(|position| whole.get(position).copied().unwrap_or(position)).collect()
    }

    /// True where an error comes of a mistake that is told already.
    fn explains(&self, error: &ConfigError, tree: &Node) -> bool {
        let node = tree.nearest(&error.path);
        match &error.detail {
            Detail::Told => true,
            Detail::Missing(key) => {
                let is_broken = match &node.value {
                    Value::Map(entries) => {
                        find(entries, key).is_some_and(|at| entries[at].1.is_broken())
                    }
                    _ => false,
                };
                is_broken || self.is_meant(&error.path, key)
            }
            // a table or list is at fault as a whole, and lacks a part
            Detail::UnknownKey(_) => false,
            _ => node.has_broken_child(),
        }
    }

    /// True where a key that doesn't exist may be meant for this one of the table.
    fn is_meant(&self, table: &str, key: &str) -> bool {
        self.strangers
            .iter()
            .any(|(other, near)| other == table && near.as_ref().is_none_or(|near| near == key))
    }
}

impl Node {
    /// The node at a path, or the broken one on the way to it.
    fn at(&self, path: &str) -> Option<&Node> {
        let mut node = self;
        for step in segments(path) {
            node = match (&node.value, step) {
                (Value::Broken, _) => return Some(node),
                (Value::Map(entries), Segment::Key(name)) => {
                    entries.get(find(entries, name)?).map(|(_, node)| node)?
                }
                (Value::List(items), Segment::Index(index)) => items.get(index)?,
                _ => return None,
            };
        }
        Some(node)
    }

    fn has_broken_child(&self) -> bool {
        match &self.value {
            Value::List(items) => items.iter().any(Node::is_broken),
            Value::Map(entries) => entries.iter().any(|(_, node)| node.is_broken()),
            _ => false,
        }
    }

    /// True where this part of the tree, or a part of it, is broken.
    fn is_damaged(&self) -> bool {
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            match &node.value {
                Value::Broken => return true,
                Value::List(items) => open.extend(items),
                Value::Map(entries) => open.extend(entries.iter().map(|(_, node)| node)),
                _ => {}
            }
        }
        false
    }
}
