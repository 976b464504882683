//! Figures of an arm as they are handed in, and the moments they say.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use epoch_model::Result;
use epoch_stats::moments::{
    Cap, Covariate, CovariateSums, Denominator, DenominatorSums, Mismatch, Moments, Outcome, QuantileAt, Sums,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize as Read;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::super::{UNITS_MAX, wrong};
use super::input::Arm;

/// One entry per arm, under its key. A key that is there twice is refused: one of the two would be lost silently.
#[derive(Debug, Clone)]
pub(super) struct ByArm<T>(BTreeMap<String, T>);

impl<T> Default for ByArm<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> ByArm<T> {
    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.0.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByArm<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Once<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Once<T> {
            type Value = ByArm<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one entry per arm")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut found = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if found.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format!("“{key}” is there twice")));
                    }
                }
                Ok(ByArm(found))
            }
        }
        deserializer.deserialize_map(Once(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for ByArm<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("ByArm_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, T>::json_schema(generator)
    }
}

/// Raw sums over the units of an arm.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmSums {
    /// Units of randomisation (customers, devices).
    units: u64,
    /// Of outcomes, in the metric's unit; of a proportion, how many units have it.
    sum: f64,
    /// Of their squares; left out where the outcome is 0 or 1.
    sum_squares: Option<f64>,
    /// Of their cubes: skewed outcomes in an uneven split need it. Not for ratios.
    sum_cubes: Option<f64>,
    /// Of a ratio: sums of what stands below.
    denominator: Option<PartSums>,
    /// The outcome of the same units before exposure (CUPED).
    covariate: Option<BeforeSums>,
}

/// Sums of a ratio's denominator.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartSums {
    /// Of denominators, in their unit.
    sum: f64,
    /// Of their squares.
    sum_squares: f64,
    /// Of products with the outcome.
    sum_products: f64,
}

/// Sums of the outcome before exposure.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BeforeSums {
    /// Of the units' outcomes before exposure.
    sum: f64,
    /// Of their squares; left out where it is 0 or 1.
    sum_squares: Option<f64>,
    /// Of products with the outcome.
    sum_products: f64,
    /// Of ratios: of products with the denominator.
    #[serde(default)]
    sum_products_denominator: f64,
    /// Of ratios: the denominator before exposure.
    denominator: Option<BeforePartSums>,
}

/// Sums of a ratio's denominator before exposure.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BeforePartSums {
    /// Of denominators before exposure.
    sum: f64,
    /// Of their squares.
    sum_squares: f64,
    /// Of products with the outcome.
    sum_products: f64,
    /// Of products with the denominator.
    sum_products_denominator: f64,
    /// Of products with the covariate.
    sum_products_covariate: f64,
}

/// Mean and variance over the units of an arm.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmMoments {
    /// Units of randomisation.
    units: u64,
    /// Mean of a unit's outcome, in the metric's unit.
    mean: f64,
    /// Of a unit, with n - 1; left out where the outcome is 0 or 1.
    variance: Option<f64>,
    /// Mean over the units of the cubed deviations from the mean: uneven splits of skewed outcomes need it.
    third_moment: Option<f64>,
    /// Of a ratio: moments of what stands below.
    denominator: Option<PartMoments>,
    /// The outcome before exposure (not with a denominator: use sums).
    covariate: Option<PartMoments>,
}

/// Moments of a denominator or a covariate.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartMoments {
    /// Its mean.
    mean: f64,
    /// Of a unit, with n - 1.
    variance: f64,
    /// With the outcome, with n - 1.
    covariance: f64,
}

/// A quantile of an arm, where the events themselves are not at hand.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmQuantile {
    /// The quantile, in the metric's unit.
    value: f64,
    /// The quantile at q - 1.96 sqrt(q (1 - q) / events).
    lower: f64,
    /// The quantile at q + 1.96 sqrt(q (1 - q) / events).
    upper: f64,
    /// Events pooled; the units themselves where each has one.
    events: u64,
    /// Where units have several events each: how these are spread over the units.
    clusters: Option<Clusters>,
}

