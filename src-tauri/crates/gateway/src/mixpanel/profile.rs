//! `/engage` and `/groups`: changes of profiles become events named by their operator.

use std::borrow::Cow;

use axum::http::Uri;
use epoch_model::Result as Checked;
use epoch_model::time::Millis;
use sonic_rs::{JsonValueTrait, LazyValue};

use super::Vendor;
use super::events::{records, source_of};
use crate::app::Shared;
use crate::decode::{json, time};
use crate::ingest::intake::{Draft, Intake, Taken, invalid};
use crate::key::query;
use crate::problem::Problem;

const OPERATORS: [&str; 8] = ["$set", "$set_once", "$add", "$append", "$union", "$remove", "$unset", "$delete"];
/// A charge, in the vendor's form of revenue.
const TRANSACTIONS: &str = "$transactions";

/// Changes of people. PostHog's older SDKs call the same path with its key outside of the vendor's `$token`.
pub(crate) fn people(shared: &Shared, uri: &Uri, data: &[u8], received: Millis) -> Result<(Vendor, Taken), Problem> {
    let (vendor, taken) = all(shared, uri, data, received, |intake, change, raw| {
        for draft in change.of_person() {
            intake.also(draft, raw);
        }
    })?;
    Ok((vendor, taken))
}

/// Changes of groups.
pub(crate) fn groups(shared: &Shared, uri: &Uri, data: &[u8], received: Millis) -> Result<Taken, Problem> {
    let (_, taken) = all(shared, uri, data, received, |intake, change, raw| {
        intake.also(change.of_group(), raw);
    })?;
    Ok(taken)
}

fn all(
    shared: &Shared,
    uri: &Uri,
    data: &[u8],
    received: Millis,
    each: impl Fn(&mut Intake<'_>, &Change<'_>, &str),
) -> Result<(Vendor, Taken), Problem> {
    let limits = &shared.config.limits;
    let records = records(data, limits.depth_max, limits.events_max)?;
    let changes: Vec<Checked<Change<'_>>> = records.iter().map(Change::read).collect();
    let vendor = if changes.iter().flatten().any(|change| change.posthog) { Vendor::PostHog } else { Vendor::Mixpanel };
    let token = query(uri, &["token", "api_key"]).map(Cow::into_owned);
    let token = token.or_else(|| changes.iter().flatten().find_map(|c| c.token.as_deref().map(str::to_owned)));
    let source = source_of(shared, token.as_deref().filter(|token| !token.is_empty()))?;
    let mut intake = Intake::new(shared, source, received, 0);
    for (record, change) in records.iter().zip(changes) {
        let raw = json::raw(record);
        match change {
            Ok(change) => each(&mut intake, &change, &raw),
            Err(error) => _ = intake.also(Err(error), &raw),
        }
        intake.next();
    }
    Ok((vendor, intake.done()))
}

/// A change of a profile.
#[derive(Default)]
struct Change<'a> {
    token: Option<Cow<'a, str>>,
    posthog: bool,
    unit: Option<Cow<'a, str>>,
    device: Option<Cow<'a, str>>,
    group_type: Option<Cow<'a, str>>,
    group_key: Option<Cow<'a, str>>,
    time: Option<Millis>,
    operators: Vec<(&'static str, LazyValue<'a>)>,
}

impl<'a> Change<'a> {
    fn read(record: &LazyValue<'a>) -> Checked<Self> {
        let mut change = Self::default();
        let members = record.clone().into_object_iter().ok_or_else(|| invalid("the record is no object"))?;
        for member in members {
            let (key, value) = member.map_err(|_| invalid("the record does not parse"))?;
            let text = || json::borrowed_text(&value).filter(|text| !text.is_empty());
            match key.as_ref() {
                "$token" => change.token = text(),
                "token" | "api_key" => (change.token, change.posthog) = (text(), true),
                "$distinct_id" | "distinct_id" => change.unit = text(),
                "$user_id" => change.unit = change.unit.or_else(text),
                "$device_id" => change.device = text(),
                "$group_key" => change.group_type = text(),
                "$group_id" => change.group_key = text(),
                "$time" | "timestamp" if !json::is_absent(&value) => {
                    change.time =
                        Some(time::instant(&value).ok_or_else(|| invalid("the $time is no time since 1970"))?);
                }
                name => change.operators.extend(OPERATORS.iter().find(|op| **op == name).map(|op| (*op, value))),
            }
        }
        Ok(change)
    }

