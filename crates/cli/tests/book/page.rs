//! A page: its code blocks in order, and what the page's comments say of each.
//!
//! A block says by its language what it is: `sh` is run, `output` is what the `sh` block before it
//! printed, all else is only looked at. A comment (`<!-- until: the house is open -->`, one `key: value`
//! a line) directly above a block says how.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The terminal in which a block runs that names none.
const FIRST_TERMINAL: &str = "first";

/// A page of the book, or the README.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
    pub(crate) line: usize,
    pub(crate) notes: Notes,
}

/// What the comment above a block says.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Why the block is not run, or not compared.
    pub(crate) not_run: Option<String>,
    pub(crate) not_compared: Option<String>,
    /// The terminal in which it is typed.
    pub(crate) terminal: Option<String>,
    /// It goes on: the next block comes once this is printed.
    pub(crate) until: Option<String>,
    /// What is typed at its prompts, in order.
    pub(crate) types: Vec<String>,
    /// A terminal in which Ctrl-C is typed before.
    pub(crate) interrupts: Option<String>,
    /// How it ends; 0 unless said.
    pub(crate) exits: Option<i32>,
    /// The file of the repository that has these very lines.
    pub(crate) file: Option<String>,
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Page {
    pub(crate) fn read(name: &str) -> Self {
        let text = fs::read_to_string(root().join(name)).unwrap();
        let blocks = blocks(name, &text);
        let name = name.to_owned();
        Self { name, blocks }
    }

    /// The README, and every page in `docs/`.
    pub(crate) fn all() -> Vec<Self> {
        let mut names = vec!["README.md".to_owned()];
        names.extend(pages_of_the_book());
        names.iter().map(|name| Self::read(name)).collect()
    }

    /// Where a block is.
    pub(crate) fn place(&self, block: &Block) -> String {
        format!("{}:{}", self.name, block.line)
    }
}

/// The pages in `docs/`, sorted.
pub(crate) fn pages_of_the_book() -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(root()).unwrap();
                names.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

impl Block {
    pub(crate) fn terminal(&self) -> &str {
        self.notes.terminal.as_deref().unwrap_or(FIRST_TERMINAL)
    }

    pub(crate) fn is_run(&self) -> bool {
        self.language == "sh" && self.notes.not_run.is_none()
    }

    /// Whether it shows a command of ours being typed. Help texts indent their examples.
    pub(crate) fn has_command(&self) -> bool {
        let is_command = |line: &str| line.starts_with("sealbid ");
        self.text.lines().any(is_command)
    }
}

fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut notes = Notes::default();
    let mut open: Option<(String, String)> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Html(comment) => notes.read(page, &comment),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                open = Some((info.to_string(), String::new()));
            }
            // Indented: bytes and formulas in a text, nothing to type.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => {
                open = Some(("text".to_owned(), String::new()));
            }
            Event::Text(more) if open.is_some() => {
                open.as_mut().unwrap().1.push_str(&more);
            }
            Event::End(TagEnd::CodeBlock) => {
                let (language, content) = open.take().unwrap();
                found.push(Block {
                    language,
                    text: content,
                    line: line_of(text, &range),
                    notes: std::mem::take(&mut notes),
                });
            }
            Event::Start(Tag::Paragraph | Tag::Heading { .. } | Tag::List(_)) => {
                notes = Notes::default();
            }
            _ => (),
        }
    }
    found
}

fn line_of(text: &str, range: &Range<usize>) -> usize {
    text[..range.start].lines().count() + 1
}

impl Notes {
    fn read(&mut self, page: &str, comment: &str) {
        let inner = comment
            .trim()
            .trim_start_matches("<!--")
            .trim_end_matches("-->");
        for line in inner.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let Some((key, value)) = line.split_once(": ") else {
                panic!("{page}: neither `key: value` nor a comment for a block: {line:?}");
            };
            let value = value.trim().to_owned();
            match key {
                "not run" => self.not_run = Some(value),
                "not compared" => self.not_compared = Some(value),
                "in" => self.terminal = Some(value),
                "until" => self.until = Some(value),
                "types" => self.types = value.split(", ").map(str::to_owned).collect(),
                "interrupts" => self.interrupts = Some(value),
                "exits" => self.exits = Some(value.parse().unwrap()),
                "file" => self.file = Some(value),
                _ => panic!("{page}: nothing reads {key:?}"),
            }
        }
    }
}
