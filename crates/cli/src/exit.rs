//! How commands fail: a kind, which is the exit code ([`Exit`]); what is wrong; and what to do
//! about it.

use core::error::Error;
use core::fmt;
use std::path::Path;
use std::process::ExitCode;

use sealbid_keygen::Exit;
use sealbid_types::id::EnvelopeId;

use crate::next_command::Typed;

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    advice: Option<String>,
    /// What exactly, for scripts: a member's refusal code, or one of our own.
    code: Option<String>,
    /// What led to it, nearest first.
    causes: Vec<String>,
    /// The order that the command had in hand. Boxed, since failures are returned everywhere.
    order: Option<Box<EnvelopeId>>,
    /// The command has printed its object already, and that tells.
    reported: bool,
    /// People have been told as well.
    told: bool,
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
            causes: Vec::new(),
            order: None,
            reported: false,
            told: false,
        }
    }

    /// A failure that a library tells of, with what led to it.
    pub(crate) fn of(exit: Exit, error: &dyn Error) -> Self {
        let mut told = error.to_string();
        let mut failure = Self::new(exit, told.clone());
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Most errors have their cause's words in their own.
            if !told.contains(&text) {
                failure.causes.push(text.clone());
            }
            told = text;
            cause = error.source();
        }
        failure
    }

    /// The user pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
    }

    /// There is no directory where the house should be: most often a slip.
    pub(crate) fn no_house_directory(dir: &Path) -> Self {
        Self::key(format!("there is no house directory {}", dir.display()))
            .with_code("no-house-directory")
            .advise("name it with --dir or SEALBID_DIR, or start a house with `sealbid up`")
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// Says more than the kind of failure does.
    #[must_use]
    pub(crate) fn because(mut self, why: impl fmt::Display) -> Self {
        self.message = format!("{}: {why}", self.message);
        self
    }

    /// Names the order that the command had in hand: whoever reads this asks for it by its id.
    #[must_use]
    pub(crate) fn of_order(mut self, id: EnvelopeId) -> Self {
        self.order = Some(Box::new(id));
        self
    }

    /// What led to it, nearest first, as far as the message does not say so already.
    pub(crate) fn causes(&self) -> &[String] {
        &self.causes
    }

    /// Says what exactly it is, for scripts: a member's refusal code, or one of our own.
    #[must_use]
    pub(crate) fn with_code(mut self, code: impl fmt::Display) -> Self {
        self.code = Some(code.to_string());
        self
    }

    /// The same, with commands to type next that name again what was typed.
    #[must_use]
    pub(crate) fn completed(mut self, typed: &Typed) -> Self {
        self.message = typed.complete(&self.message);
        self.advice = self.advice.map(|advice| typed.complete(&advice));
        self
    }

    /// Says that the command has printed an object that tells what failed.
    #[must_use]
    pub(crate) const fn reported(mut self) -> Self {
        self.reported = true;
        self
    }

    /// Says that all of it has been said, to scripts and to people.
    #[must_use]
    pub(crate) const fn told(mut self) -> Self {
        (self.reported, self.told) = (true, true);
        self
    }

    pub(crate) const fn is_told(&self) -> bool {
        self.told
    }

    pub(crate) const fn is_reported(&self) -> bool {
        self.reported
    }

    /// Whether it names an order.
    pub(crate) const fn has_order(&self) -> bool {
        self.order.is_some()
    }

    /// What to do about it, if that is said.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.advice.as_deref()
    }

    /// Of what kind it is.
    pub(crate) const fn kind(&self) -> Exit {
        self.exit
    }

    /// What is wrong, without what to do about it.
    pub(crate) fn message(&self) -> &str {
        &self.message
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
            // The kind, where there is nothing more exact: scripts decide by this field.
            "code": self.code.as_deref().unwrap_or_else(|| self.exit.name()),
            "order": self.order,
            "message": self.message,
            "causes": self.causes,
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

impl Error for Failure {}

#[cfg(test)]
mod tests {
    use sealbid_node::NodeError;

    use super::*;

    /// A ceremony in doubt (10) must not look like one that is void (1).
    #[test]
    fn the_code_that_a_library_chose_is_passed_on() {
        for exit in Exit::ALL {
            let failure = Failure::new(*exit, "x");
            assert_eq!(failure.code(), exit.code());
            assert_eq!(failure.to_json()["exit"], exit.code());
            assert_eq!(failure.to_json()["code"], exit.name());
        }
    }

    #[test]
    fn causes_are_told_that_the_message_does_not_have() {
        #[derive(Debug, thiserror::Error)]
        #[error("{0}")]
        struct Because(&'static str, #[source] Option<Box<Self>>);

        let because = |what, cause| Because(what, Some(Box::new(cause)));
        let error = because("no: full", because("full", Because("disk", None)));
        let failure = Failure::of(Exit::Storage, &error);
        assert_eq!(failure.to_string(), "no: full");
        assert_eq!(failure.causes(), ["disk"]);
    }

    /// A unit file restarts a member that the system failed, and not one that must not go on.
    #[test]
    fn a_member_that_must_not_go_on_has_a_code_of_its_own() {
        let code = |error: NodeError| Failure::from(error).code();
        assert_eq!(code(NodeError::Halted("x".to_owned())), 10);
        assert_eq!(code(NodeError::System("x".into())), 1);
    }
}
