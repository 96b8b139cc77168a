//! What right files mean: defaults, `extends`, `override`, paths, and Table 3.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proofmark_lang::model::{
    AdamW, Attribution, AugmentKind, BackboneKind, Column, Detector, Expect, Experiment, Family,
    FrameRule, Hull, Keep, Layout, LossTerm, Mining, Optimizer, Placed, Project, Recipe, Resize,
    ScheduleKind, SplitRule, Vit, Weights,
};
use proofmark_lang::{self as lang, DiskFiles, MemoryFiles};

const PARTS: &str = r#"
dataset a { layout demo capture=studio; manipulation swap-seam; manipulation gaze-shift }
dataset b { layout demo capture=phone seed=1; manipulation swap-warp }
ensemble both { source a; source b; sample }
backbone vit { vit patch=8 width=64 depth=2 heads=4 image=64 }
init scratch { random }
recipe short { epochs 3; batch 128; adamw lr=1e-4; schedule cosine warmup=1 }
loss ce { cross-entropy }
experiment base { data both; backbone vit; init scratch; recipe short; loss ce }
"#;

fn project(more: &str) -> Project {
    let files = MemoryFiles::default().with("main.kdl", format!("{PARTS}{more}"));
    let loaded = lang::load(Path::new("main.kdl"), &files);
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    loaded.project
}

fn experiment(more: &str) -> Placed<Experiment> {
    project(more).experiments.remove("x").expect("the experiment `x`")
}

fn vit(experiment: &Experiment) -> &Vit {
    let BackboneKind::Vit(vit) = &experiment.backbone.kind else { panic!("a ViT") };
    vit
}

fn adamw(recipe: &Recipe) -> &Placed<AdamW> {
    match &recipe.optimizer {
        Optimizer::AdamW(adamw) => adamw,
        Optimizer::Sgd(_) => panic!("an SGD"),
    }
}

#[test]
fn defaults_are_those_of_the_reference_page() {
    let project = project("");
    let base = &project.experiments["base"];
    assert_eq!(vit(base).mlp_ratio, 4.0);
    assert_eq!(base.backbone.drop_path, 0.0);
    assert!(vit(base).layer_scale.is_none());
    assert_eq!(adamw(&base.recipe).weight_decay, 0.05);
    assert_eq!(adamw(&base.recipe).layer_decay, 1.0);
    assert_eq!(adamw(&base.recipe).beta2, 0.999);
    assert_eq!(adamw(&base.recipe).eps, 1e-8);
    assert!(adamw(&base.recipe).at.eps.is_default());
    assert!(!adamw(&base.recipe).at.lr.is_default());
    assert_eq!(base.recipe.keep, Keep::LowestValLoss);
    assert_eq!(base.recipe.augment.recipe, Some(AugmentKind::None));
    assert_eq!(base.recipe.resize, Resize::Straight);
    assert_eq!(base.recipe.schedule.kind, ScheduleKind::Cosine);
    assert_eq!(base.recipe.schedule.warmup, 1.0);
    assert_eq!(base.init.normalize.mean, [0.5; 3]);
    let patterns: Vec<&str> = base.init.missing.iter().map(|p| p.as_str()).collect();
    assert_eq!(patterns, ["head.*", "fc_norm.*"]);
    let sample = base.data.sample.as_ref().expect("a sample");
    assert_eq!((sample.real_to_fake, sample.at_least), ((1.0, 1.0), 1));
    let a = &project.datasets["a"];
    assert_eq!(a.split, SplitRule::official());
    assert_eq!(a.frames, FrameRule::All);
    assert_eq!(a.min_coverage, 0.9);
    assert_eq!((a.faces.detector, a.faces.margin, a.faces.size), (Detector::None, 0.0, 224));
    let families: Vec<_> =
        a.manipulations.iter().map(|m| m.family.expect("a demo method has one")).collect();
    assert_eq!(families, [Family::FaceSwap, Family::Reenactment]);
}

