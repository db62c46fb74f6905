//! Commands as they are typed into a shell: what an error or a note offers works as it is printed.

use std::path::Path;

/// `lanthorn train --resume RUN`.
pub fn resume_command(run: &Path) -> String {
    format!("lanthorn train {}", option("--resume", run))
}

/// An option with a path: `--resume runs/loan-001`, `--resume='my runs/loan'`.
pub(crate) fn option(name: &str, path: &Path) -> String {
    let word = shell_word(path);
    let is_plain = path.to_str() == Some(&word) && !word.starts_with('-') && !word.is_empty();
    if is_plain { format!("{name} {word}") } else { format!("{name}={word}") }
}

/// A path as one word of a shell's line: as it is, or else in quotes; bytes that are no text, and characters that a terminal would
/// not show as they are, in the form `$'…'` of bash and zsh.
pub fn shell_word(path: &Path) -> String {
    let is_shown =
        |c: char| !c.is_control() && !"\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}".contains(c);
    match path.to_str() {
        Some(text) if text.chars().all(|c| c.is_alphanumeric() || "/._-+:@%".contains(c)) => {
            text.to_string()
        }
        Some(text) if text.chars().all(is_shown) => format!("'{}'", text.replace('\'', "'\\''")),
        _ => {
            let mut word = "$'".to_string();
            let escape = |byte: &u8| format!("\\x{byte:02x}");
            for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
                for c in chunk.valid().chars() {
                    match c {
                        '\'' | '\\' => word.extend(['\\', c]),
                        c if is_shown(c) => word.push(c),
                        c => word.extend(c.to_string().bytes().map(|byte| escape(&byte))),
                    }
                }
                word.extend(chunk.invalid().iter().map(escape));
            }
            word + "'"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_the_shell_would_read_something_else() {
        let typed = |path: &str| option("--resume", Path::new(path));
        assert_eq!(typed("runs/loan-001"), "--resume runs/loan-001");
        assert_eq!(typed("été"), "--resume été");
        assert_eq!(typed("-r"), "--resume=-r");
        assert_eq!(typed("my runs/it's"), "--resume='my runs/it'\\''s'");
        assert_eq!(typed("a\n\u{1b}'b\\"), "--resume=$'a\\x0a\\x1b\\'b\\\\'");
    }

    #[cfg(unix)]
    #[test]
    fn bash_reads_the_path_that_was_meant() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;

        for bytes in [&b"b\xff/r 1"[..], b"a\nb", b"x\xc3\xa9\xffy'\\", b"$HOME `id`", b"*"] {
            let word = shell_word(Path::new(OsStr::from_bytes(bytes)));
            let line = format!("printf %s {word}");
            let output = std::process::Command::new("bash").args(["-c", &line]).output();
            let Ok(output) = output else { return }; // no bash here
            assert_eq!(output.stdout, bytes, "{word}");
        }
    }
}
