//! Outside actions that are declared by name: where they go and what is promised about them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{Domain, Reversibility};

/// An outside action that is declared by name. What it needs to be let in (a token, a password) is in the secret store under
/// `effect.<key>`, never in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EffectTarget {
    pub key: String,
    pub title: String,
    #[serde(flatten)]
    pub kind: EffectKind,
    pub domain: Domain,
    pub reversibility: Reversibility,
    /// What one call costs, in minor units.
    pub cost_minor: i64,
}

/// How mail reaches its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// TLS from the first byte (465).
    Tls,
    /// Plain first, then STARTTLS, required (587).
    Starttls,
    /// None; only with `allow_private`.
    None,
}

/// What a language model's server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ModelApi {
    /// `POST {url}/chat/completions`.
    Openai,
    /// `POST {url}/api/chat`.
    Ollama,
}

/// What an effect does. `allow_private` allows plain http and private or loopback addresses, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EffectKind {
    /// Posts the payload, signed (Standard Webhooks). `idempotent`: the receiver recognises a repeated `webhook-id`.
    Webhook {
        url: String,
        allow_private: bool,
        #[serde(default)]
        idempotent: bool,
    },
    /// Starts a workflow of a repository by `workflow_dispatch` and follows its run.
    Github {
        /// `owner/name`.
        repo: String,
        /// File name or id of the workflow.
        workflow: String,
        /// Branch or tag.
        git_ref: String,
        /// Root of the API.
        api: String,
        allow_private: bool,
    },
    /// Writes the payload's `text` to a file of the business's folder. `path` may hold `{date}` and names of payload fields.
    File {
        path: String,
        /// Adds to the end instead of replacing.
        append: bool,
    },
    /// Sends a mail: `subject` and `text` of the payload.
    Mail {
        host: String,
        port: u16,
        tls: MailTls,
        user: Option<String>,
        from: String,
        to: Vec<String>,
        allow_private: bool,
    },
    /// Posts a message to a channel (`chat.postMessage`; the secret is a bot token).
    Slack { channel: String, api: String, allow_private: bool },
    /// Runs one fixed command; the payload is its standard input (JSON). Never through a shell.
    Shell {
        /// Program and arguments; `{field}` takes a field of the payload as one argument.
        command: Vec<String>,
        /// Answers 0 when the call with the key in `EPOCHCORE_KEY` took place, 1 when it did not.
        check: Option<Vec<String>>,
        timeout_s: u32,
        /// Running it twice with one key does it once.
        idempotent: bool,
    },
    /// Asks a language model: `prompt` (and `system`) of the payload. Its answer is data, checked against `schema`.
    Model {
        api: ModelApi,
        url: String,
        model: String,
        /// JSON schema the answer must fit.
        #[ts(type = "unknown")]
        schema: Option<Value>,
        tokens_max: u32,
        allow_private: bool,
    },
}

/// What is promised when the process dies in the middle of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// The receiver recognises our key: sent again, done once.
    EffectivelyOnce,
    /// The receiver is asked by our reference before anything is sent again.
    Reconciled,
    /// Sent once; after a crash it is in doubt and the founder is asked.
    NeverTwiceSilently,
    /// Repeating it changes nothing outside; each call is paid for.
    Repeatable,
}

impl EffectKind {
    /// The word of the file: `webhook`, `github`, …
    pub fn word(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Github { .. } => "github",
            Self::File { .. } => "file",
            Self::Mail { .. } => "mail",
            Self::Slack { .. } => "slack",
            Self::Shell { .. } => "shell",
            Self::Model { .. } => "model",
        }
    }

    /// What its adapter promises.
    pub fn promise(&self) -> Promise {
        match self {
            Self::Webhook { idempotent: true, .. } | Self::Shell { idempotent: true, .. } => Promise::EffectivelyOnce,
            Self::Github { .. } | Self::File { .. } | Self::Slack { .. } | Self::Shell { check: Some(_), .. } => {
                Promise::Reconciled
            }
            Self::Webhook { .. } | Self::Mail { .. } | Self::Shell { .. } => Promise::NeverTwiceSilently,
            Self::Model { .. } => Promise::Repeatable,
        }
    }

    /// Where it goes, for people.
    pub fn place(&self) -> String {
        match self {
            Self::Webhook { url, .. } => url.clone(),
            Self::Github { repo, workflow, git_ref, .. } => format!("{repo} {workflow} on {git_ref}"),
            Self::File { path, .. } => path.clone(),
            Self::Mail { to, .. } => to.join(", "),
            Self::Slack { channel, .. } => channel.clone(),
            Self::Shell { command, .. } => command.join(" "),
            Self::Model { url, model, .. } => format!("{model} at {url}"),
        }
    }
}

impl Promise {
    /// The promise in one sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::EffectivelyOnce => {
                "effectively once: every attempt carries the same key, and the receiver recognises it"
            }
            Self::Reconciled => {
                "effectively once: after a doubt the receiver is asked by our reference before anything is sent again"
            }
            Self::NeverTwiceSilently => {
                "never twice silently: tried again only if the receiver said it failed; no answer leaves it in doubt, and you are asked"
            }
            Self::Repeatable => "may be repeated: it changes nothing outside, each call is paid for",
        }
    }
}
