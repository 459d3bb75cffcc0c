//! The gates of the members: verdicts come back together, later if the gate is slow.
//!
//! Gate, proofs and shares are the real ones. Kinder than a process: verdicts cost no time but
//! what the run draws for them, and no batch fails as a whole, so nothing ever comes back
//! unchecked.

use sealbid_protocol::admission::Readable;
use sealbid_protocol::admission::gate::Verdict;
use sealbid_protocol::member::Input;

use super::{Event, World};

impl World {
    /// The gate of a member: what it says comes back as one input.
    pub(super) fn judge(&mut self, to: usize, envelopes: Vec<Readable>) {
        if self.seats[to].engine.is_none() || envelopes.is_empty() {
            return;
        }
        let (mut admitted, mut refused) = (Vec::new(), Vec::new());
        for verdict in self.seats[to].gate.check(envelopes) {
            match verdict {
                Verdict::Admissible(admissible) => {
                    // A liar may report, serve or spoil whatever passes its gate.
                    if let Some(liar) = self.seats[to].liar.as_mut() {
                        liar.sees(admissible.envelope().clone());
                    }
                    self.watch.scene.knows(admissible.envelope());
                    admitted.push(*admissible);
                }
                Verdict::Refused(failed) => refused.push(failed),
            }
        }
        let checked = Input::Checked {
            admitted,
            refused,
            unchecked: Vec::new(),
        };
        self.after_gate(to, checked);
    }

    /// A verdict on its way to the engine.
    pub(super) fn after_gate(&mut self, to: usize, input: Input) {
        if self.faults.gate == 0 {
            return self.bring(to, input);
        }
        let takes = self.draws.below(self.faults.gate + 1);
        if takes > 0 {
            self.counts.late_verdicts += 1;
        }
        let life = self.seats[to].life;
        self.schedule(self.now + takes, Event::Verdicts { to, life, input });
    }
}
