use super::*;
use crate::layout::Finding;
use crate::manifest::Manifest;
use crate::sample::ClassSample;
use crate::scan::{Expected, ScanReport};
use crate::survey::{Purpose, SetTable, Survey};
use crate::testing::{manipulation, plain, video};
use crate::video::{Frame, MediaKind};
use proofmark_lang::model::{Expect, Placed, Split};

/// A fake of a method, or a real.
fn one(key: &str, method: Option<&str>, family: Option<Family>, split: Option<Split>) -> Video {
    let label = if family.is_some() { Label::Fake } else { Label::Real };
    Video { method: method.map(Into::into), family, split, ..video(key, label) }
}

fn scan(videos: Vec<Video>, absent: &[&str]) -> Scan {
    let frames = videos.iter().filter(|v| v.kind != MediaKind::Video);
    let frames = frames.flat_map(|v| {
        (0..2).map(|frame| Frame { video_key: v.key.clone(), frame, path: v.key.clone() })
    });
    let report = ScanReport {
        dataset: "set".into(),
        found: SplitCounts::default(),
        missing: SplitCounts::default(),
        expected: Expected::default(),
        frames_found: 0,
        frames_used: 0,
        findings: BTreeMap::new(),
        remarks: Vec::new(),
        lacking: Vec::new(),
    };
    Scan {
        files: None,
        absent: absent.iter().map(ToString::to_string).collect(),
        manifest: Manifest::new(videos.clone(), frames.collect()).unwrap(),
        report,
    }
}

fn dataset() -> Placed<Dataset> {
    let mut set = plain("set");
    set.title = Some("The Set".to_owned());
    set.manipulations = vec![
        manipulation("Deepfakes", Some(Family::FaceSwap)),
        manipulation("FaceSwap", Some(Family::FaceSwap)),
        manipulation("Face2Face", Some(Family::Reenactment)),
    ];
    set.expect = Some(
        Expect {
            train: Some(3),
            real: Some(2),
            face_swaps: Some(2),
            real_frames: Some(4000),
            ..Expect::default()
        }
        .into(),
    );
    set
}

fn videos() -> Vec<Video> {
    let (swap, driven) = (Some(Family::FaceSwap), Some(Family::Reenactment));
    vec![
        one("r/1", None, None, Some(Split::Train)),
        one("r/2", None, None, None),
        one("f/1", Some("Deepfakes"), swap, Some(Split::Train)),
        one("f/2", Some("Deepfakes"), swap, Some(Split::Test)),
        one("f/3", Some("Face2Face"), driven, Some(Split::Test)),
    ]
}

fn found(row: &SurveyRow, measures: &[CountKind]) -> Vec<Option<u64>> {
    measures.iter().map(|measure| row.count(*measure).found).collect()
}

#[test]
fn what_is_on_disk_stands_beside_what_is_published() {
    let set = dataset();
    let mut row = SurveyRow::published(&set);
    assert_eq!((row.title.as_str(), row.synthetic), ("The Set", true));
    assert!(row.counts().all(|(_, count)| count.found.is_none()));
    row.scanned(&set, &scan(videos(), &["f/3"]));
    use CountKind::{
        FaceSwaps, Fake, FakeFrames, Frames, NoSplit, OtherManipulations, Real, RealFrames,
        Reenactments, Test, Train, Val, Videos,
    };
    // The only reenactment is not there, and of the face swaps one has no video.
    assert_eq!(
        found(&row, &[FaceSwaps, Reenactments, OtherManipulations]),
        [Some(1), Some(0), Some(0)]
    );
    assert_eq!(found(&row, &[Train, Val, Test, NoSplit]), [Some(2), Some(0), Some(1), Some(1)]);
    assert_eq!(found(&row, &[Real, Fake, Videos]), [Some(2), Some(2), Some(4)]);
    // Frames are those that are listed.
    assert_eq!(found(&row, &[RealFrames, FakeFrames, Frames]), [Some(4), Some(6), Some(10)]);
    assert_eq!(row.count(Train).published, Some(3));
    assert_eq!(row.count(RealFrames).published, Some(4000));
    // Of the fakes nothing is published, so nothing of both.
    assert_eq!(row.count(Videos).published, None);
}

#[test]
fn frames_of_video_files_are_not_known_before_they_are_decoded() {
    let videos = videos().into_iter().map(|v| Video { kind: MediaKind::Video, ..v }).collect();
    let mut row = SurveyRow::published(&dataset());
    row.scanned(&dataset(), &scan(videos, &[]));
    assert_eq!(found(&row, &[CountKind::Frames, CountKind::Real]), [None, Some(2)]);
}

