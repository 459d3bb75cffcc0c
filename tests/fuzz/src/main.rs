//! The one binary of all fuzz targets: `SEALBID_FUZZ_TARGET` says which of them it tries.
#![no_main]

use std::process;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sealbid_fuzz_targets::{Target, named, targets};

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("SEALBID_FUZZ_TARGET").unwrap_or_default();
    named(&name).unwrap_or_else(|| {
        let names: Vec<_> = targets().map(|target| target.name).collect();
        eprintln!("SEALBID_FUZZ_TARGET is none of: {}", names.join(" "));
        process::exit(2)
    })
});

fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
