//! Levers as the company reads them: all of a subject's in one OFREP request, kept as long as the levers in force are the
//! same. Whether they are is asked once in each step that reads any, by the tag of the company's own answer: that tag
//! stands for the levers' whole definition, and a subject's answer depends on nothing else but the subject.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use epoch_model::business::LeverValue;
use epoch_model::{Code, Error, Result};
use epoch_sandbox::{Attributes, LeverSource};
use serde::Deserialize;
use serde_json::json;

use crate::exposure::{Reported, attributes};
use crate::gateway::{Fetched, Gateway};
use crate::{Exposure, NO_VARIANT, UNIT};

/// Subjects whose answers are kept, and different answers among them.
const SUBJECTS_MAX: usize = 100_000;
const ANSWERS_MAX: usize = 10_000;

#[derive(Debug, Deserialize)]
struct Bulk {
    flags: Vec<One>,
}

#[derive(Debug, Deserialize)]
struct One {
    key: String,
    #[serde(default)]
    value: Option<LeverValue>,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    version: u32,
    propensity: Option<f64>,
}

/// A subject's levers.
#[derive(Debug)]
struct Levers(BTreeMap<String, One>);

impl Levers {
    fn read(body: &[u8]) -> Result<Self> {
        let bulk: Bulk = serde_json::from_slice(body).map_err(|e| {
            let message = format!("the gateway's answer to a question for levers is not understood: {e}");
            Error::new(Code::Internal, message, "report this")
        })?;
        Ok(Self(bulk.flags.into_iter().map(|one| (one.key.clone(), one)).collect()))
    }
}

/// What a step read.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub values: Vec<Option<LeverValue>>,
    pub exposures: Vec<Exposure>,
}

#[derive(Default)]
struct Known {
    /// Of the company's own answer.
    tag: Option<String>,
    /// Whether it was asked for in this step.
    asked: bool,
    subjects: HashMap<Vec<u8>, Arc<Levers>>,
    /// By their bytes: most subjects get the same.
    answers: HashMap<Vec<u8>, Arc<Levers>>,
    reported: Reported,
    read: Read,
    /// Exposures of this step that are already in a batch.
    told: usize,
    failed: Option<Error>,
}

/// The company's flag client.
pub(crate) struct Reader<'a> {
    gateway: &'a Gateway,
    known: RefCell<Known>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(gateway: &'a Gateway) -> Self {
        Self { gateway, known: RefCell::default() }
    }

    /// Exposures of this step that were not handed out yet.
    pub(crate) fn news(&self) -> Vec<Exposure> {
        let known = &mut *self.known.borrow_mut();
        let news = known.read.exposures.get(known.told..).unwrap_or_default().to_vec();
        known.told = known.read.exposures.len();
        news
    }

    /// Ends a step: what was read in it.
    pub(crate) fn step(&self) -> Result<Read> {
        let known = &mut *self.known.borrow_mut();
        (known.asked, known.told) = (false, 0);
        let read = std::mem::take(&mut known.read);
        known.failed.take().map_or(Ok(read), Err)
    }

    fn fetch(&self, known: &mut Known, unit: &str, of: &Attributes<'_>) -> Result<Arc<Levers>> {
        if !known.asked {
            let context = context(UNIT, &Attributes { at: of.at, country: "", device: "", plan: "", channel: "" });
            if let Fetched::New { etag, body } = self.gateway.levers(&context, known.tag.as_deref())? {
                known.subjects.clear();
                known.answers.clear();
                known.tag = Some(etag);
                keep(known, context, body)?;
            }
            known.asked = true;
        }
        let context = context(unit, of);
        if let Some(levers) = known.subjects.get(&context) {
            return Ok(Arc::clone(levers));
        }
        match self.gateway.levers(&context, None)? {
            Fetched::New { body, .. } => keep(known, context, body),
            Fetched::Same => Err(Error::new(Code::Internal, "the gateway says that nothing changed", "report this")),
        }
    }
}

fn keep(known: &mut Known, context: Vec<u8>, body: Vec<u8>) -> Result<Arc<Levers>> {
    let levers = match known.answers.get(&body) {
        Some(levers) => Arc::clone(levers),
        None => Arc::new(Levers::read(&body)?),
    };
    if known.answers.len() >= ANSWERS_MAX {
        known.answers.clear();
    }
    if known.subjects.len() >= SUBJECTS_MAX {
        known.subjects.clear();
    }
    known.answers.entry(body).or_insert_with(|| Arc::clone(&levers));
    known.subjects.insert(context, Arc::clone(&levers));
    Ok(levers)
}

/// The evaluation context of a subject, as a request's body.
fn context(unit: &str, of: &Attributes<'_>) -> Vec<u8> {
    let mut context = attributes(of);
    context.insert("targetingKey".to_owned(), json!(unit));
    serde_json::to_vec(&json!({ "context": context })).unwrap_or_default()
}

impl LeverSource for Reader<'_> {
    fn value(&self, lever: &str, unit: &str, of: &Attributes<'_>) -> Option<LeverValue> {
        let known = &mut *self.known.borrow_mut();
        if known.failed.is_some() {
            return None;
        }
        let target = if unit.is_empty() { UNIT } else { unit };
        let levers = match self.fetch(known, target, of) {
            Ok(levers) => levers,
            Err(e) => {
                known.failed = Some(e);
                return None;
            }
        };
        let found = levers.0.get(lever);
        let value = found.and_then(|one| one.value.clone());
        known.read.values.push(value.clone());
        if let Some(one) = found
            && !unit.is_empty()
            && known.reported.first(lever, one.metadata.version, unit)
        {
            let variant = one.variant.as_deref().unwrap_or(NO_VARIANT);
            let seen = Exposure::new(lever, one.metadata.version, unit, of.at, variant, one.metadata.propensity);
            known.read.exposures.push(seen);
        }
        value
    }
}