#[test]
fn a_base_learning_rate_is_scaled_by_the_batch() {
    let x = experiment("experiment x extends=base { override recipe { adamw base-lr=1e-4 } }");
    assert_eq!(x.recipe.optimizer.lr(), 1e-4 * 128.0 / 256.0);
    let x = experiment(
        "experiment x extends=base { override recipe { batch 64; adamw base-lr=1e-4 } }",
    );
    assert_eq!(x.recipe.optimizer.lr(), 1e-4 * 64.0 / 256.0);
}

#[test]
fn overrides_patch_for_one_experiment_and_its_heirs() {
    let project = project(
        "experiment x extends=base { override recipe { epochs 5; adamw layer-decay=0.5; seed 7 } }\n\
         experiment y extends=x { override recipe { seed 8 } }\n\
         experiment z extends=y { recipe short }\n",
    );
    let of = |name: &str| &project.experiments[name].recipe;
    assert_eq!((of("base").epochs, of("base").seed), (3, 0));
    assert_eq!((of("x").epochs, of("x").seed), (5, 7));
    assert_eq!((adamw(of("x")).lr, adamw(of("x")).layer_decay), (1e-4, 0.5));
    assert_eq!((of("y").epochs, of("y").seed), (5, 8));
    // Naming a recipe anew drops what was patched on the inherited one.
    assert_eq!(of("z"), of("base"));
}

#[test]
fn overrides_replace_what_excludes_them() {
    let x = experiment("experiment x extends=base { override recipe { keep last } }");
    assert_eq!(x.recipe.keep, Keep::Last);
    let x = experiment(
        "experiment y extends=base { override recipe { keep last } }\n\
         experiment x extends=y { override recipe { keep highest=val.auc } }",
    );
    assert_eq!(x.recipe.keep, Keep::HighestValAuc);
    let x = experiment(
        "experiment x extends=base { override init { weights \"vit.safetensors\"; normalize imagenet } }",
    );
    assert!(matches!(x.init.weights, Weights::File(_)));
    assert_eq!(x.init.normalize.mean, [0.485, 0.456, 0.406]);
    let x = experiment(
        "experiment y extends=base { override init { normalize imagenet } }\n\
         experiment x extends=y { override init { normalize { mean 0 0 0; std 1 1 1 } } }",
    );
    assert_eq!(x.init.normalize.std, [1.0; 3]);
}

#[test]
fn a_list_of_operations_may_have_a_name() {
    let list = |written: &str| {
        let override_ = format!("override recipe {{ augment {written} }}");
        let x = experiment(&format!("experiment x extends=base {{ {override_} }}"));
        x.recipe.augment.list()
    };
    let fsfm = list("fsfm");
    assert_eq!(fsfm, list("{ crop; flip; randaugment; erase }"));
    assert_eq!(list("flip-crop"), list("{ crop smallest=0.5; flip }"));
    assert_eq!(list("none"), []);
    let bicubic = "{ crop interpolation=bicubic; flip; randaugment interpolation=bicubic; erase }";
    assert_eq!(list("fsfm interpolation=bicubic"), list(bicubic));
    let flips = list("{ flip probability=(%)10; flip }");
    let probabilities: Vec<f64> = flips.iter().map(|flip| flip.number("probability")).collect();
    assert_eq!(probabilities, [0.1, 0.5]);
}

