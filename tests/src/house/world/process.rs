//! A member's engine as the simulated process holds it, whatever rules it is under.
//!
//! An engine's rules are part of its type, and members of one run may be under different ones.

use core::fmt::Debug;
use std::sync::Arc;

use sealbid_crypto::CommitteeKeys;
use sealbid_protocol::admission::Readable;
use sealbid_protocol::member::{Engine, Input, MemberSecrets, Options, Output, Rules, StartError};
use sealbid_protocol::time::{Clock, Monotonic};
use sealbid_types::committee::Committee;

use crate::world::Disk;

/// What a process asks of its engine.
pub(super) trait Process: Debug {
    fn steps(&mut self, inputs: Vec<Input>, at: Clock) -> Vec<Output>;
    fn wake_at(&self) -> Monotonic;
    fn is_closing(&self) -> bool;
    fn stored_envelopes(&self) -> Vec<Readable>;
}

impl<R: Rules> Process for Engine<R> {
    fn steps(&mut self, inputs: Vec<Input>, at: Clock) -> Vec<Output> {
        self.steps(inputs, at)
    }

    fn wake_at(&self) -> Monotonic {
        self.wake_at()
    }

    fn is_closing(&self) -> bool {
        self.is_closing()
    }

    fn stored_envelopes(&self) -> Vec<Readable> {
        self.stored_envelopes()
    }
}

/// Everything that an engine starts from.
pub(super) struct Beginning<'a> {
    pub(super) committee: Arc<Committee>,
    pub(super) keys: Arc<CommitteeKeys>,
    pub(super) secrets: MemberSecrets,
    pub(super) options: Options,
    pub(super) disk: &'a Disk,
    pub(super) entropy: [u8; 32],
    pub(super) at: Clock,
}

/// How an engine is started: which rules it is under.
pub(super) type Begin = fn(Beginning<'_>) -> Result<(Box<dyn Process>, Vec<Output>), StartError>;

/// Starts an engine under these rules.
pub(super) fn begin<R: Rules>(
    from: Beginning<'_>,
) -> Result<(Box<dyn Process>, Vec<Output>), StartError> {
    let (engine, out) = Engine::<R>::start(
        from.committee,
        from.keys,
        from.secrets,
        from.options,
        from.disk,
        from.entropy,
        from.at,
    )?;
    Ok((Box::new(engine), out))
}
