//! A Slurm cluster of virtual nodes on this machine: the real controller and the real daemons, without
//! systemd, accounting, or root. Every process of it is ended by its id, also when a test panics.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who runs everything where the tests are run by root: a user without rights.
const NOBODY: u32 = 65534;
/// Time that anything may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Daemons that Debian puts where users do not look.
const PATHS: &str = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/bin";

/// A cluster.
pub struct Slurm {
    dir: tempfile::TempDir,
    nodes: usize,
    /// One cluster at a time: machines that test have two cores.
    _turn: MutexGuard<'static, ()>,
}

/// How a cluster is set up.
pub struct Shape {
    /// Its nodes, of two cores each.
    pub nodes: usize,
    /// Cards of each node, which are files: Slurm counts them.
    pub gpus: u32,
    /// How long the controller remembers a job that has ended, in seconds.
    pub memory: u32,
    /// Lines of `slurm.conf` besides.
    pub more: &'static str,
}

impl Default for Shape {
    fn default() -> Self {
        Self { nodes: 3, gpus: 0, memory: 300, more: "" }
    }
}

static TURN: Mutex<()> = Mutex::new(());

/// Whether the tests are run by root.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|of| std::os::unix::fs::MetadataExt::uid(&of) == 0)
}

impl Slurm {
    /// Starts a cluster and waits until all of its nodes are idle.
    pub fn start(shape: &Shape) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::Builder::new().prefix("slurm").tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let cluster = Self { dir, nodes: shape.nodes, _turn: turn };
        for folder in ["etc", "run", "log", "state", "spool", "home", "bin"] {
            fs::create_dir(cluster.path(folder)).unwrap();
        }
        let key: Vec<u8> = (0..128).map(|_| rand()).collect();
        fs::write(cluster.path("etc/munge.key"), key).unwrap();
        fs::set_permissions(cluster.path("etc/munge.key"), fs::Permissions::from_mode(0o600))
            .unwrap();
        fs::write(cluster.path("etc/slurm.conf"), cluster.configuration(shape)).unwrap();
        fs::write(cluster.path("etc/cgroup.conf"), "CgroupPlugin=cgroup/v1\n").unwrap();
        if shape.gpus > 0 {
            let card = |n: u32| cluster.path(&format!("etc/card{n}"));
            (0..shape.gpus).for_each(|n| fs::write(card(n), "").unwrap());
            let cards = format!("{}[0-{}]", cluster.path("etc/card").display(), shape.gpus - 1);
            let gres = format!("Name=gpu Type=h100 File={cards}\n");
            fs::write(cluster.path("etc/gres.conf"), gres).unwrap();
        }
        // Another user need not be able to look into the folder of the build.
        fs::copy(assert_cmd::cargo::cargo_bin!("proofmark"), cluster.path("bin/proofmark"))
            .unwrap();
        if is_root() {
            give(cluster.dir.path());
        }
        cluster.munge();
        cluster.controller();
        for node in 1..=shape.nodes {
            cluster.node(node);
        }
        cluster.until("all nodes are idle", |cluster| cluster.idle() == cluster.nodes);
        cluster
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The folder in which experiments lie.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    fn configuration(&self, shape: &Shape) -> String {
        let ports: Vec<TcpListener> =
            (0..=shape.nodes).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<u16> = ports.iter().map(|port| port.local_addr().unwrap().port()).collect();
        let out = |args: &[&str]| {
            let out = Command::new(args[0]).args(&args[1..]).output().unwrap();
            String::from_utf8(out.stdout).unwrap().trim().to_owned()
        };
        let host = out(&["uname", "-n"]);
        let host = host.split('.').next().unwrap();
        let user = if is_root() { NOBODY.to_string() } else { out(&["id", "-u"]) };
        let name = out(&["id", "-nu", &user]);
        let home = self.dir.path().display();
        let mut text = format!(
            "ClusterName=test\n\
             SlurmctldHost={host}(127.0.0.1)\n\
             SlurmUser={name}\n\
             SlurmdUser={name}\n\
             SlurmctldPort={}\n\
             AuthType=auth/munge\n\
             CredType=cred/munge\n\
             AuthInfo=socket={home}/run/munge.socket,cred_expire=5\n\
             StateSaveLocation={home}/state\n\
             SlurmdSpoolDir={home}/spool/%n\n\
             SlurmctldPidFile={home}/run/slurmctld.pid\n\
             SlurmdPidFile={home}/run/slurmd.%n.pid\n\
             SlurmctldLogFile={home}/log/slurmctld.log\n\
             SlurmdLogFile={home}/log/slurmd.%n.log\n\
             ProctrackType=proctrack/linuxproc\n\
             TaskPlugin=task/none\n\
             AccountingStorageType=accounting_storage/none\n\
             SelectType=select/cons_tres\n\
             SelectTypeParameters=CR_Core_Memory\n\
             SchedulerType=sched/backfill\n\
             SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0\n\
             PreemptType=preempt/partition_prio\n\
             PreemptMode=REQUEUE\n\
             MpiDefault=none\n\
             ReturnToService=2\n\
             SlurmdParameters=config_overrides\n\
             SlurmctldTimeout=30\n\
             SlurmdTimeout=12\n\
             MinJobAge={}\n\
             KillWait=5\n\
             OverTimeLimit=0\n\
             MaxArraySize=1001\n\
             JobRequeue=1\n\
             DefMemPerCPU=256\n",
            ports[0], shape.memory
        );
        let gres = match shape.gpus {
            0 => String::new(),
            gpus => format!("Gres=gpu:h100:{gpus}"),
        };
        if !gres.is_empty() {
            text += "GresTypes=gpu\n";
        }
        if !shape.more.contains("JobAcctGatherType") {
            text += "JobAcctGatherType=jobacct_gather/none\n";
        }
        text += shape.more;
        text.push('\n');
        for (node, port) in (1..).zip(&ports[1..]) {
            let _ = writeln!(
                text,
                "NodeName=n{node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 \
                 RealMemory=4000 {gres} State=UNKNOWN"
            );
        }
        text + "PartitionName=main Nodes=ALL Default=YES MaxTime=60 DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE State=UP\n\
                PartitionName=high Nodes=ALL MaxTime=60 DefaultTime=10 PriorityTier=10 PreemptMode=OFF State=UP\n"
    }

