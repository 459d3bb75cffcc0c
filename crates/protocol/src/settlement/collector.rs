//! The one collector of a round's tasks: what this member gives to each, what it takes from q
//! members, and what it computes from that.

use sealbid_crypto::{AllocationCertificate, OpenedPart, open};
use sealbid_market::clear::{clear, withdrawn};
use sealbid_market::settle::settle;
use sealbid_types::allocation::VoidReason;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::codec::{decode, encode};
use sealbid_types::id::MemberIndex;
use sealbid_types::statement::Statement;

use super::clearing_input;
use super::settling::{Settling, Tools};
use super::stages::{Cleared, OpenedAuthorisations, OpenedTerms, Unsigned, parted};
use super::task::Step;
use crate::evidence::{Evidence, WrongShares, WrongSignatureShare};
use crate::member::Stage;
use crate::member::io::{Notice, Output};
use crate::member::message::PeerMessage;
use crate::opening::{
    Opening, PartId, Parts, Purpose, ShareQuestion, Shares, SignatureQuestion,
    SignatureShareMessage, read_opened,
};

impl Settling {
    fn send(&mut self, message: PeerMessage) -> Output {
        let bytes = encode(&message);
        self.sent.push(message);
        Output::Broadcast { bytes }
    }

    /// Says what shares of an opening have to answer, and gives this member's own: of every part,
    /// or none.
    pub(super) fn release(&mut self, opening: Opening, parts: &[PartId], tools: &mut Tools<'_>) {
        let (close, digest) = (self.certificate.close(), self.certificate.digest());
        let question = ShareQuestion {
            close: digest,
            allocation: match opening {
                Opening::First => None,
                Opening::Second => self.allocation.as_ref().map(AllocationCertificate::digest),
            },
            parts: Parts(parts.to_vec()).digest(),
        };
        self.exchange.ask_shares(opening, question);
        let Some(material) = self.material.as_ref().filter(|_| !parts.is_empty()) else {
            return;
        };
        let released = match (opening, &self.allocation) {
            (Opening::First, _) => material.release(parts, &self.certificate),
            (Opening::Second, Some(allocation)) => material.release(parts, allocation),
            (Opening::Second, None) => None,
        };
        let Some(shares) = released else { return };
        let body = Shares {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            close: digest,
            opening,
            allocation: question.allocation,
            parts: question.parts,
            shares,
        };
        let signed = tools.promises.shares(body);
        self.exchange.add_shares(signed.clone());
        tools
            .out
            .push(self.send(PeerMessage::Shares(Box::new(signed))));
    }

    /// Says what shares of a signature have to answer, and gives this member's own.
    pub(super) fn sign(&mut self, purpose: Purpose, statement: &Statement, tools: &mut Tools<'_>) {
        let (close, digest) = (self.certificate.close(), self.certificate.digest());
        let question = SignatureQuestion {
            close: digest,
            statement: FixedBytes(statement.digest()),
        };
        self.exchange.ask_signature(purpose, question);
        // `order` goes by another function, which takes the certificate by type: drawn before the
        // lists are fixed, the tie-break would be known to whoever may still choose among lists.
        let round = self.round();
        let share = match purpose {
            Purpose::Order => tools.promises.draw(&self.certificate, tools.out),
            Purpose::Settlement => tools.promises.settle(round, statement, tools.out),
        };
        let Some(share) = share else { return };
        let body = SignatureShareMessage {
            auction: close.auction,
            epoch: close.epoch,
            round: close.round,
            close: digest,
            purpose,
            statement: question.statement,
            share: share.to_bytes(),
        };
        let signed = tools.promises.signature_share(body);
        self.exchange.add_signature(signed.clone());
        tools
            .out
            .push(self.send(PeerMessage::SignatureShare(Box::new(signed))));
    }

    /// Combines the shares of a signature that are there, and names members whose share is wrong.
    pub(super) fn collect_signature(
        &mut self,
        purpose: Purpose,
        statement: &Statement,
        tools: &mut Tools<'_>,
    ) -> Option<FixedBytes<96>> {
        let keys = &tools.context.keys;
        let (signature, wrong) = self
            .exchange
            .combine(keys, purpose, statement, tools.suspects);
        for (member, share) in wrong {
            tools.suspects.note(member, self.round());
            let statement = *statement;
            let evidence = WrongSignatureShare { share, statement };
            let what = format!("signed its {purpose:?} share wrongly");
            let evidence = Evidence::SignatureShare(Box::new(evidence));
            let said = tools.accusations.accuse(member, what, Some(&evidence));
            tools.out.extend(said);
        }
        signature
    }

