//! The one command list with its types.