#[test]
fn overrides_reach_one_source_and_one_term() {
    let x =
        experiment("experiment x extends=base { override data { source b train=val val=train } }");
    assert_eq!(x.data.sources.len(), 2);
    assert_eq!(x.data.sources[0].train, lang::model::Split::Train);
    assert_eq!(x.data.sources[1].train, lang::model::Split::Val);
    let x = experiment(
        "experiment y extends=base { loss { cross-entropy; triplet batch-all margin=0.3 weight=2 } }\n\
         experiment x extends=y { override loss { triplet margin=0.5 } }",
    );
    let [LossTerm::CrossEntropy(_), LossTerm::Triplet(term)] = &x.loss.terms[..] else {
        panic!("{:?}", x.loss);
    };
    assert_eq!((term.mining, term.margin, term.weight), (Mining::BatchAll, 0.5, 2.0));
    let x = experiment(
        "experiment y extends=base { loss { cross-entropy; triplet batch-all margin=1; triplet easy-positive-hard-negative margin=2 } }\n\
         experiment x extends=y { override loss { triplet easy-positive-hard-negative margin=3 } }",
    );
    let margins: Vec<f64> =
        x.loss.terms.iter().filter_map(|term| Some(term.term().triplet()?.margin)).collect();
    assert_eq!(margins, [1.0, 3.0]);
}

#[test]
fn attribution_is_inherited_until_it_is_undone() {
    let project = project(
        "experiment x extends=base { attribution by=category }\n\
         experiment y extends=x { override recipe { seed 5 } }\n\
         experiment z extends=y { attribution none }\n",
    );
    let of = |name: &str| project.experiments[name].attribution;
    assert_eq!(of("x"), Some(Attribution::Category));
    assert_eq!(of("y"), Some(Attribution::Category));
    assert_eq!(of("z"), None);
    assert_eq!(project.experiments["y"].extends.as_deref(), Some("x"));
}

#[test]
fn paths_know_the_folder_of_their_file() {
    let files = MemoryFiles::default()
        .with("experiments/main.kdl", "import \"../datasets/x.kdl\"")
        .with("datasets/x.kdl", "dataset x { layout celebdf root=\"data/x\" }");
    let loaded = lang::load(Path::new("experiments/main.kdl"), &files);
    let Layout::Released(released) = &loaded.project.datasets["x"].layout else { panic!() };
    assert_eq!(released.root.written, "data/x");
    assert_eq!(released.root.base, PathBuf::from("datasets"));
    let place = loaded.sources.place(released.at.root).expect("a place");
    assert_eq!((place.file, place.line, place.column), (PathBuf::from("datasets/x.kdl"), 1, 33));
}

#[test]
fn order_comments_and_space_mean_nothing() {
    let again = PARTS.lines().rev().collect::<Vec<_>>().join("\n\n  // a comment\n");
    let files = MemoryFiles::default().with("main.kdl", again);
    assert_eq!(lang::load(Path::new("main.kdl"), &files).project, project(""));
}

fn table3() -> Project {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/table3.kdl");
    lang::load(&path, &DiskFiles).project
}

