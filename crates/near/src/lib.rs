//! NEAR Intents Verifier formats and wallet signatures.
