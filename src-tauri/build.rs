//! Resolves permissions and capabilities, and rebuilds the shell when the page it embeds changes.

use std::path::Path;

use tauri_build::{AppManifest, Attributes};

/// Stands in for a page that was not built, so that Rust alone compiles in a fresh clone.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>EpochCore</title>\
    <p>The page is not part of this build. <code>make run</code> builds it first.</p></html>\n";

fn main() {
    for path in ["src-tauri/permissions", "src-tauri/capabilities", "ui/dist", "assets/icons"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let page = Path::new("ui/dist/index.html");
    if !page.exists() && std::fs::create_dir_all("ui/dist").is_ok() {
        let _ = std::fs::write(page, NOT_BUILT);
    }
    let attributes = Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/*.json")
        .app_manifest(AppManifest::new().permissions_path_pattern("./src-tauri/permissions/*.toml"));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
