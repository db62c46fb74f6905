//! Encoding: text that isn't UTF-8.

use crate::sections::TextEncoding;

/// The text of bytes in an encoding; None where they aren't in it.
pub(super) fn decode(bytes: &[u8], encoding: TextEncoding) -> Option<String> {
    match encoding {
        TextEncoding::Utf8 => String::from_utf8(bytes.to_vec()).ok(),
        TextEncoding::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        TextEncoding::Windows1252 => Some(bytes.iter().map(|byte| windows(*byte)).collect()),
        TextEncoding::Utf16 => utf16(bytes),
    }
}

/// Whether a text begins with UTF-16's byte order mark.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (bytes, is_big) = match bytes {
        [0xfe, 0xff, rest @ ..] => (rest, true),
        [0xff, 0xfe, rest @ ..] => (rest, false),
        rest => (rest, false),
    };
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let units = pairs
        .iter()
        .map(|pair| if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    let text = char::decode_utf16(units).collect::<Result<String, _>>().ok()?;
    text.contains('\n').then_some(text) // of other bytes it makes one line of strange letters
}

/// Windows-1252 as the WHATWG has it: Latin-1 but for 0x80 to 0x9F.
fn windows(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_decoded_by_their_encoding() {
        assert_eq!(decode(b"gr\xfcn", TextEncoding::Latin1).unwrap(), "grün");
        assert_eq!(decode(b"5 \x80 \xfc", TextEncoding::Windows1252).unwrap(), "5 € ü");
        let text = "日本, ü\n";
        let mut little: Vec<u8> = vec![0xff, 0xfe];
        let mut big: Vec<u8> = vec![0xfe, 0xff];
        for unit in text.encode_utf16() {
            little.extend(unit.to_le_bytes());
            big.extend(unit.to_be_bytes());
        }
        for bytes in [&little, &big, &little[2..].to_vec()] {
            assert_eq!(decode(bytes, TextEncoding::Utf16).unwrap(), text);
        }
        assert_eq!(decode(b"abc", TextEncoding::Utf16), None);
        assert_eq!(decode(b"\xff", TextEncoding::Utf8), None);
    }
}
