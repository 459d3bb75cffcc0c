//! Making a committee key.
