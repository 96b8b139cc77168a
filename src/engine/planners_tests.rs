//! Keys see meaning and nothing else: comments, order and names change none; every
//! change of meaning changes those that depend on it, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proofmark_lang::{DiskFiles, MemoryFiles, load};
use proofmark_plan::facts::DatasetDigests;
use proptest::prelude::*;

use super::*;
use crate::engine::graph::Stage;

/// Declarations, one a string, so that they can be moved about.
const PARTS: &[&str] = &[
    "dataset a { layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2; manipulation swap-seam; manipulation mouth-paste; split carve train=(%)60 val=(%)20 test=(%)20 seed=0; faces size=32 }",
    "dataset b { layout demo capture=webcam seed=2 identities=8 videos=2 fakes=2 frames=2; manipulation swap-seam; manipulation mouth-paste; split carve train=(%)60 val=(%)20 test=(%)20 seed=0; faces size=32 }",
    "dataset c { layout demo capture=phone seed=3 identities=8 videos=2 fakes=2 frames=2; manipulation swap-warp; split only=test; faces size=32 }",
    "ensemble both { source a; source b; sample real-to-fake=\"1:1\" at-least=1 seed=0 }",
    "backbone tiny { vit patch=8 width=16 depth=2 heads=2 image=32; pool patch-mean; drop-path 0.1 }",
    "init scratch { random std=0.02 seed=0; normalize half }",
    "recipe short { epochs 3; batch 8; adamw lr=1e-3 weight-decay=0.05 layer-decay=0.9; schedule cosine warmup=(epoch)1 min-lr=1e-6; augment flip-crop; keep lowest=val.loss; seed 0 }",
    "experiment base { data both; backbone tiny; init scratch; recipe short; loss { cross-entropy } }",
    "experiment ba extends=base { loss { cross-entropy; triplet batch-all margin=0.3 weight=0.5 } }",
    "experiment att extends=base { attribution by=category }",
    "table t { row base; row ba; row att; scenario \"In-distribution\" { column a \"A\"; column b \"B\" }; scenario \"Out-of-distribution\" { column c \"C\" }; metric auc }",
];

/// Key of each stage by kind and name.
fn keys(text: &str) -> BTreeMap<String, String> {
    keys_of(text, false)
}

/// [`keys`] of data sets that are in JPEG files or not.
fn keys_of(text: &str, jpeg: bool) -> BTreeMap<String, String> {
    let files = MemoryFiles::default().with("x.kdl", text);
    let loaded = load(Path::new("x.kdl"), &files);
    assert!(!loaded.has_errors(), "{:?}\n{text}", loaded.diagnostics);
    plan(&loaded.project, &made_up(&loaded.project, jpeg))
        .stages
        .iter()
        .map(|s| (format!("{} {}", s.word(), s.name), s.key.clone()))
        .collect()
}

/// A world without data: a digest of everything that has one.
fn made_up(project: &Project, jpeg: bool) -> Facts {
    let mut facts = Facts { demo_version: 1, ..Facts::default() };
    for (name, dataset) in &project.datasets {
        let digest = |what: &str| format!("{what} of {name}");
        let (pixels, manifest) = (digest("pixels"), digest("manifest"));
        facts.datasets.insert(name.clone(), DatasetDigests { pixels, jpeg, manifest });
        if dataset.faces.weights.is_some() {
            facts.detectors.insert(name.clone(), digest("detector").into());
        }
        if dataset.landmarks.is_some() {
            facts.landmarks.insert(name.clone(), digest("landmarks").into());
        }
    }
    for (name, experiment) in &project.experiments {
        let digest = format!("weights of {}", experiment.init.name);
        facts.weights.insert(name.clone(), digest.into());
    }
    facts
}

/// The stages of a file of the project, each with its key.
fn stages(path: &str) -> String {
    let loaded = load(Path::new(path), &DiskFiles);
    assert!(!loaded.has_errors(), "{path}: {:?}", loaded.diagnostics);
    let plan = plan(&loaded.project, &made_up(&loaded.project, false));
    let line = |s: &Stage| format!("{} {}: {}\n", s.word(), s.name, s.key);
    plan.stages.iter().map(line).collect()
}

