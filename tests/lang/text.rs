//! How diagnostics look, as text and as JSON.

use std::path::Path;

use proofmark_lang::render::{self, Style};
use proofmark_lang::{self as lang, Loaded, MemoryFiles};

fn load(files: &[(&str, &str)]) -> Loaded {
    let mut memory = MemoryFiles::default();
    for (name, text) in files {
        memory = memory.with(name, *text);
    }
    lang::load(Path::new(files[0].0), &memory)
}

fn text(files: &[(&str, &str)]) -> String {
    let loaded = load(files);
    render::text(&loaded.diagnostics, &loaded.sources, Style { width: 100, color: false })
}

macro_rules! looks {
    ($($name:ident: $($file:literal => $text:literal),+;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(text(&[$(($file, $text)),+]));
        })*
    };
}

looks! {
    a_key_that_belongs_elsewhere: "experiment.kdl" => "recipe paper {\n    epochs 30\n    batch 64\n    lr 1e-4\n    adamw wieght-decay=0.05 lr=1e-4\n}\n";
    a_value_of_the_wrong_kind: "experiment.kdl" => "recipe paper {\n    epochs \"30\"\n    batch 64\n    adamw lr=1e400\n    schedule cosin warmup=(step)500\n}\n";
    the_same_key_twice: "experiment.kdl" => "recipe paper { epochs 30; batch 64; adamw lr=1e-4 lr=1e-3 }\n";
    a_name_in_two_files: "experiments/table3.kdl" => "import \"../recipes/paper.kdl\"\nrecipe paper { epochs 3; batch 64; adamw lr=1e-4 }\n",
        "recipes/paper.kdl" => "// The recipe of the paper.\nrecipe paper { epochs 30; batch 64; adamw lr=1e-4 }\n";
    an_override_against_an_import: "main.kdl" => "import \"parts.kdl\"\nexperiment wide extends=base {\n    override backbone { vit heads=5 }\n}\n",
        "parts.kdl" => "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nbackbone vit { vit patch=8 width=64 depth=2 heads=4 image=64 }\ninit i { random }\nrecipe r { epochs 3; batch 8; adamw lr=1e-4 }\nexperiment base { data d; backbone vit; init i; recipe r; loss { cross-entropy } }\n";
    files_that_import_each_other: "a.kdl" => "import \"b.kdl\"\n", "b.kdl" => "import \"sub/c.kdl\"\n", "sub/c.kdl" => "import \"../a.kdl\"\n";
    a_file_that_is_not_there: "main.kdl" => "import \"datasets/ffpp.kdl\"\n";
    a_forgotten_brace: "main.kdl" => "recipe paper {\n    epochs 30\n    batch 64\n    adamw lr=1e-4\n\nbackbone vit {\n    vit patch=16 width=768 depth=12 heads=12 image=224\n}\n";
    signs_of_other_languages: "main.kdl" => "recipe paper {\n    epochs = 30\n    batch: 64\n    adamw lr=1e-4,\n    schedule cosine warmup=5epochs\n}\ninit i {\n    weights ./vit.safetensors\n    normalize half\n}\n";
    selection_on_a_test_split: "main.kdl" => "recipe r {\n    epochs 3\n    batch 8\n    adamw lr=1e-4\n    keep lowest=test.loss\n}\n";
    a_column_that_is_not_unseen: "main.kdl" => "import \"base.kdl\"\ntable t {\n    row base\n    scenario \"Out-of-distribution\" unseen=#true {\n        column s\n    }\n    metric auc\n    claim \"better\" row=base above=bsae scenario=\"Out-of-distribution\" column=\"Avg\" metric=eer\n}\n",
        "base.kdl" => "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d {\n    source s\n}\nbackbone vit { vit patch=8 width=64 depth=2 heads=4 image=64 }\ninit i { random }\nrecipe r { epochs 3; batch 8; adamw lr=1e-4 }\nexperiment base { data d; backbone vit; init i; recipe r; loss { cross-entropy } }\n";
    warnings: "main.kdl" => "dataset s {\n    layout demo capture=studio\n    manipulation swap-seam\n    faces detector=none margin=(%)30\n}\n";
    a_column_whose_scenario_only_sounds_unseen: "main.kdl" => "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nbackbone vit { vit patch=8 width=64 depth=2 heads=4 image=64 }\ninit i { random }\nrecipe r { epochs 3; batch 8; adamw lr=1e-4 }\nexperiment base { data d; backbone vit; init i; recipe r; loss { cross-entropy } }\ntable t {\n    row base\n    scenario \"Zero-shot\" {\n        column s\n    }\n    metric auc\n}\n";
    text_as_other_notations_write_it: "main.kdl" => "# my recipe\nrecipe paper {\n    epochs 3 # three\n    batch 32k\n    adamw lr=1e–3\n}\ndataset s {\n    title ‘Own images’\n    layout dfdc root=r\"C:\\faces\"\n}\n[recipe.short]\nepochs = 30\n";
    entries_out_of_place: "main.kdl" => "backbone b {\n    vit patch=8\n    width=64\n    depth=2\n}\nloss l { cross-entropy triplet batch-all margin=0.3 }\nrecipe r {\n    epochs 3\n    batch 8\n    optimizer adamw lr=1e-4\n    keep lowest val.loss\n}\n";
    characters_that_nobody_sees: "main.kdl" => "recipe r {\n    epochs 3\n    ba\u{200b}tch 8\n    adamw lr=1e-4\n}\nrecipe q {\n    epochs 3\n    batch 8\n    adamw \"l\u{200b}r\"=1e-4\n}\n";
    a_matrix_of_what_is_not_there: "main.kdl" => "import \"base.kdl\"\nexperiment tuned extends=base {\n    matrix {\n        axis loss.triplet.magrin 0.1 0.3\n        axis weight 0.3 1.0\n        axis recipe.adamw.lr 1e-3 fast\n    }\n    choose lowest=test.loss\n}\nexperiment open extends=base { matrix { axis margin 0.1 0.3 } }\ntable t { row open; scenario \"In\" { column s }; metric auc }\n",
        "base.kdl" => "dataset s { layout demo capture=studio; manipulation swap-seam }\nensemble d { source s }\nbackbone vit { vit patch=8 width=64 depth=2 heads=4 image=64 }\ninit i { random }\nrecipe r { epochs 3; batch 8; adamw lr=1e-4 }\nexperiment base { data d; backbone vit; init i; recipe r; loss { cross-entropy; triplet batch-all margin=0.3 } }\n";
    text_that_is_not_kdl: "main.kdl" => "dataset s {\n    title \"bad \\q escape\"\n    layout dfdc root=\"x\"\n}\n";
}

