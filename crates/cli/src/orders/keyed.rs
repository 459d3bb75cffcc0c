//! Orders with an idempotency key: one order for one key, however often the command is given.

use sealbid_client::{ClientError, IdempotencyKey, Outcome, Sent};
use sealbid_types::codec::decode;
use sealbid_types::door::RefusalCode;
use sealbid_types::envelope::Envelope;
use sealbid_types::terms::Action;
use sealbid_types::text::AccountId;

use crate::exit::Failure;
use crate::orders::args::WaitArgs;
use crate::orders::files::OrderFile;
use crate::orders::session::TradingSession;
use crate::ui::describe;

/// What an order of a key has to be.
pub(crate) struct Wanted {
    /// What the trader wants.
    pub(crate) action: Action,
    /// Who may fill it.
    pub(crate) solvers: Option<Vec<AccountId>>,
}

impl TradingSession {
    /// The order that `account` has given under `key`, if there is one here.
    ///
    /// # Errors
    /// Usage, if that is another order; storage.
    pub(crate) fn earlier(
        &self,
        key: &IdempotencyKey,
        account: &AccountId,
        wanted: &Wanted,
    ) -> Result<Option<OrderFile>, Failure> {
        let earlier = self.orders.by_key(account, key)?;
        if let Some(earlier) = &earlier {
            self.require_same(key, earlier, wanted)?;
            self.take_in_hand(earlier);
        }
        Ok(earlier)
    }

    /// Sends the first order of a key, or one in place of `earlier`, of which a quorum says that no
    /// round lists it and none will. It is signed with the key's nonce, so that of all of them one
    /// at most is filled.
    ///
    /// # Errors
    /// Those of sending; not filled; usage, if another process was quicker, with another order.
    pub(crate) async fn send_keyed(
        &self,
        key: &IdempotencyKey,
        (envelope, order): (Envelope, OrderFile),
        account: &AccountId,
        wanted: &Wanted,
        earlier: Option<&OrderFile>,
        wait: &WaitArgs,
    ) -> Result<(), Failure> {
        let order = OrderFile {
            key: Some(key.to_string()),
            ..order
        };
        // With its key before it stands for it: whoever finds the order by the key finds all of it.
        self.orders.write(&order)?;
        let earlier = earlier.map(|earlier| earlier.id);
        match self.orders.claim_key(account, key, order.id, earlier)? {
            None => self.send(envelope, order, wait).await,
            // Another process was quicker: its order is this one's too.
            Some(first) => {
                self.take_in_hand(&first);
                self.orders.remove(order.id)?;
                self.require_same(key, &first, wanted)?;
                self.send(self.envelope_of(&first)?, first, wait).await
            }
        }
    }

    /// Sends the order of a key again, the very same envelope, or tells what became of it. None if
    /// it was not listed and never will be.
    pub(crate) async fn send_earlier(
        &self,
        earlier: &OrderFile,
        wait: &WaitArgs,
    ) -> Option<Result<(), Failure>> {
        match &earlier.outcome {
            Some(Outcome::Expired) => return None,
            Some(outcome) => {
                let sent = Sent::Before(outcome.clone());
                return Some(self.follow(earlier.clone(), sent, wait).await);
            }
            None => {}
        }
        match self.resend(earlier).await {
            Ok((order, Ok(sent))) => Some(self.follow(order, sent, wait).await),
            Ok((_, Err(ClientError::Refused { refusal, .. })))
                if matches!(
                    refusal.code,
                    RefusalCode::RoundClosed | RefusalCode::Expired
                ) =>
            {
                None
            }
            Ok((order, Err(error))) => Some(Err(self.not_sent(&order, error).await)),
            Err(failure) => Some(Err(failure)),
        }
    }

    async fn resend(
        &self,
        earlier: &OrderFile,
    ) -> Result<(OrderFile, Result<Sent, ClientError>), Failure> {
        let envelope = self.envelope_of(earlier)?;
        let order = self.hand_over(&envelope, earlier.clone())?;
        let sent = self.deliver(&envelope).await;
        Ok((order, sent))
    }

    fn envelope_of(&self, order: &OrderFile) -> Result<Envelope, Failure> {
        let path = self.orders.envelope_path(order.id);
        let read = std::fs::read(&path).map_err(|error| error.to_string());
        read.and_then(|bytes| decode(&bytes).map_err(|error| error.to_string()))
            .map_err(|error| Failure::storage(format!("{}: {error}", path.display())))
    }

    /// A key that is used for something else by mistake must neither trade that nor hide it.
    fn require_same(
        &self,
        key: &IdempotencyKey,
        earlier: &OrderFile,
        wanted: &Wanted,
    ) -> Result<(), Failure> {
        let given = earlier.terms.as_ref();
        let is_same = given.is_some_and(|terms| {
            terms.actions.as_slice() == core::slice::from_ref(&wanted.action)
                && terms.solvers == wanted.solvers
        });
        if is_same {
            return Ok(());
        }
        let other = given.map(|terms| describe::terms(terms, &self.tokens));
        let short = earlier.id.short();
        Err(Failure::usage(format!(
            "key {key} stands for another order: {short}  {}",
            other.unwrap_or_default()
        ))
        .of_order(earlier.id)
        .advise("give this one a key of its own; a key is used once"))
    }
}
