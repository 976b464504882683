//! A company that is a process of its own and comes in through the gateway: this is its host's end of the line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};
use epoch_company::{Answer, Opening, Order, Program};
use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_store::KeyKind;
use serde_json::json;

use super::charter::{Charter, Transport};
use super::company::Company;
use super::feed::SOURCE;
use crate::host::{Host, HostOptions};
use crate::inner::Inner;
use crate::keys::make_gateway_key;
use crate::lapse::Feed;

/// Time moves by this much at once: no event lies further in the gateway's future.
const STRIDE: Millis = 15 * 60_000;
/// Time between two snapshots of the world.
const SAVE_EVERY: Duration = Duration::from_secs(10);
/// How long the company may take for an answer. It gives up by itself before that when the gateway does not take its events.
const PATIENCE: Duration = Duration::from_mins(4);
/// How long it may take to end when its input has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);
/// Names of its keys.
const WRITES: &str = "sandbox";
const READS: &str = "sandbox-levers";

/// Who plays the company, and where it finds the gateway.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    program: Program,
    gateway: String,
}

impl Host {
    /// Where a live company comes in. Without a program, or a gateway that speaks plain HTTP, it is played in this process.
    pub(crate) fn show_company_the_door(&self, options: &HostOptions) {
        let Some(company) = &self.inner.sandbox else { return };
        let address = self.gateway().filter(|_| options.tls.is_none());
        let door = address.zip(options.company.clone()).map(|(address, program)| {
            let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { literal(address.ip()) };
            Door { program, gateway: format!("http://{host}:{}", address.port()) }
        });
        *company.door.lock() = door;
    }
}

