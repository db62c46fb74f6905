//! Text for a terminal.

use std::borrow::Cow;

/// Text that a terminal takes for nothing but text: control characters of a name, a cell or a key are
/// written out, and so are those that turn the direction of writing around.
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| match c {
        '\n' | '\t' => true,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    };
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_plain(c) { shown.push(c) } else { shown.extend(c.escape_unicode()) }
    }
    Cow::Owned(shown)
}
