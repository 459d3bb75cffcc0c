//! How commands fail: a kind, which is the exit code; what is wrong; and what to do about it.

use core::fmt;
use std::process::ExitCode;

use serde::Serialize;

/// The kinds of failure, by exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub(crate) enum FailureKind {
    /// The work failed.
    Work = 1,
    /// The command line, or a file that the user wrote, is wrong.
    Usage = 2,
    /// A passphrase, ticket or signature is wrong.
    Authentication = 3,
    /// A key or committee file is missing, corrupt or foreign.
    Key = 4,
    /// The disk: a directory, a file or a store.
    Storage = 5,
    /// No member is reachable, or fewer than a quorum are alive.
    NoQuorum = 6,
    /// It took too long.
    Timeout = 7,
    /// A record does not check out.
    Audit = 8,
    /// `--wait`: the intent was not filled.
    NotFilled = 9,
    /// A member must not go on: it saw the committee contradict itself.
    Halted = 10,
    /// Ctrl-C.
    Interrupted = 130,
}

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    kind: FailureKind,
    message: String,
    advice: Option<String>,
    /// A member's refusal code.
    code: Option<String>,
    /// The command has printed its object already, and that tells.
    reported: bool,
}

macro_rules! constructors {
    ($($name:ident = $kind:ident,)*) => {$(
        #[doc = concat!("A failure of the kind [`FailureKind::", stringify!($kind), "`].")]
        #[allow(dead_code, reason = "one for each kind")]
        pub(crate) fn $name(message: impl Into<String>) -> Self {
            Self::new(FailureKind::$kind, message)
        }
    )*};
}

impl Failure {
    constructors! {
        work = Work,
        usage = Usage,
        authentication = Authentication,
        key = Key,
        storage = Storage,
        no_quorum = NoQuorum,
        timeout = Timeout,
        audit = Audit,
        not_filled = NotFilled,
        halted = Halted,
    }

    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            advice: None,
            code: None,
            reported: false,
        }
    }

    /// A failure whose exit code a library has chosen.
    pub(crate) fn of_code(code: u8, message: impl Into<String>) -> Self {
        let kind = match code {
            2 => FailureKind::Usage,
            3 => FailureKind::Authentication,
            4 => FailureKind::Key,
            5 => FailureKind::Storage,
            6 => FailureKind::NoQuorum,
            7 => FailureKind::Timeout,
            8 => FailureKind::Audit,
            _ => FailureKind::Work,
        };
        Self::new(kind, message)
    }

    /// The user pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self::new(FailureKind::Interrupted, "interrupted")
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Adds the code of a member's refusal.
    #[must_use]
    pub(crate) fn with_code(mut self, code: impl fmt::Display) -> Self {
        self.code = Some(code.to_string());
        self
    }

    /// Says that the command has printed an object that tells what failed.
    #[must_use]
    pub(crate) const fn reported(mut self) -> Self {
        self.reported = true;
        self
    }

    pub(crate) const fn is_reported(&self) -> bool {
        self.reported
    }

    /// The exit code as a number.
    pub(crate) const fn code(&self) -> u8 {
        self.kind as u8
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// The failure as `--json` prints it.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        // Every field is always there, so that scripts find it.
        serde_json::json!({
            "error": self.kind,
            "exit": self.code(),
            "code": self.code,
            "message": self.message,
            "advice": self.advice,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.advice {
            Some(advice) => write!(f, "\n  {advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use sealbid_node::NodeError;

    use super::*;

    #[test]
    fn exit_codes_are_those_of_the_help() {
        let codes = [
            (Failure::work("x"), 1),
            (Failure::usage("x"), 2),
            (Failure::authentication("x"), 3),
            (Failure::key("x"), 4),
            (Failure::storage("x"), 5),
            (Failure::no_quorum("x"), 6),
            (Failure::timeout("x"), 7),
            (Failure::audit("x"), 8),
            (Failure::not_filled("x"), 9),
            (Failure::halted("x"), 10),
            (Failure::interrupted(), 130),
        ];
        for (failure, code) in codes {
            assert_eq!(failure.code(), code);
            assert_eq!(failure.to_json()["exit"], code);
        }
    }

    /// A unit file restarts a member that the system failed, and not one that must not go on.
    #[test]
    fn a_member_that_must_not_go_on_has_a_code_of_its_own() {
        let code = |error: NodeError| Failure::from(error).code();
        assert_eq!(code(NodeError::Halted("x".to_owned())), 10);
        assert_eq!(code(NodeError::System("x".to_owned())), 1);
    }
}
