//! Which process holds a claim, and whether that process is known to be gone.

use std::fmt;
use std::fs;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::slurm::SlurmTask;

/// A process that makes a result, as another process sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    /// The share of the result that it makes; none if it makes all of it.
    pub share: Option<String>,
    /// Its machine; empty of an earlier version of Proofmark, which says nothing of itself.
    pub host: String,
    /// Number of the process there; 0 of an earlier version.
    pub pid: u32,
    /// The job of the queueing system that it is, as `squeue` names it.
    pub job: Option<String>,
    /// How often that job was started again.
    pub restarts: u32,
    /// When it began, by its own clock, in seconds since 1970 (UTC).
    pub began: f64,
    /// How many heartbeats it gave.
    pub beat: u64,
    /// When it gave the last, by its own clock, in seconds since 1970 (UTC).
    pub beat_at: f64,
    /// Bytes of memory that the process had at the last heartbeat; 0 if unknown.
    pub resident: u64,
    /// Most bytes of memory that it ever had; 0 if unknown.
    pub peak: u64,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.is_empty() {
            return write!(f, "a process that does not say which it is");
        }
        write!(f, "process {} on {}", self.pid, self.host)?;
        match (&self.job, self.restarts) {
            (None, _) => Ok(()),
            (Some(job), 0) => write!(f, " (job {job})"),
            (Some(job), restarts) => write!(f, " (job {job}, restart {restarts})"),
        }
    }
}

/// What tells a process from all others, on every machine and in every life of a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Identity {
    /// Of this claim alone.
    pub(super) token: String,
    pub(super) host: String,
    /// Identity of the machine's installation, for machines that have the same name.
    machine: String,
    /// Of the time since the machine was started.
    boot: String,
    /// Whose numbers of processes are meant: a container has its own.
    namespace: String,
    pub(super) pid: u32,
    /// When the process was started, in ticks since the machine was: numbers are used again.
    started: u64,
    cluster: Option<String>,
    pub(super) job: Option<String>,
    pub(super) restarts: u32,
}

/// What is known of the process of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It runs on this machine.
    Runs,
    /// It ran on this machine and does no more.
    Ended,
    /// It should be gone, but nobody saw it end: its machine or its job was started again.
    Replaced,
    /// Only its heartbeat can tell.
    Unknown,
}

impl Identity {
    /// A claim of this process.
    pub(super) fn new() -> Self {
        static CLAIMS: AtomicU64 = AtomicU64::new(0);
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let host = read("/proc/sys/kernel/hostname");
        let task = SlurmTask::of(|name| std::env::var(name).ok());
        let (job, restarts) = task.map_or((None, 0), |task| (Some(task.id), task.restarts));
        let mut identity = Self {
            token: String::new(),
            host: if host.is_empty() { set("HOSTNAME").unwrap_or("unknown".into()) } else { host },
            machine: read("/etc/machine-id"),
            boot: read("/proc/sys/kernel/random/boot_id"),
            namespace: fs::read_link("/proc/self/ns/pid")
                .map_or(String::new(), |link| link.to_string_lossy().into_owned()),
            pid: process::id(),
            started: fs::read_to_string("/proc/self/stat")
                .ok()
                .and_then(|stat| started(&stat))
                .map_or(0, |(_, started)| started),
            cluster: set("SLURM_CLUSTER_NAME"),
            job,
            restarts,
        };
        let number = CLAIMS.fetch_add(1, Ordering::Relaxed);
        let unique = format!("{identity:?} {number} {}", now());
        identity.token = blake3::hash(unique.as_bytes()).to_hex()[..24].to_owned();
        identity
    }

    /// What this process, `here`, knows of another.
    pub(super) fn life(&self, here: &Self) -> Life {
        let known = !self.host.is_empty() && !self.boot.is_empty() && !here.boot.is_empty();
        let one_machine = known && self.host == here.host && self.machine == here.machine;
        if one_machine && self.boot == here.boot && self.namespace == here.namespace {
            return match is_running(self.pid, self.started) {
                Some(true) => Life::Runs,
                Some(false) => Life::Ended,
                None => Life::Unknown,
            };
        }
        let started_again = one_machine && self.boot != here.boot;
        let one_job = self.job.is_some() && self.job == here.job && self.cluster == here.cluster;
        match started_again || one_job && self.restarts < here.restarts {
            true => Life::Replaced,
            false => Life::Unknown,
        }
    }
}

