//! Bandits with exact best-arm probabilities, and valid inference on what they collected.
