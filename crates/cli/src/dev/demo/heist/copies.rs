//! A copy of somebody's sealed envelope, under another name: what a front door says to it.

use core::fmt;
use core::time::Duration;

use ed25519_dalek::SigningKey;
use sealbid_client::{Client, ClientError, ErrorClass};
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::{Envelope, Header};
use sealbid_types::keys::PublicKey;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::super::fresh_bytes;
use super::Scene;
use crate::exit::Failure;

/// How long members may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long they are left alone in between.
const LOOK: Duration = Duration::from_millis(150);

/// What came of each copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Copies {
    /// The sealed parts under another submitter's name and signature, before the envelope itself
    /// has come.
    pub(super) renamed: Answer,
    /// The whole of it, moved to a later round, which its submitter has not signed: before it too.
    pub(super) moved: Answer,
    /// The sealed parts under another's name, once the envelope has its receipt.
    pub(super) renamed_later: Answer,
    /// The very same bytes, while their round is open.
    pub(super) repeated: Answer,
    /// The very same bytes, once a round has listed them.
    pub(super) repeated_after_the_close: Answer,
}

/// What the members answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// They refuse it for this reason.
    Refused(RefusalCode),
    /// It has its receipt, with this id.
    Receipt {
        /// Whether that is the receipt of the envelope that was copied.
        is_the_originals: bool,
    },
}

impl Copies {
    /// What is wrong with the answers: each copy has to be refused for what it is, and the very
    /// same bytes count once.
    pub(super) fn problems(&self) -> Vec<String> {
        let original = Answer::Receipt {
            is_the_originals: true,
        };
        let expected = [
            ("a renamed copy", self.renamed, refused(RefusalCode::Proof)),
            ("a moved copy", self.moved, refused(RefusalCode::Signature)),
            (
                "a renamed copy of what is known",
                self.renamed_later,
                refused(RefusalCode::SharedU),
            ),
            ("the same bytes", self.repeated, original),
            (
                "the same bytes after their round",
                self.repeated_after_the_close,
                refused(RefusalCode::AlreadyListed),
            ),
        ];
        let wrong = expected
            .into_iter()
            .filter(|(_, answer, expected)| answer != expected);
        wrong
            .map(|(what, answer, expected)| format!("{what}: {answer}, expected: {expected}"))
            .collect()
    }
}

const fn refused(code: RefusalCode) -> Answer {
    Answer::Refused(code)
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(code) => write!(f, "refused ({code})"),
            Self::Receipt {
                is_the_originals: true,
            } => f.write_str("the receipt that it has already"),
            Self::Receipt {
                is_the_originals: false,
            } => f.write_str("TAKEN"),
        }
    }
}

/// Copies of an envelope that no member has seen yet, handed in under another's name and for a later
/// round.
///
/// # Errors
/// What the members said, if it is no answer.
pub(super) async fn copy_on_its_way(
    scene: &Scene<'_>,
    envelope: &Envelope,
) -> Result<(Answer, Answer), Failure> {
    let order = envelope.id().short();
    scene.headline(&format!(
        "1. Order {order} is copied on its way, and the copies come first"
    ));
    let copy = renamed(envelope)?;
    let under_another_name = answer(scene.client, envelope, &copy).await?;
    scene.say(&format!("  under another's name: {under_another_name}"));
    let copy = moved(envelope)?;
    let for_a_later_round = answer(scene.client, envelope, &copy).await?;
    scene.say(&format!("  for a later round: {for_a_later_round}"));
    Ok((under_another_name, for_a_later_round))
}

/// Copies of an envelope that waits for its round, under another's name and as it is.
///
/// # Errors
/// As [`copy_on_its_way`].
pub(super) async fn copy_waiting(
    scene: &Scene<'_>,
    envelope: &Envelope,
) -> Result<(Answer, Answer), Failure> {
    let copy = renamed(envelope)?;
    let under_another_name = answer(scene.client, envelope, &copy).await?;
    scene.say(&format!("  now under another's name: {under_another_name}"));
    let as_it_is = answer(scene.client, envelope, envelope).await?;
    scene.say(&format!("  as it is, a second time: {as_it_is}"));
    Ok((under_another_name, as_it_is))
}

