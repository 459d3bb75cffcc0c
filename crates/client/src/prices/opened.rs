//! What a certified round shows of prices: its valid quotes, opened, and its fills.

use std::collections::{BTreeMap, BTreeSet};

use sealbid_crypto::{BatchSecret, CommitteeKeys, check_batch, verify_openings};
use sealbid_market::fees::Fee;
use sealbid_market::schedule::PriceSchedule;
use sealbid_types::allocation::FillKind;
use sealbid_types::amount::Amount;
use sealbid_types::codec::decode;
use sealbid_types::envelope::{Envelope, Part};
use sealbid_types::id::{EnvelopeId, Round};
use sealbid_types::metadata::Pair;
use sealbid_types::quote::{Quote, Rate, SignedQuote};
use sealbid_types::text::AccountId;
use sealbid_types::time::Timestamp;
use serde::Serialize;

use crate::round::VerifiedRound;

/// What is wrong with the openings of a record whose signatures hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningsError {
    /// The envelope of a listed quote is not there.
    #[error("the envelope of quote {0} is missing")]
    Envelope(EnvelopeId),
    /// The envelope of a listed quote is not admissible: no member would have reported it.
    #[error("quote {0} is not admissible")]
    NotAdmitted(EnvelopeId),
    /// A valid quote is not opened.
    #[error("quote {0} is not opened")]
    Missing(EnvelopeId),
    /// Openings are not the ones that the committee's key gives.
    #[error("openings are not those of the committee's key")]
    Wrong,
    /// A valid quote opens to something else.
    #[error("quote {0} does not open to a quote")]
    NoQuote(EnvelopeId),
}

/// A quote that a round opened and did not call void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenedQuote {
    /// Its envelope.
    pub id: EnvelopeId,
    /// What it says.
    #[serde(flatten)]
    pub quote: Quote,
}

/// A swap that a round filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaidFill {
    /// The round.
    pub round: Round,
    /// When it closed.
    pub closed_at: Timestamp,
    /// The intent.
    pub intent: EnvelopeId,
    /// The solver's account.
    pub solver: AccountId,
    /// What the trader gave, the Verifier's fee included.
    pub gave: Amount,
    /// What the trader was to receive, after the fee.
    pub received: Amount,
    /// What of it was above the trader's limit.
    pub surplus: Amount,
}

impl PaidFill {
    /// What was received for what was given, in base units.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        Rate {
            out: self.received,
            per: self.gave,
        }
    }
}

/// What a round shows of prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedRound {
    /// The round.
    pub round: Round,
    /// When it closed.
    pub closed_at: Timestamp,
    /// Its valid quotes.
    pub quotes: Vec<OpenedQuote>,
    /// Its filled swaps, by pair, in the order in which they were filled.
    pub fills: BTreeMap<Pair, Vec<PaidFill>>,
}

impl OpenedRound {
    /// Reads a certified record. Fills are what the committee signed; a quote counts if it is
    /// listed by the close, not void by the settlement, and opened by the committee's key.
    ///
    /// Only quotes are opened again: intents are of no use here, and some hundred of them would take
    /// longer than all the rest. Whether the round was *settled* rightly is the auditor's question
    /// ([`crate::audit`]).
    ///
    /// # Errors
    /// [`OpeningsError`]: then whoever showed the record left something out.
    pub fn new(
        keys: &CommitteeKeys,
        round: &VerifiedRound,
        secret: &BatchSecret,
    ) -> Result<Self, OpeningsError> {
        let close = &round.record().close;
        Ok(Self {
            round: close.round,
            closed_at: close.closed_at,
            quotes: open_quotes(keys, round, secret)?,
            fills: fills(round),
        })
    }

    /// The valid quotes for a pair.
    pub fn quotes_for<'a>(&'a self, pair: &'a Pair) -> impl Iterator<Item = &'a OpenedQuote> {
        self.quotes.iter().filter(move |it| it.quote.pair == *pair)
    }
}

/// What a quote would have brought a trader who gives `amount`, all of its capacity still there:
/// what the solver pays less the Verifier's fee on all of it, as if the limit were no less. None if
/// it does not take that size.
#[must_use]
pub(super) fn receives(quote: &Quote, fee: Fee, amount: Amount) -> Option<Amount> {
    // As the clearing does it: sizes are of what the trader gives, prices of what arrives of it.
    if !(quote.minimum_fill..=quote.capacity).contains(&amount) {
        return None;
    }
    let schedule = PriceSchedule::new(quote).ok()?;
    let pays = schedule.price(fee.net(&quote.pair.give, amount))?;
    Some(fee.net(&quote.pair.want, pays))
}

fn open_quotes(
    keys: &CommitteeKeys,
    round: &VerifiedRound,
    secret: &BatchSecret,
) -> Result<Vec<OpenedQuote>, OpeningsError> {
    let record = round.record();
    let void: BTreeSet<EnvelopeId> = round
        .settlement()
        .void
        .iter()
        .map(|void| void.envelope)
        .collect();
    let valid = record.close.quotes.iter().filter(|id| !void.contains(id));
    let valid: Vec<EnvelopeId> = valid.copied().collect();
    // By the id that its bytes make, so that none can be put in another's place.
    let by_id: BTreeMap<EnvelopeId, &Envelope> = record
        .envelopes
        .iter()
        .map(|envelope| (envelope.id(), envelope))
        .collect();
    let envelopes: Vec<&Envelope> = valid
        .iter()
        .map(|id| by_id.get(id).copied().ok_or(OpeningsError::Envelope(*id)))
        .collect::<Result<_, _>>()?;
    let checked = check_batch(&envelopes, secret)
        .into_iter()
        .zip(&valid)
        .map(|(checked, id)| checked.map_err(|_| OpeningsError::NotAdmitted(*id)))
        .collect::<Result<Vec<_>, _>>()?;
    let openings: BTreeMap<EnvelopeId, _> = record
        .openings
        .iter()
        .filter(|opening| opening.part == Part::Quote)
        .map(|opening| (opening.envelope, opening.z))
        .collect();
    let mut wanted = Vec::new();
    for envelope in &checked {
        let missing = || OpeningsError::Missing(envelope.id());
        let part = envelope.part(Part::Quote).ok_or_else(missing)?;
        wanted.push((part, *openings.get(&envelope.id()).ok_or_else(missing)?));
    }
    let opened = verify_openings(keys, &wanted, secret).map_err(|_| OpeningsError::Wrong)?;
    let read = |opened: sealbid_crypto::OpenedPart| {
        let id = opened.opening.envelope;
        let content = opened.content.map_err(|_| OpeningsError::NoQuote(id))?;
        let signed: SignedQuote =
            decode(content.as_bytes()).map_err(|_| OpeningsError::NoQuote(id))?;
        let quote = signed.quote;
        Ok(OpenedQuote { id, quote })
    };
    opened.into_iter().map(read).collect()
}

fn fills(round: &VerifiedRound) -> BTreeMap<Pair, Vec<PaidFill>> {
    let close = &round.record().close;
    let mut fills: BTreeMap<Pair, Vec<PaidFill>> = BTreeMap::new();
    for filled in &round.settlement().fills {
        let FillKind::Swap {
            solver,
            pair,
            amount_in,
            amount_out,
            surplus,
            ..
        } = &filled.fill.kind
        else {
            continue;
        };
        fills.entry(pair.clone()).or_default().push(PaidFill {
            round: close.round,
            closed_at: close.closed_at,
            intent: filled.fill.intent,
            solver: solver.clone(),
            gave: *amount_in,
            received: *amount_out,
            surplus: *surplus,
        });
    }
    fills
}
