//! Designs that may be looked at more than once: group-sequential, confidence sequences, betting, mSPRT.