/// Per unit: its events, and how many of them are at or below the quantile.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Clusters {
    /// Units of randomisation.
    units: u64,
    /// Events at or below the quantile.
    sum: f64,
    /// Of the squares of that number per unit.
    sum_squares: f64,
    /// Of the squares of the number of events per unit.
    sum_squares_events: f64,
    /// Of the products of both.
    sum_products: f64,
}

/// Bounds of a unit's outcome, at quantiles of the outcomes of all arms together.
#[derive(Debug, Clone, Copy, Read, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Winsorise {
    /// Outcomes below this quantile are raised to it (0: none).
    #[serde(default)]
    low: f64,
    /// Outcomes above this quantile are lowered to it (1: none).
    #[serde(default = "one")]
    high: f64,
}

fn one() -> f64 {
    1.0
}

/// How far rounding may take sums beyond what units can have.
const ROUNDING: f64 = 1e-6;

/// Whether a covariance can be, given both sums of squared deviations.
fn within(product: f64, a: f64, b: f64) -> bool {
    product.is_finite() && product.abs() <= (a.max(0.0) * b.max(0.0)).sqrt() * (1.0 + ROUNDING) + f64::MIN_POSITIVE
}

impl ArmSums {
    fn moments(&self) -> Result<Moments, Mismatch> {
        let n = self.units as f64;
        // Squares below the square of the mean: no numbers have them.
        let squares = |sum: f64, squares: f64| squares >= 0.0 && squares * n >= sum * sum * (1.0 - ROUNDING);
        let pairs = [
            self.sum_squares.map(|s| (self.sum, s)),
            self.denominator.map(|d| (d.sum, d.sum_squares)),
            self.covariate.map(|c| (c.sum, c.sum_squares.unwrap_or(c.sum))),
            self.covariate.and_then(|c| c.denominator).map(|d| (d.sum, d.sum_squares)),
        ];
        if self.units > 0 && pairs.into_iter().flatten().any(|(a, b)| !squares(a, b)) {
            return Err(Mismatch::Sums);
        }
        let part = |p: PartSums| DenominatorSums { sum: p.sum, squares: p.sum_squares, with_outcome: p.sum_products };
        let pre = self.covariate.map(|c| CovariateSums {
            sum: c.sum,
            squares: c.sum_squares,
            with_outcome: c.sum_products,
            with_den: c.sum_products_denominator,
            den: c.denominator.map(|d| DenominatorSums {
                sum: d.sum,
                squares: d.sum_squares,
                with_outcome: d.sum_products,
            }),
            den_with_den: c.denominator.map_or(0.0, |d| d.sum_products_denominator),
            den_with_pre: c.denominator.map_or(0.0, |d| d.sum_products_covariate),
        });
        let sums =
            Sums { units: self.units, sum: self.sum, squares: self.sum_squares, den: self.denominator.map(part), pre };
        let mut found = sums.moments()?;
        if let (Some(squares), Some(cubes)) = (self.sum_squares, self.sum_cubes) {
            if self.denominator.is_some() {
                return Err(Mismatch::Shape);
            }
            let third = cubes - 3.0 * found.mean * squares + 2.0 * n * found.mean.powi(3);
            found.m3 = third.is_finite().then_some(third);
        }
        sound(found)
    }
}

/// Products that no units can have are refused here: they would make a variance negative, or nothing.
fn sound(found: Moments) -> Result<Moments, Mismatch> {
    let scale = |mean: f64| 1e-12 * found.units as f64 * mean * mean;
    let own = found.m2 + scale(found.mean);
    let with = |product: f64, mean: f64, m2: f64| within(product, own, m2 + scale(mean));
    let fits = found.den.is_none_or(|d| with(d.with_outcome, d.mean, d.m2))
        && found.pre.is_none_or(|p| with(p.with_outcome, p.mean, p.m2));
    if fits { Ok(found) } else { Err(Mismatch::Sums) }
}

