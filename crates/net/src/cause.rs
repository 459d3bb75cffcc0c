//! What the transport said: its errors are kept, and no type of its crates shows.

use core::fmt;
use std::error::Error;
use std::sync::Arc;

use crate::bind::describe;

/// What the transport said, in one line, with its own error as the source.
///
/// Two are equal if they say the same.
#[derive(Clone)]
pub struct Cause {
    text: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl Cause {
    pub(crate) fn of(error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            text: describe(&error),
            source: Some(Arc::new(error)),
        }
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self { text, source: None }
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Cause {}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_ref()?;
        Some(&**source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io;

    use super::*;

    #[test]
    fn the_error_below_is_kept() {
        let below = io::Error::new(io::ErrorKind::AddrInUse, "taken");
        let cause = Cause::of(below);
        assert_eq!(cause, Cause::from("taken"));
        let source = cause.source().unwrap().downcast_ref::<io::Error>();
        assert_eq!(source.unwrap().kind(), io::ErrorKind::AddrInUse);
        assert!(Cause::from("taken").source().is_none());
    }
}
