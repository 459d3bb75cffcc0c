//! What must hold, one check a file: after everything that an honest member says, hears, has proved
//! or sends, now and then in a run, and at its end.
//!
//! Checks compute from messages, disks and public keys. They call no room of the protocol: a rule
//! that is wrong there must not be wrong here too. Two do so beside what they compute themselves:
//! `chain` has the records audited, and `evidence` has the evidence judged, as anybody would with
//! the product's own. What holds for honest members is asked of those that neither lie nor have a
//! disk that does.

use sealbid_protocol::member::message::PeerMessage;
use sealbid_types::id::{EnvelopeId, MemberIndex};
use sealbid_types::report::Receipt;
use sealbid_types::time::Timestamp;

use super::world::World;
use crate::world::Disk;

mod admitted;
mod arithmetic;
mod blame;
mod bounds;
mod chain;
mod complete_reports;
mod evidence;
mod heartbeats;
mod late_acknowledgements;
mod locks;
mod named;
mod places;
mod promise;
mod receipts;
mod records;
mod scene;
mod sealed;
mod single_promises;
mod slots;
mod violation;
mod watch;

pub use self::promise::Promise;
pub use self::scene::Scene;
pub use self::violation::Violation;
pub use self::watch::{Checks, Watch};

/// What a check finds.
pub type Verdict = Result<(), String>;

/// Something that a member said.
pub struct Said<'a> {
    /// Who.
    pub by: MemberIndex,
    /// When, in milliseconds of true time.
    pub now: u64,
    /// What its wall clock showed.
    pub wall: Timestamp,
    /// What.
    pub message: &'a PeerMessage,
}

/// Something that a member has taken, with all that followed from it at once.
pub struct Heard<'a> {
    /// Who.
    pub to: MemberIndex,
    /// When, in milliseconds of true time.
    pub now: u64,
    /// What.
    pub message: &'a PeerMessage,
    /// What it has on its disk now.
    pub disk: &'a Disk,
}

/// One thing that must hold.
pub trait Invariant {
    /// In a few words.
    fn name(&self) -> &'static str;

    /// An honest member has said something.
    /// What it repeats comes here again.
    fn said(&mut self, _scene: &Scene, _said: &Said<'_>) -> Verdict {
        Ok(())
    }

    /// An honest member has heard something, of whomever.
    fn heard(&mut self, _scene: &Scene, _heard: &Heard<'_>) {}

    /// An honest member has an envelope proved.
    fn proves(&mut self, _scene: &Scene, _by: MemberIndex, _envelope: EnvelopeId) -> Verdict {
        Ok(())
    }

    /// An honest member has given a client a receipt.
    fn receipted(&mut self, _scene: &Scene, _receipt: &Receipt) -> Verdict {
        Ok(())
    }

    /// A member was restored from a copy that lacks a promise, and nobody had heard of it.
    fn gone(&mut self, _by: MemberIndex, _promise: Promise) {}

    /// An honest member's engine has sent all others a heartbeat, at this time in milliseconds,
    /// whatever becomes of it on its way.
    fn spoke(&mut self, _by: MemberIndex, _now: u64) -> Verdict {
        Ok(())
    }

    /// A member's process has started, or has had a turn.
    fn runs(&mut self, _by: MemberIndex, _now: u64) {}

    /// A member's process ends or stands still.
    fn rested(&mut self, _by: MemberIndex) {}

    /// A member's process has ended: what it had in memory is gone. It has rested before.
    fn ended(&mut self, _by: MemberIndex) {}

    /// Some more has happened: what takes a while to look at is looked at now and then.
    fn meanwhile(&mut self, _scene: &Scene, _world: &World) -> Verdict {
        Ok(())
    }

    /// The run is over.
    fn at_end(&mut self, _scene: &Scene, _world: &World) -> Verdict {
        Ok(())
    }
}
