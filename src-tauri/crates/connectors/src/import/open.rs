//! From a path and a mapping to rows and the mapper that makes events of them.

use epoch_model::Result;
use epoch_model::business::Mapping;
use epoch_model::{Code, Error};

use super::mapper::{Layout, Mapper};
use super::record::{Kind, Record};
use super::sniff::{Sniffed, finding};
use super::time::TimeFormat;
use super::time_guess;
use super::types::PreviewProblem;

/// Values of the time looked at.
const TIMES_MAX: usize = 4000;

/// The mapper of a file whose columns are known; the format of times is guessed where the mapping does not state it.
pub fn mapper(found: &mut Sniffed, mapping: &Mapping, zone: &str) -> Result<Mapper> {
    let stated = match mapping.time_format.as_deref().filter(|f| !f.trim().is_empty()) {
        Some(text) => Some(TimeFormat::named(text).ok_or_else(|| {
            Error::new(
                Code::MappingInvalid,
                format!("“{text}” is not a format of times"),
                "use a pattern such as %d/%m/%Y %H:%M, or one of: iso, d/m/y, m/d/y, epoch_s, epoch_ms, epoch_us, excel",
            )
        })?),
        None => None,
    };
    let layout = Layout {
        columns: found.columns.clone(),
        decimal: found.decimal,
        time_format: stated.clone().unwrap_or(TimeFormat::Iso),
    };
    let mut mapper = Mapper::new(mapping, &layout, zone)?;
    if let Some(format) = stated {
        found.findings.push(finding("time_format", format.name(), 1.0, "the mapping says so"));
        return Ok(mapper);
    }
    let values: Vec<String> =
        found.sample.iter().take(TIMES_MAX).filter_map(|record| mapper.time_text(record)).collect();
    let Some(mut guess) = time_guess::guess(&values, zone) else {
        if !values.is_empty() {
            found.problems.push(PreviewProblem {
                line: None,
                message: format!("the time reads “{}”, which is no known form of a time", values[0]),
                hint: "choose another column, or state `time_format`, for example %d/%m/%Y %H:%M".into(),
            });
        }
        return Ok(mapper);
    };
    if guess.open && !found.whole {
        look_on(found, &mut mapper, &mut guess)?;
    }
    found.findings.push(finding("time_format", guess.format.name(), guess.confidence, guess.reason.clone()));
    if guess.open {
        found.problems.push(PreviewProblem {
            line: None,
            message: format!("day and month may be the wrong way round: {}", guess.reason),
            hint: format!(
                "times are read as {}; state `time_format` in the mapping (d/m/y or m/d/y)",
                guess.format.name()
            ),
        });
    }
    mapper.set_format(guess.format);
    Ok(mapper)
}

/// Reads on until a value shows which of day and month stands first, since a wrong guess would shift every event.
fn look_on(found: &mut Sniffed, mapper: &mut Mapper, guess: &mut time_guess::Guess) -> Result<()> {
    use super::time::{Order, order_of};
    let mut rows = found.rows()?;
    let mut record = Record::default();
    while rows.next(&mut record)? {
        if !matches!(record.kind, Kind::Fields | Kind::Json) {
            continue;
        }
        let Some(text) = mapper.time_text(&record) else { continue };
        let (format, first) = match order_of(text.trim()) {
            Some(Order::DayFirst) => (TimeFormat::DayFirst, "day"),
            Some(Order::MonthFirst) => (TimeFormat::MonthFirst, "month"),
            _ => continue,
        };
        *guess = time_guess::Guess {
            format,
            confidence: 1.0,
            reason: format!("“{text}” on line {} can only have the {first} first", record.line),
            open: false,
        };
        break;
    }
    Ok(())
}