#[test]
fn table3_states_the_facts_of_the_paper() {
    let project = table3();
    let training = ["ffpp", "celebdf", "dfdc", "fakeavceleb", "forgerynet"];
    let count = |names: &[&str], family| {
        let manipulations = names.iter().flat_map(|name| &project.datasets[*name].manipulations);
        manipulations.filter(|m| m.family == Some(family)).count()
    };
    // Table 1, and section 4.2.
    assert_eq!(
        (count(&training, Family::FaceSwap), count(&training, Family::Reenactment)),
        (18, 6)
    );
    assert_eq!(
        (count(&["df40"], Family::FaceSwap), count(&["df40"], Family::Reenactment)),
        (9, 12)
    );
    let expected = |names: &[&str], pick: fn(&Expect) -> Option<u64>| -> u64 {
        let declared = names.iter().map(|name| project.datasets[*name].expect.as_ref());
        declared.map(|e| pick(e.expect("numbers")).unwrap_or(0)).sum()
    };
    // The last line of Table 1.
    let total = |pick| expected(&training, pick);
    assert_eq!((total(|e| e.face_swaps), total(|e| e.reenactments)), (18, 6));
    assert_eq!(total(|e| e.train), 208_401);
    assert_eq!(total(|e| e.val), 17_971);
    assert_eq!(total(|e| e.test), 23_052);
    assert_eq!((total(|e| e.real), total(|e| e.fake)), (74_205, 175_219));
    assert_eq!((total(|e| e.real_samples), total(|e| e.fake_samples)), (304_000, 287_000));
    // Table 2, and section 4.2 for DF40: each set's classes make its test split.
    for (name, frames) in [("df40", 0), ("wdf", 122_000), ("itw", 84_000), ("dfeval", 72_000)] {
        let one = |pick| expected(&[name], pick);
        assert_eq!(one(|e| e.real) + one(|e| e.fake), one(|e| e.test), "{name}");
        assert_eq!(one(|e| e.real_frames) + one(|e| e.fake_frames), frames, "{name}");
        assert_eq!(one(|e| e.frames), frames, "{name}");
    }
    // Section 4.3.
    let ours = project.experiments.values().filter(|e| !e.name.starts_with("sbi"));
    for experiment in ours {
        let recipe = &experiment.recipe;
        assert_eq!((recipe.epochs, recipe.batch.size), (30, 64));
        assert_eq!(recipe.schedule.warmup, 5.0);
        assert_eq!(vit(experiment).width, 768);
        assert_eq!(experiment.data.sources.len(), 5);
    }
    let [table] = &project.tables[..] else { panic!("one table") };
    assert_eq!((table.rows.len(), table.scenarios.len(), table.metrics.len()), (11, 3, 3));
    // Sections 5 and 6, sentence by sentence.
    let sentences = |section: &str| table.sentences.iter().filter(|s| s.section == section).count();
    assert_eq!(["5.1", "5.2", "5.3", "6"].map(sentences), [6, 8, 10, 2]);
    assert_eq!((table.claims.len(), table.statements().count()), (0, 108));
    // Section 4.3: margin and weight of every row with a triplet loss are tuned, on validation.
    let tuned: Vec<&str> = table
        .rows
        .iter()
        .filter_map(|row| {
            let experiment = &project.experiments[&row.experiment];
            let choice = experiment.choice.as_ref()?;
            assert_eq!((choice.by, choice.variants.len()), (Keep::LowestValLoss, 6));
            let losses: BTreeSet<String> = choice
                .variants
                .iter()
                .map(|name| {
                    let triplet = project.experiments[name].loss.terms[1].term().triplet();
                    let triplet = triplet.expect("a triplet loss").clone();
                    assert_eq!(
                        Some(triplet.mining),
                        experiment.loss.terms[1].term().triplet().map(|t| t.mining)
                    );
                    format!("{} {}", triplet.margin, triplet.weight)
                })
                .collect();
            assert_eq!(losses.len(), 6);
            Some(row.experiment.as_str())
        })
        .collect();
    let with_triplets =
        ["fsfm-ba", "fsfm-hp-hn", "fsfm-ep-hn", "fsfm-att-categ-ba", "fsfm-att-dataset-ba"];
    assert_eq!(tuned, with_triplets);
}

