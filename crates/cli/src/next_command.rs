//! The command to type next, so that it works as it is printed.
//!
//! Advice names commands: `sealbid status 2faa8d3c`. Whoever has named a house or an account on the
//! command line has to name it again, so what was typed is put into each command that takes it. What
//! the environment or the configuration say holds for the next command too.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// The program's own name, with which commands begin.
const PROGRAM: &str = "sealbid ";

/// The arguments that the next command needs again.
const AGAIN: [&str; 3] = ["account", "identity", "committee"];

/// What was typed, to be typed again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// `--dir DIR`, which every command takes.
    dir: Option<String>,
    /// The others, each with the commands that take it.
    others: Vec<Again>,
    /// The first words of all commands.
    commands: Vec<String>,
}

/// An argument of some commands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Again {
    /// `--account FILE`.
    argument: String,
    /// `swap`, `account show`.
    commands: Vec<String>,
}

impl Typed {
    /// What was given on this command line.
    pub(crate) fn of(definition: &Command, matches: &ArgMatches) -> Self {
        // Of a global option the innermost level knows.
        let mut innermost = matches;
        while let Some((_, inner)) = innermost.subcommand() {
            innermost = inner;
        }
        let argument = |id: &str| {
            let given = innermost.try_contains_id(id).is_ok()
                && innermost.value_source(id) == Some(ValueSource::CommandLine);
            let value = given.then(|| innermost.get_raw(id)?.next()).flatten()?;
            let value = value.to_str()?;
            // What cannot be quoted cannot be typed either.
            Some(format!("--{id} {}", shlex::try_quote(value).ok()?))
        };
        let again = |id: &&str| {
            let mut commands = Vec::new();
            taking(id, definition, "", &mut commands);
            Some(Again {
                argument: argument(id)?,
                commands,
            })
        };
        Self {
            dir: argument("dir"),
            others: AGAIN.iter().filter_map(again).collect(),
            commands: definition
                .get_subcommands()
                .map(|sub| sub.get_name().to_owned())
                .collect(),
        }
    }

    /// The text, with what was typed in each of the commands that it names: those in backquotes, and
    /// those that a line ends with.
    pub(crate) fn complete(&self, text: &str) -> String {
        let mut completed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(PROGRAM) {
            let (before, from) = rest.split_at(at);
            completed.push_str(before);
            let command = from.get(PROGRAM.len()..).unwrap_or_default();
            completed.push_str(PROGRAM);
            rest = if self.is_command(before, command) {
                self.insert(command, &mut completed)
            } else {
                command
            };
        }
        completed.push_str(rest);
        completed
    }

    /// Whether this names a command, and not the program in prose, or another of its name.
    fn is_command(&self, before: &str, command: &str) -> bool {
        let last = before.chars().next_back();
        let begins = last.is_none_or(|last| last == '`' || last.is_whitespace());
        let word = command.split([' ', '`', '\n', '.', ',']).next();
        let is_known = |word: &str| word == "--dir" || self.commands.iter().any(|it| it == word);
        begins && word.is_some_and(is_known)
    }

    /// Writes the beginning of a command, with what it needs, and gives what is left of it.
    fn insert<'a>(&self, command: &'a str, completed: &mut String) -> &'a str {
        let mut rest = command;
        let line = command.split(['`', '\n']).next().unwrap_or_default();
        let named = line.strip_prefix("--dir ").and_then(|it| it.find(' '));
        if let Some(length) = named {
            // Another house is meant, or this one is named already.
            let (house, words) = rest.split_at("--dir ".len() + length + 1);
            completed.push_str(house);
            rest = words;
        } else if let Some(dir) = self.dir.as_ref().filter(|_| !line.contains("--dir")) {
            completed.push_str(dir);
            completed.push(' ');
        }
        for again in &self.others {
            let option = again.argument.split(' ').next().unwrap_or_default();
            let Some(length) = again.taker(rest).filter(|_| !line.contains(option)) else {
                continue;
            };
            let (words, after) = rest.split_at(length);
            completed.push_str(words);
            completed.push(' ');
            completed.push_str(&again.argument);
            rest = after;
        }
        rest
    }
}

impl Again {
    /// How long the words are of the command that begins here, if it takes this.
    fn taker(&self, text: &str) -> Option<usize> {
        let begins = |words: &&String| {
            let after = text.strip_prefix(words.as_str());
            after.is_some_and(|after| after.is_empty() || after.starts_with([' ', '`', '\n']))
        };
        let takers = self.commands.iter().filter(begins);
        takers.map(String::len).max()
    }
}

/// The commands that take an argument, by their words.
fn taking(id: &str, command: &Command, path: &str, found: &mut Vec<String>) {
    for sub in command.get_subcommands() {
        let path = format!("{path} {}", sub.get_name()).trim_start().to_owned();
        if sub.get_arguments().any(|arg| arg.get_id() == id) {
            found.push(path.clone());
        }
        taking(id, sub, &path, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::CommandFactory as _;

    fn typed(line: &str) -> Typed {
        let matches = Cli::command().get_matches_from(line.split(' '));
        Typed::of(&Cli::command(), &matches)
    }

    #[test]
    fn a_command_to_type_next_has_what_was_typed() {
        let swap = typed("sealbid --dir other swap 1 a b --min 1 --account my.json");
        for (text, completed) in [
            (
                "next  sealbid status 2f",
                "next  sealbid --dir other status 2f",
            ),
            (
                "make one: `sealbid account show`, or `sealbid rounds`",
                "make one: `sealbid --dir other account show --account my.json`, or \
                 `sealbid --dir other rounds`",
            ),
            (
                "sealbid intent swap 1 a b",
                "sealbid --dir other intent --account my.json swap 1 a b",
            ),
            ("sealbid --dir x orders", "sealbid --dir x orders"),
            (
                "another sealbid process, ./sealbid up",
                "another sealbid process, ./sealbid up",
            ),
        ] {
            assert_eq!(swap.complete(text), completed);
        }
    }

    #[test]
    fn nothing_is_added_that_nobody_has_typed() {
        let plain = typed("sealbid swap 1 a b --min 1");
        assert_eq!(plain.complete("`sealbid rounds`"), "`sealbid rounds`");
        let after = typed("sealbid orders --dir other");
        assert_eq!(after.complete("sealbid up"), "sealbid --dir other up");
        let matches = Cli::command().get_matches_from(["sealbid", "--dir", "my house", "orders"]);
        let spaces = Typed::of(&Cli::command(), &matches);
        assert_eq!(spaces.complete("sealbid up"), "sealbid --dir 'my house' up");
    }

    #[test]
    fn an_identity_is_named_again_where_one_is_needed() {
        let join = typed("sealbid --dir bob keygen join code --identity bob.key");
        let next = join.complete("Go on with: sealbid --dir bob keygen resume");
        // The house is there already, after which the command's words come.
        assert_eq!(
            next,
            "Go on with: sealbid --dir bob keygen resume --identity bob.key"
        );
    }
}
