//! Tests of clusters files: what is read of them, what jobs ask for, where they are looked for.

use super::*;
use crate::source::MemoryFiles;

fn clusters(text: &str) -> Clusters {
    let path = Path::new("clusters.kdl");
    let (clusters, loaded) = load_clusters(path, &MemoryFiles::default().with(path, text));
    assert_eq!(loaded.diagnostics, [], "{text}");
    clusters
}

const UNI: &str = "cluster uni {
    slurm { account \"p-1\"; partition cpu; option \"--nice=3\"; setup \"module load cuda\" }
    job cpus=4 memory=(GiB)1.5 time=(hour)4
    job train experiment=big memory=(GiB)128
    job train gpus=1 gpu=h100 memory=(GiB)64 time=(day)1 partition=gpu ranks=2
    job faces shares=64
    job experiment=big cpus=16 memory=(GiB)96
}
cluster box { local { device cuda:1; device cpu } }
";

#[test]
fn what_is_said_of_fewer_jobs_stands_above_what_is_said_of_more() {
    let clusters = clusters(UNI);
    let uni = clusters.of("uni").unwrap();
    let of = |kind, experiment| {
        let asked = uni.request(kind, experiment);
        let gib = asked.memory.map(|bytes| bytes as f64 / f64::from(1 << 30));
        (asked.cpus, gib, asked.time, asked.gpus, asked.partition)
    };
    let (cpu, gpu) = (Some("cpu".to_owned()), Some("gpu".to_owned()));
    let (h4, d1) = (Some(4 * 3_600), Some(86_400));
    assert_eq!(of("sample", None), (Some(4), Some(1.5), h4, None, cpu.clone()));
    assert_eq!(of("predict", Some("small")), (Some(4), Some(1.5), h4, None, cpu.clone()));
    assert_eq!(of("predict", Some("big")), (Some(16), Some(96.0), h4, None, cpu.clone()));
    assert_eq!(of("train", Some("small")), (Some(4), Some(64.0), d1, Some(1), gpu.clone()));
    assert_eq!(of("train", Some("big")), (Some(16), Some(128.0), d1, Some(1), gpu));
    assert_eq!(of("report", None), (Some(4), Some(1.5), h4, None, cpu));
    let train = uni.request("train", Some("small"));
    assert_eq!((train.gpu.as_deref(), train.ranks, train.shares), (Some("h100"), Some(2), None));
    let faces = uni.request("faces", None);
    assert_eq!((faces.gpu, faces.ranks, faces.shares), (None, None, Some(64)));
}

#[test]
fn engines_defaults_and_options_are_read() {
    let clusters = clusters(UNI);
    let uni = clusters.of("uni").unwrap();
    let Engine::Slurm(slurm) = &uni.engine else { panic!("{uni:?}") };
    assert_eq!(slurm.options(), ["--account=p-1", "--nice=3"]);
    assert_eq!(slurm.setup(), ["module load cuda"]);
    assert_eq!((uni.retries, uni.warn, slurm.program.clone()), (3, 300, None));
    assert!(uni.limits.is_none());
    let Engine::Local(local) = &clusters.of("box").unwrap().engine else { panic!() };
    let devices: Vec<String> = local.devices.iter().map(|d| d.device.to_string()).collect();
    assert_eq!(devices, ["cuda:1", "cpu"]);
}

#[test]
fn a_cluster_that_is_not_there_is_told_with_those_that_are() {
    let found = clusters(UNI);
    assert_eq!(
        found.of("unni").unwrap_err().to_string(),
        "there is no cluster `unni`: `clusters.kdl` declares `uni`, `box`; did you mean `uni`?"
    );
    let none = Clusters { file: "c.kdl".into(), clusters: Vec::new() };
    assert_eq!(
        none.of("uni").unwrap_err().to_string(),
        "there is no cluster `uni`: `c.kdl` declares none"
    );
}

#[test]
fn the_file_is_the_one_that_is_named_else_that_of_the_user() {
    let of = |named: Option<&str>, variables: &[(&str, &str)]| {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let environment = |name: &str| variables.get(name).map(OsString::from);
        clusters_file(named.map(Path::new), &environment).map(|path| path.display().to_string())
    };
    let all = [(VARIABLE, "v.kdl"), ("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")];
    assert_eq!(of(Some("n.kdl"), &all).unwrap(), "n.kdl");
    assert_eq!(of(None, &all).unwrap(), "v.kdl");
    assert_eq!(of(None, &all[1..]).unwrap(), "/x/proofmark/clusters.kdl");
    assert_eq!(of(None, &all[2..]).unwrap(), "/h/.config/proofmark/clusters.kdl");
    let odd = [(VARIABLE, ""), ("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")];
    assert_eq!(of(None, &odd).unwrap(), "/h/.config/proofmark/clusters.kdl");
    let nowhere = of(None, &[]).unwrap_err().to_string();
    assert!(nowhere.contains("--clusters FILE") && nowhere.contains("PROOFMARK_CLUSTERS"));
}

#[test]
fn a_clusters_file_is_known_by_its_first_declaration() {
    assert!(declares_clusters("// mine\nimport \"lab.kdl\"\ncluster a { slurm\n"));
    assert!(!declares_clusters("recipe r { epochs 3 }\ncluster a { slurm }"));
    assert!(!declares_clusters("import \"lab.kdl\""));
    assert!(!declares_clusters(""));
}
