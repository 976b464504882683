//! `[[publish]]`: where the levers are published.

use super::parse_metric::{key, title};
use super::section::Section;
use super::{PublishKind, PublishTarget};

/// One `[[publish]]`.
pub(super) fn publish_target(section: &Section<'_>) -> Option<PublishTarget> {
    let key = key(section);
    let title = title(section, key.as_deref().unwrap_or_default());
    if !section.has("kind") {
        section.bad("kind", "kind is missing", "one of file, http_put, git");
    }
    let kind = section.choice("kind", &[("file", 0), ("http_put", 1), ("git", 2)]);
    let parsed = match kind {
        Some(0) => path(section, "path = \"public/features.json\"").map(|path| PublishKind::File { path }),
        Some(1) => http(section),
        Some(_) => git(section),
        None => None,
    };
    let foreign: &[&'static str] = match kind {
        Some(0) => &["url", "secret", "allow_private", "repo", "branch", "push"],
        Some(1) => &["path", "repo", "branch", "push"],
        Some(_) => &["url", "secret", "allow_private"],
        None => &[],
    };
    section.accept(&["path", "url", "secret", "allow_private", "repo", "branch", "push"]);
    for key in foreign.iter().filter(|key| section.has(key)) {
        section.bad(key, format!("{key} does not belong to this kind of target"), "leave it out");
    }
    section.finish();
    Some(PublishTarget { key: key?, title, kind: parsed? })
}

/// A path that stays below its folder.
fn path(section: &Section<'_>, example: &str) -> Option<String> {
    let path = section.required("path", &format!("name the file, e.g. {example}"))?;
    let absolute = path.starts_with(['/', '\\']) || path.chars().nth(1) == Some(':');
    let dotted = path.split(['/', '\\']).any(|part| matches!(part, "" | "." | ".." | ".git"));
    if absolute || dotted || path.contains(['\n', '\r', '\0']) {
        section.bad("path", format!("“{path}” leads out of its folder"), format!("write it like {example}"));
        return None;
    }
    Some(path)
}

fn http(section: &Section<'_>) -> Option<PublishKind> {
    let url = section.required("url", "write where it is put, e.g. url = \"https://cdn.example.com/features.json\"");
    let allow_private = section.flag("allow_private", false);
    let secret = section.text("secret");
    if let Some(name) = secret.as_deref().filter(|s| s.contains(char::is_whitespace) || s.len() > 64) {
        section.bad(
            "secret",
            format!("“{name}” is no name of a secret"),
            "store it and write its name, never the secret",
        );
    }
    let url = url?;
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains('@') || url.contains(char::is_whitespace) {
        section.bad("url", "this is no web address", "write it like https://cdn.example.com/features.json");
    } else if scheme != "https" && !(scheme == "http" && allow_private) {
        section.bad("url", "levers are put over https", "use https, or allow_private = true within your network");
    }
    Some(PublishKind::HttpPut { url, secret, allow_private })
}

fn git(section: &Section<'_>) -> Option<PublishKind> {
    let repo = section.required("repo", "name the folder of the clone, e.g. repo = \"/home/me/site\"");
    let path = path(section, "path = \"public/features.json\"");
    let branch = section.text("branch");
    // A name that begins with a dash would be read as an option.
    let odd = |b: &&str| {
        b.starts_with('-') || b.contains("..") || b.contains(|c: char| c.is_whitespace() || "~^:?*[\\".contains(c))
    };
    if let Some(name) = branch.as_deref().filter(odd) {
        section.bad("branch", format!("“{name}” is no name of a branch"), "write e.g. branch = \"main\"");
    }
    let push = section.flag("push", false);
    Some(PublishKind::Git { repo: repo?, path: path?, branch, push })
}
