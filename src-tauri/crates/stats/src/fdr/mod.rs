//! False discoveries over a stream of tests: LOND, LORD, SAFFRON, ADDIS, their asynchronous versions, e-values.