/// Whether a process of this machine runs that was started then; none where that cannot be seen.
fn is_running(pid: u32, since: u64) -> Option<bool> {
    // Where processes of other users are hidden, one that is not seen may run.
    let sees_all = fs::exists("/proc/1/stat").unwrap_or(false);
    match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => started(&stat).map(|(state, began)| began == since && !"ZXx".contains(state)),
        Err(_) if !sees_all || fs::exists(format!("/proc/{pid}")).unwrap_or(true) => None,
        Err(_) => Some(false),
    }
}

/// State and time of start in a `/proc/PID/stat`. The name before them may hold anything.
fn started(stat: &str) -> Option<(char, u64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Bytes of memory that this process has, and the most that it ever had; zeros where unknown.
pub(super) fn memory() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number =
            line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<u64>().ok());
        number.unwrap_or(0) << 10
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// Seconds since 1970 (UTC), by this machine's clock.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_from_a_later_one_with_its_number() {
        let here = Identity::new();
        assert_eq!(here.life(&Identity::new()), Life::Runs);
        assert_ne!(here.token, Identity::new().token);
        let earlier = Identity { started: here.started + 1, ..here.clone() };
        assert_eq!(earlier.life(&here), Life::Ended);
        let mut child = process::Command::new("sleep").arg("60").spawn().unwrap();
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let started = started(&stat).unwrap().1;
        let other = Identity { pid: child.id(), started, ..here.clone() };
        assert_eq!(other.life(&here), Life::Runs);
        child.kill().unwrap();
        // Dead from now on, also while nobody has asked how it ended.
        while other.life(&here) == Life::Runs {
            std::thread::yield_now();
        }
        assert_eq!(other.life(&here), Life::Ended);
        child.wait().unwrap();
        assert_eq!(other.life(&here), Life::Ended);
    }

    #[test]
    fn nothing_is_said_of_processes_that_cannot_be_seen() {
        let here = Identity { job: Some("7_1".into()), restarts: 1, ..Identity::new() };
        // A number means something only where it was given.
        let gone = Identity { pid: u32::MAX, ..here.clone() };
        assert_eq!(gone.life(&here), Life::Ended);
        for other in [
            Identity { host: "n2".into(), ..gone.clone() },
            Identity { machine: "m2".into(), ..gone.clone() },
            Identity { namespace: "pid:[1]".into(), ..gone.clone() },
            Identity { host: String::new(), ..gone.clone() },
            Identity::default(),
        ] {
            assert_eq!(other.life(&here), Life::Unknown, "{other:?}");
        }
        let before = Identity { boot: "before".into(), ..gone.clone() };
        assert_eq!(before.life(&here), Life::Replaced);
        let elsewhere = Identity { host: "n2".into(), ..gone };
        let lives = [(0, Life::Replaced), (1, Life::Unknown), (2, Life::Unknown)];
        for (restarts, life) in lives {
            assert_eq!(Identity { restarts, ..elsewhere.clone() }.life(&here), life);
        }
        let task = Identity { job: Some("7_2".into()), restarts: 0, ..elsewhere.clone() };
        assert_eq!(task.life(&here), Life::Unknown);
        let cluster = Identity { cluster: Some("b".into()), restarts: 0, ..elsewhere };
        assert_eq!(cluster.life(&here), Life::Unknown);
    }

    #[test]
    fn a_name_of_a_process_may_hold_anything() {
        let rest: Vec<String> = (4..30).map(|field| field.to_string()).collect();
        let stat = format!("12 (a) R 1 (b)) S {}", rest.join(" "));
        assert_eq!(started(&stat), Some(('S', 22)));
        assert_eq!(started("12 (a"), None);
        let (resident, peak) = memory();
        assert!(resident > 1 << 20 && peak >= resident / 2, "{resident} {peak}");
    }
}
