//! Resolves permissions and capabilities, and rebuilds the shell when the page it embeds changes.

use tauri_build::{AppManifest, Attributes};

fn main() {
    for path in ["src-tauri/permissions", "src-tauri/capabilities", "ui/dist", "assets/icons"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let attributes = Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/*.json")
        .app_manifest(AppManifest::new().permissions_path_pattern("./src-tauri/permissions/*.toml"));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