    /// A program on this cluster, as the user who has it.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("setpriv");
                let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
                command.args([&user, &group, "--clear-groups", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.env_clear().current_dir(self.home()).stdin(Stdio::null());
        command.env("PATH", format!("{}:{PATHS}", self.path("bin").display()));
        command.env("SLURM_CONF", self.path("etc/slurm.conf"));
        command.env("HOME", self.home()).env("NO_COLOR", "1").env("RUST_BACKTRACE", "0");
        command
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let out = self.command(program).args(args).output();
        out.unwrap_or_else(|error| {
            panic!("{program}: {error}; `apt install --no-install-recommends slurm-wlm munge slurmdbd-` installs it")
        })
    }

    /// Starts a daemon, which goes into the background by itself.
    fn daemon(&self, program: &str, args: &[&str]) {
        let path = PATHS.split(':').map(|path| Path::new(path).join(program)).find(|p| p.is_file());
        let path = path.unwrap_or_else(|| {
            panic!("there is no {program}: `apt install --no-install-recommends slurm-wlm munge slurmdbd-` installs it")
        });
        let log = self.path(&format!("log/{program}.out"));
        let log = fs::File::options().create(true).append(true).open(log).unwrap();
        let mut command = self.command(path);
        let command = command.args(args).stdout(log.try_clone().unwrap()).stderr(log);
        let status = command.status().unwrap();
        assert!(status.success(), "{program} did not start: {}", self.logs());
    }

    fn munge(&self) {
        let path = |name: &str| self.path(name).display().to_string();
        self.daemon(
            "munged",
            &[
                "--force",
                &format!("--key-file={}", path("etc/munge.key")),
                &format!("--socket={}", path("run/munge.socket")),
                &format!("--pid-file={}", path("run/munged.pid")),
                &format!("--log-file={}", path("log/munged.log")),
                &format!("--seed-file={}", path("run/munged.seed")),
                "--num-threads=2",
            ],
        );
    }

    /// Starts the controller, which goes on from what it had saved.
    pub fn controller(&self) {
        self.daemon("slurmctld", &["-f", &self.path("etc/slurm.conf").display().to_string()]);
    }

    /// Starts a node.
    pub fn node(&self, number: usize) {
        let name = format!("n{number}");
        fs::create_dir_all(self.path(&format!("spool/{name}"))).unwrap();
        if is_root() {
            give(&self.path("spool"));
        }
        let conf = self.path("etc/slurm.conf").display().to_string();
        self.daemon("slurmd", &["-f", &conf, "-N", &name]);
    }

    fn idle(&self) -> usize {
        let out = self.run("sinfo", &["-h", "-N", "-p", "main", "-t", "idle", "-o", "%N"]);
        String::from_utf8_lossy(&out.stdout).lines().count()
    }

    /// Waits for something, and shows all logs where it does not happen.
    pub fn until(&self, what: &str, happens: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !happens(self) {
            assert!(begun.elapsed() < PATIENCE, "not after {PATIENCE:?}: {what}\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What squeue says of our jobs, a line for each task: name, id, state, reason, node.
    pub fn queue(&self) -> Vec<String> {
        let out = self.run("squeue", &["-h", "-r", "-t", "all", "-o", "%j %F_%K %T %r %N"]);
        String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
    }

    /// The first task of a kind in a state: its id and its node.
    pub fn task(&self, kind: &str, state: &str) -> Option<(String, String)> {
        let prefix = format!("proofmark-{kind}-");
        self.queue().iter().find_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let is_it = words[0].starts_with(&prefix) && words[2] == state;
            is_it.then(|| (words[1].to_owned(), words[words.len() - 1].to_owned()))
        })
    }

    /// How many jobs the controller was ever given.
    pub fn submitted(&self) -> BTreeSet<String> {
        let of = |line: &String| line.split([' ', '_']).nth(1).map(str::to_owned);
        self.queue().iter().filter_map(of).collect()
    }

    /// Runs one of Slurm's commands, which has to succeed.
    pub fn slurm(&self, program: &str, args: &[&str]) {
        let out = self.run(program, args);
        assert!(out.status.success(), "{program} {args:?}: {}", text(&out));
    }

    /// Runs a command of more weight than any job of ours on all nodes.
    pub fn take_all_nodes(&self, command: &str) {
        let (nodes, command) = (format!("--nodes={}", self.nodes), format!("--wrap={command}"));
        let alone = ["--partition=high", "--exclusive", "--time=30", "--output=/dev/null"];
        self.slurm("sbatch", &[&alone[..], &[&nodes, &command]].concat());
    }

    /// Kills a node as a power cut would: its daemon, and whatever runs on it.
    pub fn kill_node(&self, name: &str) {
        if let Some(daemon) = pid(&self.path(&format!("run/slurmd.{name}.pid"))) {
            kill(daemon);
        }
        let here = format!("SLURMD_NODENAME={name}");
        let of_node = |process: &u32| environment(*process).contains(&here);
        let jobs: Vec<u32> = self.processes().into_iter().filter(of_node).collect();
        // What looks after a job goes first: a power cut leaves nobody to tell how the job ended.
        for keeper in jobs.iter().map(|job| parent(*job)) {
            let name = fs::read_to_string(format!("/proc/{keeper}/comm")).unwrap_or_default();
            if name.starts_with("slurmstepd") {
                kill(keeper);
            }
        }
        jobs.into_iter().for_each(kill);
    }

    /// The process of a rank of a task.
    #[cfg(feature = "mpi")]
    pub fn rank_of(&self, task: &str, rank: usize) -> Option<u32> {
        let (array, number) = task.split_once('_').unwrap();
        let wanted = [
            format!("SLURM_ARRAY_JOB_ID={array}"),
            format!("SLURM_ARRAY_TASK_ID={number}"),
            format!("SLURM_PROCID={rank}"),
        ];
        let is_it = |process: &u32| {
            let environment = environment(*process);
            // The shell of the job has no rank of MPI.
            environment.iter().any(|entry| entry.starts_with("PMIX_RANK="))
                && wanted.iter().all(|entry| environment.contains(entry))
        };
        self.processes().into_iter().find(is_it)
    }

    /// Kills a process.
    #[cfg(feature = "mpi")]
    pub fn kill_process(&self, process: u32) {
        kill(process);
    }

    /// Kills the controller.
    pub fn kill_controller(&self) {
        let controller = pid(&self.path("run/slurmctld.pid")).unwrap();
        kill(controller);
        self.until("the controller is gone", |_| {
            !Path::new(&format!("/proc/{controller}")).exists()
        });
    }

    /// Every process of this cluster, by its environment.
    fn processes(&self) -> Vec<u32> {
        let ours = format!("SLURM_CONF={}", self.path("etc/slurm.conf").display());
        let entries = fs::read_dir("/proc").unwrap().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| environment(*pid).contains(&ours)).collect()
    }

    /// Everything that daemons and jobs wrote, its end.
    pub fn logs(&self) -> String {
        let mut text = format!("{:#?}\n", self.queue());
        let logs = fs::read_dir(self.path("log")).unwrap().flatten().map(|entry| entry.path());
        let mut logs: Vec<PathBuf> = logs.collect();
        let runs = fs::read_dir(self.home()).into_iter().flatten().flatten();
        for store in runs.map(|entry| entry.path().join("runs")) {
            let runs = fs::read_dir(store).into_iter().flatten().flatten();
            logs.extend(runs.flat_map(|run| {
                let logs = fs::read_dir(run.path().join("logs")).into_iter().flatten().flatten();
                logs.map(|log| log.path()).collect::<Vec<_>>()
            }));
        }
        for log in logs {
            let all = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
            let lines: Vec<&str> = all.lines().collect();
            let end = lines[lines.len().saturating_sub(15)..].join("\n");
            let _ = writeln!(text, "== {}\n{end}", log.display());
        }
        text
    }

    /// Ends everything. Returns the processes that were left and had to be killed.
    fn stop(&self) -> Vec<u32> {
        let controller = pid(&self.path("run/slurmctld.pid"));
        // Without a controller each command would try to reach one for many seconds.
        if controller.is_some_and(|controller| self.processes().contains(&controller)) {
            let _ = self.command("scancel").args(["--quiet", "--full", "--me"]).output();
            let begun = Instant::now();
            let busy = |cluster: &Self| !cluster.run("squeue", &["-h"]).stdout.is_empty();
            while busy(self) && begun.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        let mut daemons: Vec<u32> = (1..=self.nodes)
            .filter_map(|n| pid(&self.path(&format!("run/slurmd.n{n}.pid"))))
            .collect();
        daemons.extend(controller);
        daemons.extend(pid(&self.path("run/munged.pid")));
        for daemon in daemons {
            signal(daemon, "TERM");
        }
        let begun = Instant::now();
        while !self.processes().is_empty() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
        let left = self.processes();
        left.iter().for_each(|process| kill(*process));
        left
    }

    /// Ends everything, and asserts that no process is left.
    pub fn end(self) {
        let left = self.stop();
        assert!(left.is_empty(), "processes that were left: {left:?}");
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Text of a command that ended.
pub fn text(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn rand() -> u8 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as u8
}

/// Gives a folder to the user without rights.
fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap().flatten() {
            give(&entry.path());
        }
    }
}

fn pid(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

fn environment(process: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
    let entries = bytes.split(|byte| *byte == 0);
    entries.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect()
}

fn parent(process: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after = stat.rsplit(") ").next().unwrap_or_default();
    after.split(' ').nth(1).and_then(|pid| pid.parse().ok()).unwrap_or(0)
}

fn kill(process: u32) {
    signal(process, "KILL");
}

fn signal(process: u32, signal: &str) {
    if process > 1 {
        // It may have ended by itself.
        let _ = Command::new("kill").arg(format!("-{signal}")).arg(process.to_string()).output();
    }
}
