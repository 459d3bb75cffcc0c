//! The vote on an allocation: no proposal in the first view, and one that fills nothing in the end.

use sealbid_types::id::AllocationDigest;

use super::*;

fn allocation_vote(member: u8) -> Vote {
    let config = Config {
        subject: Subject::Allocation,
        ..config(member)
    };
    Vote::new(config, signers(member)).unwrap()
}

fn digest(name: u8) -> AllocationDigest {
    [name; 32].into()
}

const WITHDRAWN: u8 = 0xee;

/// The ballot that a liar sends instead: nil.
fn for_nothing(message: Message) -> Message {
    match message {
        Message::Prevote(signed) => {
            let body = Prevote {
                value: None,
                ..signed.body
            };
            Message::Prevote(sign(body, signed.member, &identity(signed.member.0)))
        }
        Message::Precommit(signed) => {
            let body = Precommit {
                commitment: None,
                ..signed.body
            };
            Message::Precommit(sign(body, signed.member, &identity(signed.member.0)))
        }
        other => other,
    }
}

/// Four members, each with what it has computed, that hear all that the others say.
struct Four {
    votes: Vec<Vote>,
    own: [u8; 4],
    now: u64,
    /// Neither speaks nor hears.
    down: Option<usize>,
    /// Its votes for values are votes for nothing.
    mute: Option<usize>,
}

impl Four {
    fn new(own: [u8; 4]) -> Self {
        let votes = (0..4).map(allocation_vote).collect();
        Self {
            votes,
            own,
            now: 0,
            down: None,
            mute: None,
        }
    }

    fn clock(&self) -> Clock {
        Clock::steady(Timestamp(NOW.wall.0 + self.now))
    }

    /// Delivers what is said until nothing more is.
    fn deliver(&mut self, mut said: Vec<(usize, Output)>) {
        let now = self.clock();
        while let Some((from, word)) = said.pop() {
            let Output::Broadcast(message) = word else {
                continue;
            };
            if self.down == Some(from) {
                continue;
            }
            let message = match self.mute {
                Some(liar) if liar == from => for_nothing(message),
                _ => message,
            };
            for to in (0..4).filter(|to| *to != from && Some(*to) != self.down) {
                let mut out = Vec::new();
                self.votes[to]
                    .receive(message.clone(), now, &mut out)
                    .unwrap();
                said.extend(out.into_iter().map(|word| (to, word)));
            }
        }
    }

    fn each(&mut self, act: impl Fn(&mut Vote, u8, Clock, &mut Vec<Output>)) {
        let (now, own) = (self.clock(), self.own);
        let mut said = Vec::new();
        for (at, vote) in self.votes.iter_mut().enumerate() {
            let mut out = Vec::new();
            act(vote, own[at], now, &mut out);
            said.extend(out.into_iter().map(|word| (at, word)));
        }
        self.deliver(said);
    }

    fn assume(&mut self) {
        self.each(|vote, own, now, out| {
            vote.assume(digest(own), digest(WITHDRAWN), now, out);
        });
    }

    /// Lets time pass until all have decided; gives what, and in which view.
    fn decisions(&mut self) -> Vec<(ValueDigest, View)> {
        let waits = |four: &Self| {
            let up = (0..4).filter(|at| Some(*at) != four.down);
            up.into_iter().any(|at| four.votes[at].decided().is_none())
        };
        while waits(self) {
            self.now += 100;
            assert!(self.now < 300_000, "undecided");
            self.each(|vote, _, now, out| vote.tick(now, out));
        }
        let decided = self.votes.iter().filter_map(Vote::decided);
        decided
            .map(|certified| (certified.value.digest(), certified.certificate.view))
            .collect()
    }
}

#[test]
fn what_all_have_computed_is_decided_in_the_first_view_without_a_proposal() {
    let mut four = Four::new([1; 4]);
    four.assume();
    assert_eq!(four.now, 0);
    let decided = (digest(1).into(), View(0));
    assert_eq!(four.decisions(), [decided; 4]);
    assert_eq!(four.now, 0, "no timeout was waited for");
}

#[test]
fn a_quorum_decides_for_who_has_computed_something_else() {
    let mut four = Four::new([1, 1, 1, 2]);
    four.assume();
    assert_eq!(four.decisions(), [(digest(1).into(), View(0)); 4]);
}

#[test]
fn without_a_quorum_for_any_allocation_the_one_that_fills_nothing_is_decided() {
    for own in [[1, 1, 2, 2], [1, 2, 3, 4], [1, 1, 2, 3]] {
        let mut four = Four::new(own);
        four.assume();
        let decided = four.decisions();
        assert_eq!(decided.len(), 4);
        for (value, view) in decided {
            assert_eq!(value, ValueDigest::from(digest(WITHDRAWN)));
            assert!(view >= withdrawn_from(4), "{view}");
        }
    }
}

