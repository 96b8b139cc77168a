//! What fails is told, keeps nobody waiting, and is not tried again.

use crate::place::{Place, TINY, long};
use crate::slurm::{Shape, text};

#[test]
fn one_experiment_that_diverges_ends_its_own_scores_and_nothing_else() {
    let bad = "experiment bad extends=base { override recipe { adamw lr=1e20 } }\ntable tiny {";
    let diverging =
        TINY.replace("table tiny {", bad).replace("row ba ", "row bad \"Bad\"\n    row ba ");
    let place = Place::new(&diverging);
    let out = place.proofmark(&["run", "x.kdl", "--on", "test", "--wait"]);
    assert_eq!(out.status.code(), Some(20), "{}\n{}", text(&out), place.slurm.logs());
    let (status, exit) = place.status();
    assert_eq!(exit, 20);
    let stages = status["stages"].as_array().unwrap();
    let of = |kind: &str, name: &str| {
        let it = stages.iter().find(|stage| stage["kind"] == kind && stage["name"] == name);
        it.unwrap_or_else(|| panic!("no {kind} {name}: {status:#}"))
    };
    let failed = of("train", "bad");
    assert_eq!((failed["state"].as_str(), failed["attempt"].as_u64()), (Some("failed"), Some(1)));
    assert!(failed["why"].as_str().unwrap().contains("the loss became NaN"), "{failed:#}");
    assert!(failed["node"].is_string() && failed["log"].is_string() && failed["exit"] == 20);
    assert!(!failed["last_lines"].as_array().unwrap().is_empty());
    for name in ["bad on seen", "bad on unseen"] {
        let never = of("predict", name);
        assert_eq!((&never["state"], &never["why"]), (&"never".into(), &"needs train bad".into()));
    }
    for (kind, name) in
        [("predict", "ba on seen"), ("predict", "base on unseen"), ("report", "tables")]
    {
        assert_eq!(of(kind, name)["state"], "done", "{status:#}");
    }
    // The tables are there, with what is not.
    let table = std::fs::read_to_string(place.path("reports/tiny.md")).unwrap();
    assert!(table.contains("Bad") && table.contains("n/a"), "{table}");
    let said = text(&place.proofmark(&["status", "x.kdl"]));
    assert!(said.contains("will not run  predict bad on seen") && said.contains("log: "), "{said}");
    let logs = text(&place.proofmark(&["logs", "x.kdl"]));
    assert!(logs.contains("the loss became NaN in epoch 1"), "{logs}");
    place.slurm.end();
}

#[test]
fn out_of_memory_is_told_with_what_to_ask_for() {
    let counted = "JobAcctGatherType=jobacct_gather/linux\nJobAcctGatherFrequency=task=1\n\
                   JobAcctGatherParams=OverMemoryKill\n";
    let place = Place::with(&long(), &Shape { more: counted, ..Shape::default() });
    let clusters = "cluster test { slurm; job cpus=1 memory=(MiB)700; job train memory=(MiB)8 }";
    place.write("clusters.kdl", clusters);
    place.submit();
    let (status, exit) = place.wait();
    assert_eq!(exit, 20, "{status:#}\n{}", place.slurm.logs());
    let stages = status["stages"].as_array().unwrap();
    let trains = stages.iter().filter(|stage| stage["kind"] == "train");
    for train in trains {
        let why = train["why"].as_str().unwrap();
        assert_eq!(train["attempt"], 1, "{train:#}");
        assert!(why.contains("out of memory") && why.contains("ask for `memory=("), "{train:#}");
    }
    place.slurm.end();
}
