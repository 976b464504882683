//! Who may do what alone: Cedar policies over facts that the engine computes.
//!
//! Two questions are asked of every decision: may it `execute` without asking? If not, may it `propose`, that is: become a card?
//! If not, it is denied. Cedar skips a rule whose evaluation fails, even one that forbids; here any failure is a denial.
//!
//! Pure: no IO, no clock. Knows nothing of how facts come about, of approvals, or of the gate.

mod compare;
mod facts;
mod index;
mod lint;
mod preview;
mod read;
mod rows;
mod words;

use cedar_policy::{Authorizer, Decision, Effect, PolicySet};
use epoch_model::business::PolicyAnswer;
use epoch_model::decision::PolicyVerdict;
use serde::{Deserialize, Serialize};

use facts::{Action, Questions};

pub use compare::Loosened;
pub use facts::Facts;
pub use lint::{Finding, FindingKind};
pub use preview::{Changed, Tally};
pub use read::{Problem, SCHEMA};
pub use rows::cedar_of;
pub use words::Sentence;

/// The rule a verdict names where a rule failed while it was evaluated.
pub const POLICY_ERROR: &str = "policy error";

/// Policies in force, parsed and validated. Kept as their text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Policy {
    text: String,
    set: PolicySet,
    /// The rules that speak of executing, and those that speak of proposing: the others cannot hold, so nobody asks them.
    executing: PolicySet,
    proposing: PolicySet,
    /// Ids in the order of the text.
    order: Vec<cedar_policy::PolicyId>,
    /// The rules in the order of the text, each by itself.
    singles: Vec<Single>,
}

/// A rule by itself.
#[derive(Debug, Clone)]
struct Single {
    id: cedar_policy::PolicyId,
    permits: bool,
    executing: bool,
    proposing: bool,
    guard: index::Guard,
    set: PolicySet,
}

/// Up to so many rules that may hold are asked one by one; beyond that asking all of them at once costs less.
const ONE_BY_ONE: usize = 12;

/// No rule: everything is denied.
impl Default for Policy {
    fn default() -> Self {
        Self {
            text: String::new(),
            set: PolicySet::new(),
            executing: PolicySet::new(),
            proposing: PolicySet::new(),
            order: Vec::new(),
            singles: Vec::new(),
        }
    }
}

/// A text that does not read as policies denies everything.
impl From<String> for Policy {
    fn from(text: String) -> Self {
        Self::read(&text).unwrap_or_default()
    }
}

