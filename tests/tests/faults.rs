//! What docs/faults.md names is there: each test, ingredient, invariant, sabotage, and configuration of
//! the model. A name that is misspelt, or of something that is gone, fails.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sealbid_tests::house::Way;
use sealbid_tests::house::sabotage::Sabotage;

/// Where the names of faults, of other ingredients and of what strangers do are written.
const INGREDIENTS: [&str; 3] = [
    "tests/src/house/faults.rs",
    "tests/src/house/swarm/ingredient.rs",
    "tests/src/house/swarm/strangers.rs",
];

/// Folders that are not looked into. The stand-in's crates are other crates' sources.
const PASSED_OVER: [&str; 3] = ["target", ".git", "linear"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// A list of an entry: its heading, of what kind it is, and what stands in its code spans.
struct List {
    entry: String,
    kind: String,
    names: Vec<String>,
}

/// The lists of all entries, in order.
fn lists(page: &str) -> Vec<List> {
    let (mut entry, mut lists) = (String::new(), Vec::<(String, String)>::new());
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            heading.clone_into(&mut entry);
        } else if line.starts_with("- ") && !entry.is_empty() {
            lists.push((entry.clone(), line.to_owned()));
        } else if line.starts_with("  ")
            && let Some((_, list)) = lists.last_mut()
        {
            *list = format!("{list} {}", line.trim());
        }
    }
    let split = |(entry, list): (String, String)| {
        let (kind, names) = list.trim_start_matches("- ").split_once(": ").unwrap();
        List {
            entry,
            kind: kind.to_owned(),
            // A name is between two marks: every second piece.
            names: names
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect(),
        }
    };
    lists.into_iter().map(split).collect()
}

/// All files below a folder whose name ends so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !PASSED_OVER.contains(&name) {
            found.extend(files(&path, ending));
        } else if path.is_file() && name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// The modules that lead to a file, from the root of its crate.
fn modules(folder: &Path, file: &Path) -> Vec<String> {
    let path = file.strip_prefix(folder).unwrap().with_extension("");
    let mut modules: Vec<String> = path
        .iter()
        .map(|part| part.to_str().unwrap().to_owned())
        .collect();
    if matches!(
        modules.last().map(String::as_str),
        Some("mod" | "main" | "lib")
    ) {
        modules.pop();
    }
    modules
}

/// The tests of a file, with the modules within it.
fn tests_of(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let (mut inner, mut is_test, mut tests) = (String::new(), false, Vec::new());
    for line in text.lines() {
        if let Some(module) = line
            .strip_prefix("mod ")
            .and_then(|it| it.strip_suffix(" {"))
        {
            inner = format!("{module}::");
        } else if line == "}" {
            inner.clear();
        }
        let line = line.trim_start();
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        let function = line.strip_prefix("async ").unwrap_or(line);
        if let Some(function) = function.strip_prefix("fn ") {
            if is_test {
                let (name, _) = function.split_once('(').unwrap();
                tests.push(format!("{inner}{name}"));
            }
            is_test = false;
        }
    }
    tests
}

/// All tests of the repository, as `cargo nextest list` names them.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for manifest in files(&root(), "Cargo.toml") {
        let text = fs::read_to_string(&manifest).unwrap();
        let name = text.lines().find_map(|line| line.strip_prefix("name = "));
        let Some(package) = name.map(|name| name.trim_matches('"')) else {
            continue;
        };
        let folder = manifest.parent().unwrap();
        let mut add = |binary: &str, modules: Vec<String>, file: &Path| {
            for test in tests_of(file) {
                let path = [modules.as_slice(), &[test]].concat().join("::");
                tests.insert(format!("{binary} {path}"));
            }
        };
        let sources = folder.join("src");
        let own = if sources.join("lib.rs").exists() {
            package.to_owned()
        } else {
            format!("{package}::bin/{package}")
        };
        for file in files(&sources, ".rs") {
            add(&own, modules(&sources, &file), &file);
        }
        let binaries = folder.join("tests");
        for file in files(&binaries, ".rs") {
            let mut modules = modules(&binaries, &file);
            // The first is the binary: a file, or a folder.
            let binary = format!("{package}::{}", modules.remove(0));
            add(&binary, modules, &file);
        }
    }
    tests
}

/// Whether the model has a configuration, and is tried without what stands after the colon.
fn is_modelled(name: &str) -> bool {
    let (configuration, sabotage) = name.split_once(": ").unwrap_or((name, ""));
    let config = format!("docs/model/{configuration}.cfg");
    let tried = format!("\n{configuration}|{sabotage}|");
    root().join(config).exists()
        && (sabotage.is_empty() || read("docs/model/check").contains(&tried))
}

#[test]
fn what_the_page_of_faults_names_is_there() {
    let (page, tests) = (read("docs/faults.md"), tests());
    let asked = read("tests/src/house/invariants/watch.rs");
    let ingredients = INGREDIENTS.map(read).concat();
    let lists = lists(&page);
    let is_there = |kind: &str, name: &str| match kind {
        "Tests" => tests.contains(name),
        "Simulator" => {
            Way::all().any(|way| way.name() == name) || ingredients.contains(&format!("\"{name}\""))
        }
        // Not every file there is one that is asked.
        "Invariants" => asked.contains(&format!("Box::new({name}::")),
        "Sabotages" => Sabotage::named(name).is_some(),
        "Model" => is_modelled(name),
        _ => false,
    };
    let wrong: Vec<_> = lists
        .iter()
        .flat_map(|list| list.names.iter().map(move |name| (list, name)))
        .filter(|(list, name)| !is_there(&list.kind, name))
        .map(|(list, name)| format!("{}: {}: {name}", list.entry, list.kind))
        .collect();
    assert!(wrong.is_empty(), "not there:\n{}", wrong.join("\n"));
    // Every entry names a test.
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    for heading in headings {
        let of = |list: &&List| list.entry == heading && list.kind == "Tests";
        let names = lists.iter().find(of).map_or(0, |list| list.names.len());
        assert!(names > 0, "{heading}: no test");
    }
    assert!(lists.len() > 60, "{} lists", lists.len());
}
