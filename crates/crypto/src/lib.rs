//! Sealing to a threshold key, decryption shares, opening, threshold signatures.