impl ArmMoments {
    fn moments(&self) -> Result<Moments, Mismatch> {
        let free = self.units.saturating_sub(1) as f64;
        let n = self.units as f64;
        let positive = |v: f64| v >= 0.0 && (v * n).is_finite();
        let parts = [self.denominator, self.covariate];
        let possible = self.variance.map_or((0.0..=1.0).contains(&self.mean), positive)
            && parts.into_iter().flatten().all(|p| positive(p.variance));
        if self.denominator.is_some() && self.covariate.is_some() {
            return Err(Mismatch::Shape);
        }
        if !possible {
            return Err(Mismatch::Sums);
        }
        let m2 = self.variance.map_or(n * self.mean * (1.0 - self.mean), |v| v * free);
        let third = self.third_moment.map(|third| third * n);
        sound(Moments {
            units: self.units,
            mean: self.mean,
            m2,
            // Of 0 and 1 it follows from the mean.
            m3: third.or_else(|| self.variance.is_none().then_some(m2 * (1.0 - 2.0 * self.mean))),
            outcome: if self.variance.is_none() { Outcome::Binary } else { Outcome::Number },
            den: self.denominator.map(|d| Denominator {
                mean: d.mean,
                m2: d.variance * free,
                with_outcome: d.covariance * free,
            }),
            pre: self.covariate.map(|c| Covariate {
                mean: c.mean,
                m2: c.variance * free,
                with_outcome: c.covariance * free,
                ..Covariate::default()
            }),
            quantile: None,
        })
    }
}

impl ArmQuantile {
    fn moments(&self, q: f64) -> Result<Moments, Mismatch> {
        if !(self.lower <= self.value && self.value <= self.upper) {
            return Err(Mismatch::Sums);
        }
        let at = QuantileAt { q, value: self.value, lower: self.lower, upper: self.upper, events: self.events };
        let Some(c) = self.clusters else { return Ok(Moments::quantile(at)) };
        let sums = ArmSums {
            units: c.units,
            sum: c.sum,
            sum_squares: Some(c.sum_squares),
            sum_cubes: None,
            denominator: Some(PartSums {
                sum: self.events as f64,
                sum_squares: c.sum_squares_events,
                sum_products: c.sum_products,
            }),
            covariate: None,
        };
        Ok(Moments { quantile: Some(at), ..sums.moments()? })
    }
}

/// The ways in which figures of all arms may stand; exactly one is used.
#[derive(Clone, Copy)]
pub(super) struct Figures<'a> {
    pub(super) sums: &'a ByArm<ArmSums>,
    pub(super) moments: &'a ByArm<ArmMoments>,
    pub(super) values: &'a ByArm<Vec<f64>>,
    pub(super) events: &'a ByArm<Vec<Vec<f64>>>,
    pub(super) quantiles: &'a ByArm<ArmQuantile>,
    /// Which quantile, where the metric is one.
    pub(super) quantile: Option<f64>,
    pub(super) winsorise: Option<Winsorise>,
}

