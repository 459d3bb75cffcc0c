//! SDK for traders, solvers, relayers and auditors.
