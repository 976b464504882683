//! Sample-ratio mismatch: chi-square for display, a sequential test for decisions, and the search for its cause.
