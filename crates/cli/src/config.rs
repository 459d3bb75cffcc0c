//! The client's own settings: a file with what would otherwise be given to every command.
//!
//! It holds where things are and how orders are made, and nothing that changes what a command does
//! or prints (`--wait`, `--json`): a script means the same on every machine. What it says becomes
//! the defaults of the command line's own arguments, so that options and environment go before it,
//! help shows it, and no command needs to know that there is such a file.

use core::time::Duration;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::builder::OsStr;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use etcetera::BaseStrategy as _;
use sealbid_types::envelope::MOST_ROUNDS;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::exit::Failure;
use crate::orders::args::RevealArg;

/// Names another file; empty, none.
pub(crate) const VARIABLE: &str = "SEALBID_CONFIG";

/// Names the account, for every command that takes one.
const ACCOUNT_VARIABLE: &str = "SEALBID_ACCOUNT";

/// The settings, each by the name of the argument whose default it is.
const SETTINGS: [&str; 5] = ["dir", "account", "deadline", "valid_for", "reveal"];

/// The commands that make or sign something: those whose arguments the settings are of.
const TRADING: [&str; 8] = [
    "account", "swap", "intent", "seal", "send", "submit", "quote", "solver",
];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ConfigFile {
    dir: Option<PathBuf>,
    account: Option<PathBuf>,
    #[serde(deserialize_with = "duration")]
    deadline: Option<String>,
    #[serde(deserialize_with = "rounds")]
    valid_for: Option<u64>,
    reveal: Option<RevealArg>,
}

/// The settings of whoever runs the command.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// Where they are, or would be; none if they are not to be read.
    path: Option<PathBuf>,
    /// Whether they are there.
    exists: bool,
    file: ConfigFile,
}

/// Where a value comes from, as it is shown.
mod source {
    pub(super) const OPTION: &str = "option";
    pub(super) const ENVIRONMENT: &str = "environment";
    pub(super) const FILE: &str = "file";
    pub(super) const BUILT_IN: &str = "built in";
}

/// A setting that holds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Setting {
    /// Its name in the file.
    pub(crate) name: &'static str,
    /// Its value; none if there is none, and commands choose.
    pub(crate) value: Option<String>,
    /// Where that comes from.
    pub(crate) source: &'static str,
}

/// All settings that hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    path: Option<PathBuf>,
    exists: bool,
    all: Vec<Setting>,
}

impl Settings {
    /// Those of a command line, whose defaults are the configuration's by now.
    pub(crate) fn of(config: &Config, definition: &Command, matches: &ArgMatches) -> Self {
        let setting = |name| {
            let (value, source) = config.holding(name, definition, matches);
            Setting {
                name,
                value,
                source,
            }
        };
        Self {
            path: config.path.clone(),
            exists: config.exists,
            all: SETTINGS.into_iter().map(setting).collect(),
        }
    }

    /// Where the file is, or would be; none if none is to be read.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Whether there is a file.
    pub(crate) const fn exists(&self) -> bool {
        self.exists
    }

    /// Each of them.
    pub(crate) fn all(&self) -> &[Setting] {
        &self.all
    }
}

impl Config {
    /// Where the file is: what the environment names, else the usual place.
    pub(crate) fn usual_path() -> Option<PathBuf> {
        match std::env::var_os(VARIABLE) {
            Some(named) if named.is_empty() => None,
            Some(named) => Some(PathBuf::from(named)),
            None => {
                let home = etcetera::base_strategy::Xdg::new().ok()?;
                Some(home.config_dir().join("sealbid").join("config.toml"))
            }
        }
    }

