//! Writes what each target begins with into the corpus: `cargo run -p sealbid-fuzz-targets --bin corpus`.
//!
//! Files that a search has found are named by their hash, and left alone.

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for target in sealbid_fuzz_targets::targets() {
        let directory = corpus.join(target.name);
        std::fs::create_dir_all(&directory)?;
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("seed-") {
                std::fs::remove_file(entry.path())?;
            }
        }
        for (at, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(directory.join(format!("seed-{at:02}")), seed)?;
        }
    }
    Ok(())
}
