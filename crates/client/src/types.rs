//! Everything of sealbid's other crates that this one's functions take or give, so that a program
//! names `sealbid-client` and no other.
//!
//! ```
//! use sealbid_client::types::{AccountId, Amount, AssetId, Round, Timestamp};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let asset: AssetId = "nep141:wrap.near".parse()?;
//! let amount: Amount = "1000000000000000000000000".parse()?;
//! let receiver: AccountId = "alice.near".parse()?;
//! let until = Timestamp::from(std::time::SystemTime::now());
//! assert!(Round(1) < Round(2) && until > Timestamp(0));
//! # let _ = (asset, amount, receiver);
//! # Ok(())
//! # }
//! ```

/// The encoding of envelopes, records and the like.
pub use sealbid_types::codec::{DecodeError, decode, encode};

pub use ed25519_dalek::SigningKey;
pub use sealbid_crypto::{BatchSecret, CommitteeKeys, KeysError, SealError};
pub use sealbid_market::schedule::PriceSchedule;
pub use sealbid_near::signed::{SignedIntent, SignedIntentError};
pub use sealbid_net::PeerId;
pub use sealbid_net::door::DoorError;
pub use sealbid_net::mesh::MeshError;
pub use sealbid_net::ticket::{Role, Ticket, TicketError};
pub use sealbid_protocol::audit::AuditError;
pub use sealbid_protocol::opening::OpenedIntents;
pub use sealbid_types::allocation::{
    Allocation, Fill, FillKind, ScheduleFault, Unfilled, UnfilledReason, VoidReason,
};
pub use sealbid_types::amount::Amount;
pub use sealbid_types::close::Close;
pub use sealbid_types::committee::{Committee, CommitteeError, Member, Rules};
pub use sealbid_types::door::{
    EnvelopeStatus, Event, Head, Phase, PublicIntent, Refusal, RefusalCode, RoundSummary,
};
pub use sealbid_types::envelope::{Envelope, Header, Kind, MOST_ROUNDS};
pub use sealbid_types::id::{AuctionId, EnvelopeId, MemberIndex, Round, Slot};
pub use sealbid_types::keys::PublicKey;
pub use sealbid_types::metadata::{Disclosure, Metadata, Pair};
pub use sealbid_types::quote::{Quote, SignedQuote, Tier};
pub use sealbid_types::record::RoundRecord;
pub use sealbid_types::report::{Acknowledgement, Receipt};
pub use sealbid_types::schedule::Schedule;
pub use sealbid_types::settlement::{SettledFill, Settlement, SignedSettlement};
pub use sealbid_types::terms::{Action, Authorisation, Terms};
pub use sealbid_types::text::{AccountId, AssetId};
pub use sealbid_types::time::Timestamp;
