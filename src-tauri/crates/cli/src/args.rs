//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The engine of EpochCore on the command line.
#[derive(Debug, Parser)]
#[command(name = "ras", version, max_term_width = 110)]
pub(crate) struct Cli {
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a business: its folder, its file, its database and a write key
    Init(Init),
    /// Run a business without a window: gateway, watched folders, the loop
    Serve(Serve),
    /// Import a file: CSV, JSON lines, Excel; also gzipped
    Import(Import),
    /// A KPI over a range
    Query(Query),
    /// Events: how many, or the newest ones
    Events(Events),
    /// What the engine found
    Insights(Dir),
    /// What the engine decided
    Decisions(Dir),
    /// Experiments and where they stand
    Experiments(Dir),
    /// One experiment: its story, asking and ending one
    Experiment(crate::experiments::ExperimentArgs),
    /// Procedures: publishing, running, signals, versions, the library
    Workflow(crate::workflow::WorkflowArgs),
    /// What may run alone, what asks: the policy in plain words; checking and replacing it
    Policy(crate::policy::PolicyArgs),
    /// Where the business stands
    Status(Dir),
    /// Levers in force
    Levers(Dir),
    /// One lever: who reads it, what it serves to whom; off and on
    Lever(LeverArgs),
    /// Connect a product: its keys, and what to paste
    Source(SourceArgs),
    /// Events that were refused
    Rejected(RejectedArgs),
    /// A person: what is kept, and forgetting it
    Person(PersonArgs),
    /// Approve a decision, with this machine's operator key
    Approve(Approve),
    /// Veto a decision, with a reason
    Veto(Veto),
    /// Hide a decision until a date
    Defer(Defer),
    #[command(flatten)]
    Decide(crate::decide::Decide),
    /// Say whether a webhook in doubt arrived, after looking at the receiver
    Settle(Settle),
    /// Stop: no effect leaves until `ras resume`
    Stop(Run),
    /// Pause: watch and propose, but execute nothing
    Pause(Run),
    /// Go on after a pause or a stop
    Resume(Run),
    /// The journal's chain
    Audit(Audit),
    /// Run the journal's inputs through a fresh engine and compare, byte for byte
    Replay(Dir),
    /// Make a report of a period
    Report(Report),
    /// Back up the database while it is in use
    Backup(Backup),
    /// Put a checked backup in the place of a business's database
    Restore(Restore),
    /// Compute every aggregate from the events and compare
    Rebuild(Dir),
    /// Examine a folder
    Doctor(Dir),
    /// Gateway keys: list, make, revoke
    Keys(Keys),
    /// Secrets: the one that signs this business's webhooks, and those kept by name
    Secret(Secret),
    /// Speak MCP with an outside agent over standard input and output; `serve` and `client` for the rest
    Mcp(crate::mcp::McpArgs),
    /// A simulated business whose truth is known
    Sandbox(crate::sandbox::SandboxArgs),
    /// An experiment's sums: effects, intervals, sample ratio, verdict
    Analyze(crate::statistics::Asked),
    /// Units and days of an experiment before it begins
    Power(crate::statistics::Asked),
    /// Levels and discoveries along a stream of tests
    Fdr(crate::statistics::Asked),
    /// Whether arms are as large as they should be, and why not
    Srm(crate::statistics::Asked),
    /// Shares of traffic from what arms earned
    Bandit(crate::statistics::Asked),
    /// Measure, against a peer in the same run
    Bench(Bench),
}

