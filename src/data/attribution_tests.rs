use super::*;
use crate::testing::{manipulation, plain, video};
use proofmark_lang::model::Placed;

fn fake(key: &str, method: Option<&str>, family: Family) -> Video {
    Video { method: method.map(str::to_owned), family: Some(family), ..video(key, Label::Fake) }
}

fn sets() -> [(Placed<Dataset>, Vec<Video>); 2] {
    let mut first = plain("b-first");
    first.manipulations = vec![manipulation("pose", None), manipulation("swap", None)];
    let real = video("r", Label::Real);
    let one = vec![
        fake("f1", Some("swap"), Family::FaceSwap),
        real.clone(),
        fake("f2", Some("pose"), Family::Reenactment),
    ];
    let two = vec![
        fake("f1", Some("other"), Family::FaceSwap),
        fake("f2", Some("swap"), Family::FaceSwap),
        real,
    ];
    [(first, one), (plain("a-second"), two)]
}

fn of(
    by: Option<Attribution>,
    sets: &[(Placed<Dataset>, Vec<Video>)],
) -> Result<Classes, DataError> {
    let sources: Vec<_> = sets.iter().map(|(d, v)| (&**d, v.as_slice())).collect();
    classes(by, &sources)
}

#[test]
fn real_is_always_class_zero() {
    let sets = sets();
    for (by, names, class) in [
        (None, &["real", "fake"][..], [[1, 0, 1], [1, 1, 0]]),
        (
            Some(Attribution::Category),
            &["real", "face-swap", "reenactment"],
            [[1, 0, 2], [1, 1, 0]],
        ),
        (Some(Attribution::Dataset), &["real", "b-first", "a-second"], [[1, 0, 1], [2, 2, 0]]),
        (
            Some(Attribution::Manipulation),
            &["real", "pose", "swap", "other"],
            [[2, 0, 1], [3, 2, 0]],
        ),
    ] {
        let found = of(by, &sets).unwrap();
        assert_eq!(found.names, names);
        assert_eq!(found.of, class.map(|c| c.to_vec()), "{by:?}");
    }
}

#[test]
fn sets_without_fakes_get_no_class() {
    let mut sets = sets();
    sets[0].1.retain(|v| v.label == Label::Real);
    assert_eq!(of(Some(Attribution::Dataset), &sets).unwrap().names, ["real", "a-second"]);
    assert_eq!(of(Some(Attribution::Category), &sets).unwrap().names, ["real", "face-swap"]);
    // A data set named `real` or a manipulation of that name must not become class 0.
    sets[1].0.name = "real".into();
    let classes = of(Some(Attribution::Dataset), &sets).unwrap();
    assert_eq!(classes.of[1], [1, 1, 0]);
}

#[test]
fn what_is_not_known_is_an_error() {
    let mut sets = sets();
    sets[1].1[0].family = Some(Family::Unknown);
    let by_category = of(Some(Attribution::Category), &sets).unwrap_err();
    for v in &mut sets[1].1[..2] {
        v.method = None;
    }
    let by_manipulation = of(Some(Attribution::Manipulation), &sets).unwrap_err();
    insta::assert_snapshot!(format!("{by_category}\n\n{by_manipulation}"));
    assert!(of(Some(Attribution::Dataset), &sets).is_ok());
}
