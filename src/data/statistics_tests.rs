use super::*;
use crate::data::sample::ClassSample;
use crate::data::testing::{manipulation, plain, said, text, video};
use crate::lang::model::{Expect, Split};

fn videos(label: Label, split: Option<Split>, n: usize) -> Vec<Video> {
    let one = |i| Video { split, ..video(&format!("{label:?}/{split:?}/{i}"), label) };
    (0..n).map(one).collect()
}

fn class(taken: u64) -> ClassSample {
    ClassSample { videos: 1, faceless: 0, available: taken, taken }
}

fn statistics() -> Statistics {
    let mut ffpp = plain("ffpp");
    ffpp.title = Some(text("FaceForensics++"));
    ffpp.manipulations = vec![
        manipulation("FaceSwap", Some(Family::FaceSwap)),
        manipulation("Deepfakes", Some(Family::FaceSwap)),
        manipulation("Face2Face", Some(Family::Reenactment)),
    ];
    ffpp.expect =
        Some(Expect { train: Some(said(4320)), val: Some(said(840)), test: Some(said(840)) });
    let (train, val, test) = (Some(Split::Train), Some(Split::Val), Some(Split::Test));
    let first = [
        videos(Label::Real, train, 1200),
        videos(Label::Fake, train, 3),
        videos(Label::Fake, val, 2),
        videos(Label::Real, test, 4),
    ]
    .concat();
    let mut second = videos(Label::Fake, train, 5);
    second[0].method = Some("dfdc".into());
    let sample = Sample {
        picks: Vec::new(),
        sources: [
            ("ffpp".to_owned(), SourceSample { real: class(12_000), fake: class(14_000) }),
            ("only|fakes".to_owned(), SourceSample { real: class(0), fake: class(99) }),
        ]
        .into(),
    };
    let other = plain("only|fakes");
    Statistics::of(&[(&ffpp, &first), (&other, &second)], Some(&sample))
}

#[test]
fn text_in_the_form_of_table_1() {
    insta::assert_snapshot!(statistics().text());
}

#[test]
fn markdown_in_the_form_of_table_1() {
    insta::assert_snapshot!(statistics().markdown());
}

#[test]
fn one_unsplit_set_without_a_sample() {
    let set = plain("set");
    let rows = videos(Label::Real, None, 12);
    insta::assert_snapshot!(Statistics::of(&[(&set, &rows)], None).text());
    assert_eq!(Statistics::of(&[], None).text().lines().count(), 2);
}

#[test]
fn totals_add_up() {
    let total = statistics().total();
    assert_eq!(total.splits, SplitCounts { train: 1208, val: 2, test: 4, none: 0 });
    assert_eq!((total.real, total.fake), (1204, 10));
    let sampled = total.sampled.unwrap();
    assert_eq!((sampled.real.taken, sampled.fake.taken), (12_000, 14_099));
    // The second set has training videos, but nobody says how many there should be.
    assert_eq!(total.expected, Expected { train: None, val: Some(840), test: Some(840) });
    let m = total.manipulations;
    assert_eq!((m.face_swaps, m.reenactments, m.others), (2, 1, 1));
}
