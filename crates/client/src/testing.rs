//! A committee with all its secrets, and members behind real front doors that do as they are told.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use sealbid_crypto::{BatchSecret, CloseCertificate, Combined, KeyShare};
use sealbid_net::PeerId;
use sealbid_net::bind::BindAddresses;
use sealbid_net::door::{Door, DoorConfig, DoorLimits, Handler, Reply};
use sealbid_types::allocation::{Allocation, Fill, FillKind, Unfilled, UnfilledReason};
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::{decode, encode};
use sealbid_types::committee::{
    ClearingRule, Committee, FORMAT, Member, Provenance, Rules, usual_quorum,
};
use sealbid_types::door::{Head, Phase, Request, Response};
use sealbid_types::envelope::Envelope;
use sealbid_types::id::{EnvelopeId, Epoch, MemberIndex, Round, Slot, View};
use sealbid_types::keys::{PublicKey, Signed};
use sealbid_types::record::{Ancestry, Opening, RoundRecord};
use sealbid_types::report::{Acknowledgement, Receipt};
use sealbid_types::schedule::Schedule;
use sealbid_types::settlement::{SettledFill, Settlement, SignedSettlement};
use sealbid_types::statement::Statement;
use sealbid_types::terms::Authorisation;
use sealbid_types::time::Timestamp;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::client::Client;
use crate::committee::CommitteeFile;
use crate::order::{Order, Reveal, Window};
use crate::trader::Trader;

/// When tests take place: in round 5.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_002_000);
/// The round in progress.
pub(crate) const ROUND: Round = Round(5);

/// A committee with all its secrets.
pub(crate) struct TestHouse {
    pub(crate) committee: Committee,
    pub(crate) file: CommitteeFile,
    pub(crate) identities: Vec<SigningKey>,
    shares: Vec<KeyShare>,
}

fn key(purpose: &str, index: u8) -> [u8; 32] {
    blake3::derive_key(&format!("sealbid test {purpose}"), &[index])
}

fn member(index: u8) -> Member {
    let public = |purpose| PublicKey::of(&SigningKey::from_bytes(&key(purpose, index)));
    Member {
        identity: public("identity"),
        house: public("house"),
        house_addresses: Vec::new(),
        relay: "http://127.0.0.1:1".to_owned(),
        door: PublicKey(FixedBytes(PeerId::of_secret(&key("door", index)).0)),
        door_addresses: Vec::new(),
    }
}

impl AsRef<CommitteeFile> for TestHouse {
    fn as_ref(&self) -> &CommitteeFile {
        &self.file
    }
}

impl TestHouse {
    /// A committee of n with the usual quorum.
    pub(crate) fn new(n: u8) -> Self {
        let quorum = usual_quorum(n);
        let dealing = sealbid_dkg::deal(n, quorum, &[n; 32]).unwrap();
        let schedule = Schedule::usual(Timestamp(1_800_000_000_000));
        let rules = Rules {
            clearing: ClearingRule::BestQuote,
            fee_pips: 1,
            verifying_contract: "intents.near".parse().unwrap(),
            most_intents: 1024,
            most_quotes: 512,
        };
        let committee = Committee {
            format: FORMAT,
            provenance: Provenance::DevelopmentDealer,
            name: "test".to_owned(),
            auction: Committee::auction_id("test", schedule, &rules),
            key: Committee::key_id(dealing.keys.commitment[0], dealing.keys.public_key_2),
            epoch: Epoch(0),
            quorum,
            schedule,
            rules,
            roster: (0..n).map(member).collect(),
            keys: dealing.keys,
        };
        let file = CommitteeFile::new(committee.clone()).unwrap();
        let keys = file.keys();
        let shares = MemberIndex::all(n).zip(dealing.shares);
        let Committee { auction, epoch, .. } = committee;
        let shares = shares
            .map(|(index, secret)| KeyShare::new(keys, auction, epoch, index, secret).unwrap());
        let shares = shares.collect();
        let identities = (0..n).map(|index| SigningKey::from_bytes(&key("identity", index)));
        Self {
            identities: identities.collect(),
            shares,
            file,
            committee,
        }
    }

    pub(crate) fn quorum(&self) -> u8 {
        self.committee.quorum
    }

    /// A member's acknowledgement.
    pub(crate) fn acknowledge(
        &self,
        member: u8,
        envelope: EnvelopeId,
        round: Round,
    ) -> Signed<Acknowledgement> {
        let Committee { auction, epoch, .. } = self.committee;
        let body = Acknowledgement {
            auction,
            epoch,
            envelope,
            round,
        };
        Signed::new(
            body,
            MemberIndex(member),
            &self.identities[usize::from(member)],
        )
    }

