//! The tray: what state the engine is in, how many cards wait, and the few things one must reach without the window.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use epoch_model::gate::RunState;
use serde_json::json;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, CheckMenuItemBuilder, Menu, MenuBuilder, MenuEvent, MenuItem, MenuItemBuilder};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Runtime, include_image};

use crate::backend::Slot;
use crate::link::Link;
use crate::status::{Status, in_background};
use crate::window;

const ID: &str = "engine";

/// The entries that change with the state.
struct Entries<R: Runtime> {
    state: MenuItem<R>,
    approvals: MenuItem<R>,
    pause: MenuItem<R>,
    stop: MenuItem<R>,
    keep_running: CheckMenuItem<R>,
    /// Whether the entry `pause` pauses; else it resumes.
    pauses: AtomicBool,
}

/// Makes the tray icon. Until the engine has answered, its state is unknown and nothing can be paused.
pub fn create<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let item = |id: &str, text: &str| MenuItemBuilder::with_id(id, text);
    let entries = Entries {
        state: item("state", "Starting").enabled(false).build(app)?,
        approvals: item("approvals", "No decision waits").build(app)?,
        pause: item("pause", "Pause").enabled(false).build(app)?,
        stop: item("stop", "Stop everything").enabled(false).build(app)?,
        keep_running: CheckMenuItemBuilder::with_id("keep", "Keep running when closed")
            .checked(app.state::<window::Closing>().keeps_running())
            .build(app)?,
        pauses: AtomicBool::new(true),
    };
    let menu = menu(app, &entries)?;
    app.manage(entries);
    TrayIconBuilder::with_id(ID)
        .icon(icon(None, false))
        .tooltip("EpochCore: starting")
        .menu(&menu)
        .on_menu_event(on_menu)
        .build(app)?;
    Ok(())
}

fn menu<R: Runtime>(app: &AppHandle<R>, entries: &Entries<R>) -> tauri::Result<Menu<R>> {
    MenuBuilder::new(app)
        .item(&entries.state)
        .text("open", "Open EpochCore")
        .item(&entries.approvals)
        .separator()
        .item(&entries.pause)
        .item(&entries.stop)
        .separator()
        .item(&entries.keep_running)
        .text("quit", "Quit")
        .build()
}

fn on_menu<R: Runtime>(app: &AppHandle<R>, event: MenuEvent) {
    let run = |name: &'static str| {
        let slot = Arc::clone(&app.state::<Arc<Slot>>());
        in_background(name, move || slot.write(name, json!({ "reason": "from the tray" })));
    };
    match event.id().as_ref() {
        "open" => window::show(app),
        "approvals" => {
            window::show(app);
            app.state::<Arc<Link>>().open("/approvals".into());
        }
        "pause" if app.state::<Entries<R>>().pauses.load(Ordering::Relaxed) => run("pause"),
        "pause" => run("resume"),
        "stop" => run("stop"),
        "keep" => {
            let keep = app.state::<Entries<R>>().keep_running.is_checked().unwrap_or(false);
            app.state::<window::Closing>().set(keep);
        }
        "quit" => app.exit(0),
        _ => {}
    }
}

/// Brings the icon, its tooltip and the menu up to date.
pub fn show<R: Runtime>(app: &AppHandle<R>, status: &Status) {
    let shown = try_show(app, status);
    if let Err(error) = shown {
        tracing::warn!(%error, "the tray could not be brought up to date");
    }
}

fn try_show<R: Runtime>(app: &AppHandle<R>, status: &Status) -> tauri::Result<()> {
    let entries = app.state::<Entries<R>>();
    let open = status.business.is_some();
    let waiting = waiting(status.approvals_waiting);
    entries.state.set_text(headline(status))?;
    entries.approvals.set_text(&waiting)?;
    let pauses = status.run_state == RunState::Running;
    entries.pauses.store(pauses, Ordering::Relaxed);
    entries.pause.set_text(if pauses { "Pause" } else { "Resume" })?;
    entries.pause.set_enabled(open)?;
    entries.stop.set_enabled(open && status.run_state != RunState::Stopped)?;
    if let Some(tray) = app.tray_by_id(ID) {
        tray.set_icon(Some(icon(open.then_some(status.run_state), status.approvals_waiting > 0)))?;
        tray.set_tooltip(Some(format!("EpochCore: {}. {waiting}.", headline(status))))?;
    }
    Ok(())
}

/// "Northwind Notes, running"
fn headline(status: &Status) -> String {
    let state = match status.run_state {
        RunState::Running => "running",
        RunState::Paused => "paused",
        RunState::Stopped => "stopped",
    };
    status
        .business
        .as_ref()
        .map_or_else(|| "no business yet".to_owned(), |business| format!("{}, {state}", business.name))
}

fn waiting(cards: u32) -> String {
    match cards {
        0 => "No decision waits".into(),
        1 => "1 decision waits".into(),
        n => format!("{n} decisions wait"),
    }
}

/// State by form as well as by colour: ring, bars, square, and a dot when a card waits.
fn icon(state: Option<RunState>, waits: bool) -> Image<'static> {
    match (state, waits) {
        (None, _) => include_image!("./assets/icons/tray-unknown.png"),
        (Some(RunState::Running), false) => include_image!("./assets/icons/tray-running.png"),
        (Some(RunState::Running), true) => include_image!("./assets/icons/tray-running-waits.png"),
        (Some(RunState::Paused), false) => include_image!("./assets/icons/tray-paused.png"),
        (Some(RunState::Paused), true) => include_image!("./assets/icons/tray-paused-waits.png"),
        (Some(RunState::Stopped), false) => include_image!("./assets/icons/tray-stopped.png"),
        (Some(RunState::Stopped), true) => include_image!("./assets/icons/tray-stopped-waits.png"),
    }
}
