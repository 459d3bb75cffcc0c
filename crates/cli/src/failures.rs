//! The failures of the libraries as those of a command: their exit codes, and what to do.
//!
//! One place decides which code every library's error has, so that scripts can go by the number: 3
//! is a secret that does not fit, 4 a key or committee file, 5 the disk, 6 too few members, 7 time.

use std::path::Path;

use sealbid_client::{ClientError, CommitteeFileError, ErrorClass};
use sealbid_keygen::{
    AccountFileError, DealerError, Exit, HouseError, KeyFileError, PassphraseError,
    SaveCommitteeError,
};
use sealbid_types::door::RefusalCode;

use crate::exit::Failure;

/// Gives the conversion by value too, for `?`.
macro_rules! by_value {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::from(&error)
            }
        }
    )*};
}

by_value!(
    ClientError,
    AccountFileError,
    CommitteeFileError,
    SaveCommitteeError,
    DealerError,
    HouseError,
    KeyFileError,
    PassphraseError
);

/// What the caller can do about it decides the code and the advice.
impl From<&ClientError> for Failure {
    fn from(error: &ClientError) -> Self {
        // Of whatever class: the member's own code goes along for scripts.
        if let ClientError::Refused { refusal, .. } = error {
            let failure = match error.class() {
                ErrorClass::NoQuorum => Self::of(Exit::NoQuorum, error),
                _ => Self::of(Exit::Work, error),
            };
            return failure.advise(advice(refusal.code)).with_code(refusal.code);
        }
        match error.class() {
            // With fewer than a quorum there can be no receipt, whatever is sent.
            ErrorClass::NoQuorum => Self::of(Exit::NoQuorum, error).advise(
                "start the members that are down (`sealbid node status` shows them), and try again",
            ),
            // It may come to pass all the same: the house goes on without this client.
            ErrorClass::Timeout => {
                Self::of(Exit::Timeout, error).advise("look at `sealbid watch`, and try again")
            }
            ErrorClass::NotFound => Self::of(Exit::Work, error)
                .with_code("not-found")
                .advise("`sealbid rounds` lists the rounds"),
            // None of the answers verified: trying again would bring the same.
            ErrorClass::Dishonest => Self::of(Exit::Authentication, error).advise(
                "that member lies, or the committee file is of another house: ask the others",
            ),
            // What was typed, or given as a file. Nobody else has heard of it.
            ErrorClass::Input => Self::of(Exit::Usage, error),
            ErrorClass::Refused | ErrorClass::Local => Self::of(Exit::Work, error),
        }
    }
}

/// Whether to wait, to seal again, or to go elsewhere. Every code by name, so that a new one gets
/// advice of its own and not that of a bad envelope.
const fn advice(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::AlreadyListed => "do not seal it again: `sealbid status ID` tells its outcome",
        // A new envelope, since this one names rounds that are over.
        RefusalCode::RoundClosed | RefusalCode::Expired => "seal it again: rounds have moved on",
        RefusalCode::RoundTooFar => "send it later, or seal it for an earlier round",
        // Never this house, however often it is sent.
        RefusalCode::WrongAuction | RefusalCode::UnknownKey => {
            "it is for another house: name the right one with --dir"
        }
        // The same envelope again: a new one would be a second order.
        RefusalCode::Quota | RefusalCode::RoundFull => "wait for the next round, and send it again",
        RefusalCode::NoQuorum => {
            "it is stored and may still be listed: send this very envelope again, not a new one"
        }
        RefusalCode::TooManyRequests => "wait a moment, and try again",
        RefusalCode::ShuttingDown => "try again",
        RefusalCode::NotReady => {
            "start the members that are down (`sealbid node status` shows them), or wait until \
             they have caught up, and try again"
        }
        RefusalCode::NoSuchRound => "`sealbid rounds` lists the rounds",
        RefusalCode::RecordGone => {
            "records are kept for as long as each member's operator has set: look for a record \
             that a relayer has written (records/ in a house directory)"
        }
        RefusalCode::StoreUnreadable => {
            "the member's log says what is wrong with its disk: try again once that, or another \
             member, answers"
        }
        RefusalCode::UnknownVersion | RefusalCode::Protocol => {
            "the members run another version of this program: use theirs"
        }
        RefusalCode::Oversize
        | RefusalCode::Malformed
        | RefusalCode::NotCanonical
        | RefusalCode::Rounds
        | RefusalCode::Signature
        | RefusalCode::Kind
        | RefusalCode::BodySize
        | RefusalCode::PointNotOnCurve
        | RefusalCode::PointIdentity
        | RefusalCode::PointNotInSubgroup
        | RefusalCode::ScalarNotCanonical
        | RefusalCode::Proof
        | RefusalCode::SharedU => {
            "the envelope was changed or badly made: `sealbid inspect` shows what is wrong"
        }
    }
}

