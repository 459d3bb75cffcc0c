//! One look at one thing: how it is, and what to do about it.

use core::fmt;

use sealbid_keygen::Exit;
use serde::Serialize;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// It works, and somebody should look after it.
    Warn,
    /// It does not work.
    Fail,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was looked at: `member-1 key`.
    pub(crate) subject: String,
    /// How it is.
    pub(crate) level: Level,
    /// The same in words.
    pub(crate) message: String,
    /// The next command to type, or what else to do.
    pub(crate) next: Option<String>,
    /// The exit code of a doctor that finds no worse.
    #[serde(skip)]
    pub(crate) exit: Option<Exit>,
}

impl Check {
    pub(crate) fn ok(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(subject, Level::Ok, message)
    }

    pub(crate) fn warn(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(subject, Level::Warn, message)
    }

    pub(crate) fn fail(subject: impl Into<String>, exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit: Some(exit),
            ..Self::new(subject, Level::Fail, message)
        }
    }

    /// Says what to do about it.
    #[must_use]
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    fn new(subject: impl Into<String>, level: Level, message: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            level,
            message: message.into(),
            next: None,
            exit: None,
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        write!(f, "{level:<4}  {:<22}  {}", self.subject, self.message)?;
        match &self.next {
            Some(next) => write!(f, "\n      next: {next}"),
            None => Ok(()),
        }
    }
}