#[test]
fn a_matrix_is_an_experiment_for_every_combination() {
    let project = project(
        "init other { random std=0.05 }\n\
         experiment x extends=base {\n\
         loss { cross-entropy; triplet batch-all margin=0.3 weight=0.5 }\n\
         matrix {\n axis init scratch other\n axis margin 0.1 1e-5\n\
         axis recipe.schedule.warmup (epoch)1 (epoch)2\n }\n\
         choose highest=val.auc\n }\n\
         experiment plain extends=x { matrix none }\n\
         experiment child extends=x { matrix { axis recipe.clip 1.0 2.5 } }\n\
         experiment open extends=base { matrix { axis attribution none category } }\n",
    );
    let choice = project.experiments["x"].choice.as_ref().expect("a choice");
    assert_eq!(choice.by, Keep::HighestValAuc);
    assert_eq!(choice.variants.len(), 8);
    assert_eq!(choice.variants[0], "x[init=scratch,margin=0.1,warmup=1]");
    assert_eq!(choice.variants[7], "x[init=other,margin=1e-5,warmup=2]");
    let last = &project.experiments[&choice.variants[7]];
    assert_eq!((last.init.name.as_str(), last.recipe.schedule.warmup), ("other", 2.0));
    let triplet = last.loss.terms[1].term().triplet().expect("a triplet loss");
    assert_eq!((triplet.margin, triplet.weight), (1e-5, 0.5));
    assert_eq!(last.variant.as_ref().map(|variant| variant.of.as_str()), Some("x"));
    // What an axis does not name stays as it is, and so does the declaration itself.
    assert_eq!(last.recipe.epochs, 3);
    assert_eq!(project.experiments["x"].init.name, "scratch");
    let plain = &project.experiments["plain"];
    assert!(plain.choice.is_none() && plain.variant.is_none());
    let child = project.experiments["child"].choice.as_ref().expect("an inherited choice");
    assert_eq!(child.variants, ["child[clip=1]", "child[clip=2.5]"]);
    assert_eq!(project.experiments["child[clip=2.5]"].recipe.clip, Some(2.5));
    // Without a choice the declaration itself is no experiment.
    assert!(!project.experiments.contains_key("open"));
    let by = |name: &str| project.experiments[name].attribution;
    assert_eq!(by("open[attribution=none]"), None);
    assert_eq!(by("open[attribution=category]"), Some(Attribution::Category));
}

#[test]
fn where_something_stands_changes_nothing_of_what_it_means() {
    let text = "experiment x extends=base {\n\
         loss { cross-entropy; triplet batch-all margin=0.3 weight=0.5 }\n\
         matrix { axis margin 0.1 0.3 }\nchoose lowest=val.loss\nbudget trainings=2\n}\n";
    assert_eq!(project(text), project(&format!("\n// A line more.\n{text}")));
}

#[test]
fn whatever_an_axis_names_is_a_value_or_an_error() {
    let parts = "experiment x extends=base { matrix { axis \"PATH\" 1 2 } }";
    let endless = "a.".repeat(10_000);
    for path in
        ["", ".", "..", "recipe", "recipe.", ".epochs", "loss", "data.source", &endless, "é"]
    {
        let text = format!("{PARTS}{}", parts.replace("PATH", path));
        let files = MemoryFiles::default().with("main.kdl", text);
        let loaded = lang::load(Path::new("main.kdl"), &files);
        assert!(loaded.has_errors(), "{path}");
    }
}

#[test]
fn published_numbers_fit_table3() {
    let project = table3();
    let table = &project.tables[0];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/published/table3.csv");
    let text = std::fs::read_to_string(path).expect("readable");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("metric,row,scenario,column,value"));
    let numbers: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(numbers.len(), 2 * 10 * 13);
    let mut columns = BTreeSet::new();
    for scenario in &table.scenarios {
        for column in &scenario.columns {
            let labels: Vec<&String> = match column {
                Column::Dataset(of) => vec![&of.label],
                Column::Average(of) => vec![&of.label],
                Column::PerManipulation(of) => of.averages.iter().map(|a| &a.label).collect(),
                Column::Corrupted(of) => of.average.iter().collect(),
                Column::PerValue(of) => of.average.iter().collect(),
            };
            columns
                .extend(labels.into_iter().map(|label| (scenario.name.as_str(), label.as_str())));
        }
    }
    for number in &numbers {
        assert!(columns.contains(&(number[2], number[3])), "{number:?}");
        let row = table.rows.iter().any(|row| row.label == number[1]);
        assert!(row || number[1] == "SBI", "{number:?}");
    }
}