impl From<Policy> for String {
    fn from(policy: Policy) -> Self {
        policy.text
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Policy {
    /// Reads policies. Every rule must be valid against the schema; all problems are answered at once.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        let (set, order) = read::read(text)?;
        let (executing, proposing) = read::by_action(&set)?;
        let singles = order.iter().filter_map(|id| {
            let rule = set.policy(id)?;
            Some(Single {
                id: id.clone(),
                permits: rule.effect() == Effect::Permit,
                executing: executing.policy(id).is_some(),
                proposing: proposing.policy(id).is_some(),
                guard: index::Guard::of(rule),
                set: PolicySet::from_policies([rule.clone()]).ok()?,
            })
        });
        let singles: Vec<Single> = singles.collect();
        Ok(Self { text: text.to_owned(), set, executing, proposing, order, singles })
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no rule: then everything is denied.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// What policy says of an act with these facts; `words` are those facts as the reason tells them.
    pub fn judge(&self, facts: &Facts, words: &str) -> PolicyVerdict {
        self.judged(facts, words, true)
    }

    /// The same with every rule put to Cedar: what [`Policy::judge`] must agree with.
    #[doc(hidden)]
    pub fn judge_in_full(&self, facts: &Facts, words: &str) -> PolicyVerdict {
        self.judged(facts, words, false)
    }

    fn judged(&self, facts: &Facts, words: &str, indexed: bool) -> PolicyVerdict {
        let verdict = |answer, rule: String, reason: String| PolicyVerdict { answer, rule, reason };
        let failed = |why| verdict(PolicyAnswer::Deny, POLICY_ERROR.to_owned(), why);
        let questions = match facts.questions() {
            Ok(questions) => questions,
            Err(why) => return failed(why),
        };
        let may: Vec<&Single> = self.singles.iter().filter(|rule| indexed && !rule.guard.out(facts)).collect();
        let ask = |action| {
            let few = indexed && may.len() <= ONE_BY_ONE && self.singles.len() == self.order.len();
            if few { ask_each(&may, &questions, action) } else { self.ask(&questions, action) }
        };
        let run = match ask(Action::Execute) {
            Ok(answer) => answer,
            Err(why) => return failed(why),
        };
        if run.allowed {
            return verdict(PolicyAnswer::Run, self.titles(&run.by), format!("it is {words}"));
        }
        let put = match ask(Action::Propose) {
            Ok(answer) => answer,
            Err(why) => return failed(why),
        };
        match (put.allowed, run.by.is_empty(), put.by.is_empty()) {
            (true, false, _) => verdict(
                PolicyAnswer::Ask,
                self.titles(&run.by),
                format!("it is {words}; this rule keeps it from running alone"),
            ),
            (true, true, _) => verdict(PolicyAnswer::Ask, self.titles(&put.by), format!("it is {words}")),
            (false, _, false) => verdict(PolicyAnswer::Deny, self.titles(&put.by), format!("it is {words}")),
            (false, _, true) => verdict(
                PolicyAnswer::Deny,
                "no rule fits".to_owned(),
                format!("it is {words}; what no rule lets through is denied"),
            ),
        }
    }

    /// What a rule is called: its `@title`, else its `@id`, else its number.
    pub fn title(&self, id: &cedar_policy::PolicyId) -> String {
        let named = self.set.policy(id).and_then(|p| p.annotation("title").or_else(|| p.annotation("id")));
        named.filter(|t| !t.is_empty()).map_or_else(
            || self.order.iter().position(|o| o == id).map_or_else(String::new, |at| format!("rule {}", at + 1)),
            str::to_owned,
        )
    }

    fn titles(&self, ids: &[cedar_policy::PolicyId]) -> String {
        ids.iter().map(|id| self.title(id)).collect::<Vec<_>>().join(", ")
    }

    /// Any failure while a rule is evaluated is an error, whatever the others say.
    fn ask(&self, questions: &Questions, action: Action) -> Result<Answer, String> {
        let rules = match action {
            Action::Execute => &self.executing,
            Action::Propose => &self.proposing,
        };
        let response = Authorizer::new().is_authorized(questions.of(action), rules, &questions.entities);
        let errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        if !errors.is_empty() {
            return Err(errors.join("; "));
        }
        let mut by: Vec<_> = response.diagnostics().reason().cloned().collect();
        by.sort_by_key(|id| self.order.iter().position(|o| o == id));
        Ok(Answer { allowed: response.decision() == Decision::Allow, by })
    }
}

/// The rules one by one, joined as Cedar joins them: any failure is one, a prohibition outweighs every permission.
fn ask_each(rules: &[&Single], questions: &Questions, action: Action) -> Result<Answer, String> {
    let authorizer = Authorizer::new();
    let (mut permits, mut forbids) = (Vec::new(), Vec::new());
    for rule in rules {
        let asked = match action {
            Action::Execute => rule.executing,
            Action::Propose => rule.proposing,
        };
        if !asked {
            continue;
        }
        let response = authorizer.is_authorized(questions.of(action), &rule.set, &questions.entities);
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(error.to_string());
        }
        if response.diagnostics().reason().next().is_some() {
            if rule.permits { permits.push(rule.id.clone()) } else { forbids.push(rule.id.clone()) }
        }
    }
    let allowed = forbids.is_empty() && !permits.is_empty();
    Ok(Answer { allowed, by: if forbids.is_empty() { permits } else { forbids } })
}

struct Answer {
    allowed: bool,
    /// The rules that decided, in the order of the text.
    by: Vec<cedar_policy::PolicyId>,
}
