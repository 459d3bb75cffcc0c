//! Members that lie: one behaviour each. An adversary changes what its engine says before it
//! leaves; it holds the member's keys.

use sealbid_protocol::member::message::{Opening, PeerMessage};
use sealbid_protocol::member::{MemberSecrets, Output};
use sealbid_protocol::vote::Message as Ballot;
use sealbid_types::bytes::Blob;
use sealbid_types::codec::{decode, encode};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::Slot;
use sealbid_types::keys::Signed;
use sealbid_types::time::Timestamp;

/// One way to lie.
pub trait Adversary {
    /// What the member says instead. Adds to `count` for each lie, so that a test can tell that
    /// there was one.
    fn tamper(&mut self, out: Vec<Output>, secrets: &MemberSecrets, count: &mut u64)
    -> Vec<Output>;
}

/// Rewrites the messages among outputs. None drops one.
fn rewrite(
    out: Vec<Output>,
    count: &mut u64,
    mut lie: impl FnMut(&PeerMessage) -> Option<Option<PeerMessage>>,
) -> Vec<Output> {
    let mut change = |bytes: Vec<u8>| match lie(&decode(&bytes).unwrap()) {
        None => Some(bytes),
        Some(changed) => {
            *count += 1;
            changed.map(|message| encode(&message))
        }
    };
    out.into_iter()
        .filter_map(|output| match output {
            Output::Broadcast { bytes } => change(bytes).map(|bytes| Output::Broadcast { bytes }),
            Output::Send { to, bytes } => change(bytes).map(|bytes| Output::Send { to, bytes }),
            other => Some(other),
        })
        .collect()
}

/// Sends each decryption share of one opening under another part's place, properly signed.
pub struct WrongShares(pub Opening);

impl Adversary for WrongShares {
    fn tamper(
        &mut self,
        out: Vec<Output>,
        secrets: &MemberSecrets,
        count: &mut u64,
    ) -> Vec<Output> {
        rewrite(out, count, |message| match message {
            PeerMessage::Shares(signed)
                if signed.body.opening == self.0 && signed.body.shares.len() > 1 =>
            {
                let mut body = signed.body.clone();
                body.shares.rotate_left(1);
                let signed = Signed::new(body, secrets.index, &secrets.identity);
                Some(Some(PeerMessage::Shares(Box::new(signed))))
            }
            _ => None,
        })
    }
}

/// Sends garbage in place of its shares of signatures.
pub struct WrongSignatures;

impl Adversary for WrongSignatures {
    fn tamper(
        &mut self,
        out: Vec<Output>,
        secrets: &MemberSecrets,
        count: &mut u64,
    ) -> Vec<Output> {
        rewrite(out, count, |message| match message {
            PeerMessage::SignatureShare(signed) => {
                let mut body = signed.body;
                body.share.0[95] ^= 1;
                let signed = Signed::new(body, secrets.index, &secrets.identity);
                Some(Some(PeerMessage::SignatureShare(Box::new(signed))))
            }
            _ => None,
        })
    }
}

/// Votes, and then sends nothing of what opens and settles the round.
pub struct Withholder;

impl Adversary for Withholder {
    fn tamper(&mut self, out: Vec<Output>, _: &MemberSecrets, count: &mut u64) -> Vec<Output> {
        rewrite(out, count, |message| match message {
            PeerMessage::Shares(_) | PeerMessage::SignatureShare(_) => Some(None),
            _ => None,
        })
    }
}

/// Reports nothing of what it has acknowledged.
pub struct Omitter;

impl Adversary for Omitter {
    fn tamper(
        &mut self,
        out: Vec<Output>,
        secrets: &MemberSecrets,
        count: &mut u64,
    ) -> Vec<Output> {
        rewrite(out, count, |message| match message {
            PeerMessage::Report(signed) if !signed.body.intents.is_empty() => {
                let mut body = signed.body.clone();
                body.intents.clear();
                body.quotes.clear();
                let signed = Signed::new(body, secrets.index, &secrets.identity);
                Some(Some(PeerMessage::Report(Box::new(signed))))
            }
            _ => None,
        })
    }
}

/// Reports one thing to one member and another to the next.
#[derive(Default)]
pub struct TwoReports {
    turn: bool,
}

impl Adversary for TwoReports {
    fn tamper(
        &mut self,
        out: Vec<Output>,
        secrets: &MemberSecrets,
        count: &mut u64,
    ) -> Vec<Output> {
        rewrite(out, count, |message| match message {
            PeerMessage::Report(signed)
                if signed.member == secrets.index && !signed.body.intents.is_empty() =>
            {
                self.turn = !self.turn;
                let mut body = signed.body.clone();
                if self.turn {
                    body.intents.pop();
                }
                let signed = Signed::new(body, secrets.index, &secrets.identity);
                Some(Some(PeerMessage::Report(Box::new(signed))))
            }
            _ => None,
        })
    }
}

/// Votes, and is silent for good from its first precommit of a value on.
#[derive(Default)]
pub struct FallsSilent {
    is_silent: bool,
}

impl Adversary for FallsSilent {
    fn tamper(&mut self, out: Vec<Output>, _: &MemberSecrets, count: &mut u64) -> Vec<Output> {
        rewrite(out, count, |message| {
            if self.is_silent {
                return Some(None);
            }
            if let PeerMessage::Vote(ballot) = message
                && let Ballot::Precommit(signed) = &**ballot
            {
                self.is_silent = signed.body.value.is_some();
            }
            None
        })
    }
}

/// Says that it is the end of time.
pub struct FarClock;

impl Adversary for FarClock {
    fn tamper(&mut self, out: Vec<Output>, _: &MemberSecrets, count: &mut u64) -> Vec<Output> {
        rewrite(out, count, |message| match message {
            PeerMessage::Heartbeat(said) => {
                let mut said = *said;
                said.clock = Timestamp(u64::MAX);
                Some(Some(PeerMessage::Heartbeat(said)))
            }
            _ => None,
        })
    }
}

/// Reports, for slot 1, an envelope that has expired since then, shows it to whoever hears its
/// report, and is silent for good from its first precommit of a value on.
pub struct ReportsExpired {
    /// What nobody else holds.
    pub envelope: Envelope,
    /// Its silence.
    pub then: FallsSilent,
}

impl Adversary for ReportsExpired {
    fn tamper(
        &mut self,
        out: Vec<Output>,
        secrets: &MemberSecrets,
        count: &mut u64,
    ) -> Vec<Output> {
        let mut has_reported = false;
        let mut out = rewrite(out, count, |message| match message {
            PeerMessage::Report(signed) if signed.member == secrets.index => {
                has_reported = true;
                let mut body = signed.body.clone();
                body.slot = Slot(1);
                body.intents.push(self.envelope.id());
                body.intents.sort_unstable();
                let signed = Signed::new(body, secrets.index, &secrets.identity);
                Some(Some(PeerMessage::Report(Box::new(signed))))
            }
            _ => None,
        });
        if has_reported {
            let shown = vec![Blob::from(encode(&self.envelope))];
            let bytes = encode(&PeerMessage::Envelopes(shown));
            out.push(Output::Broadcast { bytes });
        }
        self.then.tamper(out, secrets, count)
    }
}