#[test]
fn a_pseudo_fake_is_a_source_and_sbi_has_its_own_recipe() {
    let x = experiment(
        "ensemble blended { pseudo-fake self-blended from=a }\n\
         backbone b4 { efficientnet image=380; drop-path 0.2 }\n\
         recipe sbi { epochs 100; batch 32; sgd lr=1e-3; sam; schedule linear hold=(epoch)75 }\n\
         experiment x extends=base { data blended; backbone b4; recipe sbi }",
    );
    let [source] = &x.data.sources[..] else { panic!("one source") };
    let pseudo = source.pseudo_fake.as_ref().unwrap();
    assert_eq!((source.dataset.as_str(), pseudo.hull), ("a", Hull::Mixed));
    assert!(pseudo.post_augment);
    let BackboneKind::EfficientNet(net) = &x.backbone.kind else { panic!("an EfficientNet") };
    // B4's factors (Tan and Le 2019).
    assert_eq!((net.width_factor, net.depth_factor), (1.4, 1.8));
    let Optimizer::Sgd(sgd) = &x.recipe.optimizer else { panic!("an SGD") };
    assert_eq!((sgd.lr, sgd.momentum, sgd.weight_decay), (1e-3, 0.9, 0.0));
    assert_eq!(x.recipe.sam, Some(0.05));
    assert_eq!(x.recipe.schedule.hold, Some(75.0));
}

#[test]
fn an_ensemble_is_used_without_one_of_its_data_sets() {
    let project = project(
        "ensemble twice { source a; pseudo-fake self-blended from=b }\n\
         experiment x extends=base { data both without=a }\n\
         experiment y extends=base { data twice without=b }\n\
         experiment z extends=x { override data { source b val=val } }\n\
         experiment w extends=x { data both }\n",
    );
    let data = |name: &str| &project.experiments[name].data;
    let sources =
        |name: &str| data(name).sources.iter().map(|s| s.dataset.as_str()).collect::<Vec<_>>();
    assert_eq!(sources("x"), ["b"]);
    assert!(data("x").sample.is_some(), "the rest of the ensemble stays");
    assert_eq!(sources("y"), ["a"]);
    assert_eq!(sources("z"), ["b"]);
    assert_eq!(sources("w"), ["a", "b"]);
    // Plans and reports tell ensembles apart by name.
    assert_eq!(data("x").name, "both-without-a");
    assert_eq!(data("w").name, "both");
    assert!(data("x").trains_on("b") && !data("x").trains_on("a"));
}

#[test]
fn tables_of_imported_files_are_theirs() {
    let table = |name: &str, row: &str| {
        format!(
            "table {name} {{ row {row}; scenario \"In-distribution\" {{ column a }}; metric auc }}\n"
        )
    };
    let files = MemoryFiles::default()
        .with("base.kdl", format!("{PARTS}{}", table("theirs", "base")))
        .with("mine.kdl", format!(
            "import \"base.kdl\"\nexperiment x extends=base {{ override recipe {{ seed 1 }} }}\n{}",
            table("mine", "x")
        ))
        .with("only.kdl", "import \"base.kdl\"\nexperiment y extends=base { override recipe { seed 2 } }\n")
        .with("index.kdl", "import \"mine.kdl\"\nimport \"base.kdl\"\n");
    let load = |name: &str| {
        let loaded = lang::load(Path::new(name), &files);
        assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
        loaded.project
    };
    let tables = |project: &Project| {
        project.tables.iter().map(|table| table.name.clone()).collect::<Vec<_>>()
    };
    let planned = |project: &Project| {
        let all = proofmark_plan::scope::experiments(project);
        all.into_iter().map(|experiment| experiment.name.clone()).collect::<Vec<_>>()
    };
    let mine = load("mine.kdl");
    assert_eq!((tables(&mine), planned(&mine)), (vec!["mine".to_owned()], vec!["x".to_owned()]));
    // Without a table of its own a file is about its experiments.
    let only = load("only.kdl");
    assert_eq!((tables(&only), planned(&only)), (Vec::new(), vec!["y".to_owned()]));
    // A file of imports alone is an index.
    assert_eq!(tables(&load("index.kdl")), ["theirs", "mine"]);
}
