//! Central moments of the units of an arm, and their exact combination.
