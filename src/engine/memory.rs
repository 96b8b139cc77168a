//! How much memory a process may still take.

use std::fs::read_to_string;
use std::path::Path;

/// Memory that is left to others, in parts of what is available.
const SPARE: u64 = 10;

/// Bytes of memory that stages may take together: what the system, and the group that this process
/// is limited by, have left. None where that cannot be told.
pub fn available() -> Option<u64> {
    let system = read_to_string("/proc/meminfo").ok().and_then(|text| of_system(&text));
    let membership = read_to_string("/proc/self/cgroup").unwrap_or_default();
    let groups = of_groups(Path::new("/sys/fs/cgroup"), &membership);
    let bytes = [system, groups].into_iter().flatten().min()?;
    Some(bytes - bytes / SPARE)
}

/// The `MemAvailable` of `/proc/meminfo`.
fn of_system(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// What the control groups of a process have left, as containers and batch systems limit them:
/// `membership` is its `/proc/self/cgroup`, `root` where groups are mounted. A limit may be set on
/// any group above its own.
fn of_groups(root: &Path, membership: &str) -> Option<u64> {
    let lines = membership.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let path = path.trim_start_matches('/');
        match controllers {
            "" => Some((root.join(path), Files::UNIFIED)),
            "memory" => Some((root.join("memory").join(path), Files::FIRST)),
            _ => None,
        }
    });
    let left = lines.flat_map(|(path, files)| {
        let groups = path.ancestors().take_while(|group| group.starts_with(root));
        groups.filter_map(|group| files.left(group)).collect::<Vec<_>>()
    });
    left.min()
}

/// What the files of a control group are called.
struct Files {
    limit: &'static str,
    taken: &'static str,
    /// The entry of `memory.stat` for files that can be given up for others, which are not taken.
    spare: &'static str,
}

impl Files {
    const UNIFIED: Self =
        Self { limit: "memory.max", taken: "memory.current", spare: "inactive_file " };
    const FIRST: Self = Self {
        limit: "memory.limit_in_bytes",
        taken: "memory.usage_in_bytes",
        spare: "total_inactive_file ",
    };

    fn left(&self, group: &Path) -> Option<u64> {
        let number = |file: &str| read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
        let (limit, taken) = (number(self.limit)?, number(self.taken)?);
        let entry = |text: String| {
            text.lines().find_map(|line| line.strip_prefix(self.spare))?.parse::<u64>().ok()
        };
        let spare = read_to_string(group.join("memory.stat")).ok().and_then(entry);
        Some(limit.saturating_sub(taken.saturating_sub(spare.unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_read_in_bytes() {
        let text = "MemTotal:       24000 kB\nMemFree:  1 kB\nMemAvailable:   12345 kB\n";
        assert_eq!(of_system(text), Some(12_641_280));
        assert_eq!(of_system("MemTotal: 3 kB\n"), None);
    }

    #[test]
    fn a_group_has_left_what_is_not_taken() {
        let root = tempfile::tempdir().unwrap();
        let left = |membership| of_groups(root.path(), membership);
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(left("0::/job/step\n"), None);
        write("job/step/memory.max", "max\n");
        write("job/step/memory.current", "700\n");
        assert_eq!(left("0::/job/step\n"), None);
        // The limit stands on the group above.
        write("job/memory.max", "1000\n");
        write("job/memory.current", "700\n");
        assert_eq!(left("0::/job/step\n"), Some(300));
        write("job/memory.stat", "anon 5\ninactive_file 200\nactive_file 7\n");
        assert_eq!(left("0::/job/step\n"), Some(500));
        write("job/memory.current", "2000\n");
        assert_eq!(left("0::/job/step\n"), Some(0));
        // The first version of control groups.
        write("memory/user/memory.limit_in_bytes", "900\n");
        write("memory/user/memory.usage_in_bytes", "100\n");
        assert_eq!(left("8:pids:/\n4:memory:/user\n0::/\n"), Some(800));
    }
}
