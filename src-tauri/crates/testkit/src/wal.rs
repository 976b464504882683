//! Reads SQLite's write-ahead log, to find where its transactions end. Follows the file format of sqlite.org/fileformat2.html
//! (section 4), checksums included, so that what counts as committed here is what SQLite will find committed.

/// Bytes of the file's header.
pub const HEADER: usize = 32;
/// Bytes before each page.
pub const FRAME_HEADER: usize = 24;

/// A frame of the log: one page as a transaction left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The page's number in the database, from 1.
    pub page: u32,
    /// Pages of the database after the commit; 0 where the transaction goes on.
    pub commit: u32,
    /// Where its header begins in the file.
    pub at: usize,
}

/// The valid part of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wal {
    /// Bytes of a page.
    pub page_size: usize,
    /// Frames whose salts and checksums hold, in order.
    pub frames: Vec<Frame>,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(four))
}

/// Cumulative checksum over `bytes`, whose length is a multiple of eight.
fn checksum((mut a, mut b): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let read = |four: &[u8]| {
        let four = [four[0], four[1], four[2], four[3]];
        if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    for eight in bytes.chunks_exact(8) {
        a = a.wrapping_add(read(&eight[..4])).wrapping_add(b);
        b = b.wrapping_add(read(&eight[4..])).wrapping_add(a);
    }
    (a, b)
}

impl Wal {
    /// Reads a log as far as it is valid. A file that is no log at all has no frames.
    pub fn read(bytes: &[u8]) -> Self {
        Self::try_read(bytes).unwrap_or_default()
    }

    fn try_read(bytes: &[u8]) -> Option<Self> {
        let big_endian = match word(bytes, 0)? {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        let page_size = word(bytes, 8)? as usize;
        let salts = (word(bytes, 16)?, word(bytes, 20)?);
        let mut sum = checksum((0, 0), bytes.get(..24)?, big_endian);
        if (word(bytes, 24)?, word(bytes, 28)?) != sum || page_size < 512 {
            return None;
        }
        let mut wal = Self { page_size, frames: Vec::new() };
        let mut at = HEADER;
        while let Some(frame) = bytes.get(at..at + FRAME_HEADER + page_size) {
            if (word(frame, 8)?, word(frame, 12)?) != salts {
                break;
            }
            let head = checksum(sum, &frame[..8], big_endian);
            sum = checksum(head, &frame[FRAME_HEADER..], big_endian);
            if (word(frame, 16)?, word(frame, 20)?) != sum {
                break;
            }
            wal.frames.push(Frame { page: word(frame, 0)?, commit: word(frame, 4)?, at });
            at += FRAME_HEADER + page_size;
        }
        Some(wal)
    }

    /// Where each committed transaction ends in the file, in order.
    pub fn commits(&self) -> Vec<usize> {
        self.frames.iter().filter(|f| f.commit > 0).map(|f| f.at + FRAME_HEADER + self.page_size).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_log_has_no_frames() {
        assert_eq!(Wal::read(&[]), Wal::default());
        assert_eq!(Wal::read(&[0; 100]), Wal::default());
        let mut nearly = vec![0; HEADER];
        nearly[..4].copy_from_slice(&0x377f_0682_u32.to_be_bytes());
        nearly[8..12].copy_from_slice(&4096_u32.to_be_bytes());
        assert_eq!(Wal::read(&nearly), Wal::default(), "its checksum is wrong");
    }
}
