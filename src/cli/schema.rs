//! `lanthorn schema`.

use anyhow::Result;
use clap::Args;
use lanthorn::exchange::editors::schema;

use super::view;

#[derive(Args)]
pub(crate) struct SchemaArguments {}

pub(crate) fn run(_: &SchemaArguments) -> Result<()> {
    view::result(&format!("{}\n", serde_json::to_string_pretty(&schema())?))
}
