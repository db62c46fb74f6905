//! `lanthorn explain`.

use anyhow::Result;
use clap::Args;
use lanthorn::config::names::did_you_mean;
use lanthorn::config::names_for;
use lanthorn::{Error, reference};

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
    let help = match did_you_mean(word, &words) {
        _ if !ours.is_empty() => {
            let ours: Vec<String> = ours.iter().map(|name| format!("`{name}`")).collect();
            format!("it is called {} here", ours.join(" or "))
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "try a list (`layers`, `losses`, `metrics`, `optimizers`, `callbacks`, …), a name in \
                 it, a key such as `fit.validation_split`, or a code such as `L012`"
                .to_string()
        }
    };
    Err(Error::run(format!("nothing is called `{word}`")).with_help(help).into())
}
