//! One person.

use epoch_host::Host;
use epoch_model::{Code, Error, Result};
use epoch_store::EraseReport;

use crate::reads::kpis::event_row;
use crate::views::{ErasedView, MentionView, PersonView, UnitArgs};

pub(crate) fn person(host: &Host, args: &UnitArgs) -> Result<PersonView> {
    let (person, recent) = host.person(&args.unit)?.ok_or_else(|| {
        let message = format!("nobody is known by the id “{}”", args.unit);
        Error::new(Code::NotFound, message, "ids are compared to the letter; look one up among the events")
    })?;
    Ok(PersonView {
        unit: person.unit,
        ids: person.ids,
        identified: person.identified,
        events: person.events,
        first_at: person.first,
        last_at: person.last,
        recent: recent.into_iter().map(event_row).collect(),
    })
}

pub(crate) fn erased(report: EraseReport, at: i64) -> ErasedView {
    ErasedView {
        events: report.events,
        ids: u32::try_from(report.merged_ids).unwrap_or(u32::MAX),
        rejections: report.rejections,
        at,
        elsewhere: report.elsewhere.into_iter().map(|m| MentionView { place: m.place, rows: m.rows }).collect(),
        note: report.note,
    }
}
