//! Writes the console's generated types: `cargo run -p epoch-api --example types`.
fn main() -> std::io::Result<()> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/lib/backend/types.ts");
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, epoch_api::typescript::types_file())
}
