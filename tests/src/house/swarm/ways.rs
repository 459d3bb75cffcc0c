//! Ways to lie that a run draws from.

use sealbid_protocol::member::message::Opening;
use sealbid_types::id::{Round, View};

use super::FAULTS_END;
use crate::house::adversary::{
    Abstainer, Adversary, AnotherClose, Boasts, BogusIds, DoubleVoter, EarlyReleaser,
    EquivocatingProposer, ExtraEnvelope, FallsSilent, FalseAcknowledgements, FalseCertificates,
    FalseMemory, FarClock, FarRounds, FarViews, ForgedAcknowledgements, ForgedRecord, Forgery,
    IdleReporter, LateReporter, Omitter, OmittingProposer, OpensAuthorisations, PoisonedSignatures,
    ReportsAhead, SignsNoView, Silent, StaleSlot, ThirdReport, Torsion, TwoReports, WantFlooder,
    Withholder, WrongShares, WrongSignatures,
};
use crate::house::fixture::Fixture;
use crate::house::people::Person;
use crate::world::Draws;

/// A way to lie, by its number in the list of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way(usize);

type Make = fn(&mut Draws, &Fixture) -> Box<dyn Adversary>;

const WAYS: [(&str, Make); 36] = [
    ("abstains", |_, _| Box::new(Abstainer)),
    ("acknowledges falsely", |_, _| {
        Box::new(FalseAcknowledgements(None))
    }),
    ("boasts", |_, _| Box::new(Boasts(Round(u64::MAX)))),
    ("falls silent after a precommit", |_, _| {
        Box::<FallsSilent>::default()
    }),
    ("falls silent", |draws, _| {
        Box::new(Silent(draws.below(FAULTS_END)))
    }),
    ("floods with questions", |_, _| Box::new(WantFlooder(2))),
    ("forges acknowledgements", |_, _| {
        Box::new(ForgedAcknowledgements)
    }),
    ("forges ancestry", |_, _| {
        Box::new(ForgedRecord(Forgery::Ancestry))
    }),
    ("forges certificates of records", |_, _| {
        Box::new(ForgedRecord(Forgery::Certificate))
    }),
    ("names another close", |_, _| Box::new(AnotherClose)),
    ("names stale slots", |_, _| Box::new(StaleSlot)),
    ("omits", |_, _| Box::new(Omitter)),
    ("opens authorisations early", |_, _| {
        Box::new(OpensAuthorisations)
    }),
    ("poisons signatures in the pool", |_, _| {
        Box::<PoisonedSignatures>::default()
    }),
    ("proposes far views", |_, _| Box::<FarViews>::default()),
    ("proposes less", |_, _| Box::new(OmittingProposer)),
    ("proposes two values", |_, _| {
        Box::<EquivocatingProposer>::default()
    }),
    ("releases early", |_, _| Box::new(EarlyReleaser)),
    ("remembers falsely", |_, _| {
        Box::new(FalseMemory::Invented(View(9)))
    }),
    ("reports ahead", |_, _| Box::new(ReportsAhead)),
    ("reports bogus ids", |_, _| Box::new(BogusIds(20))),
    ("reports far rounds", |_, _| Box::<FarRounds>::default()),
    ("reports late", |draws, _| {
        Box::new(LateReporter::new(draws.below(4_000)))
    }),
    ("reports thrice", |_, _| {
        Box::new(ThirdReport::new(sealbid_types::id::MemberIndex(0)))
    }),
    ("reports twice", |_, _| Box::<TwoReports>::default()),
    ("reports what the gate refuses", |draws, house| {
        let mut person = Person::new(draws.below(u64::MAX), 5_000_000);
        let envelope = person.swap(house, 1_000, 1_900, Round(1), 60);
        let refused = person.relabel(&envelope, |header| header.last = Round(61));
        Box::new(ExtraEnvelope(refused, Round(1)))
    }),
    ("reports when idle", |_, _| Box::<IdleReporter>::default()),
    ("sends false certificates", |_, _| {
        Box::new(FalseCertificates::new(2))
    }),
    ("sends shares with torsion", |_, _| Box::new(Torsion)),
    ("sends wrong shares of authorisations", |_, _| {
        Box::new(WrongShares(Opening::Second))
    }),
    ("sends wrong shares", |_, _| {
        Box::new(WrongShares(Opening::First))
    }),
    ("sends wrong signatures", |_, _| Box::new(WrongSignatures)),
    ("says it is the end of time", |_, _| Box::new(FarClock)),
    ("signs no view", |_, _| Box::new(SignsNoView)),
    ("votes twice", |_, _| Box::new(DoubleVoter)),
    ("withholds shares", |_, _| Box::new(Withholder)),
];

impl Way {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..WAYS.len()).map(Self)
    }

    pub(super) fn draw(draws: &mut Draws) -> Self {
        Self(usize::try_from(draws.below(WAYS.len() as u64)).unwrap())
    }

    /// What a member does that lies so.
    #[must_use]
    pub fn name(self) -> &'static str {
        WAYS[self.0].0
    }

    pub(super) fn make(self, draws: &mut Draws, house: &Fixture) -> Box<dyn Adversary> {
        WAYS[self.0].1(draws, house)
    }
}
