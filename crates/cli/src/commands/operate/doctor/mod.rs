//! `sealbid doctor`: what is wrong here, and what to type next.
//!
//! It looks and changes nothing. What it can look at depends on where it is run: a trader has a
//! committee file, a member's operator a directory as well, and `up` a whole house.

mod check;
mod house;
mod member;

use std::path::{Path, PathBuf};

use clap::Args;
use sealbid_client::CommitteeFile;
use sealbid_keygen::{HouseDir, MemberDir};
use sealbid_node::MemberConfig;

use self::check::{Check, Level};
use crate::context::{Context, blocking};
use crate::exit::Failure;

/// Look at everything that a house or a member needs, and say what to do
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    sealbid doctor                            # the house in ./house, whoever runs it\n  \
    sealbid doctor member-1                   # a member's directory, or its member.toml\n  \
    sealbid doctor --passphrase-file FILE     # opens the members' keys too\n\n\
    It changes nothing, and works with the house down and with a committee file alone. It exits \
    with 0 if nothing fails, and else with the code of the first thing that does.")]
pub(crate) struct DoctorArgs {
    /// A house directory, a member's directory, or its member.toml [default: --dir]
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
}

/// What there is to look at.
struct Patient {
    committee: PathBuf,
    /// The house directory, if there is a whole one.
    house: Option<HouseDir>,
    /// Configurations of members.
    members: Vec<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(args: DoctorArgs, context: &Context) -> Result<(), Failure> {
    let path = args.path.unwrap_or_else(|| context.dir().to_owned());
    let patient = Patient::at(&path);
    let mut checks = vec![Check::ok(
        "program",
        format!("version {}", env!("CARGO_PKG_VERSION")),
    )];
    let file = patient.committee.clone();
    let loaded = blocking(move || CommitteeFile::load(&file)).await?;
    checks.push(house::committee(&patient.committee, loaded.as_ref()));
    checks.extend(patient.house.as_ref().map(house::tokens));
    if let Ok(committee) = &loaded {
        checks.extend(house::network(committee, patient.directory()).await?);
    }
    // One after the other: each reads a whole store, and stretches a passphrase.
    for config in patient.members {
        let (source, loaded) = (context.passphrase_source(), loaded.as_ref().ok().cloned());
        let look = move || member::checks(&config, &source, loaded.as_ref());
        checks.extend(blocking(look).await?);
    }
    checks.extend(patient.house.as_ref().into_iter().flat_map(house::tickets));
    conclude(&checks, context)
}

impl Patient {
    /// Where its committee file lies.
    fn directory(&self) -> &Path {
        self.committee.parent().unwrap_or(Path::new("."))
    }

    fn at(path: &Path) -> Self {
        let alone = |config: PathBuf| {
            // What is wrong with the file is told when it is looked at.
            let named = MemberConfig::load(&config).map(|config| config.committee);
            let beside = config.with_file_name("..").join("committee.json");
            Self {
                committee: named.unwrap_or(beside),
                house: None,
                members: vec![config],
            }
        };
        if path.is_file() {
            return alone(path.to_owned());
        }
        let config = MemberDir::new(path).config();
        if config.exists() {
            return alone(config);
        }
        let house = HouseDir::new(path);
        let members = house.members().unwrap_or_default();
        let configs = members
            .into_iter()
            .map(|index| house.member(index).config());
        Self {
            committee: house.committee(),
            members: configs.collect(),
            house: Some(house),
        }
    }
}

fn conclude(checks: &[Check], context: &Context) -> Result<(), Failure> {
    let count = |level| checks.iter().filter(|check| check.level == level).count();
    let (failed, warned) = (count(Level::Fail), count(Level::Warn));
    let object = serde_json::json!({ "ok": failed == 0, "checks": checks });
    context.console().result(&object, || {
        let lines: Vec<String> = checks.iter().map(ToString::to_string).collect();
        lines.join("\n")
    });
    let first = checks.iter().find_map(|check| check.exit);
    match first {
        None => Ok(()),
        Some(exit) => {
            let message = format!("{failed} of {} checks fail, {warned} warn", checks.len());
            Err(Failure::new(exit, message).reported())
        }
    }
}
