//! `lanthorn explain`.

use anyhow::Result;
use clap::Args;
use lanthorn::Error;
use lanthorn::config::names::suggestion;
use lanthorn::config::names_for;
use lanthorn::sections::reference;

use super::view;

#[derive(Args)]
pub(crate) struct ExplainArguments {
    /// A name (dense, adam, mse), a list (layers), a key (fit.validation_split) or a code (L012)
    #[arg(value_name = "WORD")]
    word: String,
}

pub(crate) fn run(arguments: &ExplainArguments) -> Result<()> {
    let word = &arguments.word;
    if let Some(text) = reference::explain(word) {
        return view::result(&text);
    }
    let words = reference::words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ours = names_for(word);
    let help = if ours.is_empty() {
        let others = "there are lists (`layers`, `losses`, `metrics`, `optimizers`, `callbacks`, …), \
                      the names in them, keys such as `fit.validation_split`, and codes such as `L012`";
        suggestion(word, &words, others)
    } else {
        let ours: Vec<String> = ours.iter().map(|name| format!("`{name}`")).collect();
        format!("it is called {} here", ours.join(" or "))
    };
    Err(Error::run(format!("nothing is called `{word}`")).with_help(help).into())
}
