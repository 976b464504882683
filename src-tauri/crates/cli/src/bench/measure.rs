//! Clocks of the machine and of the processor, memory, and what is made of many measurements.

use std::fs::read_to_string;
use std::time::Instant;

/// Seconds of wall and of processor.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub wall: f64,
    pub cpu: f64,
}

/// Measures the whole process, all threads.
pub(super) fn timed<T>(work: impl FnOnce() -> T) -> (T, Spent) {
    let (wall, cpu) = (Instant::now(), process_cpu());
    let out = work();
    (out, Spent { wall: wall.elapsed().as_secs_f64(), cpu: process_cpu() - cpu })
}

/// Seconds this process has used, from the kernel, to 10 ms; 0 where there is no /proc.
pub(super) fn process_cpu() -> f64 {
    let stat = read_to_string("/proc/self/stat").unwrap_or_default();
    let mut fields = stat.rsplit(") ").next().unwrap_or("").split(' ').skip(11);
    let mut ticks = || fields.next().and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
    (ticks() + ticks()) as f64 / 100.0
}

/// Seconds this thread has used, to the nanosecond; 0 where there is no /proc.
pub(super) fn thread_cpu() -> f64 {
    let text = read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) as f64 / 1e9
}

/// Resident memory in MB.
pub(super) fn resident_mb() -> f64 {
    status_mb("self")
}

/// Resident memory of another process in MB.
pub(super) fn resident_mb_of(process: u32) -> f64 {
    status_mb(&process.to_string())
}

fn status_mb(process: &str) -> f64 {
    let status = read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS")).and_then(|l| l.split_whitespace().nth(1));
    line.and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0 / 1e6
}

/// Load average of the last minute: other work on the machine shows here.
pub(super) fn load() -> f64 {
    read_to_string("/proc/loadavg").ok().and_then(|t| t.split(' ').next()?.parse().ok()).unwrap_or(0.0)
}

/// The value of rank `ceil(q n)`; 0 of nothing.
pub(super) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = sorted.len().saturating_sub(1);
    let at = (0..below).find(|i| (i + 1) as f64 >= q * sorted.len() as f64).unwrap_or(below);
    sorted.get(at).copied().unwrap_or(0.0)
}

/// The middle one.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}
