use super::*;
use crate::testing::{plain, released, video};
use proofmark_lang::model::{Label, Released};

fn in_split(key: &str, split: Split, groups: &[&str], pair: Option<&str>) -> Video {
    Video {
        split: Some(split),
        groups: groups.iter().map(ToString::to_string).collect(),
        pair: pair.map(str::to_owned),
        ..video(key, if pair.is_some() { Label::Fake } else { Label::Real })
    }
}

fn parts<'a>(dataset: &'a Placed<Dataset>, videos: &'a [Video], own: bool) -> Vec<SplitPart<'a>> {
    [(Split::Train, Role::Train), (Split::Val, Role::Val), (Split::Test, Role::Test)]
        .map(|(split, role)| SplitPart { dataset, videos, split, role, own })
        .into()
}

fn error(parts: &[SplitPart]) -> String {
    check("all", parts).unwrap_err().to_string()
}

#[test]
fn what_is_apart_passes() {
    let videos = [
        in_split("a", Split::Train, &["1"], None),
        in_split("b", Split::Train, &["1", "2"], Some("a")),
        in_split("c", Split::Val, &["3"], None),
        in_split("d", Split::Test, &[], None),
        // In no split that is used.
        Video { split: None, ..in_split("e", Split::Val, &["1"], None) },
    ];
    let set = plain("one");
    assert_eq!(check("all", &parts(&set, &videos, true)).unwrap(), [""; 0]);
    // The same words mean other people in another data set of one's own.
    let other = plain("two");
    let theirs = [in_split("a", Split::Test, &["1"], None)];
    let both = [parts(&set, &videos, true), parts(&other, &theirs, true)].concat();
    assert_eq!(check("all", &both).unwrap(), [""; 0]);
}

#[test]
fn identities_and_originals_in_two_splits_are_listed() {
    let videos = [
        in_split("r1", Split::Train, &["id1"], None),
        in_split("f1", Split::Test, &["id2", "id1"], Some("r2")),
        in_split("r2", Split::Val, &[], None),
    ];
    insta::assert_snapshot!(error(&parts(&plain("one"), &videos, true)));
    let many: Vec<Video> = (0..40)
        .map(|i| {
            let split = if i % 2 == 0 { Split::Train } else { Split::Test };
            in_split(&format!("v{i}"), split, &[&format!("id{}", i / 2)], None)
        })
        .collect();
    let text = error(&parts(&plain("one"), &many, true));
    assert!(text.contains("20 identities are") && text.contains("and 10 more"), "{text}");
}

#[test]
fn people_of_released_sets_are_the_same_in_all_of_them() {
    let root = std::path::Path::new("/none");
    let (mut one, mut two) =
        (released(Released::Celebdf, root, &[], &[]), released(Released::Df40, root, &[], &[]));
    (one.name, two.name) = ("one".into(), "two".into());
    let trained = [in_split("a", Split::Train, &["celebdf:id1"], None)];
    let tested = [in_split("b", Split::Test, &["celebdf:id1"], None)];
    let all = |own| [parts(&one, &trained, true), parts(&two, &tested, own)].concat();
    let text = error(&all(true));
    assert!(text.contains("celebdf:id1: in train with a of one, in test with b of two"), "{text}");
    assert_eq!(
        check("all", &all(false)).unwrap(),
        ["ensemble all: 1 identity in several splits of one, two"]
    );
}

#[test]
fn what_a_release_has_in_two_splits_can_be_accepted() {
    let mut set = plain("one");
    set.overlap = Overlap::Accept;
    let videos =
        [in_split("a", Split::Train, &["1"], None), in_split("b", Split::Test, &["1"], Some("a"))];
    assert_eq!(
        check("all", &parts(&set, &videos, true)).unwrap(),
        ["ensemble all: 1 identity and 1 original in several splits of one"]
    );
}
