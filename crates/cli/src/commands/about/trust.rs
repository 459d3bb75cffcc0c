//! `sealbid trust`: what a client believes, to be compared with others by voice.
//!
//! All that a trader or an auditor trusts is the committee file. Whoever has another one trades with
//! another house, and nothing on the network would say so: people compare the key's words.

use std::path::PathBuf;

use clap::Args;
use sealbid_client::CommitteeFile;
use sealbid_keygen::Survival;
use sealbid_keygen::words::{Words, words_of_digest};
use sealbid_types::committee::{Committee, Provenance};
use sealbid_types::id::{AuctionId, Epoch, KeyId, MemberIndex};
use sealbid_types::keys::PublicKey;
use serde::Serialize;
use serde_json::{Value, json};

use crate::context::{Context, blocking};
use crate::exit::Failure;
use crate::ui::output::Columns;

/// Show whom a client of this house trusts, in words to be compared by voice
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sealbid trust
  sealbid trust --committee committee.json --json | jq -r .key_words

Nobody is asked: this is the committee file. Read the key's words to a member, or to somebody who
trades there, on another channel than the one that the file came by: a house with the same words has
the same key.")]
pub(crate) struct TrustArgs {
    /// The committee file, instead of the house's
    #[arg(long, value_name = "FILE")]
    committee: Option<PathBuf>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Trust {
    name: String,
    auction: AuctionId,
    key: KeyId,
    /// The same that a ceremony's participants read.
    key_words: Words,
    epoch: Epoch,
    provenance: Value,
    survival: Survival,
    members: Vec<TrustedMember>,
    committee_file: PathBuf,
}

/// A member, by what signs in its name and where it is found.
#[derive(Serialize)]
struct TrustedMember {
    /// From 1, as people count.
    member: String,
    identity: PublicKey,
    door: PublicKey,
    door_addresses: Vec<std::net::SocketAddr>,
}

/// Runs it.
pub(crate) async fn run(args: TrustArgs, context: &Context) -> Result<(), Failure> {
    let path = args
        .committee
        .unwrap_or_else(|| context.house_dir().committee());
    let file = path.clone();
    let known = blocking(move || CommitteeFile::load(&file)).await??;
    let committee = known.committee();
    let survival = Survival::of(committee.members(), committee.quorum)
        .map_err(|error| Failure::of(sealbid_keygen::Exit::Key, &error))?;
    // Whole, since it is named to others.
    let path = std::path::absolute(&path).unwrap_or(path);
    let trust = Trust::of(committee, survival, path);
    context
        .console()
        .result(&trust, || trust.text(&committee.provenance));
    Ok(())
}

impl Trust {
    fn of(committee: &Committee, survival: Survival, committee_file: PathBuf) -> Self {
        let provenance = match &committee.provenance {
            Provenance::DevelopmentDealer => json!({ "kind": "development-dealer" }),
            Provenance::Ceremony(certificate) => json!({
                "kind": "ceremony",
                "transcript": certificate.transcript,
                "session": certificate.session,
                "session_words": words_of_digest(certificate.session.as_bytes()),
                "signed_by": certificate.signatures.len(),
            }),
        };
        let members = MemberIndex::all(committee.members()).zip(&committee.roster);
        Self {
            name: committee.name.clone(),
            auction: committee.auction,
            key: committee.key,
            key_words: words_of_digest(committee.key.as_bytes()),
            epoch: committee.epoch,
            provenance,
            survival,
            members: members
                .map(|(member, known)| TrustedMember {
                    member: member.to_string(),
                    identity: known.identity,
                    door: known.door,
                    door_addresses: known.door_addresses.clone(),
                })
                .collect(),
            committee_file,
        }
    }

    fn text(&self, provenance: &Provenance) -> String {
        let made_by = match provenance {
            Provenance::DevelopmentDealer => {
                "a dealer, who could have kept the key: for development only".to_owned()
            }
            Provenance::Ceremony(certificate) => format!(
                "its members: {} of {} signed for it\n            transcript {}\n            \
                 session words: {}",
                certificate.signatures.len(),
                self.members.len(),
                certificate.transcript,
                words_of_digest(certificate.session.as_bytes()),
            ),
        };
        let mut table = Columns::new(&["member", "identity", "front door"]);
        for member in &self.members {
            let addresses = member.door_addresses.iter().map(ToString::to_string);
            table.row([
                member.member.clone(),
                member.identity.to_string(),
                addresses.collect::<Vec<_>>().join(", "),
            ]);
        }
        format!(
            "key words   {}\nkey         {}, epoch {}\nauction     {} ({})\nmade by     {made_by}\n\
             file        {}\n\n{}\n\n{table}",
            self.key_words,
            self.key,
            self.epoch,
            self.name,
            self.auction,
            self.committee_file.display(),
            self.survival,
        )
    }
}
