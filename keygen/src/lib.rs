//! Making committee keys, and everything that lies in files around them.
//!
//! | module | what |
//! | --- | --- |
//! | [`ceremony`] | members in different places make a key that nobody ever holds |
//! | [`identity`], [`words`] | a participant's long-term key, and how people compare keys |
//! | [`dealer`] | a trusted dealer makes a whole house (development only) |
//! | [`member_key`] | a member's secrets and their encrypted file |
//! | [`committee_file`] | writing `committee.json`: all that traders and auditors need |
//! | [`account`] | trading keys |
//! | [`house`] | what lies where in a house directory |
//! | [`trust`] | what n and q buy |
//! | [`passphrase`], [`encryption`], [`secret_file`] | how secrets get in and stay in |
//! | [`command`], [`inspect`] | the commands |
//! | [`exit`], [`output`] | how a command ends, and what of its results could not be written |
//!
//! The protocol's own arithmetic is in `sealbid-dkg`; here are files, terminals and words.

pub mod account;
pub mod ceremony;
pub mod command;
pub mod committee_file;
pub mod dealer;
mod encrypted_file;
pub mod encryption;
pub mod exit;
pub mod house;
pub mod identity;
pub mod inspect;
pub mod member_key;
pub mod output;
pub mod passphrase;
pub mod secret_file;
mod seed;
pub mod trust;
pub mod words;

#[cfg(test)]
mod testing;

pub use account::{AccountFileError, AccountKey};
pub use command::{KeygenCommand, KeygenError};
pub use committee_file::{SaveCommitteeError, save_committee};
pub use dealer::{DealerError, DealerOptions, Dealt, MemberContact, deal, deal_house, usual_rules};
pub use encryption::WorkFactor;
pub use exit::Exit;
pub use house::{HouseDir, HouseError, MemberDir};
pub use identity::Identity;
pub use member_key::{KeyFileError, KeyFileProblem, MemberKey};
pub use output::StandardOutput;
pub use passphrase::{
    Passphrase, PassphraseError, PassphraseSource, StandardTerminal, Terminal, restore_echo,
};
pub use secret_file::{
    read_bounded, write_new_public, write_new_secret, write_public, write_secret,
};
pub use trust::{BadQuorum, Survival};
