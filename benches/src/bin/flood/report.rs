//! What was measured, for people and for programs.
//!
//! Marks stand beside the numbers. Nothing fails by them: how busy this machine is otherwise, the
//! benchmark cannot know.

use core::fmt;

use sealbid_benches::house::latency::Latency;
use sealbid_benches::house::members::Memory;
use sealbid_benches::table;
use serde::Serialize;

use crate::attack::Answers;

/// The marks: how much later receipts come in a flood, and by how much a member grows in it.
const MOST_RATIO: f64 = 2.0;
const MOST_GROWTH_MIB: f64 = 64.0;

/// A while of the house's life.
#[derive(Debug, Serialize)]
pub(crate) struct Span {
    /// Of the trader who is no attacker, from the look at the house to the verified receipt; none if no
    /// order has one.
    pub(crate) receipts: Option<Latency>,
    /// How many orders have a receipt.
    pub(crate) sent: usize,
    /// How many have none.
    pub(crate) lost: usize,
    /// At the end.
    pub(crate) memory: Vec<Memory>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) members: u8,
    pub(crate) attackers: u32,
    pub(crate) keys: u32,
    pub(crate) wanted_per_second: u32,
    pub(crate) nice: u8,
    pub(crate) before: Span,
    pub(crate) during: Span,
    pub(crate) after: Span,
    pub(crate) attack: Answers,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            members,
            attackers,
            keys,
            wanted_per_second,
            nice,
            ..
        } = self;
        writeln!(
            f,
            "{members} members; {attackers} attackers, {wanted_per_second} envelopes a second, \
             of {keys} keys and of one, at priority {nice}\n"
        )?;
        let mut spans = table(&[
            "",
            "orders",
            "no receipt",
            "median",
            "p95",
            "resident",
            "peak",
        ]);
        for (name, span) in [
            ("before", &self.before),
            ("flood", &self.during),
            ("after", &self.after),
        ] {
            let most = |of: fn(&Memory) -> f64| span.memory.iter().map(of).fold(0.0, f64::max);
            let time = |of: fn(&Latency) -> f64| match &span.receipts {
                Some(receipts) => format!("{:.0} ms", of(receipts)),
                None => "none".to_owned(),
            };
            spans.add_row(vec![
                name.to_owned(),
                span.sent.to_string(),
                span.lost.to_string(),
                time(|receipts| receipts.median_ms),
                time(|receipts| receipts.p95_ms),
                format!("{:.0} MiB", most(|memory| memory.resident_mib)),
                format!("{:.0} MiB", most(|memory| memory.peak_mib)),
            ]);
        }
        writeln!(f, "{spans}\n")?;
        let Answers {
            sent,
            sent_per_second,
            held_up,
            answers,
        } = &self.attack;
        writeln!(
            f,
            "sent {sent}, {sent_per_second:.0} a second; {held_up} held up\n"
        )?;
        let mut table = table(&["envelopes", "answer", "count"]);
        for (kind, answers) in answers {
            for (code, count) in answers {
                table.add_row(vec![format!("{kind:?}"), code.clone(), count.to_string()]);
            }
        }
        writeln!(f, "{table}\n")?;
        self.write_marks(f)
    }
}

impl Report {
    /// By how much the member has grown since that has grown most.
    fn growth(&self, then: &Span, of: fn(&Memory) -> f64) -> f64 {
        let before = self.before.memory.iter().zip(&then.memory);
        let growths = before.map(|(before, then)| of(then) - before.resident_mib);
        growths.fold(f64::MIN, f64::max)
    }

    fn write_marks(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = |holds| if holds { "holds" } else { "missed" };
        let medians = self
            .during
            .receipts
            .as_ref()
            .zip(self.before.receipts.as_ref());
        match medians {
            Some((during, before)) => {
                let ratio = during.median_ms / before.median_ms;
                let verdict = holds(ratio <= MOST_RATIO);
                writeln!(
                    f,
                    "receipts: {ratio:.1} times as late, mark {MOST_RATIO:.0}: {verdict}"
                )?;
            }
            None => writeln!(f, "receipts: none, mark {MOST_RATIO:.0}: missed")?,
        }
        let lost = self.during.lost;
        writeln!(
            f,
            "orders without a receipt: {lost}, mark 0: {}",
            holds(lost == 0)
        )?;
        let growths = [
            (
                "at its peak",
                self.growth(&self.during, |memory| memory.peak_mib),
            ),
            (
                "after it",
                self.growth(&self.after, |memory| memory.resident_mib),
            ),
        ];
        for (when, growth) in growths {
            let verdict = holds(growth <= MOST_GROWTH_MIB);
            writeln!(
                f,
                "memory {when}: {growth:+.0} MiB, mark {MOST_GROWTH_MIB:.0}: {verdict}"
            )?;
        }
        Ok(())
    }
}
