//! The making of a development house: keys, configurations, books and accounts.

use core::time::Duration;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealbid_keygen::secret_file::write_secret;
use sealbid_keygen::{AccountKey, HouseDir};
use sealbid_types::committee::Committee;
use sealbid_types::id::MemberIndex;
use zeroize::Zeroizing;

use crate::commands::operate::member_setup;
use crate::dev::house_ceremony;
use crate::dev::house_claim::Claim;
use crate::dev::house_setup::{cannot_write, passphrase_path, relayer_path, solver_path};
use crate::dev::sample_books;
use crate::exit::Failure;
use crate::tokens;

/// What a new house is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HouseShape {
    /// n.
    pub(crate) members: u8,
    /// How many solvers.
    pub(crate) solvers: u8,
    /// The length of a slot.
    pub(crate) period: Duration,
    /// How long quotes are taken at a slot's end.
    pub(crate) quote_window: Duration,
}

/// Makes a house in a directory that holds none. Its members make their key in a ceremony, each in
/// a process of its own.
///
/// # Errors
/// Storage; a participant's own.
pub(crate) async fn make(claim: Claim, shape: HouseShape) -> Result<Claim, Failure> {
    let staged = claim.staged();
    make_directory(staged.root())?;
    let passphrase = passphrase_path(&staged);
    let text = Zeroizing::new(HEXLOWER.encode(random()?.as_ref()));
    let line = Zeroizing::new(format!("{}\n", text.as_str()));
    write_secret(&passphrase, line.as_bytes())
        .map_err(|error| cannot_write(&passphrase, &error))?;
    // Before the ceremony, which ends with the committee file.
    furnish(&staged, shape.solvers)?;
    // Under a name of its own: a participant of a making that was cut short may not have ended yet.
    let hall = tempfile::Builder::new()
        .prefix("ceremony-")
        .tempdir_in(claim.making())
        .map_err(|error| cannot_write(&claim.making(), &error))?;
    let committee = house_ceremony::hold(&staged, hall.path(), &shape, &passphrase).await?;
    configure(&staged, &committee)?;
    house_ceremony::conclude(&staged, hall.path())?;
    claim.publish()
}

/// Everything that needs no committee.
fn furnish(house: &HouseDir, solvers: u8) -> Result<(), Failure> {
    // The house's own copy, to be edited.
    write(&house.tokens(), tokens::DEFAULT)?;
    make_directory(&relayer_path(house))?;
    for solver in 1..=solvers {
        let directory = solver_path(house, solver);
        make_directory(&directory)?;
        write(&directory.join("book.toml"), &sample_books::text(solver))?;
        make_account(&directory.join("account.key"))?;
    }
    // The account that trades where a command names none.
    make_directory(&house.accounts())?;
    make_account(&house.accounts().join("default.json"))
}

fn configure(house: &HouseDir, committee: &Committee) -> Result<(), Failure> {
    for (index, member) in MemberIndex::all(committee.members()).zip(&committee.roster) {
        let directory = house.member(index);
        // By a path from the member's own directory, as all paths of its file are.
        let passphrase = PathBuf::from("../passphrase");
        member_setup::write_config(&directory, member, Some(passphrase))?;
    }
    Ok(())
}

fn random() -> Result<Zeroizing<[u8; 32]>, Failure> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut())
        .map_err(|error| Failure::work(format!("the system gives no entropy: {error}")))?;
    Ok(bytes)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| cannot_write(path, &error))
}

/// Makes a trading account, in plain: its house is for development.
fn make_account(path: &Path) -> Result<(), Failure> {
    let entropy = random()?;
    Ok(AccountKey::from_entropy(&entropy).save_plain(path)?)
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path).map_err(|error| cannot_write(path, &error))
}
