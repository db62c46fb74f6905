//! The commands as clap sees them, each with an example at the head of its help; from them, the
//! completions and the manual pages.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Command, ValueHint};
use lanthorn::Error;
use lanthorn::config::names::suggestion;
use lanthorn::runtime::files::atomic_write;

use super::view;

/// An example of each verb; they work one after the other, from an empty folder.
const EXAMPLES: &[(&str, &str)] = &[
    ("init", "lanthorn init --example loan"),
    ("check", "lanthorn check loan.yaml"),
    ("data", "lanthorn data loan.yaml"),
    ("summary", "lanthorn summary loan.yaml"),
    ("find-lr", "lanthorn find-lr loan.yaml"),
    ("train", "lanthorn train loan.yaml"),
    ("evaluate", "lanthorn evaluate runs/loan-001 loan_test.csv"),
    ("report", "lanthorn report runs/loan-001"),
    ("predict", "lanthorn predict runs/loan-001 loan_test.csv -o predictions.csv"),
    ("export", "lanthorn export runs/loan-001 --to weights -o loan.safetensors"),
    ("import", "lanthorn import loan.safetensors --config loan.yaml -o loan_model"),
    ("convert", "lanthorn convert loan.yaml loan.toml"),
    ("inspect", "lanthorn inspect runs/loan-001"),
    ("watch", "lanthorn watch runs/loan-001"),
    ("runs", "lanthorn runs"),
    ("diff", "lanthorn diff runs/loan-001 loan_model"),
    ("explain", "lanthorn explain dense"),
    ("schema", "lanthorn schema"),
    ("completions", "lanthorn completions bash"),
    ("man", "lanthorn man"),
];

const FIRST: &str = "lanthorn init --example loan && lanthorn train loan.yaml";

/// The commands with their examples.
pub(crate) fn with_examples(command: Command) -> Command {
    let mut command = command.help_template(template(FIRST));
    for (verb, example) in EXAMPLES {
        command = command.mut_subcommand(verb, |verb| verb.help_template(template(example)));
    }
    command
}

fn template(example: &str) -> String {
    format!(
        "{{about-with-newline}}\nExample: {example}\n\n{{usage-heading}} {{usage}}\n\n{{all-args}}{{after-help}}"
    )
}

#[derive(Args)]
pub(crate) struct CompletionsArguments {
    /// bash, zsh, fish, elvish or powershell
    shell: clap_complete::Shell,
}

/// Prints a completion script.
pub(crate) fn completions(arguments: &CompletionsArguments, all: Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut hinted(all), "lanthorn", &mut script);
    view::bytes(&script)
}

/// Says of each argument whether it is a folder, such as a run, or any path.
fn hinted(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let names = argument.get_value_names().unwrap_or_default();
        let hint = match names.first().map(clap::builder::Str::as_str) {
            Some("RUN" | "DIR") => ValueHint::DirPath,
            Some("CONFIG" | "FILE" | "DATA" | "MODEL" | "CONFIG|MODEL" | "OUT" | "A" | "B") => {
                ValueHint::AnyPath
            }
            _ => return argument,
        };
        argument.value_hint(hint)
    });
    command.mut_subcommands(hinted)
}

#[derive(Args)]
pub(crate) struct ManArguments {
    /// The command whose page is printed, such as train [default: the page of all commands]
    #[arg(value_name = "COMMAND")]
    verb: Option<String>,
    /// Write all pages into a folder instead: lanthorn.1, lanthorn-train.1, …
    #[arg(short, long, value_name = "DIR", conflicts_with = "verb")]
    out: Option<PathBuf>,
}

/// Prints a manual page, or writes all of them.
pub(crate) fn man(arguments: &ManArguments, all: Command) -> Result<()> {
    if let Some(folder) = &arguments.out {
        return write_pages(folder, all);
    }
    let mut all = all.disable_help_subcommand(true);
    all.build();
    let Some(verb) = &arguments.verb else { return view::bytes(&page(all)?) };
    let names: Vec<&str> = all.get_subcommands().map(Command::get_name).collect();
    let Some(found) = all.find_subcommand(verb) else {
        let help = suggestion(verb, &names, &format!("there are {}", names.join(", ")));
        return Err(Error::run(format!("there is no command `{verb}`")).with_help(help).into());
    };
    view::bytes(&page(found.clone())?)
}

fn write_pages(folder: &Path, all: Command) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Error::run(format!("can't make the folder {}: {error}", folder.display()))
    })?;
    let mut all = all.disable_help_subcommand(true);
    all.build();
    let each = all.get_subcommands().cloned().collect::<Vec<_>>();
    let mut told = String::new();
    for command in [all].into_iter().chain(each) {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        let path = folder.join(format!("{name}.1"));
        atomic_write(&path, &page(command)?)?;
        told += &format!("wrote {}\n", path.display());
    }
    view::result(&told)
}

/// The page of a command, in roff; the source and the date of its foot are the version's.
fn page(command: Command) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let version = format!("lanthorn {}", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(command).source(version).render(&mut text)?;
    Ok(text)
}
