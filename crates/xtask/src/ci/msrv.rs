//! The oldest toolchain: `rust-version` of the workspace.
//!
//! Clippy refuses what the standard library has only since later (`incompatible_msrv`), and nothing
//! in the lock file may ask for more. Where rustup has that toolchain, all of it is built too; it is
//! never downloaded for that.

use serde::Deserialize;

use super::command::{CommandLine, is_at_hand};
use super::error::StepError;
use super::steps::Step;
use super::{Ended, Summary};

/// The command is the workspace's own crate whose version counts: all inherit one.
const OURS: &str = "sealbid";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    rust_version: Option<String>,
}

pub(super) fn check(_: &Step, _: &mut Summary) -> Result<Ended, StepError> {
    let command = "cargo metadata --locked --format-version 1 \
                   --filter-platform x86_64-unknown-linux-gnu";
    let text = CommandLine::new(command).read()?;
    let metadata: Metadata = serde_json::from_str(&text).map_err(|source| StepError::Output {
        command: command.to_owned(),
        source,
    })?;
    let oldest = oldest_allowed(&metadata)
        .ok_or_else(|| StepError::Found("the workspace names no rust-version".to_owned()))?;
    let newer = asking_for_more(&metadata, &oldest);
    if !newer.is_empty() {
        let newer = newer.join("\n");
        let text = format!("newer than rust-version {oldest}:\n{newer}");
        return Err(StepError::Found(text));
    }
    println!("nothing in the lock file asks for more than {oldest}");
    build(&oldest)
}

fn build(oldest: &str) -> Result<Ended, StepError> {
    let lacks = |what: &str| Ok(Ended::Skipped(format!("not built: {what}")));
    if !is_at_hand("rustup") {
        return lacks("rustup is not at hand");
    }
    let list = CommandLine::new("rustup toolchain list").read()?;
    let Some(toolchain) = installed(&list, oldest) else {
        return lacks(&format!("rustup has no toolchain {oldest}"));
    };
    // A folder of its own: the other toolchain's files would be thrown away each time.
    let check = "cargo check --workspace --locked --target-dir target/oldest";
    CommandLine::new(format!("rustup run {toolchain} {check}")).run()?;
    Ok(Ended::Done)
}

fn oldest_allowed(metadata: &Metadata) -> Option<String> {
    let mut packages = metadata.packages.iter();
    packages
        .find(|package| package.name == OURS)?
        .rust_version
        .clone()
}

fn asking_for_more(metadata: &Metadata, oldest: &str) -> Vec<String> {
    let asks = |package: &&Package| {
        let asked = package.rust_version.as_deref();
        asked.is_some_and(|asked| numbers(asked) > numbers(oldest))
    };
    let packages = metadata.packages.iter().filter(asks);
    let say = |package: &Package| {
        let asked = package.rust_version.as_deref().unwrap_or_default();
        format!("  {} {} asks for {asked}", package.name, package.version)
    };
    packages.map(say).collect()
}

/// The toolchain of this version, any patch, among those that `rustup toolchain list` prints.
fn installed<'a>(list: &'a str, version: &str) -> Option<&'a str> {
    let mut names = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let is_it = |name: &&str| {
        let own = name.split('-').next().unwrap_or_default();
        own == version || own.starts_with(&format!("{version}."))
    };
    names.rfind(is_it)
}

/// A version's numbers, missing ones as 0: `1.93` is `1.93.0`.
fn numbers(version: &str) -> [u64; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(asks: &[(&str, Option<&str>)]) -> Metadata {
        let package = |(name, asks): &(&str, Option<&str>)| Package {
            name: (*name).to_owned(),
            version: "1.0.0".to_owned(),
            rust_version: asks.map(str::to_owned),
        };
        Metadata {
            packages: asks.iter().map(package).collect(),
        }
    }

    #[test]
    fn a_dependency_that_asks_for_more_is_named() {
        let asks = [(OURS, Some("1.93")), ("old", Some("1.9")), ("none", None)];
        let mut fits = metadata(&asks);
        let oldest = oldest_allowed(&fits).unwrap();
        assert_eq!(asking_for_more(&fits, &oldest), Vec::<String>::new());
        fits.packages
            .extend(metadata(&[("new", Some("1.93.1"))]).packages);
        assert_eq!(
            asking_for_more(&fits, &oldest),
            ["  new 1.0.0 asks for 1.93.1"]
        );
    }

    #[test]
    fn a_toolchain_is_found_by_its_version_alone() {
        let list = "stable-x86_64-unknown-linux-gnu (active, default)\n\
                    1.9.0-x86_64-unknown-linux-gnu\n1.93.1-x86_64-unknown-linux-gnu\n";
        assert_eq!(
            installed(list, "1.93"),
            Some("1.93.1-x86_64-unknown-linux-gnu")
        );
        assert_eq!(installed(list, "1.94"), None);
    }
}