    /// One event per change, but a charge is an event of its own.
    fn of_person(&self) -> Vec<Checked<Draft<'_>>> {
        let device = || self.device.as_deref().map(|device| Cow::Owned(format!("$device:{device}")));
        let Some(unit) = self.unit.as_deref().map(Cow::Borrowed).or_else(device) else {
            return vec![Err(invalid("$distinct_id, missing or empty"))];
        };
        let mut drafts = Vec::new();
        let mut changes = String::from("{");
        let mut name = None;
        for (operator, value) in &self.operators {
            let mut value = json::raw(value);
            if *operator == "$append"
                && let Some((charge, rest)) = charge(&value)
            {
                drafts.push(Ok(self.charged(&charge, unit.clone())));
                let Some(rest) = rest else { continue };
                value = rest.into();
            }
            name = name.or(Some(*operator));
            json::push_member(&mut changes, operator, &value);
        }
        changes.push('}');
        match name {
            Some(name) => drafts.push(Ok(self.draft(name, unit, changes))),
            None if drafts.is_empty() => drafts.push(Err(invalid("the record changes nothing: it has no operator"))),
            None => {}
        }
        drafts
    }

    /// The event of a charge: its amount by a name of its own, its time its own when it has one.
    fn charged<'d>(&self, charge: &str, unit: Cow<'d, str>) -> Draft<'d> {
        let mut draft = self.draft("$transaction", unit, String::from("{"));
        let mut props = String::from("{");
        let charge: Result<LazyValue<'_>, _> = sonic_rs::from_str(charge);
        for (key, value) in charge.iter().flat_map(json::members) {
            match key.as_ref() {
                "$amount" => json::push_member(&mut props, "amount", value.as_raw_str()),
                "$time" => {
                    draft.time = time::instant(&value).or(draft.time);
                    draft.dated = draft.time.is_some();
                }
                name => json::push_member(&mut props, name, value.as_raw_str()),
            }
        }
        props.push('}');
        draft.props = props.into();
        draft
    }

    fn of_group(&self) -> Checked<Draft<'_>> {
        let (Some(kind), Some(key)) = (&self.group_type, &self.group_key) else {
            return Err(invalid("$group_key and $group_id, missing or empty"));
        };
        if self.operators.is_empty() {
            return Err(invalid("the record changes nothing: it has no operator"));
        }
        let mut props = String::from("{");
        json::push_member(&mut props, "$group_type", &json::quoted(kind));
        json::push_member(&mut props, "$group_key", &json::quoted(key));
        for (operator, value) in &self.operators {
            let name = format!("$group_{}", operator.trim_start_matches('$'));
            json::push_member(&mut props, &name, value.as_raw_str());
        }
        props.push('}');
        Ok(self.draft("$groupidentify", Cow::Borrowed(""), props))
    }

    fn draft<'d>(&self, name: &'static str, unit: Cow<'d, str>, props: String) -> Draft<'d> {
        let (time, dated) = (self.time, self.time.is_some());
        Draft { id: None, time, dated, name: Cow::Borrowed(name), unit, props: Cow::Owned(props) }
    }
}

/// The charge in an `$append`, and what else it appends.
fn charge(append: &str) -> Option<(String, Option<String>)> {
    let object: LazyValue<'_> = sonic_rs::from_str(append).ok()?;
    let (_, charge) = json::members(&object).find(|(key, value)| key == TRANSACTIONS && value.is_object())?;
    let mut rest = String::from("{");
    for (key, value) in json::members(&object).filter(|(key, _)| key != TRANSACTIONS) {
        json::push_member(&mut rest, &key, value.as_raw_str());
    }
    rest.push('}');
    Some((charge.as_raw_str().to_owned(), (rest.len() > 2).then_some(rest)))
}