#[derive(Debug, Args)]
pub(crate) struct Dir {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The folder to make
    pub dir: PathBuf,
    /// The business's name
    #[arg(long)]
    pub name: String,
    /// ISO 4217, such as EUR
    #[arg(long)]
    pub currency: Option<String>,
    /// IANA name, such as Europe/Berlin
    #[arg(long)]
    pub timezone: Option<String>,
    /// Start from this business.toml instead of the template
    #[arg(long)]
    pub from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Where the gateway listens; beyond loopback only with a certificate or behind a proxy
    #[arg(long, default_value = "127.0.0.1:8787")]
    pub listen: SocketAddr,
    /// The certificate's chain (PEM), for https
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A proxy in front ends TLS: plain HTTP beyond loopback is allowed
    #[arg(long)]
    pub behind_proxy: bool,
    /// A name accepted in Host besides loopback (a tunnel's, for instance); may be repeated
    #[arg(long = "allow-host")]
    pub allow_host: Vec<String>,
    /// Leave replayed time: the clock of a folder that history was fed to stands where that history ended
    #[arg(long)]
    pub real_time: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// [DIR] FILE: the business's folder (default: here) and the file
    #[arg(required = true, num_args = 1..=2, value_names = ["DIR", "FILE"])]
    pub paths: Vec<PathBuf>,
    /// The business's folder, if not given before the file
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// A field of the mapping: event, time, unit, id or a property, as in --map "amount=Quantity * UnitPrice"
    #[arg(long = "map", value_name = "FIELD=EXPRESSION")]
    pub map: Vec<String>,
    /// Keep only mapped columns
    #[arg(long)]
    pub only_mapped: bool,
    /// Use the mapping of this source of business.toml
    #[arg(long)]
    pub source: Option<String>,
    /// Field delimiter
    #[arg(long)]
    pub delimiter: Option<char>,
    /// Character encoding, such as windows-1252
    #[arg(long)]
    pub encoding: Option<String>,
    /// Format of times, such as "%d/%m/%Y %H:%M"
    #[arg(long)]
    pub time_format: Option<String>,
    /// Timezone of times without one
    #[arg(long)]
    pub zone: Option<String>,
    /// Sheet of a workbook
    #[arg(long)]
    pub sheet: Option<String>,
    /// Only show what would be imported
    #[arg(long)]
    pub preview: bool,
    /// Do not ask whether the guessed mapping is right
    #[arg(long, short)]
    pub yes: bool,
    /// Feed history as if it were arriving: seconds of history per second, or "max"
    #[arg(long, value_name = "SPEED", value_parser = speed)]
    pub as_live: Option<f64>,
    /// With --as-live: history before this date is imported at once
    #[arg(long, value_name = "DATE", requires = "as_live")]
    pub live_from: Option<String>,
    /// With --as-live: time stands still while a decision waits for its answer
    #[arg(long, requires = "as_live")]
    pub hold: bool,
}

