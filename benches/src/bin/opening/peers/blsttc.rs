//! `blsttc` 8.0.2: `threshold_crypto`'s scheme and interface over `blst`.

super::interface::engine!("blsttc", blsttc, rand08);
