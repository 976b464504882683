//! What one event name sets in motion.

use epoch_model::expr::{Bound, Expr, Value};

use crate::aggregate::{Map, Wanted, fixed};

/// Exposures by the text they ask for.
type ByText = Map<Box<str>, Vec<usize>>;

/// What one event name sets in motion.
#[derive(Debug, Default)]
pub struct EventPlan {
    pub wanted: Wanted,
    pub slots: Vec<String>,
    /// Slot of the key of each kind of group.
    pub groups: Vec<(usize, usize)>,
    pub measures: Vec<MeasureUse>,
    exposures: Vec<ExposureUse>,
    /// Exposures whose filter asks whether a property is one text: slot, and exposures by that text.
    alike: Vec<(usize, ByText)>,
    /// The others.
    loose: Vec<usize>,
}

/// A measure that listens to an event.
#[derive(Debug)]
pub struct MeasureUse {
    pub measure: u32,
    pub filter: Option<Bound>,
    pub value: Option<Bound>,
    /// Somebody counts these events, with or without a value.
    pub counted: bool,
}

/// An experiment whose exposures an event may be.
#[derive(Debug)]
pub struct ExposureUse {
    pub experiment: usize,
    pub filter: Option<Bound>,
    /// Slot of what names the arm.
    pub arm: usize,
    /// Slots of the segments.
    pub segments: Vec<usize>,
    /// Slots of the SDK and its version.
    pub lib: [usize; 2],
}

impl MeasureUse {
    /// The event's value, 1 where events are counted only, not a number where it has none but is counted; `None` where it is
    /// nothing at all.
    pub fn value(&self, values: &[Value<'_>]) -> Option<f64> {
        if self.filter.as_ref().is_some_and(|f| !f.eval(values).is_some_and(|v| v.is_true())) {
            return None;
        }
        let Some(value) = &self.value else { return Some(1.0) };
        let number = match value.slot() {
            Some(slot) => values.get(slot).and_then(Value::as_number),
            None => value.eval(values).and_then(|v| v.as_number()),
        };
        // What no sum takes is missing.
        let number = number.filter(|n| fixed(*n).is_some());
        if self.counted { number.or(Some(f64::NAN)) } else { number }
    }
}

impl EventPlan {
    /// The exposures an event is, by number.
    pub fn exposed(&self, values: &[Value<'_>], found: &mut Vec<usize>) {
        let passes = |at: &usize| {
            let filter = self.exposures[*at].filter.as_ref();
            filter.is_none_or(|f| f.eval(values).is_some_and(|v| v.is_true()))
        };
        found.clear();
        for (slot, by_text) in &self.alike {
            match values.get(*slot) {
                Some(Value::Text(text)) => found.extend(by_text.get(&**text).into_iter().flatten()),
                None | Some(Value::Null) => {}
                // A number may equal a text that is one.
                #[expect(clippy::iter_over_hash_type, reason = "put in order below")]
                Some(_) => {
                    for exposures in by_text.values() {
                        found.extend(exposures.iter().filter(|at| passes(at)));
                    }
                }
            }
        }
        found.extend(self.loose.iter().filter(|at| passes(at)));
        found.sort_unstable();
    }

    /// One of them.
    pub fn exposure(&self, at: usize) -> &ExposureUse {
        &self.exposures[at]
    }

    /// Takes an exposure in; what asks for one text is looked up by it.
    pub fn add(&mut self, exposure: ExposureUse, filter: Option<&str>) {
        let at = self.exposures.len();
        self.exposures.push(exposure);
        let Some((name, text)) = filter.and_then(equality) else {
            self.loose.push(at);
            return;
        };
        let slot = self.slot(&name);
        let known = self.alike.iter().position(|(s, _)| *s == slot).unwrap_or_else(|| {
            self.alike.push((slot, ByText::default()));
            self.alike.len() - 1
        });
        self.alike[known].1.entry(text.into()).or_default().push(at);
    }

    /// The slot of a property, new if need be.
    pub fn slot(&mut self, name: &str) -> usize {
        self.slots.iter().position(|s| s == name).unwrap_or_else(|| {
            self.slots.push(name.to_owned());
            self.slots.len() - 1
        })
    }

    /// Reads the key of a kind of group, where it is one.
    pub fn group(&mut self, space: usize, name: Option<&String>) {
        let Some(name) = name else { return };
        let slot = self.slot(&format!("$groups.{name}"));
        if !self.groups.contains(&(space, slot)) {
            self.groups.push((space, slot));
        }
    }
}

/// The name and the text, where an expression is nothing but `name == 'text'`.
fn equality(text: &str) -> Option<(String, String)> {
    let expr = Expr::parse(text).ok()?;
    let [name] = expr.names()[..] else { return None };
    let rest = text.trim().strip_prefix(name)?.trim_start().strip_prefix("==")?.trim_start();
    let inner = rest.strip_prefix('\'')?.strip_suffix('\'')?;
    let text = inner.replace("''", "\u{0}");
    (!text.contains('\'')).then(|| (name.to_owned(), text.replace('\u{0}', "'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_for_one_text_is_looked_up() {
        for (text, expect) in [
            ("$feature_flag == 'price'", Some(("$feature_flag", "price"))),
            (" flag=='it''s' ", Some(("flag", "it's"))),
            ("flag == 'a' or flag == 'b'", None),
            ("flag == 'a' and other", None),
            ("flag != 'a'", None),
            ("'a' == flag", None),
            ("flag == 3", None),
            ("lower(flag) == 'a'", None),
            ("flag ==", None),
        ] {
            let expect = expect.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(equality(text), expect, "{text}");
        }
    }
}
