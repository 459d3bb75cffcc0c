//! Trading with one house: sealing an order, writing it down, sending it, and waiting for what
//! becomes of it.

use core::time::Duration;
use std::time::SystemTime;

use backon::{ConstantBuilder, Retryable as _};
use sealbid_client::audit::batch_secret;
use sealbid_client::prices::OpenedRound;
use sealbid_client::{Accepted, Client, ClientError, Outcome, Sent, Standing, Trader, Window};
use sealbid_near::authorisation::intent_hash;
use sealbid_near::signed::SignedIntent;
use sealbid_types::allocation::UnfilledReason;
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::Envelope;
use sealbid_types::id::EnvelopeId;
use sealbid_types::report::Receipt;
use sealbid_types::time::Timestamp;
use serde_json::json;
use tokio::time::Instant;

use crate::context::Context;
use crate::exit::Failure;
use crate::orders::args::{SealingArgs, WaitArgs};
use crate::orders::files::{OrderFile, OrderFiles};
use crate::orders::in_hand::Stage;
use crate::orders::waiting::Silence;
use crate::tokens::Tokens;
use crate::ui::describe;
use crate::ui::text::{count, date_and_clock, moment};

/// For how long members that do not hear each other yet are asked again.
const STARTING: Duration = Duration::from_secs(10);
/// How long they are left alone in between.
const AGAIN: Duration = Duration::from_millis(500);

/// All that sealing and sending takes.
pub(crate) struct TradingSession {
    pub(crate) house: Client,
    pub(crate) tokens: Tokens,
    pub(crate) orders: OrderFiles,
    pub(super) context: Context,
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

    /// Where the house stands, once enough members are alive to acknowledge anything. Members that
    /// have just started, or are held up, hear each other a little later.
    ///
    /// # Errors
    /// No quorum; nobody answers at all.
    pub(crate) async fn standing(&self) -> Result<Standing, Failure> {
        let until = Instant::now() + STARTING;
        let mut silence = Silence::new();
        let standing = loop {
            let standing = self.house.standing().await?;
            let Err(error) = standing.require_quorum(&self.house) else {
                break standing;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(error.into());
            }
            self.tell(silence.lasts(&error, left));
            tokio::time::sleep(left.min(AGAIN)).await;
        };
        // Receipts are given meanwhile, and the outcome is long in coming.
        if let Some(until) = standing.waits_until {
            self.context.console().note(format_args!(
                "warning: no round closes before {} UTC: the last one closed while the members' \
                 clocks were ahead",
                date_and_clock(until)
            ));
        }
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
        let send = self.sends(order.id);
        self.context.in_hand().set(order.id, Stage::Sealed(send));
        Ok((envelope, order))
    }

    /// Sends an envelope, writes the receipt down, tells, and waits if asked to. What was sent
    /// before is no refusal: then it is told what became of it.
    ///
    /// # Errors
    /// Those of sending; not filled.
    pub(crate) async fn send(
        &self,
        envelope: Envelope,
        order: OrderFile,
        wait: &WaitArgs,
    ) -> Result<(), Failure> {
        let order = self.hand_over(&envelope, order)?;
        match self.deliver(&envelope).await {
            Ok(sent) => self.follow(order, sent, wait).await,
            Err(error) => Err(self.not_sent(&order, error).await),
        }
    }

    /// What is done just before an envelope leaves. It is on disk first: should this process die,
    /// it is known here what a member may hold. For the same reason its id is told first.
    pub(super) fn hand_over(
        &self,
        envelope: &Envelope,
        order: OrderFile,
    ) -> Result<OrderFile, Failure> {
        let kept = self.orders.read(order.id)?;
        let was_sent = kept.as_ref().is_some_and(|kept| kept.sent.is_some());
        let order = OrderFile {
            sent: Some(now()),
            // As it is now: another process may have its receipt meanwhile.
            ..kept.unwrap_or(order)
        };
        match self.orders.add(&order, envelope) {
            Ok(()) => {}
            // What is known here already is not lost by that.
            Err(failure) if was_sent => self.context.console().note(failure.message()),
            Err(failure) => return Err(failure),
        }
        self.tell_sealed(&order);
        let again = self.sends(order.id);
        self.context.in_hand().set(order.id, Stage::Sending(again));
        Ok(order)
    }

