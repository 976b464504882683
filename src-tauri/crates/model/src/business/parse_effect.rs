//! `[[effect]]`: one table per outside action, its fields by kind.

use super::effect::{EffectKind, EffectTarget, MailTls, ModelApi};
use super::parse::{Frame, REVERSIBILITY};
use super::parse_metric::{DOMAINS, key, title};
use super::section::Section;
use super::{Domain, Reversibility};

const KINDS: [(&str, &str); 7] = [
    ("webhook", "webhook"),
    ("github", "github"),
    ("file", "file"),
    ("mail", "mail"),
    ("slack", "slack"),
    ("shell", "shell"),
    ("model", "model"),
];
const TLS: [(&str, MailTls); 3] = [("tls", MailTls::Tls), ("starttls", MailTls::Starttls), ("none", MailTls::None)];
const APIS: [(&str, ModelApi); 2] = [("openai", ModelApi::Openai), ("ollama", ModelApi::Ollama)];

/// One `[[effect]]`.
pub(super) fn effect(section: &Section<'_>, frame: &Frame) -> Option<EffectTarget> {
    let key = key(section);
    let title = title(section, key.as_deref().unwrap_or_default());
    let word = section.choice("kind", &KINDS).unwrap_or("webhook");
    let kind = match word {
        "github" => github(section),
        "file" => file(section),
        "mail" => mail(section),
        "slack" => slack(section),
        "shell" => Some(shell(section)),
        "model" => model(section),
        _ => webhook(section),
    };
    let domain = section.choice("domain", &DOMAINS).unwrap_or(Domain::Operations);
    // A draft in a file and an answer of a model change nothing outside; the others are careful unless the founder says more.
    let harmless = matches!(kind, Some(EffectKind::File { .. } | EffectKind::Model { .. }));
    let usual = if harmless { Reversibility::R0 } else { Reversibility::R2 };
    let reversibility = section.choice("reversibility", &REVERSIBILITY).unwrap_or(usual);
    let cost_minor = frame.amount(section, "cost").unwrap_or(0);
    section.finish();
    Some(EffectTarget { key: key?, title, kind: kind?, domain, reversibility, cost_minor })
}

/// Checks a web address; plain http only where private addresses are allowed.
fn web(section: &Section<'_>, key: &'static str, url: &str, allow_private: bool) {
    let host = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let scheme = url.split("://").next().unwrap_or_default();
    if host.is_empty() || host.contains('@') || url.contains(char::is_whitespace) {
        section.bad(key, "this is no web address", "write it like https://example.com/hook");
    } else if scheme != "https" && !(scheme == "http" && allow_private) {
        section.bad(key, "effects are posted over https", "use https, or allow_private = true within your network");
    }
}

fn webhook(section: &Section<'_>) -> Option<EffectKind> {
    let url = section.required("url", "write where it is posted, e.g. url = \"https://example.com/hook\"");
    let allow_private = section.flag("allow_private", false);
    let idempotent = section.flag("idempotent", false);
    if let Some(url) = &url {
        web(section, "url", url, allow_private);
    }
    Some(EffectKind::Webhook { url: url?, allow_private, idempotent })
}

fn github(section: &Section<'_>) -> Option<EffectKind> {
    let repo = section.required("repo", "write owner/name");
    if repo.as_ref().is_some_and(|r| r.split('/').count() != 2 || r.split('/').any(str::is_empty)) {
        section.bad("repo", "a repository is owner/name", "write e.g. repo = \"northwind/shop\"");
    }
    let workflow = section.required("workflow", "write the workflow's file name, e.g. deploy.yml");
    let git_ref = section.text("ref").unwrap_or_else(|| "main".to_owned());
    let allow_private = section.flag("allow_private", false);
    let api = section.text("api").unwrap_or_else(|| "https://api.github.com".to_owned());
    web(section, "api", &api, allow_private);
    Some(EffectKind::Github { repo: repo?, workflow: workflow?, git_ref, api, allow_private })
}

fn file(section: &Section<'_>) -> Option<EffectKind> {
    let path = section.required("path", "write where in the business's folder, e.g. path = \"drafts/{date}.md\"");
    if path.as_ref().is_some_and(|p| p.starts_with(['/', '\\']) || p.contains("..") || p.contains(':')) {
        section.bad(
            "path",
            "the file must lie in the business's folder",
            "write a path without .. and without / in front",
        );
    }
    let append = section.flag("append", false);
    Some(EffectKind::File { path: path?, append })
}

fn mail(section: &Section<'_>) -> Option<EffectKind> {
    let host = section.required("host", "write the mail server's name");
    let tls = section.choice("tls", &TLS).unwrap_or(MailTls::Starttls);
    let usual = match tls {
        MailTls::Tls => 465,
        MailTls::Starttls => 587,
        MailTls::None => 25,
    };
    let port = section.whole("port", 1..65536).and_then(|p| u16::try_from(p).ok()).unwrap_or(usual);
    let allow_private = section.flag("allow_private", false);
    if tls == MailTls::None && !allow_private {
        section.bad("tls", "mail without TLS is for your own network", "use starttls, or allow_private = true");
    }
    let user = section.text("user");
    let from = section.required("from", "write the sender, e.g. \"Northwind <hello@northwind.example>\"");
    let to = section.texts("to");
    if to.is_empty() {
        section.bad("to", "nobody would get it", "write to = [\"you@example.com\"]");
    }
    if from.iter().chain(&to).any(|a| !a.contains('@') || a.contains(['\r', '\n'])) {
        section.bad("to", "an address has an @", "write it like you@example.com");
    }
    Some(EffectKind::Mail { host: host?, port, tls, user, from: from?, to, allow_private })
}

fn slack(section: &Section<'_>) -> Option<EffectKind> {
    let channel = section.required("channel", "write the channel's id, e.g. C0123456789");
    let allow_private = section.flag("allow_private", false);
    let api = section.text("api").unwrap_or_else(|| "https://slack.com/api".to_owned());
    web(section, "api", &api, allow_private);
    Some(EffectKind::Slack { channel: channel?, api, allow_private })
}

fn shell(section: &Section<'_>) -> EffectKind {
    let command = section.texts("command");
    if command.first().is_none_or(|program| program.is_empty() || program.contains('{')) {
        section.bad(
            "command",
            "the program itself is fixed",
            "write command = [\"/usr/local/bin/deploy\", \"{version}\"]",
        );
    }
    let check = section.texts("check");
    let timeout_s = section.whole("timeout_s", 1..3601).unwrap_or(60);
    let idempotent = section.flag("idempotent", false);
    EffectKind::Shell { command, check: (!check.is_empty()).then_some(check), timeout_s, idempotent }
}

fn model(section: &Section<'_>) -> Option<EffectKind> {
    let api = section.choice("api", &APIS).unwrap_or(ModelApi::Openai);
    let allow_private = section.flag("allow_private", false);
    let url = section.required("url", "write the server's root, e.g. https://api.example.com/v1");
    if let Some(url) = &url {
        web(section, "url", url, allow_private);
    }
    let model = section.required("model", "write the model's name");
    let schema = section.text("schema").and_then(|text| match serde_json::from_str(&text) {
        Ok(schema) => Some(schema),
        Err(e) => {
            section.bad("schema", format!("the schema is no JSON: {e}"), "write a JSON schema in ''' quotes");
            None
        }
    });
    let tokens_max = section.whole("tokens_max", 1..1_000_001).unwrap_or(1_000);
    Some(EffectKind::Model { api, url: url?, model: model?, schema, tokens_max, allow_private })
}