/// A key that changes runs people's experiments anew. Where the meaning of a declaration changed
/// and it has to, the CHANGELOG says so.
#[test]
fn experiments_that_people_ran_keep_their_keys() {
    insta::assert_snapshot!("quickstart", stages("experiments/quickstart.kdl"));
    insta::assert_snapshot!("table3", stages("experiments/table3.kdl"));
}

/// How they are computed has changed: in parts all along, and added in a tree. Nothing else has.
#[test]
fn batches_in_parts_have_a_version_and_others_none() {
    let net = "backbone net { efficientnet image=32 width-factor=0.25 depth-factor=0.3 }";
    let versions = |batch: &str, backbone: &str| -> BTreeSet<bool> {
        let text = PARTS.join("\n").replace("batch 8", batch) + "\n" + net;
        let text = text.replace("backbone tiny; init", &format!("backbone {backbone}; init"));
        let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
        assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
        let stages = plan(&loaded.project, &made_up(&loaded.project, false)).stages;
        let trained = stages.iter().filter(|stage| stage.word() == "train");
        trained.map(|stage| stage.inputs.values.get("leaf-version").is_some()).collect()
    };
    assert_eq!(versions("batch 8 micro=4", "tiny"), BTreeSet::from([true]));
    assert_eq!(versions("batch 8", "tiny"), BTreeSet::from([false]));
    assert_eq!(versions("batch 8 micro=8", "tiny"), BTreeSet::from([false]));
    // Batch norm has the whole batch in one.
    assert_eq!(versions("batch 8 micro=4", "net"), BTreeSet::from([false]));
}

/// Both have the `init` called `file`, one of them with another file.
#[test]
fn an_override_of_weights_makes_another_model() {
    let text = PARTS.join("\n").replace("row att;", "row att; row one; row two;")
        + "\ninit file { weights \"one.pth\"; normalize half }\n\
           experiment one extends=base { init file }\n\
           experiment two extends=one { override init { weights \"two.pth\" } }\n";
    let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    let mut facts = made_up(&loaded.project, false);
    for name in ["one", "two"] {
        facts.weights.insert(name.to_owned(), format!("what is in {name}.pth").into());
    }
    let trained = plan(&loaded.project, &facts).stages;
    let trained = trained.iter().filter(|stage| ["one", "two"].contains(&stage.name.as_str()));
    let keys: BTreeSet<&str> = trained.map(|stage| stage.key.as_str()).collect();
    assert_eq!(keys.len(), 2, "one model for both: {keys:?}");
}

fn key_set(text: &str) -> BTreeSet<String> {
    keys(text).into_values().collect()
}

/// Names of the stages whose keys a replacement changes.
fn changed(from: &str, to: &str) -> BTreeSet<String> {
    changed_in(&PARTS.join("\n"), from, to)
}

fn changed_in(text: &str, from: &str, to: &str) -> BTreeSet<String> {
    assert!(text.contains(from), "{from}");
    let (before, after) = (keys(text), keys(&text.replacen(from, to, 1)));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    before.into_iter().filter(|(name, key)| after[name] != *key).map(|(name, _)| name).collect()
}

/// The stages that follow from training an experiment.
fn from_training(experiments: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for experiment in experiments {
        names.insert(format!("train {experiment}"));
        for dataset in ["a", "b", "c"] {
            names.insert(format!("predict {experiment} on {dataset}"));
        }
    }
    names
}

#[test]
fn a_threshold_chosen_on_validation_adds_the_scores_it_needs() {
    let text = PARTS.join("\n");
    let before = keys(&text);
    let after = keys(&text.replace("metric auc", "metric accuracy threshold=val"));
    let added: Vec<&str> =
        after.keys().filter(|name| !before.contains_key(*name)).map(String::as_str).collect();
    let expected = ["att", "ba", "base"]
        .map(|row| ["a", "b"].map(|set| format!("predict {row} on {set} (val)")));
    assert_eq!(added, expected.concat());
    assert!(before.iter().all(|(name, key)| after[name] == *key), "nothing else reruns");
}

