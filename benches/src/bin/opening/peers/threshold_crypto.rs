//! `threshold_crypto` 0.4.

super::interface::engine!("threshold_crypto", threshold_crypto, rand07);
