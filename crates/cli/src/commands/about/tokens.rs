//! `sealbid tokens`: the names that commands know.

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::exit::Failure;
use crate::ui::output::Columns;

/// List the tokens that commands know by name
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid tokens
  sealbid tokens --json | jq -r .name

Names may be written in small or capital letters. They are those of the house's tokens.toml; a house
without one has the usual ones. Decimals decide what an amount is worth: compare them with the
token's contract before you add one.")]
pub(crate) struct TokensArgs {}

/// Runs it. Needs no house.
pub(crate) fn run(_args: &TokensArgs, context: &Context) -> Result<(), Failure> {
    let (console, tokens) = (context.console(), context.tokens()?);
    let mut table = Columns::new(&["name", "also", ">decimals", "asset"]);
    for token in tokens.all() {
        console.object(&json!(token));
        let aliases = match token.aliases.as_slice() {
            [] => "-".to_owned(),
            aliases => aliases.join(", "),
        };
        table.row([
            token.name.clone(),
            aliases,
            token.decimals.to_string(),
            token.asset.to_string(),
        ]);
    }
    console.line(table);
    let file = context.house_dir().tokens();
    if !file.exists() {
        console.note(format_args!(
            "these are the usual ones: there is no {}",
            file.display()
        ));
    }
    Ok(())
}
