//! Counting from the log: when experiments are named, for a pilot, and for a comparison.

use std::sync::Arc;

use epoch_model::business::Metric;
use epoch_model::error::Result;
use epoch_model::experiment::{Pilot, Spec};
use epoch_model::time::{DAY, Grain, Millis, Zone};
use rusqlite::Connection;

use super::counter::Counter;
use super::plan::{Mode, Plan};
use super::tracked::Tracked;
use crate::fault::damaged;
use crate::intern::Names;
use crate::{links, log};

/// Takes the log from `after` up to `upto` in, and the links at their places. An event that is not understood is left out, as it was
/// when it arrived. Answers how many events were looked at.
pub fn catch_up(db: &Connection, counter: &mut Counter, after: u64, upto: u64) -> Result<u64> {
    if after >= upto || counter.is_idle() {
        return Ok(0);
    }
    let plan = Arc::clone(&counter.plan);
    let names = Names::load(db)?;
    let mut heard: Vec<u32> = plan.events.keys().filter_map(|name| names.find(name)).collect();
    heard.sort_unstable();
    let mut select = links::after(db)?;
    let mut links = links::Cursor::start(&mut select, after)?;
    let mut looked = 0;
    log::blocks_within(db, after, upto, plan.since..plan.horizon, |first, block| {
        // Text is unpacked only where somebody listens.
        let mut text = None;
        for (i, row) in block.rows.iter().enumerate() {
            let position = first + i as u64;
            if position <= after || position > upto || heard.binary_search(&row.name).is_err() {
                continue;
            }
            while let Some(link) = links.until(position)? {
                counter.link(link.from, link.into, link.force);
            }
            let text = match &text {
                Some(text) => text,
                None => text.insert(block.text()?),
            };
            let name = names.text(row.name).ok_or_else(|| damaged("a name in the event log is unknown"))?;
            if let Err(e) = counter.apply(name, row.unit, row.time, block.props(text, i)?) {
                tracing::debug!(position, error = %e, "event left out of the experiments");
            }
            looked += 1;
        }
        Ok(())
    })?;
    while let Some(link) = links.until(upto)? {
        counter.link(link.from, link.into, link.force);
    }
    Ok(looked)
}

/// See [`crate::Store::pilot`].
#[derive(Debug)]
pub struct PilotAsked<'a> {
    pub spec: &'a Spec,
    pub metric: &'a Metric,
    pub from: Millis,
    pub to: Millis,
    pub window_days: u32,
    pub covariate_days: u32,
    pub zone: &'a Zone,
}

/// What an experiment with one arm would have counted.
pub fn pilot(db: &Connection, asked: &PilotAsked<'_>) -> Result<Pilot> {
    let tracked = Tracked {
        spec: asked.spec.clone(),
        metrics: vec![asked.metric.clone()],
        from: asked.from,
        until: Some(asked.to),
        covariate_days: asked.covariate_days,
        segments: Vec::new(),
    };
    let days = Millis::from(asked.window_days);
    let mode = Mode::Pilot { window: (days > 0).then(|| days * DAY), to: asked.to };
    let mut counter = Counter::new(Arc::new(Plan::compile(vec![tracked], asked.zone.clone(), mode)?));
    catch_up(db, &mut counter, 0, log::position(db)?)?;
    let mut look = counter.look(0, asked.to);
    let state = &counter.states[0];
    let units = |day: Millis| state.days.get(&day).and_then(|arms| arms.first()).copied().unwrap_or_default();
    let range = asked.from..asked.to.max(asked.from);
    Ok(Pilot {
        metric: asked.metric.key.clone(),
        exposure: asked.spec.exposure.clone(),
        group: asked.spec.group.clone(),
        from: asked.from,
        to: asked.to,
        new_units: asked.zone.buckets(range, Grain::Day).into_iter().map(units).collect(),
        moments: look.metrics.pop().and_then(|m| m.arms.into_iter().next()).unwrap_or_default(),
        covariate_days: asked.covariate_days,
    })
}