    /// Opens parts by the shares that are there, and names the members whose shares are wrong.
    pub(super) fn collect_shares(
        &mut self,
        opening: Opening,
        parts: &[PartId],
        tools: &mut Tools<'_>,
    ) -> Option<Vec<OpenedPart>> {
        // A round without fills opens no authorisation, and one whose entries are all void no
        // terms. Nobody sends shares then, so there is nothing to wait for.
        if parts.is_empty() {
            return Some(Vec::new());
        }
        let quorum = tools.context.committee.quorum();
        loop {
            let count = self.exchange.count(opening);
            // The same shares would fail the same way, one by one: at every input, for as long as
            // no other member sends any.
            if count < quorum || count == self.tried {
                return None;
            }
            let shares = self.exchange.shares_of(opening);
            let chosen = tools.suspects.last(shares, self.round(), quorum);
            let checked = self.material.as_ref()?.checked(parts)?;
            let (keys, batch) = (&tools.context.keys, &tools.context.batch);
            let (opened, liars) = match open(keys, &checked, &chosen, batch) {
                Ok(opened) => (Some(opened.parts), opened.liars),
                Err(error) => (None, error.liars),
            };
            let has_liars = !liars.is_empty();
            for (member, wrong) in liars {
                let place = match wrong {
                    sealbid_crypto::open::ShareFault::Point { envelope, part, .. }
                    | sealbid_crypto::open::ShareFault::Wrong { envelope, part } => {
                        Some((envelope, part))
                    }
                    _ => None,
                };
                self.accuse_of_shares(member, opening, (parts, place), wrong.to_string(), tools);
            }
            if opened.is_some() {
                self.tried = 0;
                return opened;
            }
            if !has_liars {
                self.tried = self.exchange.count(opening);
                return None;
            }
            // Those who were left out so far have their turn: there are fewer each time.
        }
    }

    fn accuse_of_shares(
        &mut self,
        member: MemberIndex,
        opening: Opening,
        (parts, place): (&[PartId], Option<PartId>),
        what: String,
        tools: &mut Tools<'_>,
    ) {
        tools.suspects.note(member, self.round());
        // Only the message of this opening is evidence: that of the other one may be right.
        let shares = self.exchange.exclude(member).remove(&opening);
        let wrong = place.and_then(|(id, part)| Some((self.envelope(&id)?.clone(), part)));
        let evidence = shares.map(|shares| {
            let parts = Parts(parts.to_vec());
            Evidence::Shares(Box::new(WrongShares {
                shares,
                parts,
                wrong,
            }))
        });
        let said = tools.accusations.accuse(member, what, evidence.as_ref());
        tools.out.extend(said);
    }

    /// Takes what a step has opened. The plaintexts are read, and wiped.
    pub(super) fn take_opened(
        &mut self,
        step: Step,
        opened: Vec<OpenedPart>,
        out: &mut Vec<Output>,
    ) -> bool {
        let (openings, plaintexts) = parted(opened);
        if step == Step::OpenTerms {
            let Some(material) = &self.material else {
                return false;
            };
            let (intents, quotes) =
                read_opened(&material.first.void, &material.listed, &plaintexts);
            self.terms = Some(OpenedTerms {
                openings,
                intents,
                quotes,
            });
            return true;
        }
        let read = |plaintext: Result<sealbid_crypto::Plaintext, VoidReason>| {
            decode(plaintext?.as_bytes()).map_err(|_| VoidReason::Undecodable)
        };
        let authorisations = plaintexts
            .into_iter()
            .map(|((id, _), plaintext)| (id, read(plaintext)))
            .collect();
        out.push(self.reached(Stage::Authorised));
        self.authorisations = Some(OpenedAuthorisations {
            openings,
            authorisations,
        });
        true
    }

    /// Takes the signature that a step has come to.
    pub(super) fn take_signature(
        &mut self,
        step: Step,
        signature: FixedBytes<96>,
        tools: &mut Tools<'_>,
    ) -> bool {
        match step {
            Step::DrawOrder => self.order = Some(signature),
            _ => {
                self.signature = Some(signature);
                tools.out.push(self.reached(Stage::Settled));
            }
        }
        true
    }

    /// Clears or settles: pure functions of what is here.
    pub(super) fn compute(&mut self, step: Step, tools: &mut Tools<'_>) -> bool {
        match step {
            Step::Clear => self.cleared = self.clear(tools),
            _ => self.unsigned = self.settle(tools),
        }
        match step {
            Step::Clear => self.cleared.is_some(),
            _ => self.unsigned.is_some(),
        }
    }

    fn clear(&mut self, tools: &mut Tools<'_>) -> Option<Cleared> {
        tools.out.push(self.reached(Stage::TermsOpened));
        let order = self.order?;
        let (terms, material) = (self.terms.as_mut()?, self.material.as_mut()?);
        let close = self.certificate.close();
        // Only now: which nonces matter is known when terms are open. They come from the own chain,
        // as an auditor computes them, and from nobody's message.
        material.ancestry.nonces = tools.chain.used_nonces(close, &terms.intents);
        let opened = (
            core::mem::take(&mut terms.intents),
            core::mem::take(&mut terms.quotes),
        );
        let input = clearing_input(
            (close, self.certificate.digest()),
            &tools.context.committee.rules,
            &order,
            &material.ancestry,
            opened,
        );
        let allocation = (tools.context.clear)(clear(&input));
        // The sums do not hold: a bug, the same at every member, and settled as empty. People have
        // to hear of it; the round itself goes on.
        if let Some(alarm) = &allocation.alarm {
            let notice = Notice::Alarm {
                round: close.round,
                alarm: alarm.clone(),
            };
            tools.out.push(Output::Notice(notice));
        }
        let withdrawn = withdrawn(&input);
        let digests = (allocation.digest(), withdrawn.digest());
        // Lent, since settling reads them again. The quotes have done their part.
        terms.intents = input.intents;
        Some(Cleared {
            allocation,
            withdrawn,
            digests,
        })
    }

    fn settle(&self, tools: &Tools<'_>) -> Option<Unsigned> {
        let settlement = settle(
            &self.cleared.as_ref()?.allocation,
            &self.terms.as_ref()?.intents,
            &self.authorisations.as_ref()?.authorisations,
            &tools.context.committee.rules,
        );
        let statement = settlement.statement();
        Some(Unsigned {
            settlement,
            statement,
        })
    }
}
