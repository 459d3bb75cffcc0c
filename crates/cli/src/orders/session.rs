//! Trading with one house: sealing an order, writing it down, sending it, and waiting for what
//! becomes of it.

use core::time::Duration;
use std::time::SystemTime;

use sealbid_client::{
    Accepted, Client, ClientError, ErrorClass, Outcome, Standing, Trader, Window,
};
use sealbid_near::authorisation::intent_hash;
use sealbid_near::signed::SignedIntent;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::EnvelopeId;
use sealbid_types::time::Timestamp;
use serde_json::json;

use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::{SealingArgs, WaitArgs};
use crate::orders::files::{OrderFile, OrderFiles};
use crate::tokens::Tokens;
use crate::ui::describe;
use crate::ui::text::{clock, count};

/// All that sealing and sending takes.
pub(crate) struct TradingSession {
    pub(crate) house: Client,
    pub(crate) tokens: Tokens,
    pub(crate) orders: OrderFiles,
    context: Context,
}

impl TradingSession {
    /// Opens the house.
    ///
    /// # Errors
    /// Key, usage or storage.
    pub(crate) async fn open(context: &Context) -> Result<Self, Failure> {
        Ok(Self {
            house: context.house().await?,
            tokens: context.tokens()?,
            orders: OrderFiles::new(context.house_dir().orders()),
            context: context.clone(),
        })
    }

    /// Where the house stands, if enough members are alive to acknowledge anything.
    ///
    /// # Errors
    /// No quorum.
    pub(crate) async fn standing(&self) -> Result<Standing, Failure> {
        let standing = self.house.standing().await?;
        standing.require_quorum(&self.house)?;
        Ok(standing)
    }

    /// Reads a signed intent.
    ///
    /// # Errors
    /// Usage.
    pub(crate) fn parse(&self, text: &str) -> Result<SignedIntent, Failure> {
        let contract = &self.house.committee().rules.verifying_contract;
        SignedIntent::from_json(text, contract)
            .map_err(|error| Failure::usage(format!("not a signed intent: {error}")))
    }

    /// Seals a signed intent for the rounds from now on, and writes it down.
    ///
    /// # Errors
    /// Usage or storage.
    pub(crate) fn seal(
        &self,
        trader: &Trader,
        intent: &SignedIntent,
        sealing: &SealingArgs,
        standing: &Standing,
    ) -> Result<(Envelope, OrderFile), Failure> {
        let window = standing.window(&self.house, sealing.valid_for, intent.terms.deadline)?;
        self.seal_for(window, trader, intent, sealing)
    }

    /// Seals a signed intent for these rounds, and writes it down: all that is known of an order,
    /// in whichever way its rounds were chosen.
    ///
    /// # Errors
    /// Usage or storage.
    pub(crate) fn seal_for(
        &self,
        window: Window,
        trader: &Trader,
        intent: &SignedIntent,
        sealing: &SealingArgs,
    ) -> Result<(Envelope, OrderFile), Failure> {
        let envelope = trader.seal(&self.house, intent, sealing.reveal.into(), window)?;
        let order = OrderFile {
            terms: Some(intent.terms.clone()),
            intent_hash: Some(intent_hash(&intent.authorisation)),
            ..OrderFile::of_envelope(&envelope, now())
        };
        self.orders.add(&order, &envelope)?;
        Ok((envelope, order))
    }

    /// Sends an envelope, writes the receipt down, tells, and waits if asked to.
    ///
    /// # Errors
    /// Those of sending; not filled.
    pub(crate) async fn send(
        &self,
        envelope: Envelope,
        order: OrderFile,
        wait: &WaitArgs,
    ) -> Result<(), Failure> {
        // On disk before it leaves: should this process die, it is known here what a member may
        // hold.
        self.orders.add(&order, &envelope)?;
        let accepted = self.submit(&envelope, &order).await?;
        let order = OrderFile {
            receipt: Some(accepted.receipt.clone()),
            // A refusal that was noted before is over: now it has been taken.
            outcome: None,
            ..order
        };
        self.orders.write(&order)?;
        // With --json all of it is one object at the end.
        if !self.context.console().is_json() {
            self.tell(&order, &accepted, wait.wait);
        }
        let outcome = if wait.wait {
            Some(self.wait(order.id, Some(&order)).await?)
        } else {
            None
        };
        self.context.console().object(&json!({
            "id": order.id,
            "kind": order.kind,
            "round": accepted.round,
            "first": order.first,
            "last": order.last,
            "expires": order.expires,
            "member": accepted.member.to_string(),
            "intent_hash": order.intent_hash,
            "receipt": accepted.receipt,
            "outcome": outcome,
        }));
        match outcome {
            Some(outcome) => self.conclude(&order, &outcome),
            None => Ok(()),
        }
    }

