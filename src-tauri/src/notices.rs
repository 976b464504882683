//! Notifications: one when cards arrive, and a click on it opens the card.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use tauri::{AppHandle, Manager, Runtime};
use tauri_plugin_notification::NotificationExt;

use crate::link::Link;
use crate::window;

/// The cards that were already told about.
#[derive(Debug, Default)]
pub struct Cards {
    known: Option<BTreeSet<String>>,
}

/// What a notification says and where it leads.
#[derive(Debug, PartialEq, Eq)]
pub struct Notice {
    title: String,
    body: String,
    path: String,
}

impl Cards {
    /// Tells about cards that were not there before, unless the window has the focus: then the page shows them itself.
    pub fn tell<R: Runtime>(&mut self, app: &AppHandle<R>, approvals: &Value) {
        let Some(notice) = self.news(approvals) else { return };
        if window::has_focus(app) {
            return;
        }
        let shown =
            app.notification().builder().title(notice.title).body(notice.body).extra("path", &notice.path).show();
        if let Err(error) = shown {
            tracing::warn!(%error, "a notification could not be shown");
        }
    }

    /// One notice for all new cards. The cards that waited at the start are not news: Today shows them.
    fn news(&mut self, approvals: &Value) -> Option<Notice> {
        let cards: Vec<(&str, &str)> = approvals.as_array()?.iter().filter_map(card).collect();
        let now: BTreeSet<String> = cards.iter().map(|(id, _)| (*id).to_owned()).collect();
        let before = self.known.replace(now)?;
        let new: Vec<_> = cards.into_iter().filter(|(id, _)| !before.contains(*id)).collect();
        match new.as_slice() {
            [] => None,
            [(id, title)] => Some(Notice {
                title: "A decision needs your answer".into(),
                body: (*title).to_owned(),
                path: format!("/approvals/{id}"),
            }),
            [(_, first), rest @ ..] => Some(Notice {
                title: format!("{} decisions need your answer", rest.len() + 1),
                body: format!("{first}, and {} more", rest.len()),
                path: "/approvals".into(),
            }),
        }
    }
}

fn card(decision: &Value) -> Option<(&str, &str)> {
    Some((decision.get("id")?.as_str()?, decision.get("title")?.as_str()?))
}

/// A click on a notification shows the window and opens its card.
pub fn listen<R: Runtime>(app: &AppHandle<R>) -> anyhow::Result<()> {
    let handle = app.clone();
    app.notification().on_action(move |action| {
        window::show(&handle);
        let data = serde_json::to_value(action).unwrap_or_default();
        let path = data.pointer("/notification/extra/path").and_then(Value::as_str);
        handle.state::<Arc<Link>>().open(path.unwrap_or("/approvals").to_owned());
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tells_about_new_cards_only() {
        let mut cards = Cards::default();
        let [a, b, c] = ["a", "b", "c"].map(|id| json!({ "id": id, "title": format!("Do {id}") }));
        assert_eq!(cards.news(&json!([a])), None, "waited at the start");
        assert_eq!(cards.news(&json!([a])), None);
        let one = cards.news(&json!([a, b])).unwrap();
        assert_eq!((one.body.as_str(), one.path.as_str()), ("Do b", "/approvals/b"));
        assert_eq!(cards.news(&json!([])), None, "answered");
        let two = cards.news(&json!([a, c])).unwrap();
        assert_eq!((two.title.as_str(), two.path.as_str()), ("2 decisions need your answer", "/approvals"));
        assert_eq!(two.body, "Do a, and 1 more");
    }
}
