//! End-to-end tests, simulation, adversaries, vectors.