fn literal(ip: std::net::IpAddr) -> String {
    match ip {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

impl Company {
    /// How its events travel: as it is to be, where that is possible.
    pub(crate) fn transport_of(&self, charter: &Charter) -> Transport {
        if self.door.lock().is_some() { charter.transport } else { Transport::InProcess }
    }
}

/// The company's process.
pub(crate) struct Player {
    child: Child,
    /// `None` once it is to end.
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

fn lost(what: impl std::fmt::Display) -> Error {
    Error::new(Code::Internal, format!("the simulated company's process {what}"), "it is started again")
}

impl Player {
    fn start(door: &Door, opening: Opening, quitting: &dyn Fn() -> bool) -> Result<Self> {
        let mut child = Command::new(&door.program.path)
            .args(&door.program.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| lost(format!("does not start: {e}")))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (lines, answers) = unbounded();
        let mut player = Self { child, input, answers };
        let output = output.ok_or_else(|| lost("has no output"))?;
        let read = move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if lines.send(line).is_err() {
                    break;
                }
            }
        };
        let spawned = std::thread::Builder::new().name("company-answers".into()).spawn(read);
        spawned.map_err(|e| Error::new(Code::Internal, format!("no thread: {e}"), "close other programs"))?;
        match player.ask(&Order::Open(opening), quitting)? {
            Answer::Ready(_) => Ok(player),
            other => Err(lost(format!("began with “{other}”"))),
        }
    }

    /// Gives an order and waits for its answer; an error when the host quits meanwhile.
    pub(crate) fn ask(&mut self, order: &Order, quitting: &dyn Fn() -> bool) -> Result<Answer> {
        let input = self.input.as_mut().ok_or_else(|| lost("was ended"))?;
        writeln!(input, "{order}").and_then(|()| input.flush()).map_err(|_| lost("is gone"))?;
        let asked = Instant::now();
        loop {
            match self.answers.recv_timeout(LOOK) {
                Ok(line) => match Answer::parse(&line)? {
                    Answer::Failed(why) => {
                        return Err(Error::new(Code::Internal, why, "it is started again from where it was"));
                    }
                    answer => return Ok(answer),
                },
                Err(RecvTimeoutError::Disconnected) => return Err(lost("is gone")),
                Err(RecvTimeoutError::Timeout) if quitting() => return Err(lost("was left alone: the host ends")),
                Err(RecvTimeoutError::Timeout) if asked.elapsed() > PATIENCE => return Err(lost("does not answer")),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Its process's number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.input = None;
        let until = Instant::now() + LAST_WORDS;
        while Instant::now() < until {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                _ => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Events of a company that is a process of its own.
pub(crate) struct Live<'a> {
    host: &'a Inner,
    company: &'a Arc<Company>,
    saved: Instant,
    /// What the store had counted when it was last looked at: accepted, duplicates, rejected.
    counted: [u64; 3],
}

impl<'a> Live<'a> {
    /// Starts the process. The world must be written, and nothing of it may be in this process.
    pub(crate) fn start(host: &'a Inner, company: &'a Arc<Company>, door: &Door) -> Result<Self> {
        let opening = Opening {
            folder: company.place.folder().to_owned(),
            gateway: door.gateway.clone(),
            write_key: host.company_key(WRITES, KeyKind::Write)?,
            client_key: host.company_key(READS, KeyKind::Client)?,
        };
        let player = Player::start(door, opening, &|| host.quitting())?;
        tracing::info!(pid = player.pid(), "the simulated company lives in a process of its own");
        *company.player.lock() = Some(player);
        Ok(Self { host, company, saved: Instant::now(), counted: counted(host)? })
    }

    /// The protocol does not say what became of each event; the store does.
    fn count(&mut self) -> Result<()> {
        let (before, now) = (self.counted, counted(self.host)?);
        let tally = &self.company.tally;
        for (n, of) in [&tally.accepted, &tally.duplicates, &tally.rejected].into_iter().enumerate() {
            of.fetch_add(now[n].saturating_sub(before[n]), Ordering::Relaxed);
        }
        self.counted = now;
        Ok(())
    }

    fn ask(&self, order: &Order) -> Result<Answer> {
        self.company.ask(order, &|| self.host.quitting())?.ok_or_else(|| lost("is gone"))
    }
}

fn counted(host: &Inner) -> Result<[u64; 3]> {
    let sources = host.store.sources()?;
    let own = sources.iter().find(|state| state.source == SOURCE);
    Ok(own.map_or([0; 3], |state| [state.accepted, state.duplicates, state.rejected]))
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        *self.company.player.lock() = None;
    }
}

impl Feed for Live<'_> {
    fn stride(&self) -> Millis {
        STRIDE
    }

    fn until(&mut self, to: Millis) -> Result<()> {
        match self.ask(&Order::Advance(to))? {
            Answer::At { at, events } if at >= to => {
                self.company.tally.events.fetch_add(events, Ordering::Relaxed);
                Ok(())
            }
            other => Err(lost(format!("answered “{other}”"))),
        }
    }

    fn keep(&mut self) -> Result<()> {
        self.count()?;
        let finished = self.host.replay.lock().is_none_or(|state| state.finished);
        if !finished && self.saved.elapsed() < SAVE_EVERY {
            return Ok(());
        }
        // At the host's end, too: the gateway is closed, but a snapshot needs none.
        match self.company.ask(&Order::Snapshot, &|| false)? {
            Some(Answer::Saved(_)) => self.saved = Instant::now(),
            _ => return Err(lost("did not write its world")),
        }
        Ok(())
    }
}

impl Inner {
    /// A key of the company's own; made when it is first needed.
    fn company_key(&self, id: &str, kind: KeyKind) -> Result<String> {
        let slot = format!("company.{id}");
        if let Some(key) = self.store.meta(&slot)?.and_then(|v| v.as_str().map(str::to_owned)) {
            return Ok(key);
        }
        // One whose text was lost in a crash keeps its name and is used by nobody.
        let taken: Vec<String> = self.store.keys()?.into_iter().map(|key| key.id).collect();
        let names = std::iter::once(id.to_owned()).chain((2..).map(|n| format!("{id}-{n}")));
        let name = names.into_iter().find(|name| !taken.contains(name)).unwrap_or_else(|| id.to_owned());
        let (record, key) = make_gateway_key(&name, SOURCE, kind, self.clock.now())?;
        self.store.add_key(&record)?;
        self.store.put_meta(&slot, Some(&json!(key)))?;
        self.store.put_meta(&format!("key.{name}"), Some(&json!(key)))?;
        self.keys.refresh(&self.store)?;
        Ok(key)
    }
}
