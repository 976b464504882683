//! Desktop shell: window, tray, notifications, single instance, and the three commands that carry JSON to the engine.
//!
//! Everything the console shows or does goes through [`backend::Backend`]; nothing here knows a metric or a decision
//! beyond what the tray and a notification need. The page's side of this boundary is `ui/src/lib/backend`.

pub mod args;
pub mod backend;
pub mod home;
pub mod ipc;
pub mod link;
pub mod notices;
pub mod status;
pub mod tray;
pub mod window;

use std::sync::Arc;

use tauri::{Builder, Context, Manager, RunEvent, Runtime};

use args::Args;
use backend::Slot;
use link::Link;

/// The app's configuration, capabilities and embedded page.
pub fn context<R: Runtime>() -> Context<R> {
    tauri::generate_context!()
}

/// The part that also runs on the mock runtime: state and commands, no window, no plugins.
pub fn core<R: Runtime>(builder: Builder<R>, slot: Arc<Slot>, link: Arc<Link>) -> Builder<R> {
    builder.manage(slot).manage(link).invoke_handler(tauri::generate_handler![ipc::read, ipc::write, ipc::watch])
}

/// Runs the desktop app until it quits. `open` makes the engine's face; it runs beside the window, so that a long
/// recovery shows a page that says so and not a blank screen.
///
/// # Errors
/// When the window system or the webview cannot be started.
pub fn run(args: Args, open: impl FnOnce(&Args) -> backend::Opened + Send + 'static) -> anyhow::Result<()> {
    std::fs::create_dir_all(&args.home)?;
    let slot = Arc::new(Slot::default());
    let link = Arc::new(Link::default());
    if let Some(path) = &args.open {
        link.open(path.clone());
    }
    let single = tauri_plugin_single_instance::Builder::new()
        .callback(|app, argv, cwd| args::second_start(app, &argv, &cwd))
        .dbus_id(home::instance_id(&args.home))
        .build();
    let state_file = args.home.join("window.json");
    let app = core(Builder::default(), Arc::clone(&slot), link)
        .plugin(single)
        .plugin(tauri_plugin_window_state::Builder::new().with_filename(state_file.to_string_lossy()).build())
        .plugin(tauri_plugin_notification::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .manage(window::Closing::load(&args.home))
        .setup(move |app| {
            window::create(app.handle(), &args.home)?;
            tray::create(app.handle())?;
            notices::listen(app.handle())?;
            status::follow(app.handle().clone(), Arc::clone(&slot));
            std::thread::Builder::new().name("open".into()).spawn(move || slot.fill(open(&args)))?;
            Ok(())
        })
        .on_window_event(window::on_event)
        .build(context())?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Arc<Slot>>().close();
        }
    });
    Ok(())
}
