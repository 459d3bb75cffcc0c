//! What the simulated network carries, and what becomes of it on its way.

use sealbid_protocol::disk::{Recall as _, Table};
use sealbid_types::id::{EnvelopeId, MemberIndex, Round};

use super::{Event, World};

impl World {
    fn is_cut(&self, from: MemberIndex, to: usize) -> bool {
        let to = MemberIndex(u8::try_from(to).unwrap());
        self.faults
            .partition
            .as_ref()
            .is_some_and(|(begin, end, side)| {
                (*begin..*end).contains(&self.now) && side.contains(&from) != side.contains(&to)
            })
    }

    fn delay(&mut self) -> u64 {
        1 + self.draws.below(self.faults.delay + 1)
    }

    /// From one member to another.
    pub(super) fn send(&mut self, from: MemberIndex, to: usize, bytes: Vec<u8>) {
        if self.is_cut(from, to) {
            self.counts.cut += 1;
            return;
        }
        if self.draws.permille(self.faults.loss) {
            self.counts.lost += 1;
            return;
        }
        if self.draws.permille(self.faults.duplication) {
            let at = self.now + self.delay();
            self.schedule(
                at,
                Event::Message {
                    to,
                    from,
                    bytes: bytes.clone(),
                },
            );
        }
        let at = self.now + self.delay();
        self.schedule(at, Event::Message { to, from, bytes });
    }

    /// The pool: it brings every envelope to every member, as well as it can.
    pub(super) fn spread(&mut self, from: MemberIndex, to: usize, id: EnvelopeId, bytes: Vec<u8>) {
        let is_lost = self.is_cut(from, to) || self.draws.permille(self.faults.loss);
        if !is_lost && self.seats[to].engine.is_some() && self.seats[to].pooled.insert(id) {
            let at = self.now + self.delay();
            self.schedule(at, Event::Pool { to, bytes });
        }
    }

    /// A settled round's record, from the one member that is asked, if it is within reach.
    pub(super) fn fetch(&mut self, to: usize, round: Round, from: MemberIndex) {
        let key = round.0.to_be_bytes();
        let seat = &self.seats[from.as_usize()];
        let is_reachable = seat.engine.is_some() && !self.is_cut(from, to);
        let found = is_reachable.then(|| seat.disk.get(Table::Records, &key));
        if let Some(bytes) = found.flatten() {
            let at = self.now + self.delay();
            self.schedule(
                at,
                Event::Record {
                    to,
                    from,
                    round,
                    bytes,
                },
            );
        }
    }
}