    /// Tells a refusal from a missing answer. Where none came a member may hold the envelope, and a
    /// second order could trade beside the first.
    async fn submit(&self, envelope: &Envelope, order: &OrderFile) -> Result<Accepted, Failure> {
        let error = match self.house.submit(envelope).await {
            Ok(accepted) => return Ok(accepted),
            Err(error) => error,
        };
        let failure = Failure::from(&error);
        match (error.class(), error) {
            (ErrorClass::NoQuorum | ErrorClass::Timeout, _) => {
                let path = self.orders.envelope_path(order.id);
                Err(failure.advise(format!(
                    "a member may hold it nevertheless: send this very envelope again, not a new \
                     one\n  sealbid send {}",
                    path.display()
                )))
            }
            // If a receipt is there it stays good: that one member refuses now takes nothing back.
            (_, ClientError::Refused { refusal, .. }) if order.receipt.is_none() => {
                let outcome = json!({ "status": "refused", "code": refusal.code });
                self.orders.write(&OrderFile {
                    outcome: Some(outcome),
                    ..order.clone()
                })?;
                Err(failure)
            }
            _ => Err(failure),
        }
    }

    fn tell(&self, order: &OrderFile, accepted: &Accepted, waits: bool) {
        let console = self.context.console();
        let what = order
            .terms
            .as_ref()
            .map(|terms| describe::terms(terms, &self.tokens));
        let short = order.id.short();
        console.line(format_args!(
            "sealed   {short}  {}",
            what.unwrap_or_default()
        ));
        console.line(format_args!(
            "receipt  {} of {} members, for round {}",
            accepted.receipt.acknowledgements.len(),
            self.house.committee().members(),
            accepted.round,
        ));
        if waits {
            console.line("waiting for the outcome");
        } else {
            let left = order
                .last
                .0
                .saturating_sub(accepted.round.0)
                .saturating_add(1);
            console.line(format_args!(
                "valid    for {}, until {}; then it is gone, unopened",
                count(left, "round"),
                clock(order.expires),
            ));
            let next = self.context.next(format_args!("status {short}"));
            console.line(format_args!("next     {next}"));
        }
    }

    /// Waits for the outcome of an envelope, one's own or not.
    ///
    /// # Errors
    /// Timeout, or what kept failing.
    pub(crate) async fn wait(
        &self,
        id: EnvelopeId,
        order: Option<&OrderFile>,
    ) -> Result<Outcome, Failure> {
        let period = u64::from(self.house.committee().schedule.period_ms);
        // Another's rounds are not known here: as many as are usual.
        let rounds = order.map_or(3, |order| order.last.0.saturating_sub(order.first.0));
        // Twice the rounds' own time: a round may need more than one slot.
        let millis = period
            .saturating_mul(rounds.saturating_add(2))
            .saturating_mul(2);
        let most = Duration::from_millis(millis.saturating_add(30_000));
        let outcome = self.house.wait_for_outcome(id, most).await?;
        self.orders.note(id, &outcome)?;
        Ok(outcome)
    }

    fn conclude(&self, order: &OrderFile, outcome: &Outcome) -> Result<(), Failure> {
        let console = self.context.console();
        console.line(describe::outcome(
            outcome,
            order.terms.as_ref(),
            &self.tokens,
        ));
        require_filled(outcome)
    }
}

/// Fails with the exit code for it, unless the outcome is a fill.
///
/// # Errors
/// Not filled.
pub(crate) fn require_filled(outcome: &Outcome) -> Result<(), Failure> {
    match outcome {
        // A quote may fill nothing, and has done what it was for.
        Outcome::Filled { .. } | Outcome::Quoted { .. } => Ok(()),
        _ => Err(Failure::not_filled("not filled").reported()),
    }
}

/// This machine's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}
