//! `lanthorn schema`.

use anyhow::Result;
use clap::Args;
use lanthorn::config::Config;

use super::view;

#[derive(Args)]
pub(crate) struct SchemaArguments {}

pub(crate) fn run(_: &SchemaArguments) -> Result<()> {
    let schema = schemars::schema_for!(Config);
    view::result(&format!("{}\n", serde_json::to_string_pretty(&schema)?))
}