pub(crate) fn speed(text: &str) -> Result<f64, String> {
    if text == "max" {
        return Ok(f64::INFINITY);
    }
    match text.parse::<f64>() {
        Ok(speed) if speed > 0.0 => Ok(speed),
        _ => Err("a number above 0 (86400 plays a day per second), or max".into()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// [DIR] KPI: the business's folder (default: here) and the metric's key
    #[arg(required = true, num_args = 1..=2, value_names = ["DIR", "KPI"])]
    pub words: Vec<String>,
    /// The business's folder, if not given before the KPI
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// First day (2011-10-01), instant (RFC 3339) or milliseconds
    #[arg(long)]
    pub from: Option<String>,
    /// First day, instant or milliseconds after the range
    #[arg(long)]
    pub to: Option<String>,
    /// Split by a segment
    #[arg(long)]
    pub by: Option<String>,
    /// Width of the buckets
    #[arg(long, value_parser = ["hour", "day", "week", "month"])]
    pub grain: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// How many, instead of which
    #[arg(long)]
    pub count: bool,
    /// Only of this name
    #[arg(long)]
    pub name: Option<String>,
    /// At most so many (1 to 500)
    #[arg(long, default_value_t = 20)]
    pub limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// The business's folder
    pub dir: PathBuf,
    /// The decision's id
    pub id: String,
    /// Another value for the lever, within its range
    #[arg(long)]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Veto {
    /// The business's folder
    pub dir: PathBuf,
    /// The decision's id
    pub id: String,
    /// wrong, not_now, too_risky, too_costly or other
    #[arg(long, default_value = "other")]
    pub reason: String,
    /// What else there is to say
    #[arg(long, default_value = "")]
    pub text: String,
}

#[derive(Debug, Args)]
pub(crate) struct Defer {
    /// The business's folder
    pub dir: PathBuf,
    /// The decision's id
    pub id: String,
    /// Until this day or instant
    #[arg(long)]
    pub until: String,
    /// Earlier, when there is a new finding on this metric
    #[arg(long, conflicts_with = "or_decision")]
    pub or_metric: Option<String>,
    /// Earlier, when this decision comes to its end
    #[arg(long)]
    pub or_decision: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Settle {
    /// The business's folder
    pub dir: PathBuf,
    /// The decision's id
    pub id: String,
    /// It arrived
    #[arg(long, required_unless_present = "not_arrived", conflicts_with = "not_arrived")]
    pub arrived: bool,
    /// It did not
    #[arg(long)]
    pub not_arrived: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Why
    #[arg(long, default_value = "from the command line")]
    pub reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Walk the chain and name the first row that is not what it should be
    Verify {
        /// The business's folder
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// A head noted earlier, as SEQ:HASH; with it a cut tail is found, too
        #[arg(long)]
        anchor: Option<String>,
        /// A file that `ras audit anchor` wrote; its last line is the head noted earlier
        #[arg(long, conflicts_with = "anchor")]
        anchors: Option<PathBuf>,
    },
    /// Note the chain's head outside the folder: a line is added to a file, to be kept where this machine cannot change it
    Anchor {
        /// The business's folder
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// The file, as in a git repository or on a mounted disk
        #[arg(long)]
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// First day
    #[arg(long)]
    pub from: Option<String>,
    /// First day after the period
    #[arg(long)]
    pub to: Option<String>,
    /// pdf, html, csv or xlsx
    #[arg(long, default_value = "pdf")]
    pub format: String,
    /// The file to write; the business's reports folder when absent
    #[arg(long, short)]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The business's folder
    pub dir: PathBuf,
    /// The file to write; the business's backups folder when absent
    pub to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    pub from: PathBuf,
    /// The business's folder
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Make a key of this name
    #[arg(long)]
    pub make: Option<String>,
    /// write (send events), client (read the levers of one unit) or read (read everything)
    #[arg(long, default_value = "write")]
    pub kind: String,
    /// The source its events belong to; the key's own name when absent
    #[arg(long, requires = "make")]
    pub source: Option<String>,
    /// Revoke the key of this name
    #[arg(long)]
    pub revoke: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct LeverArgs {
    #[command(subcommand)]
    pub command: LeverCommand,
}

/// `[DIR] WORD`: the folder (default: here) and what it is about.
#[derive(Debug, Args)]
pub(crate) struct About {
    /// [DIR] KEY: the business's folder (default: here) and what it is about
    #[arg(required = true, num_args = 1..=2, value_names = ["DIR", "KEY"])]
    pub words: Vec<PathBuf>,
    /// The business's folder, if not given before the key
    #[arg(long)]
    pub dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LeverCommand {
    /// All levers with who reads them
    List(Dir),
    /// One lever with its history, its readers and what each protocol serves
    Show(About),
    /// Switch a lever off: everybody gets the default, at once
    Kill(About),
    /// Switch it on again
    Restore(About),
    /// What every protocol would serve to one unit
    Try {
        #[command(flatten)]
        about: About,
        /// The unit
        #[arg(long)]
        unit: String,
        /// Attributes of the unit, a JSON object
        #[arg(long, default_value = "{}")]
        attributes: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    #[command(subcommand)]
    pub command: SourceCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Make what a product needs: keys, and a [[source]] where one says something
    Add {
        #[command(flatten)]
        about: About,
        /// sdk (sends events, reads levers), levers (reads levers), server (reads definitions) or stripe
        #[arg(long, default_value = "sdk")]
        kind: String,
        /// What people read
        #[arg(long)]
        title: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RejectedArgs {
    #[command(subcommand)]
    pub command: RejectedCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RejectedCommand {
    /// What was refused, with its reason, newest first
    List(Dir),
    /// Send one again, as it was kept or mended
    Replay {
        #[command(flatten)]
        about: About,
        /// The mended text; - reads it from stdin
        #[arg(long)]
        raw: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PersonArgs {
    #[command(subcommand)]
    pub command: PersonCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PersonCommand {
    /// What is kept of a person, by any of their ids
    Show(About),
    /// Take a person out of everything; cannot be undone
    Erase {
        #[command(flatten)]
        about: About,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Secret {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    #[command(subcommand)]
    pub command: Option<SecretCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Keep a secret under a name on this machine, outside of the folder; read from stdin
    Set(About),
    /// Names of secrets, and what needs them
    List(Dir),
    /// Forget one
    Remove(About),
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Which one; `list` names them
    pub name: String,
    /// Events to use
    #[arg(long)]
    pub events: Option<u64>,
    /// Seed of the generated data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Repetitions; medians are reported
    #[arg(long)]
    pub rounds: Option<u32>,
    /// Length of what is measured over time
    #[arg(long)]
    pub seconds: Option<u64>,
    /// Of `experiments`: a twentieth of the replicates
    #[arg(long)]
    pub quick: bool,
    /// Of `workflows`: a python that has the peers
    #[arg(long)]
    pub peers: Option<PathBuf>,
    /// Of `sandbox`: every scenario for a year through the whole host
    #[arg(long)]
    pub all: bool,
    /// Of `crash`: points to reach
    #[arg(long)]
    pub points: Option<u64>,
    /// Of `crash`: so many simulated lives of weeks instead of points
    #[arg(long)]
    pub sim: Option<u64>,
}

impl Cli {
    pub(crate) fn is_serve(&self) -> bool {
        matches!(self.command, Command::Serve(_))
    }

    /// Whether it is the company of a sandbox that is open elsewhere.
    pub(crate) fn is_company(&self) -> bool {
        matches!(&self.command, Command::Sandbox(a) if matches!(a.command, crate::sandbox::SandboxCommand::Company))
    }

    /// Long-running commands log to a file in the business's folder.
    pub(crate) fn log_folder(&self) -> Option<PathBuf> {
        match &self.command {
            Command::Serve(s) if s.dir.join("business.toml").is_file() => Some(s.dir.join("logs")),
            _ => None,
        }
    }
}
