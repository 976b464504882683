//! A business whose procedures only read, so that what is measured is the durable step and nothing else.

use std::path::PathBuf;

use epoch_host::{Host, HostOptions};
use epoch_model::Result;
use tempfile::TempDir;

use super::super::report::failed;

/// Readings one after the other: each is a step, and so is the start.
fn chain(key: &str, readings: u32) -> String {
    let head = format!(
        "key = \"{key}\"\ntitle = \"Chain\"\npurpose = \"Reads a metric again and again.\"\n\
         [ceilings]\nruns_per_day = 1000000\nrepeats = 1000\n"
    );
    let node = |n: u32| {
        let next = if n + 1 == readings { "done".to_owned() } else { format!("read-{}", n + 1) };
        format!(
            "[[node]]\nkey = \"read-{n}\"\ntitle = \"Read {n}\"\nkind = \"measure\"\nmetric = \"visits\"\n\
             window = \"1d\"\ninto = {{ value = \"value\" }}\nnext = \"{next}\"\n"
        )
    };
    let nodes: String = (0..readings).map(node).collect();
    format!("{head}{nodes}[[node]]\nkey = \"done\"\ntitle = \"Done\"\nkind = \"end\"\n")
}

/// Readings of the longer chain, and of the shorter one.
pub(super) const LONG: u32 = 190;
pub(super) const SHORT: u32 = 20;

/// Waits for a signal that nobody sends: an open run that costs nothing.
pub(super) const SLEEPER: &str = r#"
key = "sleeper"
title = "Sleeper"
purpose = "Waits."
[ceilings]
runs_per_day = 1000000
[[node]]
key = "wait"
title = "Wait"
kind = "signal"
signal = "go"
next = "done"
[[node]]
key = "done"
title = "Done"
kind = "end"
"#;

const METRIC: &str = r#"
[[metric]]
key = "visits"
kind = "count"
event = "visit"
"#;

pub(super) struct Company {
    _home: TempDir,
    pub dir: PathBuf,
}

impl Company {
    pub(super) fn new() -> Result<Self> {
        let home = tempfile::tempdir().map_err(failed)?;
        let dir = home.path().join("company");
        let text = format!("[business]\nname = \"Bench\"\ncurrency = \"EUR\"\ntimezone = \"UTC\"\n{METRIC}");
        Host::create(&dir, &text)?;
        std::fs::create_dir_all(dir.join("workflows")).map_err(failed)?;
        std::fs::write(dir.join("workflows/long.toml"), chain("long", LONG)).map_err(failed)?;
        std::fs::write(dir.join("workflows/short.toml"), chain("short", SHORT)).map_err(failed)?;
        std::fs::write(dir.join("workflows/sleeper.toml"), SLEEPER).map_err(failed)?;
        Ok(Self { _home: home, dir })
    }

    /// Opened without anything that works by itself: a pass is what it is asked for.
    pub(super) fn open(&self) -> Result<Host> {
        let host = Host::open(&self.dir, &HostOptions::default())?;
        if let Some(refused) = host.refused_workflows().first() {
            return Err(failed(format!("{}: {:?}", refused.file, refused.problems)));
        }
        Ok(host)
    }
}
