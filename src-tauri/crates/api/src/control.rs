//! The way to a host that runs in another process: a local socket that only this user can reach.
//!
//! One JSON line asks (`{"kind","name","args"}`), one JSON line answers (`{"ok":…}` or `{"error":…}`). Verdicts come signed:
//! the socket signs nothing, so whoever reaches it without the operator's key cannot approve.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use epoch_host::config::{Folder, io_error, write_whole};
use epoch_model::{Code, Error, Result};
use interprocess::local_socket::traits::{ListenerExt as _, Stream as _};
use interprocess::local_socket::{GenericFilePath, ListenerOptions, Stream, ToFsName as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;

/// Longest line of a request or an answer.
const LINE_MAX: u64 = 64 << 20;
/// Commands that sign: they must arrive as `verdict` or `signed_policy`, signed by who holds the key.
const SIGNING: [&str; 8] = ["approve", "edit", "veto", "defer", "ask", "delegate", "withdraw_approval", "save_policy"];

/// What a running host writes into its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFile {
    /// The host's process.
    pub pid: u32,
    /// The socket.
    pub socket: PathBuf,
    /// The gateway's address.
    pub address: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Request {
    kind: String,
    name: String,
    #[serde(default)]
    args: Value,
}

/// The socket of a running host; dropping it takes the file away.
#[derive(Debug)]
pub struct Served {
    file: PathBuf,
    socket: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        for path in [&self.file, &self.socket] {
            // Best effort: a file left behind is recognised as stale by whoever finds nobody listening.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Where the socket of a folder lies: in the user's runtime folder, since socket paths must be short.
fn socket_path(folder: &Path) -> PathBuf {
    let name = &blake3::hash(folder.display().to_string().as_bytes()).to_hex()[..16];
    if cfg!(windows) {
        return PathBuf::from(format!(r"\\.\pipe\epochcore-{name}"));
    }
    let base = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    base.join(format!("epochcore-{name}.sock"))
}

/// Serves the command list over the folder's socket until dropped.
pub fn serve(app: &Arc<App>) -> Result<Served> {
    let host = app.host()?;
    let folder = host.folder().path().to_owned();
    let socket = socket_path(&folder);
    if !cfg!(windows) {
        // We hold the folder's lock, so a socket that is still there belongs to nobody.
        let _ = std::fs::remove_file(&socket);
    }
    let failed = |e: std::io::Error| {
        Error::new(
            Code::AddressUnavailable,
            format!("no local socket at {}: {e}", socket.display()),
            "check the folder",
        )
    };
    let name = socket.as_os_str().to_fs_name::<GenericFilePath>().map_err(failed)?;
    let listener = ListenerOptions::new().name(name).create_sync().map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    let file = host.folder().host_file();
    let says =
        HostFile { pid: std::process::id(), socket: socket.clone(), address: host.gateway().map(|a| a.to_string()) };
    let text = serde_json::to_vec(&says).unwrap_or_default();
    write_whole(&file, &text)?;
    let app = Arc::downgrade(app);
    let accept = move || {
        for stream in listener.incoming().flatten() {
            let Some(app) = app.upgrade() else { return };
            let handled = std::thread::Builder::new().name("control".into()).spawn(move || {
                if let Err(e) = answer(&app, stream) {
                    tracing::debug!(error = %e, "a local connection ended");
                }
            });
            if let Err(e) = handled {
                tracing::warn!(error = %e, "no thread for a local connection");
            }
        }
    };
    std::thread::Builder::new().name("control".into()).spawn(accept).map_err(failed)?;
    Ok(Served { file, socket })
}

fn answer(app: &App, stream: Stream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if (&mut reader).take(LINE_MAX).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let body = if app.host().is_err() {
            json!({ "closed": true })
        } else {
            match run(app, &line) {
                Ok(value) => json!({ "ok": value }),
                Err(e) => json!({ "error": e }),
            }
        };
        let stream = reader.get_mut();
        stream.write_all(format!("{body}\n").as_bytes())?;
        stream.flush()?;
    }
}

fn run(app: &App, line: &str) -> Result<Value> {
    let request: Request = serde_json::from_str(line).map_err(|e| {
        Error::new(Code::InvalidArgument, format!("the request is no JSON line: {e}"), "see the protocol")
    })?;
    // A client has no verb that answers; its own `ask` is a question for an experiment.
    if request.kind != "client" && SIGNING.contains(&request.name.as_str()) {
        return Err(Error::new(
            Code::SignatureInvalid,
            "this comes signed over this way",
            "send `verdict` or `signed_policy`",
        ));
    }
    dispatch(app, &request.kind, &request.name, request.args)
}

/// The command list, and what only the command line offers: `settle` ends a doubt about an effect.
pub fn dispatch(app: &App, kind: &str, name: &str, args: Value) -> Result<Value> {
    match (kind, name) {
        ("write", "settle") => {
            let text = |key: &str| args.get(key).and_then(Value::as_str).unwrap_or_default();
            let arrived = args.get("arrived").and_then(Value::as_bool).ok_or_else(|| {
                Error::new(Code::InvalidArgument, "whether it arrived is not said", "give `arrived`: true or false")
            })?;
            crate::app::json(app.host()?.settle(text("id"), arrived, &crate::writes::operator())?)
        }
        ("read", _) => app.read(name, args),
        ("write", _) => app.write(name, args),
        ("client", _) => crate::clients::dispatch(app, name, args),
        _ => Err(Error::new(Code::InvalidArgument, format!("“{kind}” is no kind of command"), "read or write")),
    }
}

/// A connection to a running host.
pub struct Client {
    stream: BufReader<Stream>,
    /// What the host says of itself.
    pub host: HostFile,
}

impl Client {
    /// Connects to the host that runs on this folder; `None` when none does.
    pub fn connect(folder: &Path) -> Option<Self> {
        let folder = Folder::new(folder.canonicalize().ok()?);
        let text = std::fs::read(folder.host_file()).ok()?;
        let host: HostFile = serde_json::from_slice(&text).ok()?;
        let name = host.socket.as_os_str().to_fs_name::<GenericFilePath>().ok()?;
        let stream = Stream::connect(name).ok()?;
        Some(Self { stream: BufReader::new(stream), host })
    }

    /// Connects, and waits a moment for a host that is just starting.
    pub fn connect_within(folder: &Path, patience: Duration) -> Option<Self> {
        let step = Duration::from_millis(50);
        let tries = patience.as_millis() / step.as_millis();
        for _ in 0..=tries {
            if let Some(client) = Self::connect(folder) {
                return Some(client);
            }
            std::thread::sleep(step);
        }
        None
    }

    /// Asks the host. `None` when it was closing and did nothing of what was asked, so that it may be asked elsewhere; a
    /// read counts as not done when the host ended before it answered.
    pub fn try_call(&mut self, kind: &str, name: &str, args: Value) -> Result<Option<Value>> {
        let request =
            serde_json::to_string(&Request { kind: kind.into(), name: name.into(), args }).unwrap_or_default();
        let line = match self.exchange(&request) {
            Ok(line) if !line.is_empty() => line,
            _ if kind == "read" => return Ok(None),
            failed => {
                let why = failed.err().map_or_else(|| "it ended".to_owned(), |e| e.to_string());
                let message = format!("the running host did not say whether it did that: {why}");
                return Err(Error::new(Code::Internal, message, "look at the status before you try again"));
            }
        };
        let mut body: Value = serde_json::from_str(&line).map_err(|e| {
            Error::new(Code::Internal, format!("the running host's answer is no JSON: {e}"), "look at its log")
        })?;
        match body.get_mut("error").map(Value::take) {
            Some(error) => Err(serde_json::from_value(error).unwrap_or_else(|_| {
                Error::new(Code::Internal, "the running host failed without saying why", "look at its log")
            })),
            None if body.get("closed").is_some() => Ok(None),
            None => Ok(Some(body.get_mut("ok").map(Value::take).unwrap_or_default())),
        }
    }

    /// Asks a host that is expected to stay.
    pub fn call(&mut self, kind: &str, name: &str, args: Value) -> Result<Value> {
        self.try_call(kind, name, args)?
            .ok_or_else(|| Error::new(Code::WrongState, "the running host was closing", "try again"))
    }

    fn exchange(&mut self, request: &str) -> std::io::Result<String> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{request}\n").as_bytes())?;
        stream.flush()?;
        let mut line = String::new();
        (&mut self.stream).take(LINE_MAX).read_line(&mut line)?;
        Ok(line)
    }
}

/// A host file that is readable, for messages.
pub fn host_file(folder: &Path) -> Result<HostFile> {
    let path = Folder::new(folder).host_file();
    let text = std::fs::read(&path).map_err(|e| io_error(&path, &e))?;
    serde_json::from_slice(&text)
        .map_err(|e| Error::new(Code::NotFound, format!("{}: {e}", path.display()), "start the host again"))
}
