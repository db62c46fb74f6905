//! What README.md and the guide show is what their commands print, and the examples of the pages train. Digits may differ on another kind of CPU, so
//! they are not compared. `LANTHORN_WRITE=1 cargo test --release --test documents` writes it anew.

use crate::support::{Folder, project};

#[test]
fn every_console_block_shows_real_output() {
    for (page, least) in [("README.md", 4), ("docs/guide.md", 4)] {
        console_blocks_are_real(page, least);
    }
}

fn console_blocks_are_real(page: &str, least: usize) {
    let text = std::fs::read_to_string(project(page)).unwrap();
    let folder = fresh();
    let mut written = String::new();
    let mut parts = text.split("```console\n");
    written += parts.next().unwrap();
    let mut count = 0;
    for part in parts {
        let (block, rest) = part.split_once("```\n").expect("a block that ends");
        let mut real = String::new();
        for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            real += &format!("$ {command}\n{}", output(&folder, command));
            count += 1;
        }
        written += &format!("```console\n{real}```\n{rest}");
    }
    assert!(count >= least, "{page} has too few commands");
    if std::env::var_os("LANTHORN_WRITE").is_some() {
        std::fs::write(project(page), &written).unwrap();
        return;
    }
    for (shown, real) in text.lines().zip(written.lines()) {
        assert_eq!(masked(shown), masked(real), "{page} shows `{shown}`, but it is `{real}`");
    }
    assert_eq!(text.lines().count(), written.lines().count(), "{page}");
}

/// The examples of docs/configuration.md are complete: each trains as it stands.
#[test]
fn every_example_of_the_configuration_page_trains() {
    let page = std::fs::read_to_string(project("docs/configuration.md")).unwrap();
    let folder = fresh();
    let mut count = 0;
    for format in ["yaml", "toml"] {
        for part in page.split(&format!("```{format}\n")).skip(1) {
            let (block, _) = part.split_once("```\n").expect("a block that ends");
            count += 1;
            let name = format!("example_{count}.{format}");
            folder.write(&name, block);
            let call = folder.call(&["train", &name, "-q", "--set", "fit.epochs=1"]);
            assert_eq!(call.code, 0, "{block}\n{}", call.stderr);
        }
    }
    assert!(count >= 7, "only {count} examples");
}

#[test]
fn the_configuration_in_the_readme_is_the_one_in_configs() {
    let readme = std::fs::read_to_string(project("README.md")).unwrap();
    let config = std::fs::read_to_string(project("configs/loan.yaml")).unwrap();
    assert!(readme.contains(&format!("```yaml\n{config}```")));
}

/// A folder as a fresh clone, and a configuration with a mistake.
fn fresh() -> Folder {
    let folder = Folder::new();
    for place in ["configs", "examples/data"] {
        for entry in std::fs::read_dir(project(place)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue; // pictures, which no page shows
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            folder.write_bytes(&format!("{place}/{name}"), &std::fs::read(&path).unwrap());
        }
    }
    let loan = folder.read("configs/loan.yaml").replacen("activation", "activaton", 1);
    folder.write("configs/broken.yaml", &loan);
    folder
}

/// What a command prints, stderr after stdout.
fn output(folder: &Folder, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    if let ["head", count, file] = words.as_slice() {
        let count = count.trim_start_matches('-').parse().unwrap();
        return folder.read(file).lines().take(count).map(|line| format!("{line}\n")).collect();
    }
    let (first, rest) = words.split_first().unwrap();
    assert_eq!(*first, "lanthorn", "only lanthorn and head are run");
    let call = folder.call(rest);
    call.stdout + &call.stderr
}

/// Runs of digits, and what surrounds a number, are one mark.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !masked.ends_with('#') {
            masked.push(c);
        }
    }
    masked.replace("e-#", "").replace("#.#", "#")
}
