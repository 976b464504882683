//! Keys of calls and waits: the same for every attempt, another for every visit.

/// Hex digits of a key; 96 bits, so two of a billion runs do not meet.
const DIGITS: usize = 24;

fn hash(parts: &[&str]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        // The length in front keeps ("a", "bc") and ("ab", "c") apart.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

fn short(parts: &[&str]) -> String {
    hash(parts).to_hex()[..DIGITS].to_owned()
}

/// The key of what a run does at a visit of a node.
pub fn call_key(run: &str, node: &str, visit: u32) -> String {
    short(&["call", run, node, &visit.to_string()])
}

/// The key of undoing the call with this key.
pub fn undo_key(call: &str) -> String {
    short(&["undo", call])
}

/// What is counted to see a loop: the node and its arguments.
pub(super) fn echo_key(node: &str, arguments: &str) -> String {
    hash(&["echo", node, arguments]).to_hex()[..16].to_owned()
}

/// The run started by a call.
pub(super) fn child_id(key: &str) -> String {
    format!("run_{key}")
}

/// A number from 0 up to 1 that depends on these words only.
pub(super) fn draw(parts: &[&str]) -> f64 {
    let bytes: [u8; 32] = hash(parts).into();
    let bits = bytes.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    // 53 bits, as many as a double keeps.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