#[test]
fn manipulations_are_declared_where_no_video_tells_its_own() {
    let untold = [one("f", None, Some(Family::FaceSwap), None)];
    let of = |set: &Dataset, videos: &[Video]| {
        Manipulations::of(set, &videos.iter().collect::<Vec<_>>())
    };
    let declared = of(&dataset(), &untold).unwrap();
    assert_eq!((declared.face_swaps, declared.reenactments, declared.others), (2, 1, 0));
    assert!(declared.declared);
    assert!(!of(&dataset(), &videos()).unwrap().declared);
    assert_eq!(of(&plain("set"), &untold), None);
    let odd = [one("f", Some("StyleGAN2"), Some(Family::EntireFace), None)];
    assert_eq!(of(&plain("set"), &odd).unwrap().others, 1);
    assert_eq!(of(&plain("set"), &videos()[..1]).unwrap(), Manipulations::default());
}

#[test]
fn totals_add_up_as_far_as_they_are_known() {
    let row = |found: Option<u64>, published: Option<u64>| {
        let mut set = plain("set");
        set.expect = Some(Expect { train: published, ..Expect::default() }.into());
        let mut row = SurveyRow::published(&set);
        found.into_iter().for_each(|n| row.find(CountKind::Train, n));
        row
    };
    let total = |rows: &[SurveyRow]| SurveyRow::total(rows).count(CountKind::Train);
    let count = |found, published| Count { found, published, slack: 0 };
    let (first, second) = (row(Some(4318), Some(4320)), row(Some(10), Some(10)));
    assert_eq!(total(&[first.clone(), second]), count(Some(4328), Some(4330)));
    // A set that is not there.
    let absent = row(None, Some(6010));
    assert_eq!(total(&[first.clone(), absent]), count(Some(4318), Some(10_330)));
    // One that has none, and nothing published, adds nothing; one of one's own has no sum.
    assert_eq!(total(&[first.clone(), row(Some(0), None)]), count(Some(4318), Some(4320)));
    assert_eq!(total(&[first.clone(), row(None, None)]), count(Some(4318), Some(4320)));
    assert_eq!(total(&[first, row(Some(7), None)]), count(Some(4325), None));
    assert_eq!(total(&[row(Some(7), None)]), count(Some(7), None));
    assert_eq!(total(&[]), Count::default());
}

#[test]
fn a_sum_of_rounded_numbers_is_compared_as_far_as_they_go() {
    let mut set = plain("set");
    set.expect = Some(
        Expect {
            real_frames: Some(46_000),
            fake_frames: Some(76_000),
            fake_samples: Some(1_234),
            ..Expect::default()
        }
        .into(),
    );
    let mut row = SurveyRow::published(&set);
    row.find(CountKind::RealFrames, 46_123);
    row.find(CountKind::FakeFrames, 76_499);
    row.find(CountKind::FakeSamples, 1_235);
    // 122,622 is 123K, and its parts are as published.
    assert_eq!(row.count(CountKind::Frames).found, Some(122_622));
    assert!(row.count(CountKind::Frames).is_same());
    assert!(SurveyRow::total(&[row.clone(), row.clone()]).count(CountKind::Frames).is_same());
    assert!(!row.count(CountKind::FakeSamples).is_same());
    row.find(CountKind::FakeFrames, 77_000);
    assert!(!row.count(CountKind::FakeFrames).is_same());
}

#[test]
fn a_source_of_one_class_is_told() {
    let class = |taken| ClassSample { videos: 1, faceless: 0, available: taken, taken };
    let rows = vec![SurveyRow::published(&dataset())];
    let mut table = SetTable { purpose: Purpose::Training("all".into()), rows, notes: Vec::new() };
    let sample = SourceSample { real: class(0), fake: class(99) };
    table.sampled(&BTreeMap::from([("set".to_owned(), sample)]));
    assert_eq!(table.rows[0].count(CountKind::FakeSamples).found, Some(99));
    assert_eq!(table.rows[0].count(CountKind::RealSamples).found, Some(0));
    let expected = "The Set has only fake training faces: nothing to balance, all taken";
    assert_eq!(table.notes, [expected]);
}

#[test]
fn what_a_scan_noticed_is_noted_with_its_number() {
    let set = dataset();
    let mut scan = scan(vec![one("f", None, Some(Family::FaceSwap), None)], &[]);
    let tally = crate::layout::Tally { count: 4, examples: vec!["a".into(), "b".into()] };
    scan.report.findings.insert(Finding::Duplicated, tally);
    scan.report.remarks.push("3 of the 50 parts of train".into());
    let mut survey = Survey::default();
    survey.note_scan(&SurveyRow::published(&set), &set, &scan);
    let notes: Vec<_> = survey.notes.iter().map(|n| (n.about, n.count, n.text.as_str())).collect();
    assert_eq!(
        notes,
        [
            ("duplicated", Some(4), "4 entries that repeat another one, left out (a, b, ...)"),
            ("remark", None, "3 of the 50 parts of train"),
            (
                "declared-manipulations",
                None,
                "no video tells its manipulation: those that the file declares are counted"
            ),
        ]
    );
}
