//! `ras bench sandbox`: a year of the largest company into a sink that counts, and years of companies through the whole host.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use epoch_host::sandbox::{Phase, SandboxOrder, Transport};
use epoch_host::{Host, HostOptions, audit};
use epoch_model::Result;
use epoch_sandbox::{Defaults, Scenario, World};

use super::measure::{resident_mb, thread_cpu, timed};
use super::report::{Report, failed, same};
use crate::args;

const LARGE: &str = "shop-large";
const WHOLE: &str = "shop-calm";
const DAYS: u32 = 365;
/// Of the company that comes in through the gateway.
const LIVE_DAYS: u32 = 28;

pub(super) fn run(args: &args::Bench, report: &mut Report) -> Result<()> {
    world(args.seed, report)?;
    let every: Vec<&str> = Scenario::names().collect();
    let named = if args.all { every } else { vec![WHOLE] };
    live(args.seed, report)?;
    for name in named {
        let dir = tempfile::tempdir().map_err(failed)?;
        whole(name, args.seed, &dir.path().join("sandbox"), report)?;
    }
    Ok(())
}

/// The company alone.
fn world(seed: u64, report: &mut Report) -> Result<()> {
    let scenario = Scenario::builtin(LARGE).ok_or_else(|| failed("the large shop is gone"))?;
    let mut world = World::new(&scenario, seed);
    let (mut events, mut hash, mut resident) = (0_u64, 0xcbf2_9ce4_8422_2325_u64, resident_mb());
    let (clock, cpu) = (Instant::now(), thread_cpu());
    world.advance(scenario.ends_at(), &Defaults, &mut |event| {
        events += 1;
        let id = event.id.iter().fold(0_u64, |all, byte| all.rotate_left(8) ^ u64::from(*byte));
        hash = (hash ^ id ^ event.time.unsigned_abs() ^ event.props.len() as u64).wrapping_mul(0x100_0000_01b3);
        if events.is_multiple_of(500_000) {
            resident = resident.max(resident_mb());
        }
    });
    report.figure("world_events", events as f64, "events");
    report.figure("world_wall", clock.elapsed().as_secs_f64(), "s");
    report.figure("world_cpu", thread_cpu() - cpu, "s");
    report.figure("world_resident", resident.max(resident_mb()), "MB");
    report.note(format!("{LARGE}, seed {seed}: hash of the events {hash:016x}"));
    Ok(())
}

/// A company that is a process of its own: everything it sends goes through the gateway, every lever it reads comes from it.
fn live(seed: u64, report: &mut Report) -> Result<()> {
    let dir = tempfile::tempdir().map_err(failed)?;
    let dir = dir.path().join("sandbox");
    let order = SandboxOrder { days: Some(LIVE_DAYS), transport: Transport::Live, ..order(WHOLE, seed) };
    Host::create_sandbox(&dir, &order)?;
    let options = HostOptions {
        background: true,
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        company: crate::sandbox::program(),
        ..HostOptions::default()
    };
    let (host, spent) = timed(|| to_the_end(&dir, WHOLE, &options));
    let host = host?;
    let sent = host.sandbox().map(|state| state.sent).unwrap_or_default();
    same("events accepted or known", &(sent.accepted + sent.duplicates), &sent.events)?;
    report.figure("live_days", f64::from(LIVE_DAYS), "days");
    report.figure("live_events", sent.accepted as f64, "events");
    report.figure("live_seconds", spent.wall, "s");
    report.figure("live_rate", sent.accepted as f64 / spent.wall, "events/s");
    Ok(())
}

fn order(name: &str, seed: u64) -> SandboxOrder {
    SandboxOrder {
        scenario: name.to_owned(),
        seed,
        history_days: 0,
        speed: f64::INFINITY,
        hold: false,
        days: Some(DAYS),
        transport: Transport::InProcess,
    }
}

fn to_the_end(dir: &Path, name: &str, options: &HostOptions) -> Result<Host> {
    let host = Host::open(dir, options)?;
    loop {
        match host.sandbox() {
            Some(state) if state.broken.is_some() => return Err(state.broken.unwrap_or_else(|| failed(name))),
            Some(state) if state.phase == Phase::Ended && !state.working => return Ok(host),
            Some(_) => std::thread::sleep(Duration::from_millis(50)),
            None => return Err(failed("no sandbox")),
        }
    }
}

/// A company and the host that runs it, to the end; nothing may be lost on the way, and the journal must replay.
fn whole(name: &str, seed: u64, dir: &Path, report: &mut Report) -> Result<()> {
    Host::create_sandbox(dir, &order(name, seed))?;
    let options = HostOptions { background: true, ..HostOptions::default() };
    let (host, spent) = timed(|| to_the_end(dir, name, &options));
    let host = host?;
    let sent = host.sandbox().map(|state| state.sent).unwrap_or_default();
    same("events accepted or known", &(sent.accepted + sent.duplicates), &sent.events)?;
    same("events in the store", &host.store().count(None), &sent.accepted)?;
    let (score, judging) = timed(|| host.sandbox_score());
    let score = score?;
    let (replayed, replaying) = timed(|| audit::replay(host.store()));
    let replayed = replayed?;
    same("differences of the replay", &replayed.difference, &None)?;
    same("problems of the journal", &host.store().verify(None)?.problem.is_none(), &true)?;
    let decisions = host.store().decisions(&epoch_store::DecisionFilter::default())?.len();
    let figures = [
        ("events", sent.accepted as f64, "events"),
        ("seconds", spent.wall, "s"),
        ("rate", sent.accepted as f64 / spent.wall, "events/s"),
        ("insights", score.alarms.insights as f64, "insights"),
        ("false_alarms", score.alarms.false_alarms as f64, "insights"),
        ("incidents", score.alarms.total as f64, "incidents"),
        ("found", score.alarms.found as f64, "incidents"),
        ("decisions", decisions as f64, "decisions"),
        ("share", score.money.share.unwrap_or(0.0), "of the oracle's gain"),
        ("judging", judging.wall, "s"),
        ("replaying", replaying.wall, "s"),
    ];
    for (figure, value, unit) in figures {
        report.figure(format!("{name}_{figure}"), value, unit);
    }
    Ok(())
}
