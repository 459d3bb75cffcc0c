//! The failures of the libraries as those of a command: their exit codes, and what to do.

use sealbid_client::{ClientError, ErrorClass};
use sealbid_keygen::{
    AccountFileError, CommitteeFileError, DealerError, HouseError, KeyFileError, PassphraseError,
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
    DealerError,
    HouseError,
    KeyFileError,
    PassphraseError
);

impl From<&ClientError> for Failure {
    fn from(error: &ClientError) -> Self {
        let message = error.to_string();
        match error.class() {
            ErrorClass::NoQuorum => Self::no_quorum(message).advise(
                "start the members that are down (`sealbid node status` shows them), and try again",
            ),
            ErrorClass::Timeout => {
                Self::timeout(message).advise("look at `sealbid watch`, and try again")
            }
            ErrorClass::NotFound => Self::work(message).advise("`sealbid rounds` lists the rounds"),
            ErrorClass::Dishonest => Self::authentication(message).advise(
                "that member lies, or the committee file is of another house: ask the others",
            ),
            ErrorClass::Input => Self::usage(message),
            ErrorClass::Local => Self::work(message),
            ErrorClass::Refused => refused(error, message),
        }
    }
}

fn refused(error: &ClientError, message: String) -> Failure {
    let ClientError::Refused { refusal, .. } = error else {
        return Failure::work(message);
    };
    let advice = match refusal.code {
        RefusalCode::RoundClosed | RefusalCode::Expired => "seal it again: rounds have moved on",
        RefusalCode::RoundTooFar => "send it later, or seal it for an earlier round",
        RefusalCode::WrongAuction | RefusalCode::UnknownKey => {
            "it is for another house: name the right one with --dir"
        }
        RefusalCode::Quota | RefusalCode::RoundFull | RefusalCode::TooManyRequests => {
            "wait for the next round, and send it again"
        }
        RefusalCode::ShuttingDown => "try again",
        _ => "the envelope was changed or badly made: `sealbid inspect` shows what is wrong",
    };
    Failure::work(message)
        .advise(advice)
        .with_code(refusal.code)
}

impl From<&PassphraseError> for Failure {
    fn from(error: &PassphraseError) -> Self {
        Self::authentication(error.to_string())
    }
}

impl From<&AccountFileError> for Failure {
    fn from(error: &AccountFileError) -> Self {
        let message = error.to_string();
        match error {
            AccountFileError::Passphrase(_) | AccountFileError::WrongPassphrase { .. } => {
                Self::authentication(message)
            }
            AccountFileError::Write { .. } => Self::storage(message),
            AccountFileError::NotFound { .. } => Self::key(message).advise(
                "make one with `sealbid account new --plain`, or name one with --account FILE",
            ),
            _ => Self::key(message).advise("name another account with --account FILE"),
        }
    }
}

impl From<&CommitteeFileError> for Failure {
    fn from(error: &CommitteeFileError) -> Self {
        let message = error.to_string();
        match error {
            CommitteeFileError::Write { .. } => Self::storage(message),
            CommitteeFileError::NotFound { .. } => Self::key(message).advise(
                "start a house with `sealbid up`, or name its directory with --dir or SEALBID_DIR",
            ),
            _ => Self::key(message).advise("get the committee file from the house again"),
        }
    }
}

impl From<&KeyFileError> for Failure {
    fn from(error: &KeyFileError) -> Self {
        let message = error.to_string();
        match error {
            KeyFileError::WrongPassphrase { .. } => Self::authentication(message),
            KeyFileError::Write { .. } => Self::storage(message),
            _ => Self::key(message),
        }
    }
}

impl From<&HouseError> for Failure {
    fn from(error: &HouseError) -> Self {
        Self::storage(error.to_string())
    }
}

impl From<&DealerError> for Failure {
    fn from(error: &DealerError) -> Self {
        match error {
            DealerError::House(error) => Self::from(error),
            DealerError::KeyFile(error) => Self::from(error),
            DealerError::CommitteeFile(error) => Self::from(error),
            DealerError::Quorum(..) => Self::usage(error.to_string()),
            _ => Self::work(error.to_string()),
        }
    }
}
