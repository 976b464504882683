//! A commit in an existing clone, through the `git` command. Only the one file is touched; what the founder has staged or
//! changed elsewhere stays as it is.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use epoch_model::{Code, Error, Result};

use super::file;

/// For commands that stay on this machine.
const LOCAL: Duration = Duration::from_secs(20);
/// For a push.
const REMOTE: Duration = Duration::from_mins(1);
/// How much of an output is looked at.
const OUTPUT_BYTES: u64 = 64 * 1024;

/// What is committed where.
pub(super) struct Commit {
    pub repo: PathBuf,
    /// Within the clone.
    pub path: String,
    /// The branch that must be checked out; any if absent.
    pub branch: Option<String>,
    pub message: String,
    pub push: bool,
}

pub(super) fn commit(commit: &Commit, payload: &str) -> Result<()> {
    if !file::stays_below(&commit.path) {
        let message = format!("“{}” leads out of the clone", commit.path);
        return Err(Error::new(Code::Denied, message, "publish to a plain file below it"));
    }
    let git = Git { repo: &commit.repo };
    let top = git.run(LOCAL, ["rev-parse", "--show-toplevel"]).map_err(|e| no_clone(&commit.repo, &e))?;
    let same = Path::new(top.trim()).canonicalize().ok() == commit.repo.canonicalize().ok();
    if !same {
        return Err(no_clone(&commit.repo, &failed("it lies within another")));
    }
    let branch =
        git.run(LOCAL, ["symbolic-ref", "--short", "HEAD"]).map_err(|_| wrong_state("no branch is checked out"))?;
    let branch = branch.trim();
    if commit.branch.as_deref().is_some_and(|wanted| wanted != branch) {
        let wanted = commit.branch.as_deref().unwrap_or_default();
        return Err(wrong_state(&format!("the branch “{branch}” is checked out, not “{wanted}”")));
    }
    let path = commit.path.as_str();
    let dirty = git.run(LOCAL, ["status", "--porcelain=v1", "--ignored", "--", path])?;
    if !dirty.is_empty() {
        return Err(wrong_state(&format!("“{path}” has changes that were not committed, or git ignores it")));
    }
    let before = file::write(&commit.repo, path, payload)?;
    if before.as_deref() != Some(payload.as_bytes())
        && let Err(error) = record(git, path, &commit.message)
    {
        // Otherwise the leftover would be taken for the founder's own change next time.
        let _ = git.run(LOCAL, ["reset", "-q", "--", path]);
        let _ = file::restore(&commit.repo, path, before.as_deref());
        return Err(error);
    }
    if commit.push { push(git, branch) } else { Ok(()) }
}

fn record(git: Git<'_>, path: &str, message: &str) -> Result<()> {
    git.run(LOCAL, ["add", "--", path])?;
    let mut arguments = Vec::new();
    if git.run(LOCAL, ["config", "user.email"]).is_err() {
        arguments.extend(["-c", "user.name=EpochCore", "-c", "user.email=epochcore@localhost"]);
    }
    arguments.extend(["commit", "-q", "--only", "-m", message, "--", path]);
    git.run(LOCAL, arguments).map(drop)
}

fn push(git: Git<'_>, branch: &str) -> Result<()> {
    let remote = git.run(LOCAL, ["config", &format!("branch.{branch}.remote")]).unwrap_or_default();
    let remote = Some(remote.trim()).filter(|remote| !remote.is_empty()).unwrap_or("origin");
    let pushed = git.run(REMOTE, ["push", "--porcelain", "--", remote, &format!("HEAD:refs/heads/{branch}")]);
    pushed.map(drop).map_err(|error| {
        let behind = ["non-fast-forward", "fetch first"].iter().any(|why| error.message.contains(why));
        if behind { wrong_state("the remote has commits that the clone does not have; pull them") } else { error }
    })
}

#[derive(Clone, Copy)]
struct Git<'a> {
    repo: &'a Path,
}

impl Git<'_> {
    /// What git prints; an error when it fails or takes longer than `limit`. No shell, no prompt, none of the clone's hooks.
    fn run<A: AsRef<OsStr>>(self, limit: Duration, arguments: impl IntoIterator<Item = A>) -> Result<String> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.repo);
        for setting in ["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.askPass=", "commit.gpgSign=false"] {
            command.args(["-c", setting]);
        }
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_ASKPASS", "SSH_ASKPASS"] {
            command.env_remove(variable);
        }
        command.env("GIT_TERMINAL_PROMPT", "0").env("SSH_ASKPASS_REQUIRE", "never").env("LC_ALL", "C");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|e| {
            let message = format!("git cannot be started: {e}");
            Error::new(Code::NotFound, message, "install git, or publish to a file")
        })?;
        let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
        let ended = wait(&mut child, limit);
        let collect = |reader: std::thread::JoinHandle<String>| reader.join().unwrap_or_default();
        let Some(status) = ended else {
            return Err(failed(&format!("git did not end within {} s", limit.as_secs())));
        };
        let (out, err) = (collect(out), collect(err));
        if status { Ok(out) } else { Err(failed(&format!("git: {} {}", err.trim(), out.trim()))) }
    }
}

/// Whether it succeeded; `None` when it had to be ended.
fn wait(child: &mut Child, limit: Duration) -> Option<bool> {
    let end = Instant::now() + limit;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

fn read(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks has said all it will; the rest is read so that git does not wait for its reader.
            let _ = pipe.by_ref().take(OUTPUT_BYTES).read_to_end(&mut bytes);
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn failed(message: &str) -> Error {
    Error::new(Code::EffectFailed, message, "it is tried again")
}

fn wrong_state(message: &str) -> Error {
    Error::new(Code::WrongState, message, "put the clone in order; nothing was changed in it")
}

fn no_clone(repo: &Path, why: &Error) -> Error {
    if why.code == Code::NotFound {
        return why.clone();
    }
    let message = format!("“{}” is not the top of a git repository: {}", repo.display(), why.message);
    Error::new(Code::InvalidArgument, message, "name the folder of a clone")
}
