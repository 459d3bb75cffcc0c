//! The reference of all commands, `docs/reference.md`: what `--help` says, on one page.

use core::fmt::Write;
use std::path::Path;

use clap::{Command, CommandFactory, Id};
use snapbox::Data;
use snapbox::data::DataFormat;

use crate::args::Cli;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference.md");

const INTRODUCTION: &str = "\
# Commands

What `--help` says of each command, written by `cargo xtask reference`; a test compares it with the program. The options for
every command stand in the first block only.
";

/// As wide as help is written anywhere.
const WIDTH: usize = 100;

fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut root = Cli::command();
    let globals = root.get_arguments().filter(|it| it.is_global_set());
    let globals: Vec<Id> = globals.map(|it| it.get_id().clone()).collect();
    root.build();
    write_command(&root, "sealbid", &[], &globals, &mut page);
    page
}

/// Writes a command without the arguments `hidden`, and those below it without `globals`.
fn write_command(command: &Command, path: &str, hidden: &[Id], globals: &[Id], page: &mut String) {
    // Not by whether it is global: a group of commands has options for all of its own.
    let hide = |argument: clap::Arg| {
        let hide = argument.is_hide_set() || hidden.contains(argument.get_id());
        argument.hide(hide)
    };
    let mut own = command.clone().term_width(WIDTH).mut_args(hide);
    let help = own.render_long_help().to_string();
    let lines = help.trim_end().lines().map(str::trim_end);
    let help: String = lines.map(|line| format!("{line}\n")).collect();
    // Writing to a string does not fail.
    let _ = write!(page, "\n## {path}\n\n```text\n{help}```\n");
    for sub in command.get_subcommands() {
        if !sub.is_hide_set() && sub.get_name() != "help" {
            let path = format!("{path} {}", sub.get_name());
            write_command(sub, &path, globals, globals, page);
        }
    }
}

#[test]
fn the_reference_is_current() {
    let page = Data::read_from(Path::new(PAGE), Some(DataFormat::Text)).raw();
    snapbox::assert_data_eq!(reference(), page);
}
