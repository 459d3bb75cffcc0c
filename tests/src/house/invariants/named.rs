//! Who reports an envelope that fails the gate is named by each member that has the report and is
//! then shown the envelope, while the round is open.
//!
//! The report is void for everybody by the envelope's bytes (docs/protocol.md 4.2). A member that did
//! not say so would go on asking for what it has, and its liar would never be known.
//!
//! It hears only of envelopes that members send, not of those that clients or the pool bring, and of
//! none that came before the report that lists it. A member says it of each liar once, so nobody is
//! asked of which envelope.

use std::collections::BTreeMap;

use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::member::Notice;
use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::codec::decode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};
use sealbid_types::keys::Signed;
use sealbid_types::report::Report;

use super::admitted::check;
use super::{Heard, Invariant, Said, Scene, Verdict};
use crate::house::world::World;

/// How a notice of it begins.
const NAMES: &str = "reported envelope";

/// A report that is void, and what voids it.
struct Due {
    /// Since when its member has run and known it. None while it stands still.
    since: Option<u64>,
    round: Round,
    envelope: EnvelopeId,
}

#[derive(Default)]
pub(super) struct Named {
    /// By who is to name, and who is to be named.
    due: BTreeMap<(MemberIndex, MemberIndex), Due>,
    /// When each round was seen to be certified.
    closed: BTreeMap<Round, u64>,
}

fn lists(report: &Report, id: &EnvelopeId) -> bool {
    report.intents.contains(id) || report.quotes.contains(id)
}

impl Named {
    fn of(&mut self, by: MemberIndex) -> impl Iterator<Item = &mut Due> {
        let due = self.due.iter_mut();
        due.filter(move |((of, _), _)| *of == by)
            .map(|(_, due)| due)
    }

    fn note_closes(&mut self, scene: &Scene, now: u64) {
        if let Some(newest) = scene.closes.keys().next_back() {
            self.closed.entry(*newest).or_insert(now);
        }
    }

    fn check(&self, scene: &Scene, world: &World) -> Verdict {
        // The gate, and the wait for a turn before it and after it.
        let takes = world.faults.gate + 2 * world.faults.turn + 5;
        for ((by, reporter), due) in &self.due {
            let Some(since) = due.since else { continue };
            let until = since + takes;
            // Once the round is certified, nobody asks any more what its reports were worth.
            let is_over = self.closed.get(&due.round).is_some_and(|at| *at <= until);
            let is_named = |(of, notice): &(MemberIndex, Notice)| {
                of == by
                    && matches!(notice, Notice::Fault { member, what }
                        if member == reporter && what.starts_with(NAMES))
            };
            if world.now() > until
                && !is_over
                && scene.trusts(*by)
                && !world.notices.iter().any(is_named)
            {
                let (id, round) = (due.envelope.short(), due.round);
                return Err(format!(
                    "{by} has seen that {id} fails, and does not name {reporter}, who reports it in round {round}"
                ));
            }
        }
        Ok(())
    }
}

impl Invariant for Named {
    fn name(&self) -> &'static str {
        "who reports what fails is named"
    }

    fn said(&mut self, scene: &Scene, said: &Said<'_>) -> Verdict {
        self.note_closes(scene, said.now);
        Ok(())
    }

    fn heard(&mut self, scene: &Scene, heard: &Heard<'_>) {
        let PeerMessage::Envelopes(blobs) = heard.message else {
            return;
        };
        for blob in blobs {
            let Ok(envelope) = decode::<Envelope>(&blob.0) else {
                continue;
            };
            if check(&scene.house, &envelope).is_ok() {
                continue;
            }
            let id = envelope.id();
            // As they stand on its disk: what it has refused to take it need not name.
            for (_, row) in heard.disk.scan(Table::Reports) {
                let report: Signed<Report> = decode(&row).unwrap();
                let round = report.body.round;
                if lists(&report.body, &id) && !scene.closes.contains_key(&round) {
                    self.due.entry((heard.to, report.member)).or_insert(Due {
                        since: Some(heard.now),
                        round,
                        envelope: id,
                    });
                }
            }
        }
    }

    /// What it knows waits.
    fn rested(&mut self, by: MemberIndex) {
        for due in self.of(by) {
            due.since = None;
        }
    }

    fn runs(&mut self, by: MemberIndex, now: u64) {
        for due in self.of(by) {
            due.since.get_or_insert(now);
        }
    }

    /// What was at the gate is forgotten.
    fn ended(&mut self, by: MemberIndex) {
        self.due.retain(|(of, _), _| *of != by);
    }

    fn meanwhile(&mut self, scene: &Scene, world: &World) -> Verdict {
        self.check(scene, world)
    }

    fn at_end(&mut self, scene: &Scene, world: &World) -> Verdict {
        self.check(scene, world)
    }
}

#[cfg(test)]
mod tests {
    use sealbid_protocol::disk::Write;
    use sealbid_types::bytes::Blob;
    use sealbid_types::codec::encode;

    use super::*;
    use crate::house::{Faults, Person};
    use crate::world::Disk;

    const ME: MemberIndex = MemberIndex(0);
    const LIAR: MemberIndex = MemberIndex(1);

    /// A member has a report of what fails, and is shown that.
    fn heard(world: &World) -> Named {
        let house = &world.house;
        let mut trader = Person::new(1, 900);
        let original = trader.swap(house, 1_000, 1_900, Round(1), 60);
        let copy = trader.relabel(&original, |header| header.last = Round(61));
        let report = Report {
            auction: house.committee.auction,
            epoch: house.committee.epoch,
            round: Round(1),
            slot: sealbid_types::id::Slot(0),
            intents: vec![copy.id()],
            quotes: Vec::new(),
        };
        let report = Signed::new(report, LIAR, &house.secrets(LIAR).identity);
        let mut disk = Disk::default();
        disk.commit([Write::Put {
            table: Table::Reports,
            key: vec![0],
            value: encode(&report),
        }]);
        let message = PeerMessage::Envelopes(vec![Blob::from(encode(&copy))]);
        let mut check = Named::default();
        let heard = Heard {
            to: ME,
            now: world.now(),
            message: &message,
            disk: &disk,
        };
        check.heard(&world.watch.scene, &heard);
        check
    }

    fn asked(check: &mut Named, world: &World) -> Verdict {
        check.meanwhile(&world.watch.scene, world)
    }

    #[test]
    fn a_member_that_stands_still_is_asked_once_it_goes_on() {
        let mut world = World::new(4, 3, 1, Faults::delay(10));
        let mut check = heard(&world);
        check.rested(ME);
        world.run(1_000);
        assert_eq!(asked(&mut check, &world), Ok(()));
        check.runs(ME, world.now());
        assert_eq!(asked(&mut check, &world), Ok(()));
        world.run(1_000);
        assert!(asked(&mut check, &world).is_err());
        // What a process has heard ends with it.
        check.ended(ME);
        assert_eq!(asked(&mut check, &world), Ok(()));
    }

    #[test]
    fn another_fault_of_the_reporter_names_no_report() {
        let mut world = World::new(4, 3, 1, Faults::delay(10));
        let mut check = heard(&world);
        world.run(1_000);
        let notice = |what: &str| Notice::Fault {
            member: LIAR,
            what: what.to_owned(),
        };
        let other = notice("signed two different reports for one round");
        world.notices.push((ME, other));
        assert!(asked(&mut check, &world).is_err());
        world
            .notices
            .push((ME, notice("reported envelope 1, which fails")));
        assert_eq!(asked(&mut check, &world), Ok(()));
    }
}
