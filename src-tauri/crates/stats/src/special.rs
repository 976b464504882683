//! Distributions and special functions the rest needs: incomplete beta and gamma, chi-square, F.
