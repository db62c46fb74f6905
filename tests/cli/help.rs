//! What the command says of itself: help, manual pages, completions; how much it says, and in which
//! colours.

use crate::support::{Call, Folder};

/// The verbs, in the order of the help.
fn verbs(folder: &Folder) -> Vec<String> {
    let help = folder.ok("--help");
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let lines = list.lines().take_while(|line| line.starts_with("  "));
    let lines = lines.filter(|line| !line.starts_with("   ")); // no second line of a sentence
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_string).collect()
}

#[test]
fn the_example_at_the_head_of_each_help_works() {
    let folder = Folder::new();
    let example = |verb: &str| {
        let help = folder.ok(&format!("{verb} --help"));
        let line = help.lines().find_map(|line| line.strip_prefix("Example: lanthorn "));
        line.unwrap_or_else(|| panic!("{verb} has no example:\n{help}")).to_string()
    };
    let mut all: Vec<String> = verbs(&folder).iter().map(|verb| example(verb)).collect();
    let rank = |line: &String| match line.split(' ').next() {
        Some("init") => 0,
        Some("train") => 1,
        Some("export") => 2,
        Some("import") => 3,
        _ => 4,
    };
    all.sort_by_key(rank);
    assert!(all.len() > 15, "{all:?}");
    for line in all {
        folder.ok(&(line + " -q"));
    }
}

#[test]
fn every_verb_has_a_manual_page_and_is_completed() {
    let folder = Folder::new();
    folder.ok("man --out pages");
    for verb in verbs(&folder) {
        let page = folder.read(&format!("pages/lanthorn-{verb}.1"));
        assert!(page.contains(".TH") && page.contains(".SH OPTIONS"), "{verb}: {page}");
        assert!(folder.ok("completions bash").contains(&verb));
        assert!(folder.ok("completions zsh").contains(&verb));
    }
    assert!(folder.ok("man train").contains("\\-\\-resume"));
    let call = folder.run("man trian");
    assert_eq!(call.code, 1);
    assert!(call.stderr.contains("did you mean `train`?"), "{}", call.stderr);
    // runs are folders
    assert!(folder.ok("completions zsh").contains("_files -/"));
}

/// A call with variables of the environment.
fn with(folder: &Folder, arguments: &str, variables: &[(&str, &str)]) -> Call {
    let mut command = folder.command(&arguments.split(' ').collect::<Vec<_>>());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().copied()).output().unwrap();
    Call {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn colours_are_as_the_environment_asks() {
    let folder = Folder::with_loan();
    folder.write("wrong.yaml", "fit: {epoch: 3}\nmodel: {layers: [flatten]}\n");
    for call in
        ["check wrong.yaml", "train wrong.yaml", "predict nothing.st loan.csv", "explain dens"]
    {
        assert!(!with(&folder, call, &[]).stderr.contains('\u{1b}'), "{call}");
        let forced = with(&folder, call, &[("CLICOLOR_FORCE", "1")]);
        assert!(forced.stderr.contains("\u{1b}["), "{call}: {}", forced.stderr);
        let none = with(&folder, call, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]);
        assert!(!none.stderr.contains('\u{1b}'), "{call}");
    }
    // what is quoted can't bring colours of its own
    folder.write("evil.yaml", "\"\\e[31mred\": 1\nmodel: {layers: [flatten]}\n");
    let call = with(&folder, "check evil.yaml", &[("CLICOLOR_FORCE", "1")]);
    assert!(!call.stderr.contains("\u{1b}[31mred"), "{}", call.stderr);
}

#[test]
fn q_leaves_the_result_and_v_adds_what_it_took_on_every_verb() {
    let folder = Folder::with_loan();
    folder.ok("train loan.yaml --out run -q");
    for call in [
        "evaluate run",
        "find-lr loan.yaml",
        "check loan.yaml",
        "summary run",
        "runs .",
        "explain dense",
    ] {
        let quiet = folder.run(&format!("{call} -q"));
        assert_eq!(quiet.code, 0, "{}", quiet.stderr);
        let spoken = quiet.stderr.lines().filter(|line| !line.starts_with("warning"));
        assert!(
            !spoken.clone().any(|line| line.contains("evaluating") || line.contains("took")),
            "{call}"
        );
        let verbose = folder.run(&format!("{call} -v"));
        assert!(verbose.stderr.contains("took ") && verbose.stderr.contains(" on cpu"), "{call}");
    }
    assert_eq!(folder.ok("check loan.yaml -q"), "ok\n");
}
