//! A member's daemon.