#[test]
fn each_change_of_meaning_reaches_what_depends_on_it() {
    let all = ["base", "ba", "att"];
    for (from, to) in [
        ("epochs 3", "epochs 4"),
        ("lr=1e-3", "lr=2e-3"),
        ("batch 8", "batch 4"),
        ("weight-decay=0.05", "weight-decay=0.1"),
        ("layer-decay=0.9", "layer-decay=0.8"),
        ("warmup=(epoch)1", "warmup=(epoch)2"),
        ("augment flip-crop", "augment none"),
        ("augment flip-crop", "augment flip-crop interpolation=bicubic"),
        ("augment flip-crop", "augment { crop smallest=0.5; flip }"),
        ("keep lowest=val.loss", "keep highest=val.auc"),
        ("patch=8 width", "patch=16 width"),
        ("depth=2", "depth=3"),
        ("drop-path 0.1", "drop-path 0.2"),
        ("std=0.02", "std=0.03"),
        ("normalize half", "normalize imagenet"),
        ("keep lowest=val.loss; seed 0", "keep lowest=val.loss; seed 1"),
    ] {
        assert_eq!(changed(from, to), from_training(&all), "{from} to {to}");
    }
    let of_flips = |from: &str, to: &str| {
        let from = format!("augment {{ crop smallest=0.5; flip{from} }}");
        let to = format!("augment {{ crop smallest=0.5; flip{to} }}");
        changed_in(&PARTS.join("\n").replace("augment flip-crop", &from), &from, &to)
    };
    assert_eq!(of_flips("", " probability=0.4"), from_training(&all));
    assert_eq!(of_flips("", "; erase"), from_training(&all));
    assert!(of_flips("", " probability=0.5").is_empty(), "a default that is written");
    assert_eq!(changed("margin=0.3", "margin=0.4"), from_training(&["ba"]));
    assert_eq!(changed("weight=0.5", "weight=0.6"), from_training(&["ba"]));
    assert_eq!(changed("by=category", "by=dataset"), from_training(&["att"]));
    let mixed = "by=category; override recipe { mix mixup=0.8 }";
    assert_eq!(changed("by=category", mixed), from_training(&["att"]));
    let mut sampled = from_training(&all);
    sampled.insert("sample both".to_owned());
    assert_eq!(changed("at-least=1", "at-least=2"), sampled);
    assert_eq!(changed("\"1:1\"", "\"1:2\""), sampled);
    // A data set that trains reaches everything; one that is only tested, its scores.
    let mut trained = sampled;
    trained.insert("faces a".to_owned());
    assert_eq!(changed("seed=1 identities", "seed=7 identities"), trained);
    let tested = ["faces c", "predict base on c", "predict ba on c", "predict att on c"];
    let tested: BTreeSet<String> = tested.map(str::to_owned).into();
    assert_eq!(changed("seed=3 identities", "seed=7 identities"), tested);
}

/// They were decoded otherwise once; faces of both kinds must not be mixed.
#[test]
fn the_decoder_of_jpeg_files_is_part_of_the_key_of_their_faces() {
    let text = PARTS.join("\n");
    let (others, jpeg) = (keys(&text), keys_of(&text, true));
    for name in ["faces a", "faces b", "faces c"] {
        assert_ne!(others[name], jpeg[name], "{name}");
    }
}

#[test]
fn titles_labels_and_devices_reach_no_key() {
    for (from, to) in [
        ("column a \"A\"", "column a \"First\""),
        ("keep lowest=val.loss; seed 0", "keep lowest=val.loss; seed 0; device cuda:1"),
        ("row base;", "row base \"The base\";"),
        ("metric auc", "metric eer"),
        ("dataset a {", "dataset a { title \"A data set\";"),
    ] {
        assert_eq!(changed(from, to), BTreeSet::new(), "{from} to {to}");
    }
}

