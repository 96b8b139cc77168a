//! Thresholds chosen on validation, and notes on rows that were trained on other data.

use std::path::Path;

use crate::build::build;
use crate::evidence::{Evidence, ScoreKey, Scored};
use crate::protocol::notes;
use crate::table::TableData;
use proofmark_evaluate::samples::{Sample, Samples};
use proofmark_lang::model::{Project, Split};
use proofmark_lang::{MemoryFiles, load};

const FILE: &str = "
dataset a { layout demo capture=studio; manipulation swap-seam }
dataset b { layout demo capture=phone seed=1; manipulation swap-seam }
ensemble both { source b; source a }
ensemble one { source a; sample real-to-fake=\"1:1\" at-least=2 }
backbone vit { vit patch=8 width=64 depth=2 heads=4 image=64 }
backbone small { vit patch=8 width=64 depth=2 heads=4 image=32 }
init scratch { random }
recipe short { epochs 3; batch 8; adamw lr=1e-4 }
experiment base { data both; backbone vit; init scratch; recipe short; loss { cross-entropy } }
experiment more extends=base { loss { cross-entropy; triplet batch-all margin=1 } }
experiment less extends=base { data one; backbone small }
table t {
    row base \"Base\"
    row more \"More\"
    row less \"Less\"
    scenario \"In-distribution\" { column a \"A\" }
    metric balanced-accuracy threshold=0.5
    metric balanced-accuracy threshold=val
}
";

fn project() -> Project {
    let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", FILE));
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    loaded.project
}

fn samples(reals: [f64; 2], fakes: [f64; 2]) -> Samples {
    let sample = |fake: bool, i: usize, score| Sample {
        video: format!("{fake} {i}").into(),
        fake,
        score,
        method: None,
        family: None,
    };
    let reals = reals.into_iter().enumerate().map(|(i, score)| sample(false, i, score));
    let fakes = fakes.into_iter().enumerate().map(|(i, score)| sample(true, i, score));
    Samples { rows: reals.chain(fakes).collect() }
}

/// Scores that 0.5 does not part, and validation scores that part elsewhere in `b`.
fn evidence() -> Evidence {
    let mut evidence = Evidence::default();
    for experiment in ["base", "more", "less"] {
        let mut add = |dataset: &str, split, videos: Samples| {
            let (experiment, dataset) = (experiment.to_owned(), dataset.to_owned());
            let scored = Scored { frames: Samples::default(), videos };
            evidence
                .scores
                .insert(ScoreKey { experiment, dataset, split, corruption: None }, Ok(scored));
        };
        add("a", Split::Test, samples([0.1, 0.15], [0.3, 0.45]));
        add("a", Split::Val, samples([0.1, 0.2], [0.4, 0.9]));
        add("b", Split::Val, samples([0.1, 0.2], [0.22, 0.9]));
    }
    evidence
}

fn built(evidence: &Evidence) -> TableData {
    let project = project();
    build(&project, &project.tables[0], evidence, &[]).unwrap()
}

#[test]
fn a_threshold_is_chosen_on_all_validation_splits_and_applied_to_test() {
    let data = built(&evidence());
    let [fixed, chosen] = &data.metrics[..] else { panic!("{data:?}") };
    assert_eq!(fixed.rows[0].cells[0].value, Some(0.5));
    assert_eq!((chosen.threshold, chosen.validated), (None, true));
    let thresholds: Vec<Option<f64>> =
        chosen.rows.iter().map(|row| row.thresholds.first().copied()).collect();
    assert!((thresholds[0].unwrap() - 0.21).abs() < 1e-12, "between 0.2 and 0.22 of a and b");
    assert!((thresholds[2].unwrap() - 0.3).abs() < 1e-12, "between 0.2 and 0.4 of a alone");
    assert_eq!(chosen.rows[0].cells[0].value, Some(1.0));
    assert!(
        data.caption_notes.iter().any(|note| note.contains("Base 0.210, More 0.210, Less 0.300")),
        "{:?}",
        data.caption_notes
    );
}

#[test]
fn without_its_threshold_a_row_has_no_number() {
    let mut evidence = evidence();
    let key = ScoreKey {
        experiment: "more".into(),
        dataset: "b".into(),
        split: Split::Val,
        corruption: None,
    };
    evidence.scores.insert(key, Err("not evaluated yet".into()));
    let data = built(&evidence);
    let cell = &data.metrics[1].rows[1].cells[0];
    assert_eq!(cell.value, None);
    assert_eq!(cell.reason.as_deref(), Some("its threshold: not evaluated yet"));
    assert_eq!(data.metrics[0].rows[1].cells[0].value, Some(0.5), "0.5 needs no validation");
}

#[test]
fn a_row_trained_on_other_data_is_told() {
    let notes = built(&evidence()).caption_notes;
    let about: Vec<&String> = notes.iter().filter(|note| note.contains("in its data")).collect();
    assert_eq!(
        about,
        ["Less differs from Base in its data: trained on a rather than trained on a, b; faces \
          sampled: 1:1 of at least 2 per video, seed 0 rather than faces sampled: all; images of \
          32 pixels rather than images of 64 pixels."]
    );
}

#[test]
fn other_frames_crops_compression_and_splits_are_told() {
    let text = "
dataset light {
    layout faceforensics root=\"x\" compression=c23
    manipulation Deepfakes family=face-swap
    frames fps=1
    faces detector=retinaface margin=(%)30
}
dataset strong {
    layout faceforensics root=\"x\" compression=c40
    manipulation Deepfakes family=face-swap
    frames count=32
    faces detector=retinaface margin=(%)20
}
ensemble one { source light }
ensemble two { source strong }
backbone vit { vit patch=8 width=64 depth=2 heads=4 image=64 }
init scratch { random }
recipe short { epochs 3; batch 8; adamw lr=1e-4 }
experiment base { data one; backbone vit; init scratch; recipe short; loss { cross-entropy } }
experiment other extends=base { data two }
table t {
    row base \"Base\"
    row other \"Other\"
    row tool \"Tool\" predictions=\"tool.csv\"
    scenario \"In-distribution\" { column light }
    metric auc
}
";
    let loaded = load(Path::new("x.kdl"), &MemoryFiles::default().with("x.kdl", text));
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    let mut evidence = Evidence::default();
    for (name, digest) in [("light", "aaaaaaaa1111"), ("strong", "bbbbbbbb2222")] {
        evidence.manifests.insert(name.into(), digest.into());
    }
    let notes = notes(&loaded.project, &loaded.project.tables[0], &evidence);
    assert_eq!(
        notes,
        [
            "Other differs from Base in its data: trained on strong (split bbbbbbbb) rather than \
             trained on light (split aaaaaaaa); frames: 32 per video rather than frames: 1 per \
             second; faces: box and 20 % around it rather than faces: box and 30 % around it; \
             compression: c40 rather than compression: c23.",
            "Tool is not of this project: another tool's scores, from tool.csv, joined by video \
             (none found); its training data, frames and crops are not known here.",
        ]
    );
}
