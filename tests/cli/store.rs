//! What the store holds, what leaves it, and what goes from it to other programs.

use crate::controller::Controlled;
use crate::support::{Place, TINY, folders};

fn listed(place: &Place) -> Vec<serde_json::Value> {
    let ran = place.run(&["ls", "--format", "json"]).ends_with(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn what_no_file_needs_is_removed_when_told_so() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    let all = listed(&place);
    let of = |stage: &str| all.iter().filter(|held| held["stage"] == stage).count();
    assert_eq!((of("faces"), of("sample"), of("train"), of("predict")), (2, 1, 2, 4), "{all:?}");
    assert!(all.iter().all(|held| held["bytes"].as_u64().unwrap() > 100 && held["name"] != ""));
    let text = place.run(&["ls", "--stage", "train"]).ends_with(0).stdout;
    assert!(text.contains("base") && text.contains("in 2 folders"), "{text}");
    place.run(&["gc", "x.kdl"]).ends_with(0).says("nothing to remove; all 9 results");

    // Another seed makes another model; the old ones are needed by the old file alone.
    place.write("y.kdl", TINY.replace("seed 0\n}", "seed 1\n}"));
    place.run(&["run", "y.kdl"]).ends_with(0);
    place.run(&["gc", "x.kdl", "y.kdl", "--delete"]).ends_with(0).says("nothing to remove");
    let ran = place.run(&["gc", "y.kdl"]).ends_with(0);
    ran.says("6 results, ").says("`--delete` removes them (9 stay)");
    assert_eq!(listed(&place).len(), 15);
    // A process that makes something may read any of them.
    let lock = std::fs::File::create(place.path("store/locks/train-busy")).unwrap();
    lock.lock().unwrap();
    std::fs::create_dir_all(place.path("store/work/train-busy")).unwrap();
    place.run(&["gc", "y.kdl", "--delete"]).ends_with(20).says("1 results are being made");
    assert_eq!(listed(&place).len(), 16);
    drop(lock);
    place.run(&["gc", "y.kdl", "--delete"]).ends_with(0).says("7 results removed");
    assert_eq!(listed(&place).len(), 9);
    let plan = place.run(&["plan", "y.kdl"]).ends_with(0).stdout;
    assert!(plan.contains("0 to run, 9 to reuse"), "{plan}");
    // What a file needs cannot be told without its data.
    let gone = "dataset gone { layout folder root=\"gone\" { class a label=real; class b \
                label=fake manipulation=m }; manipulation m; split only=test }\n";
    let column = "column seen \"Seen\"; column gone \"Gone\";";
    place.write("z.kdl", gone.to_owned() + &TINY.replace("column seen \"Seen\";", column));
    place.run(&["gc", "z.kdl", "--delete"]).ends_with(11).says("nothing was removed");
    assert_eq!(listed(&place).len(), 9);
}

#[test]
fn keys_and_scores_go_out_and_come_back() {
    let place = Place::new();
    let keys = place.run(&["export", "keys", "x.kdl", "--split", "test"]).ends_with(0).stdout;
    let lines: Vec<&str> = keys.lines().collect();
    assert_eq!(lines[0], "dataset,split,video,label,method,family");
    assert!(lines.iter().any(|line| line.starts_with("seen,test,") && line.contains(",real,")));
    assert!(lines.iter().skip(1).all(|line| line.split(',').nth(1) == Some("test")), "{keys}");
    let ran = place.run(&["export", "keys", "x.kdl", "--dataset", "other"]).ends_with(11);
    ran.says("there is no data set `other`; declared are: seen, unseen");
    let early = ["export", "predictions", "x.kdl"];
    place.run(&early).ends_with(11).says("none of the 4 score files is in the store yet");
    place.run(&["run", "x.kdl"]).ends_with(0);
    let out = ["--experiment", "base", "--out", "base.csv"];
    place.run(&[&early[..], &out].concat()).ends_with(0).says("written: base.csv");
    // Scores that went out are a row like any other tool's, and give the same numbers.
    let row = "row back \"Back\" predictions=\"base.csv\" { columns dataset=dataset frame=frame }\n    \
               scenario \"In-distribution\"";
    place.write("back.kdl", TINY.replacen("scenario \"In-distribution\"", row, 1));
    place.run(&["run", "back.kdl"]).ends_with(0);
    let csv = std::fs::read_to_string(place.path("reports/tiny.csv")).unwrap();
    let values = |row: &str| -> Vec<String> {
        let start = format!("auc,{row},");
        let of = csv.lines().filter_map(|line| line.strip_prefix(&start));
        of.map(|rest| rest.split(',').take(3).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(values("Back"), values("Base"));
    assert!(values("Back").len() >= 3, "{csv}");
    let ran = place.run(&["export", "predictions", "x.kdl", "--experiment", "c"]).ends_with(11);
    ran.says("no table scores what is wanted; scored are: base, ba");
}

/// Names in a folder of the store, sorted.
fn names(place: &Place, folder: &str) -> Vec<String> {
    let of = |path: std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut names: Vec<String> =
        folders(&place.path(&format!("store/{folder}"))).into_iter().map(of).collect();
    names.sort();
    names
}

/// Makes an array one of long ago, with the file of a try at everything that it makes.
fn tried(place: &Place, array: &str) {
    let path = format!("store/jobs/{array}");
    let text = std::fs::read(place.path(&path)).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&text).unwrap();
    record["submitted"] = 1.into();
    place.write(&path, record.to_string());
    for made in record["tasks"].as_object().unwrap().values() {
        let of = |entry: &str| made[entry].as_str().unwrap_or_default().to_owned();
        let folder = match made["make"].as_str() {
            Some("stage") => format!("{}-{}", of("kind"), of("key")),
            _ => format!("report-{}", record["run"].as_str().unwrap()),
        };
        place.write(&format!("store/attempts/{folder}/1_0.0.json"), "{}");
    }
}

#[test]
fn what_was_submitted_stays_as_long_as_anyone_needs_it() {
    let slurm = Controlled::of(Place::new());
    let place = &slurm.place;
    let submit = ["run", "x.kdl", "--on", "uni"];
    slurm.run(&submit).ends_with(0).says("10 tasks submitted");
    let first = (names(place, "runs"), names(place, "jobs"));
    assert_eq!((first.0.len(), first.1.len()), (1, 6), "{first:?}");
    slurm.calls();
    slurm.run(&["gc", "x.kdl", "--delete"]).ends_with(0).says("nothing to remove");
    assert_eq!(slurm.calls(), [""; 0], "what was submitted last is needed without a look");

    // The file changes: other models, of the same faces.
    first.1.iter().for_each(|array| tried(place, array));
    place.write("x.kdl", TINY.replace("seed 0\n}", "seed 1\n}"));
    slurm.run(&submit).ends_with(0);
    let queue = std::fs::read(place.path("bin/queue")).unwrap();
    slurm.forget();
    slurm.calls();
    // What became of the faces, which are still missing, the first plan's arrays alone can tell.
    slurm.run(&["gc", "x.kdl"]).ends_with(0).says("nothing to remove");
    assert_eq!(slurm.calls(), [""; 0]);

    place.run(&["run", "x.kdl"]).ends_with(0);
    place.write("bin/queue", queue);
    slurm.run(&["gc", "x.kdl"]).ends_with(0).says("nothing to remove");
    let calls = slurm.calls();
    assert!(calls.len() == 1 && calls[0].contains("--name=proofmark-"), "{calls:?}");
    // Nothing is removed, either, where the queue cannot be asked.
    slurm.forget();
    std::fs::rename(place.path("bin/squeue"), place.path("bin/away")).unwrap();
    let unasked = slurm.run(&["gc", "x.kdl", "--delete"]).ends_with(0);
    unasked.says("what was submitted to clusters stays").says("cannot run `squeue`");
    assert_eq!(names(place, "runs").len(), 2);
    std::fs::rename(place.path("bin/away"), place.path("bin/squeue")).unwrap();

    let ran = slurm.run(&["gc", "x.kdl"]).ends_with(0);
    assert_eq!((names(place, "runs").len(), names(place, "attempts").len()), (2, 10));
    assert!(ran.stdout.contains("plan      x.kdl"), "{}", ran.stdout);
    assert!(ran.stdout.contains("array     train: 2 tasks (0-1)"), "{}", ran.stdout);
    assert!(ran.stdout.contains("tries     predict ba on seen"), "{}", ran.stdout);
    ran.says("all 9 results are needed")
        .says("1 submitted plan, 6 arrays and the tries at 9 stages, ")
        .says("are needed no more; `--delete` removes them");
    // Who submits may need what was needed no more.
    let lock = std::fs::File::create(place.path("store/locks/submission")).unwrap();
    lock.lock().unwrap();
    slurm.run(&["gc", "x.kdl", "--delete"]).ends_with(20).says("nothing was removed");
    drop(lock);
    assert_eq!(names(place, "runs").len(), 2);
    let ran = slurm.run(&["gc", "x.kdl", "--delete"]).ends_with(0);
    ran.says("0 results removed").says("6 arrays and the tries at 9 stages, ").says(" removed");
    let runs = names(place, "runs");
    assert!(runs.len() == 1 && runs != first.0, "{runs:?}");
    // Of the second task of an array the controller said nothing, so that both plans make its faces.
    let tries = names(place, "attempts");
    assert!(tries.len() == 1 && tries[0].starts_with("faces-"), "{tries:?}");
    let jobs = names(place, "jobs");
    assert!(!jobs.is_empty() && !jobs.iter().any(|array| first.1.contains(array)), "{jobs:?}");
    let status = slurm.run(&["status", "x.kdl"]).stdout;
    assert!(status.contains("9 done"), "{status}");
    slurm.run(&["gc", "x.kdl"]).ends_with(0).says("nothing to remove");
}
