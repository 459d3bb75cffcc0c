//! `sealbid config`: which settings hold, and where each comes from.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::config::{self, Config, Setting};
use crate::context::Context;
use crate::exit::Failure;
use crate::ui::output::Columns;

/// Show which settings hold, and where each comes from
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
Example:
  sealbid config
  sealbid config path

The file, ~/.config/sealbid/config.toml, for instance:
  dir = \"~/house\"
  account = \"~/keys/alice.json\"
  deadline = \"10m\"
  valid_for = 3
  reveal = \"pair\"

An option goes before the environment, that before the file. Paths are relative to the file's own
directory. SEALBID_CONFIG names another file; empty, none. What a command does or prints, as --wait
and --json, is not in the file, so that a script means the same everywhere.")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: Option<ConfigCommand>,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Show which settings hold, and where each comes from
    #[command(after_help = "Example:\n  sealbid config show --json")]
    Show,
    /// Print where the file is, or would be
    #[command(after_help = "Example:\n  $EDITOR \"$(sealbid config path)\"")]
    Path,
}

impl ConfigArgs {
    /// Whether it does without the file's content, which may be wrong and about to be mended.
    pub(crate) const fn needs_no_file(&self) -> bool {
        matches!(self.command, Some(ConfigCommand::Path))
    }
}

/// Runs it.
pub(crate) fn run(args: &ConfigArgs, context: &Context) -> Result<(), Failure> {
    match args.command {
        Some(ConfigCommand::Path) => path(context),
        Some(ConfigCommand::Show) | None => {
            show(context);
            Ok(())
        }
    }
}

fn path(context: &Context) -> Result<(), Failure> {
    let path = Config::usual_path().ok_or_else(|| {
        Failure::usage(format!("{} is empty: no file is read", config::VARIABLE))
            .with_code("config")
    })?;
    let object = json!({ "path": path, "exists": path.exists() });
    context
        .console()
        .result(&object, || path.display().to_string());
    Ok(())
}

fn show(context: &Context) {
    let settings = context.settings();
    let file = settings.path();
    let object = json!({ "file": file, "exists": settings.exists(), "settings": settings.all() });
    context.console().result(&object, || {
        let head = match file {
            None => format!("no file is read: {} is empty", config::VARIABLE),
            Some(file) if settings.exists() => format!("file  {}", file.display()),
            Some(file) => format!("file  {} (there is none)", file.display()),
        };
        let mut table = Columns::new(&["setting", "value", "from"]);
        for Setting {
            name,
            value,
            source,
        } in settings.all()
        {
            table.row([*name, value.as_deref().unwrap_or("-"), source]);
        }
        format!("{head}\n\n{table}")
    });
}
