//! Numeric core; knows nothing of the business.
