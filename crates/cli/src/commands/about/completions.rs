//! `sealbid completions`: what a shell needs to complete commands and options.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::context::Context;
use crate::exit::Failure;

/// Print the completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples, each into a directory that `mkdir -p` makes:
  sealbid completions bash > ~/.local/share/bash-completion/completions/sealbid
  sealbid completions zsh > ~/.zfunc/_sealbid     # with ~/.zfunc in $fpath
  sealbid completions fish > ~/.config/fish/completions/sealbid.fish

The script is the same with and without --json.")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs it, for the commands of `definition`.
pub(crate) fn run(
    args: &CompletionsArgs,
    definition: &mut clap::Command,
    context: &Context,
) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, definition, "sealbid", &mut script);
    context.console().bytes(&script);
    Ok(())
}
