#![allow(clippy::unwrap_used)]

use std::error::Error as _;

use sealbid_types::id::Round;

use super::*;
use crate::round::RecordError;

const MEMBER: MemberIndex = MemberIndex(1);

fn refused(code: RefusalCode) -> ClientError {
    let message = String::new();
    ClientError::Refused {
        member: MEMBER,
        refusal: Refusal { code, message },
    }
}

/// One of every variant, and whether it may be tried again. The match is there so that a new
/// variant does not compile before it is in the list.
fn one_of_each() -> Vec<(ClientError, bool)> {
    let last = DoorError::TimedOut { member: MEMBER };
    let (alive, members, quorum) = (1, 4, 3);
    let fault = Fault::Record(RecordError::Round(Round(9)));
    let size = SealError::TooLong(usize::MAX);
    let list = vec![
        (refused(RefusalCode::NotReady), true),
        (refused(RefusalCode::Proof), false),
        (
            ClientError::Unreachable {
                members,
                last: last.clone(),
            },
            true,
        ),
        (
            ClientError::NoQuorum {
                alive,
                members,
                quorum,
            },
            true,
        ),
        (ClientError::TimedOut("x"), true),
        (
            ClientError::Dishonest {
                member: MEMBER,
                fault,
            },
            false,
        ),
        (ClientError::Void(VoidReason::Cipher), false),
        (ClientError::Quote(ScheduleFault::Pair), false),
        (ClientError::Deadline, false),
        (ClientError::Rounds(0), false),
        (ClientError::NoSolver("a.near".parse().unwrap()), false),
        (ClientError::OtherAccount, false),
        (ClientError::Seal(size), false),
        (ClientError::Entropy(getrandom::Error::UNSUPPORTED), false),
        (ClientError::Local(last), false),
    ];
    for (error, _) in &list {
        match error {
            ClientError::Refused { .. }
            | ClientError::Unreachable { .. }
            | ClientError::NoQuorum { .. }
            | ClientError::TimedOut(_)
            | ClientError::Dishonest { .. }
            | ClientError::Void(_)
            | ClientError::Quote(_)
            | ClientError::Deadline
            | ClientError::Rounds(_)
            | ClientError::NoSolver(_)
            | ClientError::OtherAccount
            | ClientError::Seal(_)
            | ClientError::Entropy(_)
            | ClientError::Local(_) => {}
        }
    }
    list
}

#[test]
fn each_kind_says_whether_to_try_again() {
    for (error, expected) in one_of_each() {
        assert_eq!(error.is_retryable(), expected, "{error:?}");
    }
}

/// What the request itself has done wrong stays wrong; what the house cannot do now, it may do later.
#[test]
fn each_refusal_says_whether_to_try_again() {
    let again: Vec<_> = RefusalCode::ALL
        .iter()
        .filter(|code| refused(**code).is_retryable())
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        again,
        [
            "round-too-far",
            "quota",
            "round-full",
            "not-ready",
            "no-quorum",
            "no-such-round",
            "too-many-requests",
            "shutting-down",
            "store-unreadable",
        ]
    );
    for code in RefusalCode::ALL {
        let error = refused(*code);
        if error.class() == ErrorClass::NoQuorum || error.class() == ErrorClass::NotFound {
            assert!(error.is_retryable(), "{code} is no fault of the request");
        }
    }
}

#[test]
fn what_is_below_an_error_can_be_had() {
    for (error, _) in one_of_each() {
        let source = error.source().map(ToString::to_string);
        match &error {
            ClientError::Unreachable { last, .. } => assert_eq!(source, Some(last.to_string())),
            ClientError::Dishonest { fault, .. } => assert_eq!(source, Some(fault.to_string())),
            ClientError::Entropy(below) => assert_eq!(source, Some(below.to_string())),
            _ => {}
        }
    }
}
