//! Other formats: files that are no tables that we read, by their beginning, and what to do about each.

use memchr::memchr_iter;

const UTF16: &str = "it looks like UTF-16 text: set `csv: {encoding: utf-16}`, or save it as UTF-8";
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What to do about a file that is no CSV.
pub(super) fn other_format(bytes: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 15] = [
        (b"\xff\xfe", UTF16),
        (b"\xfe\xff", UTF16),
        (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook: export it as CSV"),
        (b"BZh", "it is compressed by bzip2: unpack it"),
        (b"\xfd7zXZ", "it is compressed by xz: unpack it"),
        (b"FEA1", "it is a Feather file of version 1: write it as version 2"),
        (b"PARE", "it is an encrypted Parquet file: write it without encryption"),
        (b"ORC", "it is an ORC file, which is not supported: export it as CSV"),
        (b"\x89HDF", "it is an HDF5 file: export the table as CSV"),
        (b"SQLite format 3", "it is an SQLite database: export the table as CSV"),
        (b"%PDF", "it is a PDF file: export the table as CSV"),
        (b"\x89PNG", "it is an image"),
        (b"\xff\xd8\xff", "it is an image"),
        (b"<!", "it is a page of HTML: download the table itself"),
        (b"<?xml", "it is an XML file: export the table as CSV"),
    ];
    if let Some((_, help)) = STARTS.iter().find(|(start, _)| bytes.starts_with(start)) {
        // a column may well be named ORC
        let is_text = bytes
            .iter()
            .take(1000)
            .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
        let may_be_a_name = matches!(bytes.first(), Some(b'B' | b'O' | b'P' | b'A' | b'S' | b'F'));
        return (!is_text || !may_be_a_name).then_some(*help);
    }
    let start = &bytes[..bytes.len().min(1000)];
    let nuls = memchr_iter(0, start).count();
    if nuls * 3 > start.len() {
        return Some(UTF16);
    }
    let text = start.strip_prefix(BYTE_ORDER_MARK.as_bytes()).unwrap_or(start).trim_ascii_start();
    match text {
        [b'[', rest @ ..] if matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[')) => Some(
            "it is one JSON document: write JSON lines, an object on each line, or export it as CSV",
        ),
        _ => None,
    }
}
