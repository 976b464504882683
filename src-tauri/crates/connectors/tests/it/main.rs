//! Black-box tests of the connectors.
