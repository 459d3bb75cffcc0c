//! Intents that take something out of the Verifier.

use sealbid_types::text::AccountId;

use super::events::Source;
use super::execute::{Call, Failed, Payload};
use super::{BundleRefused, Withdrawal};
use crate::intents::{Intent, TokenId, Units};

impl Call<'_> {
    pub(super) fn withdraw(
        &mut self,
        payload: &Payload,
        index: usize,
        intent: &Intent,
    ) -> Result<(), Failed> {
        self.log_withdrawal(payload.source(), intent)?;
        let wrapped_near = &self.pending.ledger.settings.wrapped_near;
        let Some((receiver, tokens)) = outgoing(intent, wrapped_near) else {
            return Ok(());
        };
        for (token, amount) in &tokens {
            self.pending.burn(payload.entry(token, *amount))?;
        }
        self.withdrawals.push(Withdrawal {
            payload: payload.index,
            intent: index,
            kind: intent.kind(),
            account: payload.signer.clone(),
            receiver: receiver.clone(),
            tokens,
        });
        Ok(())
    }

    fn log_withdrawal(&mut self, source: Source<'_>, intent: &Intent) -> Result<(), BundleRefused> {
        let kind = intent.kind();
        match intent {
            Intent::FtWithdraw(withdrawal) => self.logs.intent(kind, source, withdrawal),
            Intent::NftWithdraw(withdrawal) => self.logs.intent(kind, source, withdrawal),
            Intent::MtWithdraw(withdrawal) => self.logs.intent(kind, source, withdrawal),
            Intent::NativeWithdraw(withdrawal) => self.logs.intent(kind, source, withdrawal),
            Intent::StorageDeposit(deposit) => self.logs.intent(kind, source, deposit),
            // A call has no event, and nothing else comes here.
            _ => Ok(()),
        }
    }
}

/// Who gets what out of the Verifier by an intent. A call without a deposit takes nothing out.
fn outgoing<'a>(
    intent: &'a Intent,
    wrapped_near: &AccountId,
) -> Option<(&'a AccountId, Vec<(TokenId, u128)>)> {
    let near = |amount: &Units| (TokenId::fungible(wrapped_near), amount.0);
    let with_storage = |tokens: Vec<_>, storage: &Option<Units>| {
        let storage = storage.iter().map(near);
        tokens.into_iter().chain(storage).collect()
    };
    Some(match intent {
        Intent::FtWithdraw(ft) => {
            let tokens = vec![(TokenId::fungible(&ft.token), ft.amount.0)];
            (&ft.receiver_id, with_storage(tokens, &ft.storage_deposit))
        }
        Intent::NftWithdraw(nft) => {
            let tokens = vec![(TokenId::non_fungible(&nft.token, &nft.token_id), 1)];
            (&nft.receiver_id, with_storage(tokens, &nft.storage_deposit))
        }
        Intent::MtWithdraw(mt) => {
            let ids = mt.token_ids.iter().map(|id| TokenId::multi(&mt.token, id));
            let tokens = ids.zip(mt.amounts.iter().map(|amount| amount.0)).collect();
            (&mt.receiver_id, with_storage(tokens, &mt.storage_deposit))
        }
        Intent::NativeWithdraw(native) => (&native.receiver_id, vec![near(&native.amount)]),
        Intent::StorageDeposit(deposit) => {
            (&deposit.deposit_for_account_id, vec![near(&deposit.amount)])
        }
        Intent::AuthCall(call) if call.attached_deposit.0 > 0 => {
            (&call.contract_id, vec![near(&call.attached_deposit)])
        }
        _ => return None,
    })
}
