//! Making committee keys: the commands.
