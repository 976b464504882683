//! Two arms compared: effect with its variance, absolute, relative and scaled, with tests and intervals.