/// The sealed parts of an envelope under somebody else's name, and signed in it.
fn renamed(envelope: &Envelope) -> Result<Envelope, Failure> {
    let thief = thief()?;
    let header = Header {
        submitter: PublicKey::of(&thief),
        ..envelope.header.clone()
    };
    Ok(Envelope::sign(header, envelope.sealed.clone(), &thief))
}

/// An envelope moved to a later round, by somebody who has not its submitter's key.
fn moved(envelope: &Envelope) -> Result<Envelope, Failure> {
    let header = Header {
        first: envelope.header.first.next(),
        last: envelope.header.last.next(),
        ..envelope.header.clone()
    };
    Ok(Envelope::sign(header, envelope.sealed.clone(), &thief()?))
}

fn thief() -> Result<SigningKey, Failure> {
    Ok(SigningKey::from_bytes(&fresh_bytes()?))
}

/// What the members answer to a copy.
pub(super) async fn answer(
    client: &Client,
    original: &Envelope,
    copy: &Envelope,
) -> Result<Answer, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let error = match client.submit(copy).await {
            Ok(accepted) => {
                let is_the_originals = accepted.receipt.envelope == original.id();
                return Ok(Answer::Receipt { is_the_originals });
            }
            Err(error) => error,
        };
        // A slow machine is no answer.
        let is_slow = matches!(error.class(), ErrorClass::NoQuorum | ErrorClass::Timeout);
        match error {
            _ if is_slow && Instant::now() < deadline => sleep(LOOK).await,
            ClientError::Refused { refusal, .. } => return Ok(Answer::Refused(refusal.code)),
            error => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestHouse, order};
    use super::*;

    const RIGHT: Copies = Copies {
        renamed: Answer::Refused(RefusalCode::Proof),
        moved: Answer::Refused(RefusalCode::Signature),
        renamed_later: Answer::Refused(RefusalCode::SharedU),
        repeated: Answer::Receipt {
            is_the_originals: true,
        },
        repeated_after_the_close: Answer::Refused(RefusalCode::AlreadyListed),
    };

    #[test]
    fn a_copy_that_is_taken_is_a_problem() {
        assert_eq!(RIGHT.problems(), Vec::<String>::new());
        let taken = Answer::Receipt {
            is_the_originals: false,
        };
        let busy = Answer::Refused(RefusalCode::TooManyRequests);
        for wrong in [
            Copies {
                renamed: taken,
                ..RIGHT
            },
            // Not for what it is.
            Copies {
                renamed: busy,
                ..RIGHT
            },
            Copies {
                moved: taken,
                ..RIGHT
            },
            Copies {
                repeated: taken,
                ..RIGHT
            },
            Copies {
                renamed_later: taken,
                ..RIGHT
            },
            Copies {
                repeated_after_the_close: taken,
                ..RIGHT
            },
        ] {
            assert_eq!(wrong.problems().len(), 1, "{wrong:?}");
        }
    }

    #[test]
    fn copies_have_what_is_sealed_and_not_its_submitters_word() {
        let house = TestHouse::of(4);
        let (_, original) = house.seal(&order());
        let renamed = renamed(&original).unwrap();
        assert_eq!(renamed.sealed, original.sealed);
        assert_ne!(renamed.header.submitter, original.header.submitter);
        // Signed as it should be: that it is a copy only the proof of its parts shows.
        renamed.check_header().unwrap();
        assert!(sealbid_crypto::check(&renamed).is_err());
        sealbid_crypto::check(&original).unwrap();
        let moved = moved(&original).unwrap();
        assert_eq!(moved.header.submitter, original.header.submitter);
        assert!(moved.check_header().is_err());
    }
}
