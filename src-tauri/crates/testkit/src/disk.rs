//! What a disk does to files when the power goes, beside stopping between two commits.
//!
//! Modelled, on the database and its log (SQLite in WAL mode, `synchronous=FULL`: the log is synced at every commit):
//! - [`Damage::Torn`]: of the transaction being written an arbitrary part reached the disk, cut at any byte.
//! - [`Damage::Garbled`]: of that part one sector of 512 bytes holds something else, or zeros.
//! - [`Damage::Stale`]: bytes of an earlier use of the log lie behind what is valid.
//! - [`Damage::Merging`]: the power went while the log was merged into the database: some of the pages it covers are new,
//!   some old, some torn. The log is still whole, since it is used again only after the database was synced.
//! - [`Damage::Forgotten`]: the disk lied about its syncs: the last commits are gone although they were acknowledged. What is
//!   promised then is less: the rest is sound, and nothing of what is gone is there in part.
//!
//! Not modelled: bytes that rot in what was synced (found by the checks at start and by `ras doctor`, not repaired),
//! a directory entry that is lost, a device that answers reads with stale data while it is in use.

use std::sync::Arc;

use crate::image::Image;
use crate::rng::Rng;
use crate::wal::{FRAME_HEADER, Wal};

/// Bytes a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A way in which files are worse than a process that is killed leaves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    Torn,
    Garbled,
    Stale,
    Merging,
    Forgotten,
}

/// All of them.
pub const DAMAGES: [Damage; 5] = [Damage::Torn, Damage::Garbled, Damage::Stale, Damage::Merging, Damage::Forgotten];

/// The files after the power went when the log had `synced` bytes that were acknowledged as written. `whole` is the image of
/// later, which says what was being written. `None` where there is nothing to damage.
pub fn damaged(whole: &Image, synced: usize, damage: Damage, rng: &mut Rng) -> Option<Image> {
    let end = whole.wal.len();
    let below = |rng: &mut Rng, n: usize| usize::try_from(rng.below(n as u64)).unwrap_or(0);
    match damage {
        Damage::Torn | Damage::Garbled => {
            let commits = Wal::read(&whole.wal).commits();
            let next = commits.into_iter().find(|at| *at > synced).filter(|at| *at <= end)?;
            // Never the whole of it: that would be the next commit.
            let cut = synced + below(rng, next - synced);
            let mut wal = whole.wal[..cut].to_vec();
            if damage == Damage::Garbled && cut > synced {
                let at = synced + below(rng, cut - synced);
                let zeros = rng.chance(50);
                for byte in wal.iter_mut().skip(at).take(SECTOR) {
                    *byte = if zeros { 0 } else { byte.wrapping_add(1 + u8::try_from(rng.below(255)).unwrap_or(0)) };
                }
            }
            Some(Image { wal: Arc::new(wal), ..whole.clone() })
        }
        Damage::Stale => {
            let mut wal = whole.wal[..synced.min(end)].to_vec();
            if wal.is_empty() {
                return None;
            }
            // Frames of the same log, out of their place: their checksums follow from what was before them then.
            let frames = Wal::read(&whole.wal).frames;
            let from = rng.pick(&frames)?.at;
            wal.extend_from_slice(&whole.wal[from..end.min(from + 3 * (FRAME_HEADER + 16_384))]);
            // What follows its own place would be no damage at all.
            (from != synced).then(|| Image { wal: Arc::new(wal), ..whole.clone() })
        }
        Damage::Merging => {
            let log = Wal::read(&whole.wal[..synced.min(end)]);
            let committed = log.frames.iter().rposition(|f| f.commit > 0)?;
            let mut db = whole.db.to_vec();
            for frame in &log.frames[..=committed] {
                let (from, size) = (frame.at + FRAME_HEADER, log.page_size);
                let to = (frame.page as usize - 1) * size;
                match rng.below(4) {
                    0 => {}
                    way => {
                        if db.len() < to + size {
                            db.resize(to + size, 0);
                        }
                        let cut = if way == 1 { below(rng, size / SECTOR) * SECTOR } else { size };
                        db[to..to + cut].copy_from_slice(&whole.wal[from..from + cut]);
                    }
                }
            }
            Some(Image { db: Arc::new(db), wal: Arc::new(whole.wal[..synced].to_vec()), stop: whole.stop })
        }
        Damage::Forgotten => {
            let commits = Wal::read(&whole.wal[..synced.min(end)]).commits();
            // At least one commit less, at most a dozen.
            let many = commits.len().min(12);
            let gone = 1 + below(rng, many.checked_sub(1)?.max(1));
            let kept = commits.len().checked_sub(gone + 1).and_then(|at| commits.get(at)).copied().unwrap_or(0);
            Some(whole.cut(kept))
        }
    }
}
