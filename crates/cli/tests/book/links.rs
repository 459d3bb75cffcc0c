//! Every relative link resolves, with its anchor, and the book's table of contents has every page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::page::{pages_of_the_book, root};

/// The book's table of contents.
const SUMMARY: &str = "docs/SUMMARY.md";

/// Pages beside the book's own.
const OTHER_PAGES: [&str; 4] = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
];

struct Links {
    targets: Vec<String>,
    anchors: BTreeSet<String>,
}

fn links(name: &str) -> Links {
    let text = std::fs::read_to_string(root().join(name)).unwrap();
    let (mut targets, mut anchors) = (Vec::new(), BTreeSet::new());
    let mut heading: Option<String> = None;
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push(dest_url.to_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(more) | Event::Code(more) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&more);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap());
                let time = times.entry(anchor.clone()).or_default();
                let suffix = if *time == 0 {
                    String::new()
                } else {
                    format!("-{time}")
                };
                anchors.insert(anchor + &suffix);
                *time += 1;
            }
            _ => (),
        }
    }
    Links { targets, anchors }
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        _ if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
        _ => None,
    });
    kept.collect()
}

/// A path relative to the root, without `..`.
fn resolved(from: &str, target: &str) -> PathBuf {
    let mut path = PathBuf::new();
    let folder = Path::new(from).parent().unwrap();
    for part in folder.join(target).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{from}: {target} leaves the repository"),
            Component::Normal(name) => path.push(name),
            _ => (),
        }
    }
    path
}

#[test]
fn every_link_resolves() {
    let mut pages = pages_of_the_book();
    pages.extend(OTHER_PAGES.map(str::to_owned));
    let mut checked = 0;
    for page in &pages {
        for target in links(page).targets {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() {
                PathBuf::from(page)
            } else {
                resolved(page, path)
            };
            assert!(root().join(&file).exists(), "{page}: {target} is not there");
            let has_anchor = || links(file.to_str().unwrap()).anchors.contains(anchor);
            assert!(
                anchor.is_empty() || has_anchor(),
                "{page}: no heading {target}"
            );
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked} links");
}

#[test]
fn the_table_of_contents_has_every_page_once() {
    let named = links(SUMMARY).targets;
    let mut named: Vec<PathBuf> = named
        .iter()
        .map(|target| resolved(SUMMARY, target))
        .collect();
    named.sort();
    let mut pages = pages_of_the_book();
    pages.retain(|page| page != SUMMARY);
    let pages: Vec<PathBuf> = pages.iter().map(PathBuf::from).collect();
    assert_eq!(named, pages);
}

#[test]
fn anchors_are_made_as_readers_find_them() {
    assert_eq!(anchor("Whom to trust"), "whom-to-trust");
    assert_eq!(anchor("3.1 What `u` is for"), "31-what-u-is-for");
}