impl Figures<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.kinds().iter().all(|(_, there)| !there)
    }

    fn kinds(&self) -> [(&'static str, bool); 5] {
        [
            ("sums", !self.sums.is_empty()),
            ("moments", !self.moments.is_empty()),
            ("values", !self.values.is_empty()),
            ("events", !self.events.is_empty()),
            ("quantiles", !self.quantiles.is_empty()),
        ]
    }

    /// Moments in the order of `arms`; `place` names the field in what is refused.
    pub(super) fn of(&self, arms: &[Arm], place: &str) -> Result<Vec<Moments>> {
        let mut given = self.kinds().into_iter().filter(|(_, there)| *there);
        let (Some((kind, _)), None) = (given.next(), given.next()) else {
            let next = "by arm, under the arms' keys: `sums`, `moments` or `values`; of a quantile `events`, `values` or `quantiles`";
            return Err(wrong(place, "it needs figures of one kind", next));
        };
        let by_quantile = matches!(kind, "events" | "quantiles");
        if by_quantile != self.quantile.is_some() && kind != "values" {
            let what = if by_quantile { "which quantile is not said" } else { "a quantile does not follow from these" };
            return Err(wrong(
                format!("{place}.{kind}"),
                what,
                "`\"quantile\": 0.9` goes with `events`, `values` or `quantiles`",
            ));
        }
        if self.winsorise.is_some() && (kind != "values" || self.quantile.is_some()) {
            let what = "bounds can be put on values only, not on sums of them";
            return Err(wrong(format!("{place}.winsorise"), what, "give `values`, one per unit"));
        }
        let keys: Vec<&String> = match kind {
            "sums" => self.sums.keys().collect(),
            "moments" => self.moments.keys().collect(),
            "values" => self.values.keys().collect(),
            "events" => self.events.keys().collect(),
            _ => self.quantiles.keys().collect(),
        };
        if let Some(stranger) = keys.iter().find(|key| !arms.iter().any(|a| a.key == ***key)) {
            return Err(wrong(format!("{place}.{kind}"), format!("“{stranger}” is no arm"), "use the keys of `arms`"));
        }
        let cap = self.cap(place)?;
        let found: Vec<Moments> = arms
            .iter()
            .map(|arm| {
                let found = self.arm(&arm.key, kind, cap).ok_or_else(|| {
                    wrong(format!("{place}.{kind}"), format!("nothing of arm “{}”", arm.key), "give every arm's")
                })?;
                let found = found.and_then(|m| if m.units > UNITS_MAX { Err(Mismatch::Units) } else { Ok(m) });
                found.map_err(|why| refused(&format!("{place}.{kind}.{}", arm.key), why))
            })
            .collect::<Result<_>>()?;
        Ok(found)
    }

    fn arm(&self, key: &str, kind: &str, cap: Option<Cap>) -> Option<Result<Moments, Mismatch>> {
        let q = self.quantile.unwrap_or(f64::NAN);
        Some(match kind {
            "sums" => self.sums.get(key)?.moments(),
            "moments" => self.moments.get(key)?.moments(),
            "values" if self.quantile.is_some() => {
                let mut sorted = self.values.get(key)?.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                QuantileAt::of(&sorted, q).map(Moments::quantile).ok_or(Mismatch::Sums)
            }
            "values" => {
                let values = self.values.get(key)?.iter();
                let found = Moments::of(values.map(|v| cap.map_or(*v, |c| c.apply(*v))));
                if found.m2.is_finite() { Ok(found) } else { Err(Mismatch::Sums) }
            }
            "events" => {
                let units: Vec<&[f64]> = self.events.get(key)?.iter().map(Vec::as_slice).collect();
                Moments::quantile_of_units(&units, q).ok_or(Mismatch::Sums)
            }
            _ => self.quantiles.get(key)?.moments(q),
        })
    }

    fn cap(&self, place: &str) -> Result<Option<Cap>> {
        let Some(bounds) = self.winsorise else { return Ok(None) };
        let mut all: Vec<f64> = self.values.values().flatten().copied().collect();
        all.sort_unstable_by(f64::total_cmp);
        let next = "as in {\"low\": 0, \"high\": 0.99}";
        let cap = Cap::at_quantiles(&all, bounds.low, bounds.high);
        cap.map(Some).ok_or_else(|| wrong(format!("{place}.winsorise"), "no bounds come of it", next))
    }
}

fn refused(place: &str, why: Mismatch) -> epoch_model::Error {
    match why {
        Mismatch::Shape => wrong(place, why, "a ratio with a covariate goes by `sums`, without `sum_cubes`"),
        Mismatch::Units => wrong(place, "more units than can be counted", "at most 10^15"),
        _ => wrong(
            place,
            "figures that no units can have",
            "a share lies between 0 and 1 unless `sum_squares` (or `variance`) says it is no share; no sum of squares is \
             below the squared sum over the units, no product beyond both spreads",
        ),
    }
}
