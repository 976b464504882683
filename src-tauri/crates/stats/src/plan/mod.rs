//! Before an experiment: power, smallest effect, units and days, and whether it can be answered at all.