#[test]
fn colour_and_width_are_parameters() {
    let loaded =
        load(&[("main.kdl", "recipe paper { epochs 30; batch 64; adamw lr=1e-4 lr=1e-3 }\n")]);
    let text = |style| render::text(&loaded.diagnostics, &loaded.sources, style);
    assert!(text(Style { width: 100, color: true }).contains("\u{1b}["));
    assert!(!text(Style { width: 100, color: false }).contains('\u{1b}'));
    // Words are wrapped; lines of source are not.
    let words = |width| {
        text(Style { width, color: false }).lines().filter(|l| l.starts_with("  │")).count()
    };
    assert!(words(30) > words(100), "{}", text(Style { width: 30, color: false }));
}

#[test]
fn json_has_files_lines_and_columns() {
    let loaded = load(&[
        (
            "main.kdl",
            "import \"é.kdl\"\n\nrecipe r { epochs 3; epochs 30; batch 8; adamw lr=1e-4 }\n",
        ),
        ("é.kdl", "recipe r { epochs 3; batch 8; adamw lr=1e-4 }\n"),
    ]);
    let rows = render::rows(&loaded.diagnostics, &loaded.sources);
    insta::assert_snapshot!(serde_json::to_string_pretty(&rows).expect("rows serialise"));
}

#[test]
fn a_problem_without_a_place_is_still_said() {
    let loaded = lang::load(Path::new("nowhere.kdl"), &MemoryFiles::default());
    let text =
        render::text(&loaded.diagnostics, &loaded.sources, Style { width: 100, color: false });
    insta::assert_snapshot!(text);
    assert!(loaded.has_errors());
    let empty = load(&[("empty.kdl", "")]);
    assert!(!empty.has_errors());
    assert!(empty.diagnostics.is_empty());
}

#[test]
fn what_is_wrong_with_a_clusters_file() {
    let text = "cluster uni {
    slurm {
        option \"--array=0-9\"
        partition \"gpu long\"
        program \"bin/proofmark\"
    }
    job train memory=64 time=(h)4 gpu=h100
    job faces ranks=2
    job faces time=(minute)5
}
cluster uni {
    local { device cuda:0 }
    limits jobs=3
}
table t {}
";
    let files = MemoryFiles::default().with("clusters.kdl", text);
    let (_, loaded) = lang::load_clusters(Path::new("clusters.kdl"), &files);
    let style = Style { width: 100, color: false };
    insta::assert_snapshot!(render::text(&loaded.diagnostics, &loaded.sources, style));
}
