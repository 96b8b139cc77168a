//! Nodes that do not answer now: what they could run is not impossible.

use super::script::Ask;

/// How `sinfo` is to list nodes for [`down`].
pub const FORMAT: &str = "%c|%m|%G|%T";

/// A node that takes no jobs now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    cores: u64,
    mebibytes: u64,
    gres: String,
}

/// Those of a list of nodes that take no jobs now.
pub fn down(listed: &str) -> Vec<Node> {
    let of_line = |line: &str| {
        let [cores, mebibytes, gres, state] =
            line.split('|').collect::<Vec<_>>().try_into().ok()?;
        let whole = |text: &str| text.trim_end_matches('+').parse().ok();
        let node =
            Node { cores: whole(cores)?, mebibytes: whole(mebibytes)?, gres: gres.to_owned() };
        // `idle*` does not answer.
        let words = ["down", "drain", "fail", "maint", "reboot", "unknown", "future"];
        let is_down = state.ends_with('*') || words.iter().any(|word| state.starts_with(word));
        is_down.then_some(node)
    };
    listed.lines().filter_map(of_line).collect()
}

impl Node {
    /// Whether it could run a task, or a process of one, as soon as it is up.
    pub fn could_run(&self, ask: &Ask) -> bool {
        let gpus = match (ask.gpus, &ask.gpu) {
            (Some(1..), Some(model)) => self.gres.contains(&format!("gpu:{model}")),
            (Some(1..), None) => self.gres.contains("gpu"),
            (Some(0) | None, _) => true,
        };
        gpus && ask.cpus.is_none_or(|cores| u64::from(cores) <= self.cores)
            && ask.memory.is_none_or(|bytes| bytes >> 20 <= self.mebibytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_could_run_that_is_down_is_not_impossible() {
        let listed = "2|4000|(null)|idle\n64|256000|gpu:h100:4(S:0)|drained\n\
                      8+|16000|(null)|mixed*\n4|8000|gpu:a100:1|allocated\nnonsense\n";
        let down = down(listed);
        assert_eq!(down.len(), 2);
        let could = |ask: Ask| down.iter().any(|node| node.could_run(&ask));
        assert!(could(Ask::default()));
        assert!(could(Ask { cpus: Some(64), memory: Some(200 << 30), ..Ask::default() }));
        assert!(!could(Ask { cpus: Some(65), ..Ask::default() }));
        assert!(!could(Ask { memory: Some(300 << 30), ..Ask::default() }));
        assert!(could(Ask { gpus: Some(1), gpu: Some("h100".into()), ..Ask::default() }));
        assert!(!could(Ask { gpus: Some(1), gpu: Some("a100".into()), ..Ask::default() }));
        assert!(could(Ask { gpus: Some(0), gpu: Some("a100".into()), ..Ask::default() }));
    }
}
