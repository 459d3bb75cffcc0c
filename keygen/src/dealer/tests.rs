#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used
)]

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::testing::{FAST, committee_keys, contacts, dealt, now, passphrase};
use sealbid_client::CommitteeFile;

#[test]
fn every_size_of_committee_deals_shares_of_its_key() {
    for members in committee::MEMBERS {
        let usual = usual_quorum(members);
        for quorum in [usual, members / 2 + 1, members] {
            let Dealt {
                committee,
                member_keys,
            } = dealt(members, quorum, 1);
            let keys = committee_keys(&committee);
            assert_eq!(member_keys.len(), usize::from(members));
            for (index, key) in MemberIndex::all(members).zip(&member_keys) {
                let share = key.share_in(&committee, &keys).unwrap();
                assert_eq!(share.member(), index, "{quorum} of {members}");
            }
        }
    }
}

#[test]
fn the_same_entropy_deals_the_same_house_and_other_entropy_nothing_alike() {
    let (one, same, other) = (dealt(4, 3, 1), dealt(4, 3, 1), dealt(4, 3, 2));
    assert_eq!(one.committee, same.committee);
    assert_eq!(
        one.committee.auction, other.committee.auction,
        "name, schedule and rules are"
    );
    assert_ne!(one.committee.key, other.committee.key);
    let group = |house: &Dealt| house.member_keys[0].group_key();
    assert_eq!(group(&one), one.member_keys[3].group_key());
    assert_ne!(group(&one), group(&other));
    let secrets: std::collections::BTreeSet<_> = one
        .member_keys
        .iter()
        .chain(&other.member_keys)
        .flat_map(|key| {
            [
                *key.house_secret(),
                *key.door_secret(),
                key.identity().to_bytes(),
            ]
        })
        .collect();
    assert_eq!(secrets.len(), 24);
}

#[test]
fn a_quorum_that_could_close_twice_is_refused() {
    for (members, quorum) in [(4, 2), (3, 1), (16, 8), (4, 5), (2, 2), (17, 12)] {
        let options = DealerOptions::new(contacts(members)).with_quorum(quorum);
        let refused = deal(&options, &[1; 32], now()).unwrap_err();
        assert!(
            matches!(refused, DealerError::Quorum(_)),
            "{quorum} of {members}: {refused}"
        );
    }
}

#[test]
fn a_bad_name_or_schedule_is_refused() {
    let good = DealerOptions::new(contacts(3));
    let bad = [
        DealerOptions {
            name: "Not a name".to_owned(),
            ..good.clone()
        },
        DealerOptions {
            quote_window_ms: 5_000,
            ..good.clone()
        },
        DealerOptions {
            rules: Rules {
                most_intents: 1,
                ..good.rules.clone()
            },
            ..good
        },
    ];
    for options in bad {
        let refused = deal(&options, &[1; 32], now());
        assert!(
            matches!(refused, Err(DealerError::Committee(_))),
            "{options:?}"
        );
    }
}

#[test]
fn a_house_on_disk_is_whole_and_private() {
    let directory = tempfile::tempdir().unwrap();
    let house = HouseDir::new(directory.path().join("new/house"));
    let options = DealerOptions::new(contacts(4));
    let make = |entropy| deal_house(&house, &options, &passphrase(), FAST, &entropy, now());
    let committee = make([1; 32]).unwrap();
    let (loaded, keys) = CommitteeFile::load(&house.committee())
        .unwrap()
        .into_parts();
    assert_eq!(loaded, committee);
    assert_eq!(loaded.provenance, Provenance::DevelopmentDealer);
    assert_eq!(house.members().unwrap().len(), 4);
    for index in MemberIndex::all(4) {
        let path = house.member(index);
        let (_, share) = MemberKey::load_for(&path.key(), &passphrase(), &loaded, &keys).unwrap();
        assert_eq!(share.member(), index);
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path.key()) & 0o777, 0o600);
        assert_eq!(mode(path.path()) & 0o077, 0);
    }
    let again = make([2; 32]);
    assert!(matches!(
        again,
        Err(DealerError::House(HouseError::HoldsHouse { .. }))
    ));
    assert_eq!(
        CommitteeFile::load(&house.committee())
            .unwrap()
            .into_parts()
            .0,
        committee,
        "left alone"
    );
}

#[test]
fn contacts_take_three_ports() {
    let contact = MemberContact::loopback(7_400).unwrap();
    assert_eq!(contact.house_addresses[0].to_string(), "127.0.0.1:7400");
    assert_eq!(contact.house_addresses[1].to_string(), "[::1]:7400");
    assert_eq!(contact.door_addresses[0].to_string(), "127.0.0.1:7401");
    assert_eq!(contact.relay, "http://127.0.0.1:7402");
    let contact = MemberContact::at("2001:db8::1".parse().unwrap(), 7_400).unwrap();
    assert_eq!(contact.relay, "http://[2001:db8::1]:7402");
    assert_eq!(MemberContact::loopback(65_534), None);
    assert_eq!(MemberContact::loopback(0), None);
}