    /// An order that was given before is in hand from now on.
    pub(super) fn take_in_hand(&self, order: &OrderFile) {
        let send = || self.sends(order.id);
        let stage = match order {
            OrderFile {
                outcome: Some(_), ..
            } => Stage::Over,
            OrderFile {
                receipt: Some(_), ..
            } => Stage::Acknowledged,
            OrderFile { sent: Some(_), .. } => Stage::Sending(send()),
            _ => Stage::Sealed(send()),
        };
        self.context.in_hand().set(order.id, stage);
    }

    /// Writes down what is final of an order. If that cannot be it is said, and the outcome is told
    /// all the same.
    pub(super) fn note(&self, id: EnvelopeId, outcome: &Outcome) {
        if let Err(failure) = self.orders.note(id, outcome) {
            let text = format!("the outcome is not kept: {}", failure.message());
            self.context.console().note(text);
        }
    }

    /// Sends an envelope. Members that have just started, and do not hear each other yet, are given
    /// some seconds: the very same envelope is sent again.
    pub(super) async fn deliver(&self, envelope: &Envelope) -> Result<Sent, ClientError> {
        let is_starting = |error: &ClientError| matches!(error, ClientError::Refused { refusal, .. } if refusal.code == RefusalCode::NotReady);
        let mut is_told = false;
        let tell = |error: &ClientError, _| {
            if !core::mem::replace(&mut is_told, true) {
                let console = self.context.console();
                console.note(format_args!(
                    "{error}: trying again for {} s",
                    STARTING.as_secs()
                ));
            }
        };
        let tries = STARTING.as_millis() / AGAIN.as_millis();
        let pauses = ConstantBuilder::new()
            .with_delay(AGAIN)
            .with_max_times(usize::try_from(tries).unwrap_or(1));
        (|| self.house.send(envelope))
            .retry(pauses)
            .sleep(tokio::time::sleep)
            .when(is_starting)
            .notify(tell)
            .await
    }

    /// The command that sends an order's envelope.
    pub(super) fn sends(&self, id: EnvelopeId) -> String {
        format!("sealbid send {}", self.orders.envelope_path(id).display())
    }

    /// An envelope has been taken, now or before.
    pub(super) async fn follow(
        &self,
        order: OrderFile,
        sent: Sent,
        wait: &WaitArgs,
    ) -> Result<(), Failure> {
        self.context.in_hand().set(order.id, Stage::Acknowledged);
        let (id, mut kept) = (order.id, Ok(()));
        let (order, accepted, outcome) = match sent {
            Sent::Accepted(accepted) => {
                let order = OrderFile {
                    receipt: Some(accepted.receipt.clone()),
                    // A refusal that was noted before is over: now it has been taken.
                    refused: None,
                    outcome: None,
                    ..order
                };
                // It has been given, whatever the disk does: first it is told.
                kept = self.orders.write(&order);
                self.tell_receipt(&order, &accepted, wait.waits());
                (order, Some(accepted), None)
            }
            Sent::Before(outcome) => {
                self.note(order.id, &outcome);
                self.context.console().line(format_args!(
                    "sent     {}  before; this became of it:",
                    order.id.short()
                ));
                (order, None, Some(outcome))
            }
        };
        let is_over = outcome.as_ref().is_some_and(Outcome::is_final);
        let outcome = if wait.waits() && !is_over {
            Some(self.wait(order.id, Some(&order), wait.limit()).await?)
        } else {
            outcome
        };
        if outcome.as_ref().is_some_and(Outcome::is_final) {
            self.context.in_hand().set(order.id, Stage::Over);
        }
        self.report(&order, accepted.as_ref(), outcome.as_ref());
        if let Some(outcome) = outcome {
            self.conclude(&order, &outcome).await?;
        }
        // Last, and by the object that was printed a script has the receipt.
        kept.map_err(|failure| {
            failure
                .because("the receipt is not kept")
                .of_order(id)
                .reported()
        })
    }

