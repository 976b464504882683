//! `ras fdr`: levels and discoveries along a stream of tests.

use epoch_model::Result;
use epoch_stats::fdr::{Evidence, Method, Procedure, Refusal, Stream, e_bh};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Version, inside, shown, wrong};
use crate::output::table;

/// A stream of tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ras fdr: input")]
pub(super) struct Input {
    #[expect(dead_code, reason = "checked while it is read")]
    version: Version,
    /// How levels are given.
    #[serde(default)]
    method: Name,
    /// False discoveries among all discoveries that are accepted (family-wise error for the spending methods).
    #[serde(default = "five_percent")]
    alpha: f64,
    /// Wealth before the first discovery; the method's own if absent.
    initial_wealth: Option<f64>,
    /// p-values up to here are candidates (saffron, addis, addis_spending).
    lambda: Option<f64>,
    /// p-values above are discarded (addis, addis_spending, lord_discard).
    tau: Option<f64>,
    /// So many tests before one may share data with it: their outcomes do not enter its level.
    #[serde(default)]
    lag: u32,
    /// The tests. In order, unless all have a `start`.
    tests: Vec<Test>,
}

fn five_percent() -> f64 {
    0.05
}

/// A method's name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Name {
    #[default]
    Addis,
    Saffron,
    AlphaInvesting,
    LordPlusPlus,
    Lord3,
    LordDiscard,
    LordDependent,
    Lond,
    LondStar,
    LondDependent,
    ELond,
    /// A finished batch of e-values, no stream.
    EBh,
    AlphaSpending,
    OnlineFallback,
    AddisSpending,
}

impl Name {
    fn method(self) -> Option<Method> {
        Some(match self {
            Self::Addis => Method::Addis,
            Self::Saffron => Method::Saffron,
            Self::AlphaInvesting => Method::AlphaInvesting,
            Self::LordPlusPlus => Method::LordPlusPlus,
            Self::Lord3 => Method::Lord3,
            Self::LordDiscard => Method::LordDiscard,
            Self::LordDependent => Method::LordDependent,
            Self::Lond => Method::Lond,
            Self::LondStar => Method::LondStar,
            Self::LondDependent => Method::LondDependent,
            Self::ELond => Method::ELond,
            Self::AlphaSpending => Method::AlphaSpending,
            Self::OnlineFallback => Method::OnlineFallback,
            Self::AddisSpending => Method::AddisSpending,
            Self::EBh => return None,
        })
    }
}

/// A test.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Test {
    /// A name of its own, given back.
    id: Option<String>,
    /// Its p-value. Without one (or an e-value) it is under way.
    p: Option<f64>,
    /// Its e-value (`e_lond`, `e_bh`).
    e: Option<f64>,
    /// When it started, on any clock.
    start: Option<f64>,
    /// When it ended: tests that start later know its outcome. Not before its start.
    end: Option<f64>,
}

/// Levels, discoveries, and what is left of the budget.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ras fdr: output")]
pub(super) struct Output {
    version: Version,
    /// As handed in.
    method: Name,
    /// As handed in.
    alpha: f64,
    /// One per test, in the input's order.
    tests: Vec<Tested>,
    /// What is left to spend; null for `e_bh`, which has no stream.
    budget: Option<Budget>,
}

/// A test and its outcome.
#[derive(Debug, Serialize, JsonSchema)]
struct Tested {
    /// As handed in, else its position from 1.
    id: String,
    /// A p-value up to here is a discovery, or an e-value of at least one over it. Null for `e_bh`.
    level: Option<f64>,
    /// Null while it is under way.
    rejected: Option<bool>,
}

/// The state of the error budget.
#[derive(Debug, Serialize, JsonSchema)]
struct Budget {
    /// Tests started.
    tests: usize,
    /// Of them without an outcome.
    under_way: usize,
    /// Rejected so far.
    discoveries: usize,
    /// False discoveries expected at most so far, by the method's own account.
    spent: f64,
    /// What may be spent before the next discovery pays in.
    wealth: f64,
    /// `wealth` as a share of all that was paid in: 1 untouched, 0 used up.
    share_left: f64,
    /// The level of a test that starts now.
    next_level: f64,
}

pub(super) fn fdr(input: Input) -> Result<Output> {
    inside("alpha", input.alpha)?;
    let Some(method) = input.method.method() else { return batch(&input) };
    let mut procedure = Procedure::new(method, input.alpha);
    procedure.initial_wealth = input.initial_wealth.unwrap_or(procedure.initial_wealth);
    procedure.lambda = input.lambda.unwrap_or(procedure.lambda);
    procedure.tau = input.tau.unwrap_or(procedure.tau);
    procedure.lag = input.lag;
    if let Some((field, must)) = procedure.problem() {
        return Err(wrong(field, format!("it must be {must}"), "leave it out for the method's own"));
    }
    let mut tested: Vec<Option<(f64, Option<bool>)>> = vec![None; input.tests.len()];
    let mut stream = Stream::new(procedure);
    // The number each test has in the stream.
    let mut numbers: Vec<Option<usize>> = vec![None; input.tests.len()];
    for step in steps(&input.tests)? {
        let refused = |why: Refusal, k: usize| refusal(why, k, method);
        match step {
            Step::Start(k) => {
                let started = stream.start().map_err(|why| refused(why, k))?;
                numbers[k] = Some(started.number);
                tested[k] = Some((started.level, None));
            }
            Step::End(k) => {
                let (Some(evidence), Some(number)) = (evidence(&input.tests[k], k)?, numbers[k]) else { continue };
                let verdict = stream.finish(number, evidence).map_err(|why| refused(why, k))?;
                tested[k] = Some((verdict.level, Some(verdict.rejected)));
            }
        }
    }
    let told = tested.iter().enumerate().map(|(k, t)| Tested {
        id: name(&input.tests[k], k),
        level: t.map(|(level, _)| level),
        rejected: t.and_then(|(_, rejected)| rejected),
    });
    let left = stream.budget();
    Ok(Output {
        version: Version,
        method: input.method,
        alpha: input.alpha,
        tests: told.collect(),
        budget: Some(Budget {
            tests: left.tests,
            under_way: left.under_way,
            discoveries: left.discoveries,
            spent: left.spent,
            wealth: left.wealth,
            share_left: left.share_left,
            next_level: left.next_level,
        }),
    })
}

