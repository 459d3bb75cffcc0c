//! Records from files, forged or of another house.

use sealbid_types::allocation::Allocation;
use sealbid_types::bytes::FixedBytes;
use sealbid_types::close::{CertificateBytes, Close};
use sealbid_types::codec::encode;
use sealbid_types::id::{AuctionId, Epoch, Round, Slot, View};
use sealbid_types::record::{Ancestry, RoundRecord};
use sealbid_types::settlement::{Settlement, SignedSettlement};

use super::*;

/// A record that nobody signed.
pub(crate) fn record(auction: AuctionId) -> RoundRecord {
    let (round, epoch, zero) = (Round(1), Epoch(0), FixedBytes([0; 96]));
    let close = Close {
        auction,
        round,
        slot: Slot(1),
        closed_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        key: [0; 32].into(),
        epoch,
        rules: [0; 32].into(),
        previous: Close::GENESIS,
        reports: Vec::new(),
        intents: Vec::new(),
        quotes: Vec::new(),
    };
    let allocation = Allocation {
        auction,
        epoch,
        round,
        close: close.digest(),
        order: [0; 32].into(),
        terms: [0; 32].into(),
        fills: Vec::new(),
        unfilled: Vec::new(),
        void: Vec::new(),
        alarm: None,
    };
    let settlement = Settlement {
        auction,
        epoch,
        round,
        close: close.digest(),
        allocation: allocation.digest(),
        terms: [0; 32].into(),
        fills: Vec::new(),
        unfilled: Vec::new(),
        void: Vec::new(),
        flow: Vec::new(),
    };
    RoundRecord {
        close,
        certificate: CertificateBytes {
            view: View(0),
            signature: zero,
        },
        reports: Vec::new(),
        envelopes: Vec::new(),
        ancestry: Ancestry::default(),
        order: zero,
        openings: Vec::new(),
        allocation,
        allocation_certificate: CertificateBytes {
            view: View(0),
            signature: zero,
        },
        settlement: SignedSettlement {
            settlement,
            signature: zero,
        },
    }
}

#[test]
fn a_record_given_for_a_round_is_told_where_it_goes() {
    let workspace = Workspace::new();
    workspace
        .run("audit house/records/1.json")
        .expect(2)
        .says("a record's file goes after --file");
}

#[test]
fn a_forged_record_is_8_and_anothers_is_4() {
    let workspace = Workspace::with_house();
    let forged = record(workspace.committee().auction);
    workspace.write("forged.json", serde_json::to_vec_pretty(&forged).unwrap());
    workspace.write("forged.bin", encode(&forged));
    for file in ["forged.json", "forged.bin"] {
        let audit = workspace
            .run(&format!("audit --file {file} --json"))
            .expect(8)
            .json();
        assert_eq!(audit["audit"], "failed");
        let errors = audit["errors"].to_string();
        assert!(errors.contains("certificate forged"), "{errors}");
    }
    let committee = "--dir nowhere --committee house/committee.json";
    workspace
        .run(&format!("audit --file forged.json {committee}"))
        .expect(8);
    let foreign = record([7; 32].into());
    workspace.write("foreign.json", serde_json::to_vec(&foreign).unwrap());
    workspace
        .run("audit --file foreign.json")
        .expect(4)
        .says("--committee");
    workspace.run("audit --file missing.json").expect(5);
    workspace.write("garbage.json", "{\"close\": 1}");
    workspace
        .run("audit --file garbage.json")
        .expect(8)
        .says("is no record");
    workspace
        .run("audit --file forged.json --committee forged.json")
        .expect(4);
}