    /// With --json all of it is one object at the end.
    fn report(&self, order: &OrderFile, accepted: Option<&Accepted>, outcome: Option<&Outcome>) {
        self.context.console().object(&json!({
            "id": order.id,
            "kind": order.kind,
            "key": order.key,
            "round": order.receipt.as_ref().map(Receipt::round),
            "first": order.first,
            "last": order.last,
            "expires": order.expires,
            "member": accepted.map(|accepted| accepted.member.to_string()),
            "intent_hash": order.intent_hash,
            "receipt": order.receipt,
            "outcome": outcome,
        }));
    }

    fn tell_sealed(&self, order: &OrderFile) {
        let what = order
            .terms
            .as_ref()
            .map(|terms| describe::terms(terms, &self.tokens));
        self.context.console().line(format_args!(
            "sealed   {}  {}",
            order.id.short(),
            what.unwrap_or_default()
        ));
    }

    fn tell_receipt(&self, order: &OrderFile, accepted: &Accepted, waits: bool) {
        let console = self.context.console();
        console.line(format_args!(
            "receipt  {} of {} members, for round {}",
            accepted.receipt.acknowledgements.len(),
            self.house.committee().members(),
            accepted.round,
        ));
        if waits {
            console.line("waiting for the outcome; Ctrl-C ends the waiting, and not the order");
            return;
        }
        let left = order
            .last
            .0
            .saturating_sub(accepted.round.0)
            .saturating_add(1);
        console.line(format_args!(
            "valid    for {}, until {}; then it is gone, unopened",
            count(left, "round"),
            moment(order.expires, now()),
        ));
        let next = self
            .context
            .next(format_args!("status {}", order.id.short()));
        console.line(format_args!("next     {next}"));
    }

    /// The round in which an order found no quote, if it is to be had: it shows whether nobody quoted
    /// the pair, or nobody this size.
    pub(crate) async fn opened(&self, outcome: &Outcome) -> Option<OpenedRound> {
        let Outcome::Unfilled {
            round,
            reason: UnfilledReason::NoQuote,
        } = outcome
        else {
            return None;
        };
        let verified = self.house.round(*round).await.ok()?;
        OpenedRound::new(self.house.keys(), &verified, &batch_secret().ok()?).ok()
    }

    /// Tells the outcome, and fails unless it is a fill.
    ///
    /// # Errors
    /// Not filled.
    pub(super) async fn conclude(
        &self,
        order: &OrderFile,
        outcome: &Outcome,
    ) -> Result<(), Failure> {
        let opened = self.opened(outcome).await;
        let terms = order.terms.as_ref();
        let console = self.context.console();
        console.line(describe::outcome(
            outcome,
            terms,
            opened.as_ref(),
            &self.tokens,
        ));
        require_filled(outcome)
    }
}

/// Fails with the exit code for it, if the outcome is final and no fill.
///
/// # Errors
/// Not filled.
pub(crate) fn require_filled(outcome: &Outcome) -> Result<(), Failure> {
    match outcome {
        // A quote may fill nothing, and has done what it was for.
        Outcome::Filled { .. } | Outcome::Quoted { .. } => Ok(()),
        // Whoever sends it again and does not wait has an order that may still be filled.
        Outcome::Pending { .. } | Outcome::Listed { .. } => Ok(()),
        _ => Err(Failure::not_filled("not filled").reported()),
    }
}

/// This machine's clock.
pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use sealbid_types::id::Round;

    use super::*;

    #[test]
    fn what_is_not_decided_is_not_called_unfilled() {
        let round = Round(3);
        for open in [Outcome::Pending { round }, Outcome::Listed { round }] {
            assert_eq!(require_filled(&open), Ok(()), "{open:?}");
        }
        let unfilled = Outcome::Unfilled {
            round,
            reason: UnfilledReason::NoQuote,
        };
        for over in [unfilled, Outcome::Expired] {
            assert_eq!(require_filled(&over).unwrap_err().code(), 9, "{over:?}");
        }
    }
}