    /// A receipt of these members.
    pub(crate) fn receipt(&self, envelope: &Envelope, round: Round, members: &[u8]) -> Receipt {
        let id = envelope.id();
        let one = |member: &u8| self.acknowledge(*member, id, round);
        Receipt {
            envelope: id,
            acknowledgements: members.iter().map(one).collect(),
        }
    }

    fn sign(&self, statement: &Statement) -> FixedBytes<96> {
        let shares = self.shares.iter().take(self.committee.quorum());
        let shares: BTreeMap<_, _> = shares
            .map(|share| (share.member(), share.sign(statement).unwrap().to_bytes()))
            .collect();
        Combined::new(self.file.keys(), statement, &shares)
            .unwrap()
            .signature
            .to_bytes()
    }

    /// A round in which these intents did not find a quote, with all its signatures but that of
    /// the order.
    pub(crate) fn record(&self, round: Round, intents: &[EnvelopeId]) -> RoundRecord {
        self.record_with(round, intents, Vec::new())
    }

    /// The same, with fills beside.
    pub(crate) fn record_with(
        &self,
        round: Round,
        unfilled: &[EnvelopeId],
        filled: Vec<SettledFill>,
    ) -> RoundRecord {
        self.record_of(round, unfilled, filled, &[])
    }

    /// The same, with quotes that it opens.
    pub(crate) fn record_of(
        &self,
        round: Round,
        unfilled: &[EnvelopeId],
        filled: Vec<SettledFill>,
        quotes: &[Envelope],
    ) -> RoundRecord {
        let Committee { auction, epoch, .. } = self.committee;
        let mut intents: BTreeSet<EnvelopeId> = unfilled.iter().copied().collect();
        intents.extend(filled.iter().map(|filled| filled.fill.intent));
        let mut close = self.close(round, intents);
        close.quotes = quotes.iter().map(Envelope::id).collect();
        close.quotes.sort();
        let (view, digest) = (View(0), close.digest());
        let certificate = CertificateBytes {
            view,
            signature: self.sign(&close.statement(view)),
        };
        let openings = self.open_quotes(&close, &certificate, quotes);
        let reason = UnfilledReason::NoQuote;
        let unfilled: Vec<_> = unfilled
            .iter()
            .map(|intent| Unfilled {
                intent: *intent,
                reason: reason.clone(),
            })
            .collect();
        let allocation = Allocation {
            auction,
            epoch,
            round,
            close: digest,
            order: [7; 32].into(),
            terms: [8; 32].into(),
            fills: filled.iter().map(|filled| filled.fill.clone()).collect(),
            unfilled: unfilled.clone(),
            void: Vec::new(),
            alarm: None,
        };
        let allocation_certificate = CertificateBytes {
            view: View(0),
            signature: self.sign(&allocation.statement(View(0))),
        };
        let settlement = Settlement {
            auction,
            epoch,
            round,
            close: digest,
            allocation: allocation.digest(),
            terms: allocation.terms,
            fills: filled,
            unfilled,
            void: Vec::new(),
            flow: Vec::new(),
        };
        let settlement = SignedSettlement {
            signature: self.sign(&settlement.statement()),
            settlement,
        };
        RoundRecord {
            close,
            certificate,
            reports: Vec::new(),
            envelopes: quotes.to_vec(),
            ancestry: Ancestry::default(),
            order: FixedBytes([0; 96]),
            openings,
            allocation,
            allocation_certificate,
            settlement,
        }
    }

    /// The openings of quotes that a certified close lists, by the shares of a quorum.
    fn open_quotes(
        &self,
        close: &Close,
        certificate: &CertificateBytes,
        quotes: &[Envelope],
    ) -> Vec<Opening> {
        let certified =
            CloseCertificate::verify(self.file.keys(), close.clone(), certificate).unwrap();
        let checked: Vec<_> = quotes
            .iter()
            .map(|it| sealbid_crypto::check(it).unwrap())
            .collect();
        let parts: Vec<_> = checked.iter().map(|it| &it.parts()[0]).collect();
        let shares = self.shares.iter().take(self.committee.quorum());
        let shares = shares.map(|share| {
            let released = parts
                .iter()
                .map(|part| share.share(part).release(&certified).unwrap().value);
            (share.member(), released.collect())
        });
        let secret = BatchSecret::new([3; 32]);
        let opened =
            sealbid_crypto::open(self.file.keys(), &parts, &shares.collect(), &secret).unwrap();
        let mut openings: Vec<_> = opened.parts.into_iter().map(|it| it.opening).collect();
        openings.sort_by_key(|it| (it.envelope, it.part));
        openings
    }

