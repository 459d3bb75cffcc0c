//! `sealbid man`: the manual pages, made of the same definition as the help.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use serde_json::json;

use crate::context::Context;
use crate::exit::Failure;

/// Print a manual page, or write all of them
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid man keygen join | man -l -
  sealbid man --out ~/.local/share/man/man1
  man -M ~/.local/share/man sealbid-swap")]
pub(crate) struct ManArgs {
    /// The command whose page is printed, by its words; the program's own without any
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands into this directory, which is made if need be
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

/// Runs it, for the commands of `definition`.
pub(crate) fn run(
    args: &ManArgs,
    definition: &mut Command,
    context: &Context,
) -> Result<(), Failure> {
    // Each command learns its whole name: `sealbid-keygen-join`.
    definition.build();
    if let Some(directory) = &args.out {
        let written = write_all(definition, directory).map_err(|error| {
            Failure::storage(format!(
                "cannot write manual pages to {}: {error}",
                directory.display()
            ))
        })?;
        let object = json!({ "directory": directory, "pages": written });
        context.console().result(&object, || {
            format!("wrote {written} pages to {}", directory.display())
        });
        return Ok(());
    }
    let mut command = &*definition;
    for word in &args.command {
        command = command.find_subcommand(word).ok_or_else(|| {
            Failure::usage(format!("there is no command {:?}", args.command.join(" ")))
                .advise("`sealbid --help` lists the commands")
        })?;
    }
    let mut page = Vec::new();
    // Into memory, which does not fail.
    Man::new(command.clone())
        .render(&mut page)
        .map_err(|error| Failure::work(error.to_string()))?;
    context.console().bytes(&page);
    Ok(())
}

/// Writes the page of a command and those of its own commands, and says how many there are.
fn write_all(command: &Command, directory: &Path) -> std::io::Result<usize> {
    fs::create_dir_all(directory)?;
    Man::new(command.clone()).generate_to(directory)?;
    let mut written = 1;
    for sub in command.get_subcommands() {
        // `help` is there twice over: as --help, and in these pages.
        if !sub.is_hide_set() && sub.get_name() != "help" {
            written += write_all(sub, directory)?;
        }
    }
    Ok(written)
}
