//! The laws the simulated company obeys, each with its source. Pure functions of numbers.

use epoch_stats::normal;

/// Logistic function: the probability of an alternative against none at utility `u` (binary logit, McFadden 1974).
pub fn logistic(u: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-u))
}

/// Log-odds of a probability.
pub fn logit(p: f64) -> f64 {
    let p = p.clamp(1e-9, 1.0 - 1e-9);
    libm::log(p / (1.0 - p))
}

/// The coefficient of `ln x` in a logit with base probability `p` so that the probability's elasticity in `x` is
/// `elasticity` at the base: d ln P / d ln x = beta (1 - P) (Train 2009, chapter 3.6).
pub fn logit_slope(elasticity: f64, p: f64) -> f64 {
    elasticity / (1.0 - p).max(1e-9)
}

/// Saturation: the share of the maximum reached at `x` (Hill 1910, as in Jin et al. 2017, "Bayesian methods for media
/// mix modeling with carryover and shape effects"). `half` is the input at which half is reached.
pub fn hill(x: f64, half: f64, slope: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    1.0 / (1.0 + libm::exp(slope * libm::log(half / x)))
}

/// Carry-over of a day: geometric adstock (Broadbent 1979), scaled so that a constant input is its own adstock.
pub fn adstock(before: f64, input: f64, half_life_days: f64) -> f64 {
    let keep = libm::exp2(-1.0 / half_life_days.max(1e-3));
    keep * before + (1.0 - keep) * input
}

/// Mean wait in a queue with `servers` servers, in service times, at utilisation `rho` (Sakasegawa 1977, M/M/c):
/// `rho^(sqrt(2(c+1)) - 1) / (c (1 - rho))`. Utilisation is capped at 98 %, where requests are shed.
pub fn queue_wait(rho: f64, servers: f64) -> f64 {
    let (rho, c) = (rho.clamp(0.0, 0.98), servers.max(1.0));
    if rho == 0.0 {
        return 0.0;
    }
    libm::exp((libm::sqrt(2.0 * (c + 1.0)) - 1.0) * libm::log(rho)) / (c * (1.0 - rho))
}

/// Mean wait with one server and fixed service time, in service times: `rho / (2 (1 - rho))` (Pollaczek–Khinchine, M/D/1).
pub fn fixed_service_wait(rho: f64) -> f64 {
    let rho = rho.clamp(0.0, 0.98);
    rho / (2.0 * (1.0 - rho))
}

/// P(X > x) of a log-normal with this mean and standard deviation of the logarithm.
pub fn later_than(x: f64, mean: f64, sigma: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    normal::sf((libm::log(x / mean) + 0.5 * sigma * sigma) / sigma.max(1e-6))
}

/// Share of demand lost in a continuous-review stock with order point `point` and order size `batch`, when demand during
/// the lead time has this mean and standard deviation (Silver, Pyke and Thomas 2017, chapter 6, lost sales):
/// shortage per cycle `sd (phi(z) - z Q(z))`, over what a cycle sells and loses.
pub fn lost_share(point: f64, batch: f64, mean: f64, sd: f64) -> f64 {
    let sd = sd.max(1e-6);
    let z = (point - mean) / sd;
    let short = sd * (normal::pdf(z) - z * normal::sf(z));
    (short / (batch + short).max(1e-9)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (got, want) in [
            (logistic(logit(0.03)), 0.03),
            (hill(50.0, 50.0, 1.7), 0.5),
            (hill(0.0, 50.0, 1.7), 0.0),
            (queue_wait(0.5, 1.0), 0.5_f64.powf(1.0) / 0.5),
            (fixed_service_wait(0.5), 0.5),
            (later_than(4.0, 4.0, 1e-6), 0.5),
            (adstock(100.0, 0.0, 7.0), 100.0 * 0.5_f64.powf(1.0 / 7.0)),
            (adstock(80.0, 80.0, 7.0), 80.0),
        ] {
            assert!((got - want).abs() < 1e-6, "{got} is not {want}");
        }
        // The slope gives the elasticity it promises, by central difference.
        let (p, e) = (0.2, -1.5);
        let at = |x: f64| logistic(logit(p) + logit_slope(e, p) * libm::log(x));
        let numeric = (libm::log(at(1.0001)) - libm::log(at(0.9999))) / (2.0 * 0.0001);
        assert!((numeric - e).abs() < 1e-4, "{numeric}");
        // At the order point that covers mean demand, half of the deviations are short by sd/sqrt(2 pi) on average.
        assert!((lost_share(100.0, 200.0, 100.0, 10.0) - 3.989 / 203.989).abs() < 1e-4);
        assert!(lost_share(200.0, 200.0, 100.0, 10.0) < 1e-12);
    }
}
