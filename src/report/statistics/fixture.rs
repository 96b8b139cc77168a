//! Made-up surveys with everything that a renderer must handle.

use std::collections::BTreeMap;

use proofmark_data::sample::{ClassSample, SourceSample};
use proofmark_data::statistics::{CountKind, SurveyRow};
use proofmark_data::survey::{Purpose, SetTable, Survey};
use proofmark_data::testing::{plain, released};
use proofmark_lang::model::{Dataset, Expect, Placed, Released};

fn set(name: &str, title: &str, expect: Expect) -> Placed<Dataset> {
    let mut set = released(Released::Faceforensics, std::path::Path::new("."), &[], &[]);
    set.name = name.to_owned();
    set.title = Some(title.to_owned());
    set.expect = Some(expect.into());
    set
}

/// Two sets of the paper, and one of one's own of which nothing is published.
fn training() -> Vec<SurveyRow> {
    let ffpp = Expect {
        train: Some(4320),
        val: Some(840),
        test: Some(840),
        real: Some(1000),
        fake: Some(5000),
        face_swaps: Some(3),
        reenactments: Some(2),
        real_samples: Some(12_000),
        fake_samples: Some(14_000),
        ..Expect::default()
    };
    let celebdf = Expect {
        train: Some(6010),
        test: Some(518),
        real: Some(889),
        fake: Some(5639),
        face_swaps: Some(1),
        real_samples: Some(9000),
        fake_samples: Some(10_000),
        ..Expect::default()
    };
    let mut own = plain("own_1");
    own.title = Some("Own & drawn".to_owned());
    vec![
        SurveyRow::published(&set("ffpp", "FF++", ffpp)),
        SurveyRow::published(&set("celebdf", "CDF", celebdf)),
        SurveyRow::published(&own),
    ]
}

fn testing() -> Vec<SurveyRow> {
    let wdf = Expect {
        test: Some(7314),
        real: Some(3805),
        fake: Some(3509),
        real_frames: Some(46_000),
        fake_frames: Some(76_000),
        ..Expect::default()
    };
    let itw = Expect {
        test: Some(740),
        real: Some(402),
        fake: Some(338),
        real_frames: Some(60_000),
        fake_frames: Some(24_000),
        ..Expect::default()
    };
    vec![
        SurveyRow::published(&set("wdf", "WDF", wdf)),
        SurveyRow::published(&set("itw", "ITW", itw)),
    ]
}

fn find(row: &mut SurveyRow, numbers: &[(CountKind, u64)]) {
    numbers.iter().for_each(|(measure, number)| row.find(*measure, *number));
}

fn survey(training: Vec<SurveyRow>, testing: Vec<SurveyRow>) -> Survey {
    let all = Purpose::Training("five_sets".into());
    let table = |purpose, rows| SetTable { purpose, rows, notes: Vec::new() };
    Survey {
        tables: vec![table(all, training), table(Purpose::Testing, testing)],
        notes: Vec::new(),
    }
}

/// Everything is on disk as published, and nothing has been prepared.
pub(super) fn nothing_prepared() -> Survey {
    let (mut training, mut testing) = (training(), testing());
    for row in training.iter_mut().chain(&mut testing) {
        let published: Vec<_> = (row.counts())
            .filter(|(measure, _)| !measure.is_rounded() && *measure != CountKind::Videos)
            .filter_map(|(measure, count)| Some((measure, count.published?)))
            .collect();
        find(row, &published);
    }
    let own = [CountKind::Train, CountKind::Real, CountKind::Fake, CountKind::OtherManipulations];
    own.into_iter().for_each(|measure| training[2].find(measure, 30));
    let rows: Vec<SurveyRow> = training.iter().chain(&testing).cloned().collect();
    let mut survey = survey(training, testing);
    for row in &rows {
        survey.note(
            row,
            "not-prepared",
            None,
            "not prepared yet, which `proofmark prepare x.kdl` does",
        );
    }
    survey.tables[0].notes.push("not sampled yet; `proofmark train x.kdl` samples".into());
    survey
}

/// One set is not there, the others differ from what is published; not all is prepared.
pub(super) fn partly_prepared() -> Survey {
    let (mut training, mut testing) = (training(), testing());
    find(
        &mut training[0],
        &[
            (CountKind::FaceSwaps, 3),
            (CountKind::Reenactments, 1),
            (CountKind::OtherManipulations, 0),
            (CountKind::Train, 4318),
            (CountKind::Val, 840),
            (CountKind::Test, 841),
            (CountKind::NoSplit, 2),
            (CountKind::Real, 1000),
            (CountKind::Fake, 5001),
            (CountKind::RealFrames, 501_234),
            (CountKind::FakeFrames, 2_501_234),
            (CountKind::WithFace, 5999),
            (CountKind::NoFace, 1),
            (CountKind::Unreadable, 1),
            (CountKind::Missing, 0),
            (CountKind::Faces, 3_100_000),
        ],
    );
    find(&mut training[2], &[(CountKind::Train, 30), (CountKind::Real, 15), (CountKind::Fake, 15)]);
    find(
        &mut testing[0],
        &[
            (CountKind::Test, 7314),
            (CountKind::Real, 3805),
            (CountKind::Fake, 3509),
            (CountKind::RealFrames, 46_123),
            (CountKind::FakeFrames, 76_499),
        ],
    );
    find(
        &mut testing[1],
        &[(CountKind::Test, 739), (CountKind::Real, 401), (CountKind::Fake, 338)],
    );
    let [ffpp, celebdf, own] = &training.clone()[..] else { panic!("three rows") };
    let itw = testing[1].clone();
    let mut survey = survey(training, testing);
    let class = |taken| ClassSample { videos: 1, faceless: 0, available: taken, taken };
    let sample = |real, fake| SourceSample { real: class(real), fake: class(fake) };
    let samples = [("ffpp", sample(12_034, 13_400)), ("own_1", sample(400, 0))];
    survey.tables[0].sampled(
        &samples.map(|(name, of)| (name.to_owned(), of)).into_iter().collect::<BTreeMap<_, _>>(),
    );
    let looked = "data set `celebdf` was not found\n  looked for: /data/Celeb_DF\n  to say otherwise: set CELEBDF_ROOT";
    survey.note(
        ffpp,
        "missing",
        Some(4),
        "4 listed files not on disk (a_b.mp4, c.mp4, d.mp4, ...)",
    );
    survey.note(ffpp, "conflicting", Some(1), "1 entries whose sources disagree (e, \"f\")");
    survey.note(ffpp, "prepared", None, "prepared; 6001 videos, 3100000 faces; 1 no-face (g.mp4)");
    survey.note(celebdf, "not-found", None, looked);
    survey.note(own, "synthetic", None, "synthetic: drawn by Proofmark, not real data");
    for row in [own, &itw] {
        survey.note(
            row,
            "not-prepared",
            None,
            "not prepared yet, which `proofmark prepare x.kdl` does",
        );
    }
    survey
}

/// One data set that no experiment uses.
pub(super) fn declared() -> Survey {
    let row = training().swap_remove(1);
    let table = SetTable { purpose: Purpose::Declared, rows: vec![row], notes: Vec::new() };
    Survey { tables: vec![table], notes: Vec::new() }
}
