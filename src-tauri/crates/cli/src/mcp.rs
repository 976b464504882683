//! `ras mcp`: the protocol for outside agents, and who they are.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use epoch_api::AppOptions;
use epoch_api::views::{ClientMade, ClientRevoked, ClientView};
use epoch_host::clients::Credential;
use epoch_mcp::{Caller, Link};
use epoch_model::{Code, Error, Result};
use serde_json::json;

use crate::args::{About, Dir};
use crate::output::{Output, table};
use crate::serve::signals;
use crate::session::{Session, about};

/// How long requests that are under way when a signal comes may still take.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct McpArgs {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// As which client; `local` is made at its first use
    #[arg(long, value_name = "NAME", default_value = epoch_host::clients::LOCAL)]
    pub client: String,
    #[command(subcommand)]
    pub command: Option<McpCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    /// Streamable HTTP on this machine, with a token per client
    Serve(Serve),
    /// Clients: list, add, give a new token, revoke
    #[command(subcommand)]
    Client(ClientCommand),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The business's folder
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Where to listen; loopback only, port 0 for any
    #[arg(long, default_value = "127.0.0.1:8790")]
    pub listen: SocketAddr,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// All clients with what is open and their record
    List(Dir),
    /// Make one; its token is shown once
    Add {
        #[command(flatten)]
        about: About,
        /// What it may do
        #[arg(long, value_delimiter = ',', default_values = ["read", "propose"])]
        scopes: Vec<String>,
    },
    /// Give it a new token; the old one is refused
    Renew(About),
    /// Refuse it, stop what is its, and withdraw all its open proposals
    Revoke {
        #[command(flatten)]
        about: About,
        /// Why, for the journal
        #[arg(long, default_value = "")]
        reason: String,
    },
}

pub(crate) fn mcp(a: &McpArgs, out: &Output) -> Result<()> {
    match &a.command {
        None => speak(a),
        Some(McpCommand::Serve(serve)) => listen(serve, out),
        Some(McpCommand::Client(command)) => clients(command, out),
    }
}

fn options() -> AppOptions {
    AppOptions { company: crate::sandbox::program(), ..AppOptions::default() }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::new(Code::Internal, format!("no runtime for the protocol: {e}"), "close other programs"))
}

/// Standard output is the protocol's: nothing else may be printed.
fn speak(a: &McpArgs) -> Result<()> {
    let runtime = runtime()?;
    let link = Arc::new(Link::open(&a.dir, options())?);
    let credential = Credential::Name(a.client.clone());
    // Said at the start, where whoever set it up reads it.
    link.call("client", "enter", json!({ "credential": credential, "count": false }))?;
    let ended = runtime.block_on(async {
        let stop = signals()?;
        tokio::select! {
            ended = epoch_mcp::stdio(Arc::clone(&link), Caller(credential)) => ended,
            () = stop => Ok(()),
        }
    });
    // A read of standard input cannot be called off.
    runtime.shutdown_background();
    ended
}

fn listen(a: &Serve, out: &Output) -> Result<()> {
    let runtime = runtime()?;
    let link = Arc::new(Link::open(&a.dir, options())?);
    let served = runtime.block_on(async {
        let stop = signals()?;
        let listening = epoch_mcp::listen(link, a.listen).await?;
        out.line(&json!({ "url": listening.url(), "pid": std::process::id() }).to_string());
        listening.serve(stop, GRACE).await
    });
    runtime.shutdown_timeout(GRACE);
    served
}

fn clients(command: &ClientCommand, out: &Output) -> Result<()> {
    match command {
        ClientCommand::List(a) => {
            let all: Vec<ClientView> = Session::open(&a.dir)?.view("clients", json!({}))?;
            out.answer(&json!(all), || {
                let state = |c: &ClientView| match (c.revoked_at, c.halted) {
                    (Some(_), _) => "revoked",
                    (None, true) => "stopped",
                    (None, false) => "",
                };
                let row = |c: &ClientView| {
                    let inside = format!("{} of {}", c.inside, c.scored);
                    let numbers = [c.open.to_string(), c.proposed.to_string(), inside];
                    let words = [c.id.clone(), c.scopes.join(", "), c.prefix.clone(), state(c).to_owned()];
                    words.into_iter().chain(numbers).collect()
                };
                let rows: Vec<Vec<String>> = all.iter().map(row).collect();
                table(&["client", "may", "token", "", "open", "proposed", "inside 80 %"], &rows)
            });
        }
        ClientCommand::Add { about: a, scopes } => {
            let (dir, name) = about(a)?;
            let value = Session::open(&dir)?.write("make_client", json!({ "name": name, "scopes": scopes }))?;
            made(&value, out)?;
        }
        ClientCommand::Renew(a) => {
            let (dir, name) = about(a)?;
            made(&Session::open(&dir)?.write("renew_client", json!({ "id": name }))?, out)?;
        }
        ClientCommand::Revoke { about: a, reason } => {
            let (dir, name) = about(a)?;
            let value = Session::open(&dir)?.write("revoke_client", json!({ "name": name, "reason": reason }))?;
            let revoked: ClientRevoked = typed(&value)?;
            out.answer(&value, || {
                let withdrawn = match revoked.withdrawn.len() {
                    0 => "nothing of it was open".to_owned(),
                    _ => format!("withdrawn: {}", revoked.withdrawn.join(", ")),
                };
                vec![format!("“{name}” is refused from now on, and its scope is stopped; {withdrawn}")]
            });
        }
    }
    Ok(())
}

fn made(value: &serde_json::Value, out: &Output) -> Result<()> {
    let client: ClientMade = typed(value)?;
    out.answer(value, || vec![format!("token of “{}”, shown this once: {}", client.name, client.token)]);
    Ok(())
}

fn typed<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> Result<T> {
    serde_json::from_value(value.clone()).map_err(|e| {
        let hint = "use the `ras` of the version that runs the host";
        Error::new(Code::Internal, format!("the answer is not understood: {e}"), hint)
    })
}