    fn close(&self, round: Round, intents: BTreeSet<EnvelopeId>) -> Close {
        let slot = Slot(1);
        Close {
            auction: self.committee.auction,
            round,
            slot,
            closed_at: self.committee.schedule.end_of(slot),
            key: self.committee.key,
            epoch: self.committee.epoch,
            rules: self.committee.rules.digest(),
            previous: Close::GENESIS,
            reports: Vec::new(),
            intents: intents.into_iter().collect(),
            quotes: Vec::new(),
        }
    }

    /// Where an honest member stands.
    pub(crate) fn head(&self, member: MemberIndex) -> Head {
        Head {
            auction: self.committee.auction,
            member,
            round: ROUND,
            phase: Phase::Intents,
            slot: self.committee.schedule.current(NOW),
            now: NOW,
            intents: 0,
            quotes: 0,
            settled: Round(4),
            alive: MemberIndex::all(self.committee.members()).collect(),
            clocks: Vec::new(),
            waits_until: None,
            version: String::new(),
        }
    }

    /// Opens the doors of the members that have an answer to give, and connects to all of them.
    pub(crate) async fn open(&mut self, members: Vec<Option<Answer>>) -> (Vec<Door>, Client) {
        let mut doors = Vec::new();
        for (index, answer) in (0u8..).zip(members) {
            let secret = Zeroizing::new(key("door", index));
            let (bind, limits) = (BindAddresses::default(), DoorLimits::default());
            let door = Door::bind(DoorConfig {
                secret,
                bind,
                limits,
                members: Vec::new(),
            })
            .await
            .unwrap();
            self.committee.roster[usize::from(index)].door_addresses = door.addresses();
            match answer {
                Some(answer) => {
                    door.serve(Arc::new(Scripted(answer)));
                    doors.push(door);
                }
                None => door.close().await,
            }
        }
        let house = Client::connect(CommitteeFile::new(self.committee.clone()).unwrap())
            .await
            .unwrap();
        // A dead member costs all of the first; on a loaded machine a living one takes some of it.
        let connect = core::time::Duration::from_secs(3);
        (doors, house.with_timeouts(connect, 4 * connect))
    }
}

/// What a member answers to a request; none if it never does.
pub(crate) type Answer = Box<dyn Fn(Request) -> Option<Response> + Send + Sync>;

struct Scripted(Answer);

impl Handler for Scripted {
    async fn handle(&self, _peer: PeerId, request: Bytes, reply: Reply) {
        match (self.0)(decode(&request).unwrap()) {
            Some(response) => drop(reply.finish(Bytes::from(encode(&response))).await),
            None => reply.gone().await,
        }
    }
}

/// A trader.
pub(crate) fn trader(seed: u8) -> Trader {
    Trader::new(Account::new(SigningKey::from_bytes(&[seed; 32])))
}

/// An order to swap.
pub(crate) fn order() -> Order {
    Order::Swap {
        give: "nep141:usdc.near".parse().unwrap(),
        amount: "1000".parse().unwrap(),
        want: "nep141:wrap.near".parse().unwrap(),
        minimum: "950".parse().unwrap(),
    }
}

/// Rounds 5 to 7.
pub(crate) const WINDOW: Window = Window {
    first: ROUND,
    last: Round(7),
    expires: Timestamp(NOW.0 + 60_000),
};

/// An envelope with that order.
pub(crate) fn envelope(house: &TestHouse, seed: u8) -> Envelope {
    let trader = trader(seed);
    let intent = trader.sign(house, &order(), WINDOW.expires, None).unwrap();
    trader.seal(house, &intent, Reveal::Pair, WINDOW).unwrap()
}

/// A fill that passes through.
pub(crate) fn fill(house: &TestHouse, intent: EnvelopeId) -> SettledFill {
    let trader = trader(1);
    let signed = trader.sign(house, &order(), WINDOW.expires, None).unwrap();
    let fill = Fill {
        intent,
        account: trader.account().id().clone(),
        kind: FillKind::PassThrough,
        movements: Vec::new(),
        fees: Vec::new(),
        withdrawals: Vec::new(),
    };
    let authorisation: Authorisation = signed.authorisation;
    SettledFill {
        fill,
        authorisation,
    }
}
