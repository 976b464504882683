//! How many connections the system lets this process hold.

/// Files that the rest of the process needs: the store, its sorted runs, logs, sockets of its own.
const ELSEWHERE: u64 = 384;

/// How many of `wanted` connections can be held, after asking the system for as many as it grants.
#[cfg(unix)]
pub(super) fn connections(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    let needed = wanted.saturating_add(ELSEWHERE);
    let now = getrlimit(Resource::Nofile);
    if now.current.is_some_and(|current| current < needed) {
        let granted = now.maximum.map_or(needed, |most| most.min(needed));
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(granted), maximum: now.maximum }) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
    let room = getrlimit(Resource::Nofile).current.map_or(wanted, |limit| limit.saturating_sub(ELSEWHERE).max(64));
    usize::try_from(wanted.min(room)).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
pub(super) fn connections(wanted: usize) -> usize {
    wanted
}
