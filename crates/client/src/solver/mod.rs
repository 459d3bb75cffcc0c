//! Solvers: a price schedule is signed, then sealed for the one round it is made for.

use sealbid_crypto::seal;
use sealbid_market::schedule::PriceSchedule;
use sealbid_types::amount::Amount;
use sealbid_types::codec::encode;
use sealbid_types::envelope::{Envelope, Header, Kind, PROTOCOL, Part, Sealed};
use sealbid_types::id::Round;
use sealbid_types::metadata::{Metadata, Pair};
use sealbid_types::quote::{Quote, SignedQuote, Tier};
use sealbid_types::time::Timestamp;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::committee::CommitteeFile;
use crate::entropy::fresh;
use crate::error::ClientError;

/// What a solver offers: prices for all sizes of a directed pair, in one round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The round.
    pub round: Round,
    /// The pair, as the trader sees it: the solver receives `give` and pays `want`.
    pub pair: Pair,
    /// The schedule.
    pub tiers: Vec<Tier>,
    /// The most of the given asset over all fills of the round.
    pub capacity: Amount,
    /// The least of the given asset in one fill.
    pub minimum_fill: Amount,
    /// The quote is void if the round closes later.
    pub expires: Timestamp,
}

/// Whoever has an account to fill intents from.
///
/// # Examples
/// A quote for the round in progress, sealed for it and sent:
/// ```no_run
/// use core::time::Duration;
/// use sealbid_client::types::{Pair, Tier};
/// use sealbid_client::{Account, Client, Offer, Solver};
///
/// # async fn example(tiers: Vec<Tier>) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::open("house/committee.json").await?;
/// let solver = Solver::new(Account::generate()?);
/// let standing = client.standing().await?;
/// let offer = Offer {
///     round: standing.round,
///     pair: Pair {
///         give: "nep141:wrap.near".parse()?,
///         want: "nep141:meta-pool.near".parse()?,
///     },
///     tiers,
///     capacity: "1000000000000000000000000000".parse()?,
///     minimum_fill: "1".parse()?,
///     expires: standing.now.plus(Duration::from_secs(60)),
/// };
/// let quote = solver.quote(&client, offer)?;
/// let envelope = solver.seal(&client, &quote)?;
/// client.submit(&envelope).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Solver {
    account: Account,
}

impl Solver {
    /// A solver with this account.
    #[must_use]
    pub const fn new(account: Account) -> Self {
        Self { account }
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// Signs an offer as a quote.
    ///
    /// # Errors
    /// [`ClientError::Quote`] if it would be void once opened.
    pub fn quote(
        &self,
        committee: &impl AsRef<CommitteeFile>,
        offer: Offer,
    ) -> Result<SignedQuote, ClientError> {
        let Offer {
            round,
            pair,
            tiers,
            capacity,
            minimum_fill,
            expires,
        } = offer;
        let quote = Quote {
            auction: committee.as_ref().committee().auction,
            round,
            solver: self.account.id().clone(),
            key: self.account.public_key(),
            pair,
            tiers,
            capacity,
            minimum_fill,
            expires,
        };
        PriceSchedule::new(&quote).map_err(ClientError::Quote)?;
        Ok(SignedQuote::new(quote, self.account.secret()))
    }

    /// Seals a quote to the committee, for its round, and signs the envelope. The envelope shows
    /// nothing of the pair.
    ///
    /// # Errors
    /// [`ClientError::OtherAccount`], [`ClientError::Seal`].
    pub fn seal(
        &self,
        committee: &impl AsRef<CommitteeFile>,
        quote: &SignedQuote,
    ) -> Result<Envelope, ClientError> {
        let SignedQuote {
            quote:
                Quote {
                    key,
                    round,
                    expires,
                    ..
                },
            ..
        } = quote;
        if *key != self.account.public_key() {
            return Err(ClientError::OtherAccount);
        }
        let file = committee.as_ref();
        let (committee, keys) = (file.committee(), file.keys());
        let header = Header {
            protocol: PROTOCOL,
            kind: Kind::Quote,
            auction: committee.auction,
            key: committee.key,
            first: *round,
            last: *round,
            expires: *expires,
            metadata: Metadata::NOTHING,
            submitter: *key,
        };
        let secret = Zeroizing::new(self.account.secret().to_bytes());
        let plaintext = Zeroizing::new(encode(quote));
        let label = header.label(Part::Quote, None);
        let part = seal(keys, &label, &plaintext, &*fresh()?, &*secret)?;
        Ok(Envelope::sign(
            header,
            Sealed::Quote(part),
            self.account.secret(),
        ))
    }
}

#[cfg(test)]
mod tests;
