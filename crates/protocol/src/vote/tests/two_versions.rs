//! Committees of two versions that clear differently, in which nobody lies: the round ends.

use sealbid_types::committee::usual_quorum;
use sealbid_types::id::AllocationDigest;

use super::*;

const WITHDRAWN: u8 = 0xee;

fn digest(name: u8) -> AllocationDigest {
    [name; 32].into()
}

/// Members that hear all that is said, and what is sent again.
struct Committee {
    votes: Vec<Vote>,
    own: Vec<u8>,
    now: u64,
    /// Neither speaks nor hears before the others have come to that view.
    late: Option<(usize, View)>,
}

impl Committee {
    fn new(quorum: u8, own: Vec<u8>) -> Self {
        let members = u8::try_from(own.len()).unwrap();
        let vote = |member| {
            let config = Config {
                subject: Subject::Allocation,
                members,
                quorum,
                ..config(member)
            };
            Vote::new(config, signers(member)).unwrap()
        };
        Self {
            votes: (0..members).map(vote).collect(),
            own,
            now: 0,
            late: None,
        }
    }

    fn clock(&self) -> Clock {
        Clock::steady(Timestamp(NOW.wall.0 + self.now))
    }

    fn is_away(&self, at: usize) -> bool {
        let others = || (0..self.votes.len()).filter(|other| *other != at);
        self.late.is_some_and(|(late, until)| {
            late == at && others().all(|other| self.votes[other].view() < until)
        })
    }

    fn deliver(&mut self, mut said: Vec<(usize, Message)>) {
        let now = self.clock();
        while let Some((from, message)) = said.pop() {
            for to in 0..self.votes.len() {
                if to == from || self.is_away(to) || self.is_away(from) {
                    continue;
                }
                let mut out = Vec::new();
                let vote = &mut self.votes[to];
                vote.receive(message.clone(), now, &mut out).unwrap();
                said.extend(broadcasts(to, out));
            }
        }
    }

    fn step(&mut self) {
        let now = self.clock();
        let mut said = Vec::new();
        for at in 0..self.votes.len() {
            if self.is_away(at) {
                continue;
            }
            let (own, mut out) = (digest(self.own[at]), Vec::new());
            let vote = &mut self.votes[at];
            vote.assume(own, digest(WITHDRAWN), now, &mut out);
            vote.tick(now, &mut out);
            said.extend(broadcasts(at, out));
            said.extend(vote.resend().into_iter().map(|message| (at, message)));
        }
        self.deliver(said);
    }

    /// Runs until somebody has decided, who then shows it to all.
    fn decision(&mut self) -> (ValueDigest, View) {
        loop {
            let mut decided = self.votes.iter().filter_map(Vote::decided);
            if let Some(certified) = decided.next() {
                return (certified.value.digest(), certified.certificate.view);
            }
            self.step();
            self.now += 500;
            assert!(
                self.now < 300_000,
                "{:?}, {:?}: undecided",
                self.own,
                self.late
            );
        }
    }
}

fn broadcasts(from: usize, out: Vec<Output>) -> impl Iterator<Item = (usize, Message)> {
    out.into_iter().filter_map(move |word| match word {
        Output::Broadcast(message) => Some((from, message)),
        _ => None,
    })
}

/// Whatever the size, and however many have which version: what fills nothing is decided if neither
/// version has a quorum, and the larger version's allocation if it has.
#[test]
fn a_committee_of_any_size_ends_a_round_that_two_versions_clear_differently() {
    for members in 4..=12_u8 {
        let quorum = usual_quorum(members);
        for others in 0..=members / 2 {
            let own = (0..members).map(|at| if at < others { 2 } else { 1 });
            let mut committee = Committee::new(quorum, own.collect());
            let (value, view) = committee.decision();
            let has_quorum = members - others >= quorum;
            let expected = digest(if has_quorum { 1 } else { WITHDRAWN });
            assert_eq!(
                value,
                expected.into(),
                "{others} of {members}, quorum {quorum}"
            );
            let is_withdrawn = view >= withdrawn_from(members);
            assert_eq!(is_withdrawn, !has_quorum, "{view}");
        }
    }
}

/// Two and two; one comes back when the others vote on what fills nothing, and its own first ballot
/// is too late for them.
#[test]
fn who_comes_late_to_two_versions_stops_nobody() {
    for until in 8..16 {
        for late in 0..4 {
            let mut committee = Committee::new(3, vec![1, 1, 2, 2]);
            committee.late = Some((late, View(until)));
            let (value, _) = committee.decision();
            assert_eq!(value, digest(WITHDRAWN).into(), "{late} until {until}");
        }
    }
}
