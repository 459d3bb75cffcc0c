//! The house network and the front door.