enum Step {
    Start(usize),
    End(usize),
}

/// What happens in which order. Without times every test ends before the next starts; with times a start comes before
/// what ends at the same moment, so that nothing is known too early.
fn steps(tests: &[Test]) -> Result<Vec<Step>> {
    let timed = tests.iter().filter(|t| t.start.is_some()).count();
    if timed == 0 {
        if let Some(k) = tests.iter().position(|t| t.end.is_some()) {
            return Err(wrong(format!("tests[{k}].end"), "an end without a start", "give every test a start, or none"));
        }
        return Ok((0..tests.len()).flat_map(|k| [Step::Start(k), Step::End(k)]).collect());
    }
    let mut moments: Vec<(f64, bool, usize)> = Vec::with_capacity(2 * tests.len());
    for (k, test) in tests.iter().enumerate() {
        let Some(start) = test.start else {
            return Err(wrong(format!("tests[{k}].start"), "others have one", "give every test a start, or none"));
        };
        moments.push((start, false, k));
        match test.end {
            Some(end) if end < start => {
                return Err(wrong(format!("tests[{k}].end"), "it is before the start", "exchange them"));
            }
            Some(end) => moments.push((end, true, k)),
            None if test.p.is_some() || test.e.is_some() => {
                return Err(wrong(format!("tests[{k}].end"), "it has an outcome but no end", "say when it ended"));
            }
            None => {}
        }
    }
    moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    Ok(moments.into_iter().map(|(_, ends, k)| if ends { Step::End(k) } else { Step::Start(k) }).collect())
}

fn evidence(test: &Test, k: usize) -> Result<Option<Evidence>> {
    match (test.p, test.e) {
        (Some(_), Some(_)) => Err(wrong(format!("tests[{k}]"), "both a p-value and an e-value", "give one of them")),
        (Some(p), None) => Ok(Some(Evidence::P(p))),
        (None, Some(e)) => Ok(Some(Evidence::E(e))),
        (None, None) => Ok(None),
    }
}

fn refusal(why: Refusal, k: usize, method: Method) -> epoch_model::Error {
    match why {
        Refusal::OneAtATime => wrong(
            format!("tests[{k}]"),
            "it starts while another one is under way, which this method does not allow",
            "use addis, saffron, lord_plus_plus or lond_star",
        ),
        Refusal::NoEvidence => {
            wrong(format!("tests[{k}]"), "no p-value from 0 to 1, or no e-value from 0", "correct it")
        }
        Refusal::WrongKind if method.reads_e_values() => {
            wrong(format!("tests[{k}].p"), "this method reads e-values", "give `e`, or use another method")
        }
        Refusal::WrongKind => {
            wrong(format!("tests[{k}].e"), "this method reads p-values", "give `p`, or use e_lond or e_bh")
        }
        Refusal::NotUnderWay => wrong(format!("tests[{k}]"), "it ended twice", "give every test once"),
    }
}

fn batch(input: &Input) -> Result<Output> {
    let mut values = Vec::with_capacity(input.tests.len());
    for (k, test) in input.tests.iter().enumerate() {
        match evidence(test, k)? {
            Some(Evidence::E(e)) if e >= 0.0 => values.push(e),
            _ => {
                return Err(wrong(
                    format!("tests[{k}].e"),
                    "a batch needs an e-value from 0 of every test",
                    "give `e`",
                ));
            }
        }
    }
    let rejected = e_bh(&values, input.alpha);
    let told = rejected.iter().enumerate().map(|(k, r)| Tested {
        id: name(&input.tests[k], k),
        level: None,
        rejected: Some(*r),
    });
    Ok(Output { version: Version, method: input.method, alpha: input.alpha, tests: told.collect(), budget: None })
}

fn name(test: &Test, k: usize) -> String {
    test.id.clone().unwrap_or_else(|| (k + 1).to_string())
}

pub(super) fn lines(output: &Output) -> Vec<String> {
    let rows = output.tests.iter().map(|t| {
        let said = t.rejected.map_or("under way", |r| if r { "discovery" } else { "" });
        vec![t.id.clone(), shown(t.level), said.to_owned()]
    });
    let mut lines = table(&["test", "level", ""], &rows.collect::<Vec<_>>());
    if let Some(left) = &output.budget {
        lines.push(format!(
            "{} of {} tests are discoveries, {} under way; {:.0} % of the error budget is left; the next test's level is {}",
            left.discoveries,
            left.tests,
            left.under_way,
            100.0 * left.share_left,
            shown(Some(left.next_level)),
        ));
    }
    lines
}
