//! Checks all rounds of a house again, from the committee file and the records alone: no member is
//! asked, and nobody is trusted.
//!
//! ```text
//! cargo run -p sealbid-client --example auditor -- house/committee.json house/records
//! ```

use std::error::Error;
use std::path::Path;

use sealbid_client::CommitteeFile;
use sealbid_client::audit::Auditor;
use sealbid_client::records::RecordDirectory;
use sealbid_client::types::Round;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [committee, records] = arguments.as_slice() else {
        return Err("usage: auditor COMMITTEE RECORDS".into());
    };
    let records = RecordDirectory::new(records);
    let auditor = Auditor::new(CommitteeFile::load(Path::new(committee))?)?;

    // From the first and without gaps: what a round may list depends on all before it.
    let (mut chain, mut round, mut wrong) = (auditor.chain(), Round(1), 0);
    while let Some(record) = records.read(round)? {
        let audit = chain.next(&record);
        println!(
            "round {round}: {}, {} filled, {} not",
            if audit.is_ok() { "ok" } else { "WRONG" },
            audit.filled,
            audit.unfilled
        );
        // Root cause first.
        for error in &audit.errors {
            println!("  {error}");
            wrong += 1;
        }
        round = round.next();
    }
    if wrong > 0 {
        return Err(format!("{wrong} findings: keep the records, they are the evidence").into());
    }
    Ok(())
}
