//! Pool, rounds, reports, the close vote and the share exchange, without I/O.
