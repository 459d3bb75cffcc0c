//! What is said of slips on the command line beside what clap says by itself.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use sealbid_keygen::command::values::duration;

/// With a tip, where there is one.
pub(crate) fn explained(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    // An option whose duration may be left out takes it without a space alone.
    if error.kind() == ErrorKind::UnknownArgument && duration(word).is_ok() {
        let tip = format!("a duration is joined to its option, as in --wait={word}");
        let tip = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}
