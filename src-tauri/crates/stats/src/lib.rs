//! Numeric core: pure, seedable, no IO, `f64`. Knows nothing of the business.
//!
//! Tail probabilities come from survival functions, never from `1 - cdf`; NaN in a series means "not defined here".

#![expect(clippy::float_cmp, reason = "zeros and bounds are compared exactly on purpose: closures, empty denominators")]
#![expect(clippy::neg_cmp_op_on_partial_ord, reason = "`!(x > 0)` also refuses NaN")]
#![expect(clippy::excessive_precision, reason = "coefficients are copied digit by digit from their source")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions within a slice, already clamped to it"
)]

pub mod bandit;
pub mod baseline;
pub mod bayes;
pub mod compare;
pub mod effect;
pub mod fdr;
pub mod horizon;
pub mod interrupted;
pub mod localize;
pub mod moments;
pub mod multiple;
pub mod normal;
pub mod plan;
pub mod robust;
pub mod sequential;
pub mod smooth;
pub mod special;
pub mod srm;
pub mod student;
pub mod switchback;
pub mod transform;
pub mod trend;

pub use baseline::{Baseline, Family, Past, Score};
pub use localize::{Cause, Part, localize};