impl From<&PassphraseError> for Failure {
    fn from(error: &PassphraseError) -> Self {
        Self::of(error.exit(), error)
    }
}

/// A passphrase may be typed again, which mends nothing about a bad file: codes 3 and 4.
impl From<&AccountFileError> for Failure {
    fn from(error: &AccountFileError) -> Self {
        match error {
            AccountFileError::Passphrase(error) => Self::from(error),
            AccountFileError::WrongPassphrase { .. } => Self::of(Exit::Authentication, error),
            AccountFileError::Write { .. } => Self::of(Exit::Storage, error),
            AccountFileError::NotFound { .. } => Self::of(Exit::Key, error)
                .with_code("no-account")
                .advise("make one with `sealbid account new`, or name one with --account FILE"),
            _ => Self::of(Exit::Key, error).advise("name another account with --account FILE"),
        }
    }
}

impl From<&CommitteeFileError> for Failure {
    fn from(error: &CommitteeFileError) -> Self {
        match error {
            CommitteeFileError::NotFound { path } if !holds(path) => {
                Self::no_house_directory(path.parent().unwrap_or(path))
            }
            // Most often there is no house here yet, or the command looks in another place.
            CommitteeFileError::NotFound { .. } => Self::of(Exit::Key, error)
                .with_code("no-committee-file")
                .advise(
                    "start a house with `sealbid up`, or name its directory with --dir or \
                     SEALBID_DIR",
                ),
            // Fetched again and never mended by hand: all members and clients hold the same file.
            _ => Self::of(Exit::Key, error).advise("get the committee file from the house again"),
        }
    }
}

impl From<&SaveCommitteeError> for Failure {
    fn from(error: &SaveCommitteeError) -> Self {
        Self::of(Exit::Storage, error)
    }
}

/// Whether the directory of a file is there.
fn holds(path: &Path) -> bool {
    let directory = path.parent().unwrap_or(path);
    // A file without one lies in the current directory.
    directory.as_os_str().is_empty() || directory.is_dir()
}

/// A wrong passphrase, the disk, or the file itself: codes 3, 5 and 4.
impl From<&KeyFileError> for Failure {
    fn from(error: &KeyFileError) -> Self {
        match error {
            KeyFileError::WrongPassphrase { .. } => Self::of(Exit::Authentication, error),
            KeyFileError::Write { .. } => Self::of(Exit::Storage, error),
            _ => Self::of(Exit::Key, error),
        }
    }
}

/// Whatever is wrong with a house directory is about the disk.
impl From<&HouseError> for Failure {
    fn from(error: &HouseError) -> Self {
        Self::of(Exit::Storage, error)
    }
}

/// The code of what has failed within, and none of its own.
impl From<&DealerError> for Failure {
    fn from(error: &DealerError) -> Self {
        match error {
            DealerError::House(error) => Self::from(error),
            DealerError::KeyFile(error) => Self::from(error),
            DealerError::CommitteeFile(error) => Self::from(error),
            // A committee that cannot be is a slip on the command line.
            DealerError::Quorum(..) => Self::of(Exit::Usage, error),
            _ => Self::of(Exit::Work, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use sealbid_types::door::Refusal;
    use sealbid_types::id::MemberIndex;

    use super::*;

    fn told(code: RefusalCode) -> serde_json::Value {
        let refusal = Refusal {
            code,
            message: "no".to_owned(),
        };
        let member = MemberIndex(1);
        Failure::from(ClientError::Refused { member, refusal }).to_json()
    }

    #[test]
    fn every_refusal_is_told_with_its_code_and_with_advice() {
        for code in RefusalCode::ALL {
            let told = told(*code);
            assert_eq!(told["code"], code.to_string());
            assert!(told["advice"].is_string(), "{code}: {told}");
        }
    }

    /// With these the member says something of itself, and nothing of what it was given.
    #[test]
    fn an_envelope_that_nobody_has_looked_at_is_not_called_bad() {
        use RefusalCode as C;
        for code in [
            C::NotReady,
            C::NoQuorum,
            C::NoSuchRound,
            C::TooManyRequests,
            C::ShuttingDown,
            C::StoreUnreadable,
            C::Quota,
            C::RoundFull,
        ] {
            let advice = told(code)["advice"].to_string();
            assert!(!advice.contains("badly made"), "{code}: {advice}");
        }
    }
}
