//! What a heist shows at its end: both lanes side by side, and how to check it.

use std::path::{Path, PathBuf};

use sealbid_types::amount::Amount;
use serde::Serialize;

use super::super::report::{Report, cut};
use super::first_round::FirstRound;
use super::lanes::{Compared, Sums, UNIT, in_unit};
use super::second_round::SecondRound;
use crate::commands::operate::evidence;
use crate::context::Context;
use crate::exit::Failure;
use crate::tokens::Tokens;
use crate::ui::output::Columns;
use crate::ui::text::quoted;

/// What came of the attacks.
#[derive(Debug, Serialize)]
pub(super) struct Acts {
    #[serde(flatten)]
    pub(super) first: FirstRound,
    #[serde(flatten)]
    pub(super) second: SecondRound,
}

/// What both lanes came to.
#[derive(Debug, Serialize)]
pub(super) struct Lanes {
    /// In what the sums are.
    unit: &'static str,
    #[serde(flatten)]
    sums: Sums,
}

/// What a heist has done before its house is stopped.
pub(in super::super) struct Done {
    report: Report,
    acts: Acts,
    lanes: Lanes,
    orders: Vec<Compared>,
    tokens: Tokens,
}

/// The one object of `demo --heist --json`: the demo's own, and more.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    report: &'a Report,
    acts: &'a Acts,
    lanes: &'a Lanes,
    orders: &'a [Compared],
    /// Where the committee file, the records and the evidence are.
    directory: &'a Path,
    /// The proof against the forger.
    evidence: Option<&'a Path>,
    /// The commands that check all of it.
    audit: &'a [String],
}

impl Acts {
    /// What an attack has achieved that it should not have, or what was not tried.
    pub(super) fn problems(&self, quorum: usize) -> Vec<String> {
        let mut problems = self.first.problems();
        problems.extend(self.second.problems(quorum));
        problems
    }
}

impl Lanes {
    /// Those of these orders.
    pub(super) fn of(orders: &[Compared]) -> Self {
        Self {
            unit: UNIT,
            sums: Sums::of(orders),
        }
    }

    /// What is wrong with the comparison: it has to be one.
    pub(super) fn problems(&self, orders: &[Compared]) -> Vec<String> {
        let mut problems = Vec::new();
        if self.sums.taken.is_zero() {
            problems.push("the front-runner of the open lane took nothing".to_owned());
        }
        let short = |order: &&Compared| {
            let got = [order.open, order.sealed].into_iter().flatten();
            got.into_iter().any(|got| got < order.at_least)
        };
        let short = orders.iter().filter(short);
        problems.extend(
            short.map(|order| format!("order {} got less than its limit", order.order.short())),
        );
        problems
    }
}

impl Done {
    pub(super) const fn new(
        report: Report,
        acts: Acts,
        lanes: Lanes,
        orders: Vec<Compared>,
        tokens: Tokens,
    ) -> Self {
        Self {
            report,
            acts,
            lanes,
            orders,
            tokens,
        }
    }

    /// Prints what happened, and says whether all of it went as it should. `directory` stays.
    ///
    /// # Errors
    /// What did not; storage, if the evidence cannot be written.
    pub(in super::super) fn conclude(
        self,
        directory: &Path,
        context: &Context,
    ) -> Result<(), Failure> {
        let evidence = self.write_evidence(directory)?;
        let audit = audit_commands(directory, evidence.as_deref());
        let shown = Shown {
            report: &self.report,
            acts: &self.acts,
            lanes: &self.lanes,
            orders: &self.orders,
            directory,
            evidence: evidence.as_deref(),
            audit: &audit,
        };
        context.console().result(&shown, || self.text(&audit));
        self.report.verdict()
    }

    fn write_evidence(&self, directory: &Path) -> Result<Option<PathBuf>, Failure> {
        let Some((proof, charge)) = &self.acts.second.proof else {
            return Ok(None);
        };
        evidence::write_into(&directory.join("evidence"), proof, charge).map(Some)
    }

    fn text(&self, audit: &[String]) -> String {
        let sums = &self.lanes.sums;
        let [open, sealed, taken] =
            [sums.open_lost, sums.sealed_lost, sums.taken].map(|amount| self.in_unit(amount));
        let table = self.table();
        let commands = audit.join("\n  ");
        format!(
            "\nBOTH LANES: what each order got, and what it lost to the fair price, in {UNIT}\n\n\
             {table}\n\n\
             The open lane cost its traders {open} {UNIT}: the front-runner took {taken} of it.\n\
             The sealed lane cost them {sealed}: what the solvers keep, and the Verifier's fee.\n\n\
             {}\n\n\
             To check it:\n  {commands}",
            self.report.rounds_table(),
        )
    }

    /// In at most 80 columns.
    fn table(&self) -> Columns {
        let mut table = Columns::new(&[
            "order",
            ">gives",
            ">open",
            ">sealed",
            "of",
            ">lost: open",
            ">sealed",
        ]);
        let lost = |lost: Option<Amount>| lost.map_or("-".to_owned(), |lost| self.in_unit(lost));
        for order in &self.orders {
            let got = |got: Option<Amount>| {
                let shown = got.map(|got| cut(&self.tokens.show(got, &order.want)));
                shown.unwrap_or_else(|| "not filled".to_owned())
            };
            table.row([
                order.order.short(),
                self.tokens.show(order.gives, &order.give),
                got(order.open),
                got(order.sealed),
                self.tokens.name_of(&order.want),
                lost(order.open_lost),
                lost(order.sealed_lost),
            ]);
        }
        let sums = &self.lanes.sums;
        let (open, sealed) = (self.in_unit(sums.open_lost), self.in_unit(sums.sealed_lost));
        let nothing = String::new;
        table.row([
            "all".to_owned(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            open,
            sealed,
        ]);
        table
    }

    fn in_unit(&self, amount: Amount) -> String {
        in_unit(amount, &self.tokens)
    }
}

/// The commands that check the rounds, and the evidence, from what lies in this directory.
fn audit_commands(directory: &Path, evidence: Option<&Path>) -> Vec<String> {
    let (program, directory) = (program(), quoted(&directory.to_string_lossy()));
    let rounds = format!("{program} --dir {directory} audit --all --offline");
    let evidence = evidence.map(|file| {
        let file = quoted(&file.to_string_lossy());
        format!("{program} --dir {directory} audit --evidence {file}")
    });
    core::iter::once(rounds).chain(evidence).collect()
}

/// How a shell finds this program: by its name if that leads here, else by its path.
fn program() -> String {
    let Ok(this) = std::env::current_exe() else {
        return "sealbid".to_owned();
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&path).map(|directory| directory.join("sealbid"));
    // The first is the one that a shell runs.
    let found = programs.find(|program| program.is_file());
    let same = found.zip(this.canonicalize().ok());
    match same.is_some_and(|(found, this)| found.canonicalize().is_ok_and(|found| found == this)) {
        true => "sealbid".to_owned(),
        false => quoted(&this.to_string_lossy()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_can_be_pasted() {
        let directory = Path::new("/tmp/my heist");
        let file = directory.join("evidence/member-3.json");
        let commands = audit_commands(directory, Some(&file));
        let words = |at: usize| shlex::split(&commands[at]).unwrap();
        assert_eq!(
            words(0)[1..],
            ["--dir", "/tmp/my heist", "audit", "--all", "--offline"]
        );
        assert_eq!(
            words(1)[3..],
            [
                "audit",
                "--evidence",
                "/tmp/my heist/evidence/member-3.json"
            ]
        );
        assert_eq!(audit_commands(directory, None).len(), 1);
    }
}