proptest! {
    #[test]
    fn comments_order_and_names_change_no_key(
        order in Just((0..PARTS.len()).collect::<Vec<_>>()).prop_shuffle(),
        comments in prop::collection::vec("[a-z {}\"]{0,20}", PARTS.len()),
        blank in 0usize..4,
        name in "[a-z]{3,9}",
        swap_sources in any::<bool>(),
    ) {
        let mut text = String::new();
        for (i, comment) in order.iter().zip(&comments) {
            text += &format!("// {comment}\n{}{}\n", PARTS[*i], "\n".repeat(blank));
        }
        for (from, to) in [("recipe short", "recipe r-"), ("backbone tiny", "backbone b-"),
            ("init scratch", "init i-"), ("ensemble both", "ensemble e-"), ("data both", "data e-")]
        {
            text = text.replace(from, &format!("{to}{name}"));
        }
        if swap_sources {
            text = text.replace("source a; source b", "source b; source a");
        }
        prop_assert_eq!(key_set(&text), key_set(&PARTS.join("\n")));
    }
}

/// The keys of the trainings of a file whose tables have these rows, by name.
fn trained(experiments: &str, rows: &str) -> BTreeMap<String, String> {
    let text = PARTS.join("\n").replace("row base; row ba; row att;", rows) + "\n" + experiments;
    let keys = keys(&text).into_iter();
    keys.filter_map(|(name, key)| Some((name.strip_prefix("train ")?.to_owned(), key))).collect()
}

proptest! {
    /// Whatever its axes and values are, a variant has the key of the experiment that would be
    /// written by hand, and there is one for every combination.
    #[test]
    fn variants_are_the_experiments_that_would_be_written_by_hand(
        margins in prop::sample::subsequence(vec!["0.1", "0.3", "1.5", "1e-4"], 1..=3),
        weights in prop::sample::subsequence(vec!["0.25", "0.5", "2"], 1..=3),
        epochs in prop::sample::subsequence(vec!["2", "3", "4"], 1..=2),
        inits in prop::sample::subsequence(vec!["scratch", "wider"], 1..=2),
        order in Just(vec![0usize, 1, 2, 3]).prop_shuffle(),
        short in any::<bool>(),
    ) {
        let init = "init wider { random std=0.05 seed=0; normalize half }\n";
        let paths = match short {
            true => ["margin", "triplet.weight", "epochs", "init"],
            false => ["loss.triplet.margin", "loss.triplet.weight", "recipe.epochs", "init"],
        };
        let lists = [&margins, &weights, &epochs, &inits];
        let axis = |&i: &usize| format!("axis {} {}\n", paths[i], lists[i].join(" "));
        let matrix: String = order.iter().map(axis).collect();
        let tuned = format!(
            "{init}experiment tuned extends=ba {{ matrix {{ {matrix} }}; choose lowest=val.loss }}"
        );
        let mut by_matrix = trained(&tuned, "row tuned;");
        let (mut by_hand, mut rows) = (init.to_owned(), String::new());
        for (a, margin) in margins.iter().enumerate() {
            for (b, weight) in weights.iter().enumerate() {
                for (c, epochs) in epochs.iter().enumerate() {
                    for (d, init) in inits.iter().enumerate() {
                        let name = format!("h{a}{b}{c}{d}");
                        by_hand += &format!(
                            "experiment {name} extends=ba {{ init {init}; override recipe {{ epochs \
                             {epochs} }}; override loss {{ triplet batch-all margin={margin} \
                             weight={weight} }} }}\n"
                        );
                        rows += &format!("row {name};");
                    }
                }
            }
        }
        let by_hand = trained(&by_hand, &rows);
        prop_assert!(by_matrix.remove("tuned").is_some(), "the choice is a stage");
        let keys = |of: &BTreeMap<String, String>| of.values().cloned().collect::<BTreeSet<_>>();
        let combinations = margins.len() * weights.len() * epochs.len() * inits.len();
        prop_assert_eq!(by_matrix.len(), combinations);
        prop_assert_eq!(keys(&by_matrix).len(), combinations);
        prop_assert_eq!(keys(&by_matrix), keys(&by_hand));
        // Each is named by its values, in the order of the axes.
        let first = order.iter().map(|&i| {
            let number = lists[i][0].parse::<f64>();
            let value = number.map_or(lists[i][0].to_owned(), |x| match x < 1e-3 {
                true => format!("{x:e}"),
                false => x.to_string(),
            });
            format!("{}={value}", paths[i].rsplit('.').next().unwrap())
        });
        let first = format!("tuned[{}]", first.collect::<Vec<_>>().join(","));
        prop_assert!(by_matrix.contains_key(&first), "{} in {:?}", first, by_matrix.keys());
    }

    /// Seeds of a row are overrides of the recipe's seed.
    #[test]
    fn seeds_of_a_row_are_overrides(
        seeds in prop::sample::subsequence(vec![0u64, 1, 7, u64::MAX], 2..=4),
    ) {
        let listed: Vec<String> = seeds.iter().map(u64::to_string).collect();
        let by_row = trained("", &format!("row ba {{ seed {} }};", listed.join(" ")));
        let each = seeds.iter().enumerate().map(|(i, seed)| {
            format!("experiment s{i} extends=ba {{ override recipe {{ seed {seed} }} }}\n")
        });
        let each: String = each.collect();
        let rows: String = (0..seeds.len()).map(|i| format!("row s{i};")).collect();
        let by_hand = trained(&each, &rows);
        let names: BTreeSet<String> = listed.iter().map(|s| format!("ba[seed={s}]")).collect();
        prop_assert_eq!(by_row.keys().cloned().collect::<BTreeSet<_>>(), names);
        let keys = |of: BTreeMap<String, String>| of.into_values().collect::<BTreeSet<_>>();
        prop_assert_eq!(keys(by_row), keys(by_hand));
    }
}

