//! What host and company say to each other: one line each, an answer to every order. When the company's standard input
//! ends, so does the company.

use std::fmt;
use std::path::PathBuf;

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_sandbox::Incident;
use serde::{Deserialize, Serialize};

/// Where the company finds its world and the gateway. Told on standard input, since arguments can be read by anybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Holds `world.bin` and the tape.
    pub folder: PathBuf,
    /// Without a slash at its end.
    pub gateway: String,
    pub write_key: String,
    pub client_key: String,
}

/// What the host says.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// The first line. Answered by [`Answer::Ready`].
    Open(Opening),
    /// Live until then; answered by [`Answer::At`] when every event before it was taken by the gateway.
    Advance(Millis),
    /// Let this happen from now on; answered by [`Answer::Injected`] when it can no longer be forgotten.
    Inject(Box<Incident>),
    /// Write the world down; answered by [`Answer::Saved`].
    Snapshot,
}

/// What the company says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Where its world stands.
    Ready(Millis),
    At {
        at: Millis,
        /// Sent in this step, and taken.
        events: u64,
    },
    Injected(Millis),
    Saved(Millis),
    /// It cannot go on; its process ends.
    Failed(String),
}

fn foreign(line: &str) -> Error {
    let start: String = line.chars().take(80).collect();
    Error::new(Code::Internal, format!("the simulated company's line “{start}” is not understood"), "report this")
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(opening) => write!(f, "open {}", json(opening)),
            Self::Advance(to) => write!(f, "advance {to}"),
            Self::Inject(incident) => write!(f, "inject {}", json(incident)),
            Self::Snapshot => f.write_str("snapshot"),
        }
    }
}

impl Order {
    /// Reads a line without its end.
    pub fn parse(line: &str) -> Result<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let understood = match word {
            "open" => serde_json::from_str(rest).ok().map(Self::Open),
            "advance" => rest.parse().ok().map(Self::Advance),
            "inject" => serde_json::from_str(rest).ok().map(|incident| Self::Inject(Box::new(incident))),
            "snapshot" if rest.is_empty() => Some(Self::Snapshot),
            _ => None,
        };
        understood.ok_or_else(|| foreign(word))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(at) => write!(f, "ready {at}"),
            Self::At { at, events } => write!(f, "at {at} {events}"),
            Self::Injected(at) => write!(f, "injected {at}"),
            Self::Saved(at) => write!(f, "saved {at}"),
            Self::Failed(why) => write!(f, "failed {}", why.replace('\n', " ")),
        }
    }
}

impl Answer {
    /// Reads a line without its end.
    pub fn parse(line: &str) -> Result<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let understood = match word {
            "ready" => rest.parse().ok().map(Self::Ready),
            "at" => rest
                .split_once(' ')
                .and_then(|(at, events)| Some(Self::At { at: at.parse().ok()?, events: events.parse().ok()? })),
            "injected" => rest.parse().ok().map(Self::Injected),
            "saved" => rest.parse().ok().map(Self::Saved),
            "failed" => Some(Self::Failed(rest.to_owned())),
            _ => None,
        };
        understood.ok_or_else(|| foreign(line))
    }
}

#[cfg(test)]
mod tests {
    use epoch_sandbox::IncidentKind;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let opening = Opening {
            folder: PathBuf::from("a folder/sandbox"),
            gateway: "http://127.0.0.1:1".into(),
            write_key: "w".into(),
            client_key: "c".into(),
        };
        let kind = IncidentKind::all().next().expect("a kind");
        let incident = Box::new(Incident::preset(kind, 2.5));
        for order in [Order::Open(opening), Order::Advance(-5), Order::Inject(incident), Order::Snapshot] {
            let line = order.to_string();
            assert!(!line.contains('\n'));
            assert_eq!(Order::parse(&line).expect("read"), order);
        }
        for answer in [
            Answer::Ready(1),
            Answer::At { at: 2, events: 3 },
            Answer::Injected(4),
            Answer::Saved(5),
            Answer::Failed("two words".into()),
        ] {
            assert_eq!(Answer::parse(&answer.to_string()).expect("read"), answer);
        }
        for line in ["", "advance", "advance x", "snapshot now", "open {}", "go 5"] {
            assert!(Order::parse(line).is_err(), "{line}");
        }
        for line in ["", "at 5", "ready", "done 1"] {
            assert!(Answer::parse(line).is_err(), "{line}");
        }
        // A key must not end up in a log.
        let error = Order::parse("open {\"write_key\": \"secret\"}").expect_err("no folder");
        assert!(!error.message.contains("secret"), "{error}");
    }
}