    /// Reads the file; there need not be one, unless the environment names it.
    ///
    /// # Errors
    /// Usage, with the line, if it is wrong; storage, if it cannot be read.
    pub(crate) fn load(path: Option<PathBuf>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if std::env::var_os(VARIABLE).is_some() {
                    let what = format!("{VARIABLE} names {}: {error}", path.display());
                    return Err(Failure::usage(what).with_code("config"));
                }
                return Ok(Self {
                    path: Some(path),
                    ..Self::default()
                });
            }
            Err(error) => {
                let what = format!("cannot read {}: {error}", path.display());
                return Err(Failure::storage(what).with_code("config"));
            }
        };
        let file = ConfigFile::parse(&text, path.parent().unwrap_or(Path::new("")));
        let file = file.map_err(|what| {
            Failure::usage(format!("{}: {what}", path.display()))
                .with_code("config")
                .advise(format!("known are {}", SETTINGS.join(", ")))
        })?;
        Ok(Self {
            path: Some(path),
            exists: true,
            file,
        })
    }

    /// What the file says of a setting.
    fn value(&self, setting: &str) -> Option<String> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        match setting {
            "dir" => path(&self.file.dir),
            "account" => path(&self.file.account),
            "deadline" => self.file.deadline.clone(),
            "valid_for" => self.file.valid_for.map(|rounds| rounds.to_string()),
            "reveal" => {
                let value = clap::ValueEnum::to_possible_value(&self.file.reveal?)?;
                Some(value.get_name().to_owned())
            }
            _ => None,
        }
    }

    /// The command line with these settings as its defaults, and with the account's variable.
    pub(crate) fn apply(&self, command: Command) -> Command {
        let command = command.mut_args(|arg| self.apply_to(arg));
        command.mut_subcommands(|sub| {
            // By name, since others have arguments of these names that mean something else.
            if TRADING.contains(&sub.get_name()) {
                self.apply_within(sub)
            } else {
                sub
            }
        })
    }

    fn apply_within(&self, command: Command) -> Command {
        command
            .mut_subcommands(|sub| self.apply_within(sub))
            .mut_args(|arg| self.apply_to(arg))
    }

    fn apply_to(&self, arg: Arg) -> Arg {
        let path = |arg: Arg, path: &Option<PathBuf>| match path {
            Some(path) => arg.default_value(OsStr::from(path.as_os_str().to_owned())),
            None => arg,
        };
        let name = arg.get_id().to_string();
        match name.as_str() {
            "dir" => path(arg, &self.file.dir),
            "account" => {
                let arg = arg.env(ACCOUNT_VARIABLE).hide_env_values(true);
                path(arg, &self.file.account)
            }
            _ => match self.value(&name) {
                Some(value) => arg.default_value(value),
                None => arg,
            },
        }
    }

    /// The value of a setting, and where it comes from.
    fn holding(
        &self,
        name: &str,
        definition: &Command,
        matches: &ArgMatches,
    ) -> (Option<String>, &'static str) {
        let text = |value: &std::ffi::OsStr| value.to_string_lossy().into_owned();
        // The one that this very command has taken, whichever it is.
        if name == "dir" {
            let value = matches.get_raw(name).and_then(|mut values| values.next());
            let source = match matches.value_source(name) {
                Some(ValueSource::CommandLine) => source::OPTION,
                Some(ValueSource::EnvVariable) => source::ENVIRONMENT,
                _ if self.file.dir.is_some() => source::FILE,
                _ => source::BUILT_IN,
            };
            return (value.map(text), source);
        }
        if name == "account"
            && let Some(account) = std::env::var_os(ACCOUNT_VARIABLE)
        {
            return (Some(text(&account)), source::ENVIRONMENT);
        }
        // Of the others the defaults, as a swap would take them.
        let swap = definition.find_subcommand("swap");
        let arg = swap.and_then(|swap| swap.get_arguments().find(|arg| arg.get_id() == name));
        let value = arg.and_then(|arg| arg.get_default_values().first());
        let source = match self.value(name) {
            Some(_) => source::FILE,
            None => source::BUILT_IN,
        };
        (value.map(|value| text(value)), source)
    }
}

impl ConfigFile {
    /// Paths are taken from the file's own directory, or from the home directory with `~/`.
    fn parse(text: &str, directory: &Path) -> Result<Self, String> {
        let mut file: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for path in [&mut file.dir, &mut file.account].into_iter().flatten() {
            *path = match path.strip_prefix("~") {
                Ok(rest) => etcetera::home_dir()
                    .map_err(|error| format!("{}: {error}", path.display()))?
                    .join(rest),
                // An absolute path stays what it is.
                Err(_) => directory.join(&*path),
            };
        }
        Ok(file)
    }
}

/// As it is written, once it is known to be one: help shows it so.
fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let _: Duration =
        sealbid_keygen::command::values::duration(&text).map_err(de::Error::custom)?;
    Ok(Some(text))
}

fn rounds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let rounds = u64::deserialize(deserializer)?;
    if (1..=MOST_ROUNDS).contains(&rounds) {
        return Ok(Some(rounds));
    }
    let what = format!("{rounds} is not between 1 and {MOST_ROUNDS}");
    Err(de::Error::custom(what))
}
