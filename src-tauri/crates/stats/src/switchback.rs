//! Levers that cannot be split by unit: randomised time blocks with washout and block-level inference.