#[test]
fn a_choice_depends_on_its_variants_their_order_and_the_quantity() {
    let choice = |axis: &str, by: &str| {
        let text =
            format!("experiment tuned extends=ba {{ matrix {{ axis {axis} }}; choose {by} }}");
        trained(&text, "row tuned;").remove("tuned").unwrap()
    };
    let first = choice("margin 0.1 0.2", "lowest=val.loss");
    assert_eq!(first, choice("loss.triplet.margin 0.10 2e-1", "lowest=val.loss"));
    for (axis, by) in [
        ("margin 0.2 0.1", "lowest=val.loss"),
        ("margin 0.1 0.2", "highest=val.auc"),
        ("margin 0.1 0.2 0.3", "lowest=val.loss"),
        ("margin 0.1 0.4", "lowest=val.loss"),
    ] {
        assert_ne!(first, choice(axis, by), "{axis} {by}");
    }
}

#[test]
fn pseudo_fakes_reach_what_uses_them_and_leave_other_keys_alone() {
    let text = PARTS.join("\n");
    let more = "ensemble blended { pseudo-fake self-blended from=a }\n\
                experiment sbi extends=base { data blended }\n";
    let with = text.replace("row att;", "row att; row sbi;") + "\n" + more;
    let (before, after) = (keys(&text), keys(&with));
    assert!(before.iter().all(|(name, key)| after[name] == *key), "nothing else reruns");
    let added: Vec<&str> =
        after.keys().filter(|name| !before.contains_key(*name)).map(String::as_str).collect();
    let scored = ["a", "b", "c"].map(|set| format!("predict sbi on {set}"));
    let mut expected = vec!["landmarks a".to_owned()];
    expected.extend(scored);
    expected.extend(["sample blended", "train sbi"].map(str::to_owned));
    assert_eq!(added, expected);
    let hull = keys(&with.replace("from=a", "from=a hull=convex"));
    let changed: Vec<&str> =
        after.iter().filter(|(name, key)| hull[*name] != **key).map(|(n, _)| n.as_str()).collect();
    assert_eq!(
        changed,
        expected[1..4].iter().chain(["train sbi".to_owned()].iter()).collect::<Vec<_>>()
    );
}
