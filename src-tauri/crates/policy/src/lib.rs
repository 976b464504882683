//! Who may do what alone: Cedar policies over facts that the engine computes.
//!
//! Two questions are asked of every decision: may it `execute` without asking? If not, may it `propose`, that is: become a card?
//! If not, it is denied. Cedar skips a rule whose evaluation fails, even one that forbids; here any failure is a denial.
//!
//! Pure: no IO, no clock. Knows nothing of how facts come about, of approvals, or of the gate.

mod compare;
mod facts;
mod lint;
mod preview;
mod read;
mod rows;
mod words;

use cedar_policy::{Authorizer, Decision, PolicySet};
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
}

/// No rule: everything is denied.
impl Default for Policy {
    fn default() -> Self {
        Self {
            text: String::new(),
            set: PolicySet::new(),
            executing: PolicySet::new(),
            proposing: PolicySet::new(),
            order: Vec::new(),
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
        Ok(Self { text: text.to_owned(), set, executing, proposing, order })
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
        let verdict = |answer, rule: String, reason: String| PolicyVerdict { answer, rule, reason };
        let failed = |why| verdict(PolicyAnswer::Deny, POLICY_ERROR.to_owned(), why);
        let questions = match facts.questions() {
            Ok(questions) => questions,
            Err(why) => return failed(why),
        };
        let run = match self.ask(&questions, Action::Execute) {
            Ok(answer) => answer,
            Err(why) => return failed(why),
        };
        if run.allowed {
            return verdict(PolicyAnswer::Run, self.titles(&run.by), format!("it is {words}"));
        }
        let put = match self.ask(&questions, Action::Propose) {
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

struct Answer {
    allowed: bool,
    /// The rules that decided, in the order of the text.
    by: Vec<cedar_policy::PolicyId>,
}
