//! What is published builds by itself.
//!
//! Each package is made as `cargo publish` would upload it and unpacked, and all of them are built
//! beside each other with nothing of this repository around them: a file that is left out, a
//! dependency without a version, or a path that leads out of a package, fails here. What is built
//! of others is taken from `target/`.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::CommandLine;
use super::error::StepError;
use super::steps::Step;
use super::{Ended, Summary, root};

/// Where packages may be.
const ROOMS: [&str; 3] = ["crates", "keygen", "node"];

/// Files that each package needs, whatever else is in it.
const NEEDED: [&str; 3] = ["Cargo.toml", "README.md", "src/lib.rs"];

pub(super) fn check(_: &Step, _: &mut Summary) -> Result<Ended, StepError> {
    let names = published()?;
    let selected: Vec<_> = names.iter().map(|name| format!("-p {name}")).collect();
    let package = format!(
        "cargo package --locked --allow-dirty --no-verify {}",
        selected.join(" ")
    );
    CommandLine::new(package).run()?;
    let unpacked = root().join("target/unpacked");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).map_err(|source| unreadable(&unpacked, source))?;
    }
    fs::create_dir_all(&unpacked).map_err(|source| unreadable(&unpacked, source))?;
    for name in &names {
        unpack(name, &unpacked)?;
    }
    write_workspace(&names, &unpacked)?;
    CommandLine::new(
        "cargo check --workspace --manifest-path target/unpacked/Cargo.toml --target-dir target",
    )
    .run()?;
    println!("{} packages build by themselves", names.len());
    Ok(Ended::Done)
}

fn unreadable(path: &Path, source: std::io::Error) -> StepError {
    let path = path.display().to_string();
    StepError::Read { path, source }
}

/// The names of packages that their manifests set to be published.
fn published() -> Result<Vec<String>, StepError> {
    let mut names = Vec::new();
    for room in ROOMS {
        let room = root().join(room);
        for folder in folders(&room)? {
            let manifest = folder.join("Cargo.toml");
            let Ok(text) = fs::read_to_string(&manifest) else {
                continue;
            };
            let name = text.lines().find_map(|line| line.strip_prefix("name = \""));
            if let (Some(name), true) = (name, text.lines().any(|line| line == "publish = true")) {
                names.push(name.trim_end_matches('"').to_owned());
            }
        }
    }
    if names.is_empty() {
        return Err(StepError::Found("nothing is to be published".to_owned()));
    }
    Ok(names)
}

/// A folder, and those in it.
fn folders(room: &Path) -> Result<Vec<PathBuf>, StepError> {
    let mut folders = vec![room.to_owned()];
    for entry in fs::read_dir(room).map_err(|source| unreadable(room, source))? {
        folders.push(entry.map_err(|source| unreadable(room, source))?.path());
    }
    folders.sort();
    Ok(folders)
}

fn unpack(name: &str, into: &Path) -> Result<(), StepError> {
    let version = env!("CARGO_PKG_VERSION");
    let (archive, folder) = (
        format!("target/package/{name}-{version}.crate"),
        into.join(format!("{name}-{version}")),
    );
    CommandLine::new(format!("tar -xzf {archive} -C target/unpacked")).run()?;
    // Its own lock file knows nothing of the others, which are in no registry yet.
    let _ = fs::remove_file(folder.join("Cargo.lock"));
    for file in NEEDED {
        if !folder.join(file).is_file() {
            let text = format!("{name} is packaged without {file}");
            return Err(StepError::Found(text));
        }
    }
    Ok(())
}

/// One workspace of all of them, with the lock file and the profiles of this one.
fn write_workspace(names: &[String], unpacked: &Path) -> Result<(), StepError> {
    let version = env!("CARGO_PKG_VERSION");
    let mut text =
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n\n[patch.crates-io]\n".to_owned();
    for name in names {
        text.push_str(&format!("{name} = {{ path = \"{name}-{version}\" }}\n"));
    }
    let manifest = root().join("Cargo.toml");
    let own = fs::read_to_string(&manifest).map_err(|source| unreadable(&manifest, source))?;
    let profiles = own.find("[profile.").and_then(|at| own.get(at..));
    text.push('\n');
    text.push_str(&profiles_of_others(profiles.unwrap_or_default()));
    let write = |name: &str, text: &[u8]| {
        let path = unpacked.join(name);
        fs::write(&path, text).map_err(|source| unreadable(&path, source))
    };
    write("Cargo.toml", text.as_bytes())?;
    let lock = root().join("Cargo.lock");
    let lock = fs::read(&lock).map_err(|source| unreadable(&lock, source))?;
    write("Cargo.lock", &lock)
}

/// Profiles, so that what is built of others serves again; not those of packages of ours that are
/// not among these.
fn profiles_of_others(text: &str) -> String {
    let mut keeps = true;
    let mut kept = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            keeps = !line.contains(".sealbid-");
        }
        if keeps {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::{profiles_of_others, published};

    #[test]
    fn what_is_published_is_found() {
        let names = published().unwrap();
        for name in ["sealbid-client", "sealbid-solver", "sealbid-node"] {
            assert!(names.iter().any(|it| it == name), "{name}: {names:?}");
        }
        assert!(names.iter().all(|it| it != "sealbid-tests"));
    }

    #[test]
    fn profiles_of_ours_are_left_out() {
        let text = "[profile.dev]\na = 1\n[profile.dev.package.sealbid-dkg]\nb = 2\n[profile.dev.package.blst]\nc = 3\n";
        let kept = profiles_of_others(text);
        assert!(kept.contains("a = 1") && kept.contains("c = 3"), "{kept}");
        assert!(!kept.contains("b = 2"), "{kept}");
    }
}
