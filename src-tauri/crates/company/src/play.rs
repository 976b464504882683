//! The company's process: one order after the other, until its standard input ends.

use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};

use epoch_model::time::Millis;
use epoch_model::{Code, Error, Result};
use epoch_sandbox::World;

use crate::batch::Batch;
use crate::gateway::Gateway;
use crate::line::{Answer, Opening, Order};
use crate::reader::Reader;
use crate::tape::{self, Record, Tape};

/// Plays the company: orders on standard input, answers on standard output. When the input ends, `end` is to end the process
/// at once, whatever it is at: what was simulated and not written is on the tape.
pub fn play(end: impl FnOnce() + Send + 'static) -> ExitCode {
    let orders = listen(end);
    match obey(&orders) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = say(&Answer::Failed(e.message));
            ExitCode::FAILURE
        }
    }
}

/// Lines of standard input, read by a thread of their own so that its end is noticed while a request is under way.
fn listen(end: impl FnOnce() + Send + 'static) -> Receiver<String> {
    let (lines, heard) = channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.map_or(true, |line| lines.send(line).is_err()) {
                break;
            }
        }
        end();
    });
    heard
}

fn say(answer: &Answer) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let said = writeln!(out, "{answer}").and_then(|()| out.flush());
    said.map_err(|e| Error::new(Code::Internal, format!("nobody listens: {e}"), "report this"))
}

fn obey(orders: &Receiver<String>) -> Result<()> {
    let Ok(line) = orders.recv() else { return Ok(()) };
    let Order::Open(opening) = Order::parse(&line)? else {
        return Err(Error::new(Code::Internal, "the first line says where everything is", "report this"));
    };
    let gateway = Gateway::new(&opening.gateway, &opening.client_key);
    let reader = Reader::new(&gateway);
    let mut office = Office::open(&opening)?;
    say(&Answer::Ready(office.world.now()))?;
    while let Ok(line) = orders.recv() {
        let answer = match Order::parse(&line)? {
            Order::Advance(to) => {
                let events = office.advance(to, &gateway, &reader)?;
                Answer::At { at: office.world.now(), events }
            }
            Order::Inject(incident) => {
                let at = office.world.now();
                office.world.inject(*incident, at);
                office.save()?;
                Answer::Injected(at)
            }
            Order::Snapshot => {
                office.save()?;
                Answer::Saved(office.world.now())
            }
            Order::Open(_) => return Err(Error::new(Code::Internal, "it is open already", "report this")),
        };
        say(&answer)?;
    }
    Ok(())
}

struct Office {
    world: World,
    tape: Tape,
    file: PathBuf,
    write_key: String,
}

impl Office {
    fn open(opening: &Opening) -> Result<Self> {
        let file = opening.folder.join("world.bin");
        let unreadable = |why: &dyn std::fmt::Display| {
            let hint = "delete this folder and start the sandbox again; nothing in it is real";
            Error::new(Code::FileUnreadable, format!("{}: {why}", file.display()), hint)
        };
        let bytes = std::fs::read(&file).map_err(|e| unreadable(&e))?;
        let world = World::restore(&bytes).ok_or_else(|| unreadable(&"is no world"))?;
        if tape::read(&opening.folder)?.iter().any(|record| record.to > world.now()) {
            return Err(Error::new(Code::WrongState, "the tape is ahead of the world", "open the folder again"));
        }
        let tape = Tape::open(&opening.folder)?;
        tape.clear()?;
        Ok(Self { world, tape, write_key: opening.write_key.clone(), file })
    }

    /// One step: lived, the levers it read noted, its events sent.
    fn advance(&mut self, to: Millis, gateway: &Gateway, reader: &Reader<'_>) -> Result<u64> {
        if to <= self.world.now() {
            return Ok(0);
        }
        let mut batch = Batch::new(&self.write_key);
        self.world.advance(to, reader, &mut |event| {
            reader.news().iter().for_each(|seen| batch.exposure(seen));
            batch.event(&event);
        });
        reader.news().iter().for_each(|seen| batch.exposure(seen));
        // A lever that could not be read leaves a world behind that never was: this process ends, and another begins.
        let read = reader.step()?;
        if !read.values.is_empty() {
            self.tape.write(&Record { to, values: read.values, exposures: read.exposures })?;
        }
        let (bodies, events) = batch.done()?;
        for body in bodies {
            gateway.send(&body)?;
        }
        Ok(events)
    }

    fn save(&self) -> Result<()> {
        write_whole(&self.file, &self.world.snapshot())?;
        self.tape.clear()
    }
}

/// Replaces a file as a whole, or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = std::fs::File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().map_err(|e: std::io::Error| {
        Error::new(Code::FileUnreadable, format!("{}: {e}", path.display()), "check that the disk is not full")
    })
}
