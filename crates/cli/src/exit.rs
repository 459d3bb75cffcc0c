//! How commands fail: a kind, which is the exit code ([`Exit`]); what is wrong; and what to do
//! about it.

use core::fmt;
use std::process::ExitCode;

use sealbid_keygen::Exit;

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    advice: Option<String>,
    /// A member's refusal code.
    code: Option<String>,
    /// The command has printed its object already, and that tells.
    reported: bool,
}

macro_rules! constructors {
    ($($name:ident = $kind:ident,)*) => {$(
        #[doc = concat!("A failure of the kind [`Exit::", stringify!($kind), "`].")]
        #[allow(dead_code, reason = "one for each kind")]
        pub(crate) fn $name(message: impl Into<String>) -> Self {
            Self::new(Exit::$kind, message)
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

    /// A failure of a kind that a library, or another process, has chosen.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            advice: None,
            code: None,
            reported: false,
        }
    }

    /// The user pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
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
        self.exit.code()
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    /// The failure as `--json` prints it.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        // Every field is always there, so that scripts find it.
        serde_json::json!({
            "error": self.exit,
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

    /// A ceremony in doubt (10) must not look like one that is void (1).
    #[test]
    fn the_code_that_a_library_chose_is_passed_on() {
        for exit in Exit::ALL {
            let failure = Failure::new(*exit, "x");
            assert_eq!(failure.code(), exit.code());
            assert_eq!(Exit::of_code(failure.code().into()), Some(*exit));
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
