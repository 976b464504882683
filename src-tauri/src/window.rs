//! The window: made here so that its size, its smallest size and what closing means are in one place.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tauri::{
    AppHandle, DragDropEvent, Manager, Runtime, WebviewUrl, WebviewWindow, WebviewWindowBuilder, Window, WindowEvent,
};

use crate::link::{Link, Message};

/// The label that the capabilities name.
pub const MAIN: &str = "main";

/// What closing the window means. It quits, unless "Keep running when closed" is ticked in the tray: then the engine
/// works on, and the tray or a second start brings the window back. Quitting at any time loses nothing.
pub struct Closing {
    keep_running: AtomicBool,
    mark: PathBuf,
}

impl Closing {
    /// Reads the choice; it is a file in the data home that is there or not.
    pub fn load(home: &Path) -> Self {
        let mark = home.join("keep-running");
        Self { keep_running: AtomicBool::new(mark.exists()), mark }
    }

    /// Whether the engine works on when the window is closed.
    pub fn keeps_running(&self) -> bool {
        self.keep_running.load(Ordering::Relaxed)
    }

    /// Remembers the choice.
    pub fn set(&self, keep: bool) {
        self.keep_running.store(keep, Ordering::Relaxed);
        let kept = if keep { std::fs::write(&self.mark, "") } else { std::fs::remove_file(&self.mark) };
        if let Err(error) = kept {
            tracing::warn!(%error, path = %self.mark.display(), "the choice holds until the app quits only");
        }
    }
}

/// Makes the console's window.
pub fn create<R: Runtime>(app: &AppHandle<R>, home: &Path) -> tauri::Result<WebviewWindow<R>> {
    WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .data_directory(home.join("webview"))
        .title("EpochCore")
        .inner_size(1280.0, 840.0)
        .min_inner_size(960.0, 640.0)
        .build()
}

/// Shows the window, wherever it was, and gives it the focus.
pub fn show<R: Runtime>(app: &AppHandle<R>) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window could not be shown");
    }
}

/// Whether the founder is looking at the console.
pub fn has_focus<R: Runtime>(app: &AppHandle<R>) -> bool {
    app.get_webview_window(MAIN).is_some_and(|window| window.is_focused().unwrap_or(false))
}

/// Files held over and dropped on the window go to the page; closing quits or hides.
pub fn on_event<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    let link = window.state::<Arc<Link>>();
    match event {
        WindowEvent::DragDrop(DragDropEvent::Enter { .. }) => link.send(Message::Hover { over: true }),
        WindowEvent::DragDrop(DragDropEvent::Leave) => link.send(Message::Hover { over: false }),
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => {
            link.send(Message::Hover { over: false });
            link.send(Message::Files { paths: paths.clone() });
        }
        WindowEvent::CloseRequested { api, .. } if window.label() == MAIN => {
            if window.state::<Closing>().keeps_running() {
                api.prevent_close();
                if let Err(error) = window.hide() {
                    tracing::warn!(%error, "the window could not be hidden");
                }
            } else {
                window.app_handle().exit(0);
            }
        }
        _ => {}
    }
}
