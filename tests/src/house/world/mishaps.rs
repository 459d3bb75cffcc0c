//! What befalls members: the faults of a plan, one after the other.

use sealbid_protocol::disk::{Recall, Table};
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::{MemberIndex, Round};
use sealbid_types::record::RoundRecord;

use super::{Event, World, index};
use crate::house::faults::Fault;
use crate::house::people::Person;

/// After how many milliseconds a fault is tried again that would have changed nothing.
const PUT_OFF: u64 = 50;

impl World {
    /// Ends a process. Its disk stays.
    pub(super) fn stop(&mut self, to: usize, back: Option<u64>) {
        self.watch.stopped(index(to), self.now);
        let seat = &mut self.seats[to];
        seat.engine = None;
        // What waited was in memory.
        seat.waiting.clear();
        seat.has_turn = false;
        if let Some(after) = back {
            self.schedule(self.now + after, Event::Restart { to });
        }
    }

    /// A fault of the plan has come about.
    pub(super) fn happened(&mut self, name: &'static str) {
        *self.counts.faults.entry(name).or_default() += 1;
    }

    /// Whether a fault would change anything now.
    fn can_suffer(&self, fault: Fault) -> bool {
        let seat = |member: MemberIndex| &self.seats[member.as_usize()];
        match fault {
            Fault::Kill { member, .. }
            | Fault::Pause { member, .. }
            | Fault::Suspend { member, .. } => seat(member).engine.is_some(),
            Fault::LostSyncs { member, .. } => seat(member).disk.can_lose(),
            Fault::Restore { member, .. } => seat(member).copy.is_some(),
            _ => true,
        }
    }

    pub(super) fn suffer(&mut self, fault: Fault) {
        if !self.can_suffer(fault) {
            // It comes when there is something that it can befall.
            return self.schedule(self.now + PUT_OFF, Event::Fault(fault));
        }
        // These two come about with the member's next step, and its next write.
        if !matches!(fault, Fault::CrashInStep { .. } | Fault::FullDisk { .. }) {
            self.happened(fault.name());
        }
        match fault {
            Fault::Kill { member, back } => self.stop(member.as_usize(), back),
            Fault::CrashInStep { member, back } => {
                self.seats[member.as_usize()].armed.push_back(back);
            }
            Fault::LostSyncs {
                member,
                transactions,
                back,
            } => {
                // From here on it may contradict itself and not know: it is one of those that the
                // committee bears as liars.
                self.seats[member.as_usize()].disk.lose(transactions);
                self.watch.doubt(member);
                self.stop(member.as_usize(), Some(back));
            }
            Fault::Copy { member } => {
                let seat = &mut self.seats[member.as_usize()];
                seat.copy = Some(seat.disk.clone());
                self.watch.copied(member);
            }
            Fault::Restore { member, said, back } => {
                let seat = &mut self.seats[member.as_usize()];
                if let Some(copy) = seat.copy.clone() {
                    seat.disk = copy;
                    let rows = seat.disk.scan(Table::Records).into_iter();
                    let records = rows.map(|(_, row)| decode::<RoundRecord>(&row).unwrap());
                    seat.settled = records.flat_map(|record| record.close.intents).collect();
                    // With `--restored` it signs nothing before all others have answered
                    // (docs/protocol.md 4.4): so it is held to all that honest members are held
                    // to, but for what nobody can tell it.
                    if said {
                        let seats = &self.seats;
                        self.watch.restored(member, |holder, id| {
                            let disk = &seats[holder.as_usize()].disk;
                            disk.get(Table::Envelopes, id.as_bytes()).is_some()
                        });
                    }
                }
                self.seats[member.as_usize()].restored = said;
                if !said {
                    self.watch.doubt(member);
                }
                self.stop(member.as_usize(), Some(back));
            }
            Fault::Jump { member, by } => self.seats[member.as_usize()].clock.jump(by),
            Fault::Pause { member, lasts } => {
                self.watch.rests(member);
                self.seats[member.as_usize()].pause(self.now + lasts);
            }
            Fault::Suspend { member, lasts } => {
                self.watch.rests(member);
                let seat = &mut self.seats[member.as_usize()];
                let until = self.now + lasts;
                // Its monotonic clock stands still once, however many such faults meet. Nobody reads its
                // clocks before it is back.
                let from = seat.suspended_until.max(self.now);
                seat.clock.suspend(until.saturating_sub(from));
                seat.suspended_until = seat.suspended_until.max(until);
                seat.pause(until);
            }
            Fault::FullDisk { member, lasts } => {
                self.seats[member.as_usize()].fills.push_back(lasts);
            }
            Fault::Flood { member, times } => self.flood(member.as_usize(), times),
        }
    }

    fn flood(&mut self, to: usize, times: u64) {
        // The member knows it after the first time: what it is sent again must cost no arithmetic
        // (docs/protocol.md 4.2).
        let mut person = Person::new(self.seed, 3_000_000);
        let envelope = person.swap(&self.house, 1_000, 1_900, Round(1), 60);
        self.watch.scene.knows(&envelope);
        let bytes = encode(&envelope);
        for number in 0..times {
            let bytes = bytes.clone();
            self.schedule(self.now + number / 20, Event::Submit { to, bytes });
        }
    }
}
