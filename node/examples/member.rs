//! Runs one member of a committee inside a program of one's own: loads what it needs, takes part,
//! and stops when standard input is closed.
//!
//! ```text
//! sealbid keygen dealer --members 3 --out house --passphrase-file passphrase
//! sealbid --dir house node init --member 1
//! cargo run -p sealbid-node --example member -- house/member-1/member.toml passphrase
//! ```
//!
//! A member that is killed loses nothing that it has promised; to stop it like this only spares the
//! others a moment of waiting for it.

use std::error::Error;
use std::path::{Path, PathBuf};

use sealbid_keygen::{PassphraseSource, StandardTerminal};
use sealbid_node::{MemberConfig, Node};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, passphrase] = arguments.as_slice() else {
        return Err("usage: member CONFIG PASSPHRASE-FILE".into());
    };
    // Ports, paths and limits: everything in it can be set by a program as well.
    let config = MemberConfig::load(Path::new(config))?;
    // It opens the key file, and is wiped once that is open.
    let source = PassphraseSource::File(PathBuf::from(passphrase));
    let passphrase = source.existing(&mut StandardTerminal, "")?;

    // Everything is bound when this returns: the member can be reached, and takes part once it
    // runs. `false`: its store is its own, and not a copy restored from elsewhere.
    let node = Box::pin(Node::start(config, passphrase, false)).await?;
    println!(
        "{} is up; its front door is {}",
        node.index(),
        node.door_peer()
    );

    // On the heap: it holds the member's engine until that has a thread.
    Box::pin(node.run(stdin_closed())).await?;
    println!("stopped");
    Ok(())
}

/// Whatever ends a member can stand here: a signal, a channel, a supervisor's word.
async fn stdin_closed() {
    let mut ignored = Vec::new();
    // Closed or broken: either way nobody is there any more.
    let _ = tokio::io::stdin().read_to_end(&mut ignored).await;
}
