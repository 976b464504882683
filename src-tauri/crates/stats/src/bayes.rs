//! Normal-normal inference with a prior learnt from past effects: chance to win, expected loss, value of information.
