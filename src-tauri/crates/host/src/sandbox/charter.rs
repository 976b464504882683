//! What makes a folder a sandbox: `sandbox/sandbox.json` in it, which says what is simulated and how.

use std::path::{Path, PathBuf};

use epoch_model::time::{DAY, Millis};
use epoch_model::{Code, Error, Result};
use epoch_sandbox::{Problem, Scenario, World};
use serde::{Deserialize, Serialize};

use crate::config::{self, Folder};
use crate::host::{Created, Host};

/// Days of history where nobody says how many.
pub const HISTORY_DAYS: u32 = 90;
/// What a founder of such a company would have written.
const PLAYBOOKS: &str = include_str!("../../../../../assets/sandbox-playbooks.toml");
/// From here on a speed is as fast as it goes.
pub const FASTEST: f64 = 1e9;

/// A simulated business as it is asked for.
#[derive(Debug, Clone)]
pub struct SandboxOrder {
    /// The name of a scenario that comes with the program, or a scenario's text.
    pub scenario: String,
    pub seed: u64,
    /// Days filled as fast as it goes.
    pub history_days: u32,
    /// Simulated seconds per second after that; infinity is as fast as it goes.
    pub speed: f64,
    /// Whether time stands still while a card waits.
    pub hold: bool,
    /// Length; the scenario's own when absent.
    pub days: Option<u32>,
    pub transport: Transport,
}

/// How events and levers travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// In the host's own process, beside the gateway.
    InProcess,
    /// From a process of its own, through the gateway, once history is filled.
    Live,
}

impl From<bool> for Transport {
    /// Whether it is live.
    fn from(live: bool) -> Self {
        if live { Self::Live } else { Self::InProcess }
    }
}

/// An incident somebody let happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Injected {
    pub kind: String,
    pub at: Millis,
    pub days: f64,
}

/// The contents of `sandbox.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Charter {
    /// The scenario's text.
    pub scenario: String,
    pub seed: u64,
    pub history_until: Millis,
    pub until: Millis,
    /// After history; absent is as fast as it goes.
    pub speed: Option<f64>,
    pub hold: bool,
    pub transport: Transport,
    /// Newest last.
    #[serde(default)]
    pub injected: Vec<Injected>,
}

/// Where the parts of a sandbox lie.
#[derive(Debug, Clone)]
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn of(folder: &Path) -> Self {
        Self(folder.join("sandbox"))
    }
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }
    pub(crate) fn charter(&self) -> PathBuf {
        self.0.join("sandbox.json")
    }
    pub(crate) fn world(&self) -> PathBuf {
        self.0.join("world.bin")
    }
    pub(crate) fn books(&self) -> PathBuf {
        self.0.join("books.json")
    }
}

/// Whether a folder holds a simulated business.
pub fn is_sandbox(folder: &Path) -> bool {
    Place::of(folder).charter().is_file()
}

/// A scenario by its name, or from its text.
pub fn scenario(given: &str) -> Result<Scenario> {
    if let Some(known) = Scenario::builtin(given) {
        return Ok(known);
    }
    if !given.contains('=') {
        let names: Vec<_> = Scenario::names().collect();
        let message = format!("there is no scenario “{given}”");
        return Err(Error::new(Code::NotFound, message, format!("there are: {}", names.join(", "))));
    }
    Scenario::parse(given).map_err(|problems| refused(&problems))
}

/// All problems of a scenario as one error.
pub fn refused(problems: &[Problem]) -> Error {
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Error::new(Code::ConfigInvalid, told.join("\n"), "see docs/scenarios.md")
}

impl Charter {
    pub(crate) fn load(place: &Place) -> Result<Option<Self>> {
        let path = place.charter();
        if !path.is_file() {
            return Ok(None);
        }
        let text = config::read_text(&path)?;
        let damaged = |e: serde_json::Error| {
            let hint = "delete this folder and start the sandbox again; nothing in it is real";
            Error::new(Code::ConfigInvalid, format!("{}: {e}", path.display()), hint)
        };
        serde_json::from_str(&text).map(Some).map_err(damaged)
    }

    pub(crate) fn save(&self, place: &Place) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(self)
            .map_err(|e| Error::new(Code::Internal, format!("the charter cannot be written: {e}"), "report this"))?;
        config::write_whole(&place.charter(), &bytes)
    }

    /// The speed after history.
    pub fn speed(&self) -> f64 {
        self.speed.unwrap_or(f64::INFINITY)
    }

    pub(crate) fn set_speed(&mut self, speed: f64) {
        self.speed = (speed < FASTEST).then_some(speed.max(0.0));
    }
}

impl Host {
    /// Makes a simulated business in `dir`: a business like any other, and beside it what is simulated.
    pub fn create_sandbox(dir: &Path, order: &SandboxOrder) -> Result<Created> {
        let scenario = scenario(&order.scenario)?;
        if Folder::new(dir).toml().exists() {
            let message = format!("{} holds a business already", dir.display());
            return Err(Error::new(Code::InvalidArgument, message, "choose another folder"));
        }
        let text = Scenario::builtin_text(&order.scenario).map_or_else(|| order.scenario.clone(), str::to_owned);
        let from = scenario.starts_at();
        let days_after = |days: u32| {
            let date = scenario.start.saturating_add(jiff::Span::new().days(i64::from(days)));
            scenario.zone().instant(date.at(0, 0, 0, 0)).unwrap_or(from + i64::from(days) * DAY)
        };
        let until = order.days.map_or_else(|| scenario.ends_at(), days_after);
        let mut charter = Charter {
            scenario: text,
            seed: order.seed,
            history_until: days_after(order.history_days).clamp(from, until),
            until,
            speed: None,
            hold: order.hold,
            transport: order.transport,
            injected: Vec::new(),
        };
        charter.set_speed(order.speed);
        let place = Place::of(dir);
        std::fs::create_dir_all(&place.0).map_err(|e| config::io_error(&place.0, &e))?;
        // First, so that a folder in which this breaks off is no business that looks real.
        charter.save(&place)?;
        let world = World::new(&scenario, order.seed);
        config::write_whole(&place.world(), &world.snapshot())?;
        let playbooks = Folder::new(dir).playbooks();
        config::write_whole(&playbooks, PLAYBOOKS.as_bytes())?;
        Self::create(dir, &world.business_toml())
    }
}
