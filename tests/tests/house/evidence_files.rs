//! What honest members keep against a liar, written to a file and judged by somebody who was not
//! there: who has that file and the committee's, and nothing else.

use sealbid_crypto::CommitteeKeys;
use sealbid_protocol::disk::{Recall, Table};
use sealbid_protocol::evidence::{Charge, Evidence, Offence};
use sealbid_protocol::member::message::{Opening, PeerMessage};
use sealbid_protocol::vote::Message as VoteMessage;
use sealbid_tests::house::adversary::{
    Adversary, ExtraEnvelope, Kit, Omitter, TwoReports, WrongShares, WrongSignatures,
};
use sealbid_tests::house::{Faults, Fixture, Person, World};
use sealbid_types::codec::decode;
use sealbid_types::committee::Committee;
use sealbid_types::id::{MemberIndex, Round};

use super::scenario::{run, seeds, trade};

/// Prevotes nil beside whatever it prevotes, and shows everybody both: nobody has to pass a ballot on
/// to convict it, as with the one that shows each half another.
struct VotesTwice;

impl Adversary for VotesTwice {
    fn instead(
        &mut self,
        kit: &mut Kit,
        message: &PeerMessage,
        _: MemberIndex,
    ) -> Vec<PeerMessage> {
        let mut said = vec![message.clone()];
        if let PeerMessage::Vote(ballot) = message
            && let VoteMessage::Prevote(signed) = &**ballot
            && signed.member == kit.me()
            && signed.body.value.is_some()
        {
            let mut body = signed.body;
            body.value = None;
            kit.lie();
            let second = VoteMessage::Prevote(kit.sign(body));
            said.push(PeerMessage::Vote(Box::new(second)));
        }
        said
    }
}

/// Judges a file as somebody does who has it and the committee file.
fn judge(house: &Fixture, file: &[u8]) -> Charge {
    let committee = serde_json::to_vec(&*house.committee).unwrap();
    let committee: Committee = serde_json::from_slice(&committee).unwrap();
    committee.check().unwrap();
    let keys = CommitteeKeys::new(&committee.keys, committee.quorum).unwrap();
    let evidence: Evidence = serde_json::from_slice(file).unwrap();
    evidence.convict(&committee, &keys).unwrap()
}

/// Every honest member that keeps something keeps what convicts the liar of this.
fn convicts<A: Adversary + 'static>(adversary: fn() -> A, offence: Offence) {
    convicts_of(|_| adversary(), offence, (8, 3_000));
}

/// The same in a run with so many swaps within so many milliseconds.
fn convicts_of<A: Adversary + 'static>(
    adversary: impl Fn(&Fixture) -> A,
    offence: Offence,
    (swaps, span): (u64, u64),
) {
    for seed in seeds() {
        let mut world = World::new(4, 3, seed, Faults::delay(10));
        let liar = MemberIndex(u8::try_from(seed % 4).unwrap());
        let adversary = adversary(&world.house);
        world.corrupt(liar, adversary);
        trade(&mut world, seed, swaps, span);
        run(&mut world, seed, span + 6_000);
        let honest: Vec<_> = world.honest().collect();
        let rows = honest
            .iter()
            .flat_map(|member| world.disk(*member).scan(Table::Evidence));
        let files = rows.map(|(_, row)| {
            let evidence: Evidence = decode(&row).unwrap();
            serde_json::to_vec_pretty(&evidence).unwrap()
        });
        let charges: Vec<_> = files.map(|file| judge(&world.house, &file)).collect();
        assert!(
            charges.iter().any(|charge| charge.offence == offence),
            "seed {seed}: nobody keeps evidence of it: {charges:?}"
        );
        for charge in charges {
            assert_eq!(charge.member, Some(liar), "seed {seed}: {charge:?}");
            let [first, second] = &charge.statements;
            assert_ne!(first.digest, second.digest, "seed {seed}: {charge:?}");
        }
    }
}

#[test]
fn of_a_double_vote() {
    convicts(|| VotesTwice, Offence::TwoPrevotes);
}

#[test]
fn of_two_reports() {
    convicts(TwoReports::default, Offence::TwoReports);
}

#[test]
fn of_a_report_without_what_was_acknowledged() {
    convicts(|| Omitter, Offence::BrokenAcknowledgement);
}

#[test]
fn of_a_report_of_what_no_member_takes() {
    let moved = |house: &Fixture| {
        let mut person = Person::new(7, 5_000_000);
        let envelope = person.swap(house, 1_000, 1_900, Round(1), 60);
        let moved = person.relabel(&envelope, |header| header.last = Round(61));
        ExtraEnvelope(moved, Round(1))
    };
    // Some rounds: a close may name the others' reports, and nobody asks for what this one lists.
    convicts_of(moved, Offence::BogusReport, (24, 20_000));
}

#[test]
fn of_wrong_decryption_shares() {
    // Some rounds: in each, whose shares come first is a matter of chance.
    let offence = Offence::WrongDecryptionShare;
    convicts_of(|_| WrongShares(Opening::First), offence, (24, 20_000));
}

#[test]
fn of_wrong_signature_shares() {
    convicts(|| WrongSignatures, Offence::WrongSignatureShare);
}
