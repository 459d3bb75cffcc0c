//! The key ceremony between people: files, terminals and meetings around `sealbid-dkg`.
//!
//! | module | what |
//! | --- | --- |
//! | `invite` | calls a ceremony; [`code`] is its short form |
//! | `drive` | what one participant does, step by step, everything on disk before it is sent |
//! | `meeting`, `files` | the two ways by which messages travel |
//! | `people`, `voice` | who takes part, shown to a person, and the person's yes |
//! | `directory`, `noticeboard`, `outcome` | what lies on disk, on the way and at the end |
//! | [`session_key`] | the session's secret at rest |
//! | [`verify`], [`recover`] | what can be done with a transcript |

pub mod code;
pub(crate) mod contact;
pub(crate) mod directory;
pub(crate) mod drive;
pub mod error;
pub(crate) mod files;
pub(crate) mod invite;
pub(crate) mod meeting;
pub(crate) mod noticeboard;
pub(crate) mod outcome;
pub(crate) mod people;
pub mod recover;
pub mod session_key;
pub mod verify;
pub(crate) mod voice;

#[cfg(test)]
mod tests;