/// A liar proposes it at once. Nobody prevotes it.
#[test]
fn the_one_that_fills_nothing_is_not_valid_before_its_time() {
    let mut vote = allocation_vote(0);
    let mut out = Vec::new();
    let said = |vote: &mut Vote, view: u32| {
        let member = proposer(4, ROUND, View(view));
        let value = Value::Allocation(digest(WITHDRAWN));
        let body = Proposal {
            subject: Subject::Allocation,
            ..header(view, value.digest(), None).body
        };
        let header = sign(body, member, &identity(member.0));
        let polka = Vec::new();
        let full = Message::Proposal(Box::new(FullProposal {
            header,
            value,
            polka,
        }));
        let mut out = Vec::new();
        vote.receive(full, NOW, &mut out).unwrap();
        out
    };
    vote.assume(digest(1), digest(WITHDRAWN), NOW, &mut out);
    for view in 1..withdrawn_from(4).0 {
        // Two of the others are there: so is it (line 55).
        for member in [1, 2] {
            let ballot = Prevote {
                subject: Subject::Allocation,
                ..signed_prevote(member, view, None).body
            };
            let ballot = sign(ballot, MemberIndex(member), &identity(member));
            vote.receive(Message::Prevote(ballot), NOW, &mut out)
                .unwrap();
        }
        assert_eq!(vote.view(), View(view));
        if proposer(4, ROUND, View(view)) == MemberIndex(0) {
            continue;
        }
        let words = said(&mut vote, view);
        let prevotes = words.iter().filter_map(|word| match word {
            Output::Broadcast(Message::Prevote(prevote)) => Some(prevote.body.value),
            _ => None,
        });
        assert_eq!(prevotes.collect::<Vec<_>>(), [None], "view {view}");
    }
}

#[test]
fn a_ballot_of_one_vote_is_none_of_the_other() {
    let mut vote = allocation_vote(0);
    let refused = vote.receive(prevote(1, 0, None), NOW, &mut Vec::new());
    assert_eq!(refused.unwrap_err().reason, WrongBallot::Instance);
}

/// Before it has computed its own it signs nothing, whatever the others say; and decides all the
/// same by what a quorum has precommitted.
#[test]
fn who_has_computed_nothing_yet_signs_nothing() {
    let mut four = Four::new([1; 4]);
    let now = four.clock();
    let mut said = Vec::new();
    for at in 0..3 {
        let mut out = Vec::new();
        four.votes[at].assume(digest(1), digest(WITHDRAWN), now, &mut out);
        said.extend(out.into_iter().map(|word| (at, word)));
    }
    four.deliver(said);
    let decided = four.votes[3].decided().map(|it| it.value.digest());
    assert_eq!(decided, Some(digest(1).into()));
    assert_eq!(four.votes[3].position(), None);
}

/// Only three vote. Their first view has failed; the second view's proposer has what it proposes.
#[test]
fn a_proposer_finds_its_own_allocation_fresh() {
    let mut four = Four::new([1; 4]);
    let down = (0..4).find(|member| {
        let first = [1, 2].map(|view| proposer(4, ROUND, View(view)).as_usize());
        !first.contains(member)
    });
    let down = down.unwrap();
    // Nobody hears the first view's votes in time.
    let now = four.clock();
    for at in (0..4).filter(|at| *at != down) {
        let vote = &mut four.votes[at];
        vote.assume(digest(1), digest(WITHDRAWN), now, &mut Vec::new());
        vote.start_view(View(1), now, &mut Vec::new());
    }
    four.down = Some(down);
    let decided = four.decisions();
    assert!(decided.iter().all(|(value, _)| *value == digest(1).into()));
    assert!(
        decided.iter().any(|(_, view)| *view == View(1)),
        "{decided:?}"
    );
}

/// A liar votes for nothing, and one that computed alike is away until it is late. Nobody has seen
/// that anybody clears otherwise, so what fills nothing is proposed by nobody.
#[test]
fn the_one_that_fills_nothing_takes_members_that_have_computed_something_else() {
    let mut four = Four::new([1; 4]);
    (four.mute, four.down) = (Some(2), Some(3));
    four.assume();
    let late = View(withdrawn_from(4).0 + 4);
    while four.votes[0].view() < late {
        four.now += 100;
        assert!(four.now < 300_000, "stuck in {}", four.votes[0].view());
        four.each(|vote, _, now, out| vote.tick(now, out));
    }
    assert_eq!(four.votes[0].decided(), None);
    four.down = None;
    for (value, view) in four.decisions() {
        assert_eq!(value, ValueDigest::from(digest(1)));
        assert!(view >= late, "{view}: without a quorum");
    }
}
