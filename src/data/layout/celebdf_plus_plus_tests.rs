use super::*;
use crate::overlap::{self, Role, SplitPart};
use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::{Family, Released, Split, SplitRule};
use proofmark_lang::{DiskFiles, load};

/// The list of a few videos of the release, which has no newline at its end.
const LIST: &str = "List_of_testing_videos.txt=1 YouTube-real/00170.mp4\n\
    1 Celeb-real/id0_0001.mp4\n\
    0 Celeb-synthesis/FaceSwap/Celeb-DF/id0_id1_0001.mp4\n\
    0 Celeb-synthesis/FaceSwap/BlendFace/id0_id1_0000.mp4\n\
    0 Celeb-synthesis/FaceReenact/LIA/id1_id0_0007.mp4\n\
    0 Celeb-synthesis/TalkingFace/IP_LAP/id1_0007_test_00002.mp4";

/// The made-up release that `LIST` is of.
const FILES: [&str; 12] = [
    LIST,
    "YouTube-real/00170.mp4=x",
    "YouTube-real/00171.mp4=x",
    "Celeb-real/id0_0000.mp4=x",
    "Celeb-real/id0_0001.mp4=x",
    "Celeb-real/id1_0007.mp4=x",
    "Celeb-synthesis/FaceSwap/Celeb-DF-v2/id0_id1_0001.mp4=x",
    "Celeb-synthesis/FaceSwap/BlendFace/id0_id1_0000.mp4=x",
    "Celeb-synthesis/FaceSwap/BlendFace/id1_id0_0007.mp4=x",
    "Celeb-synthesis/FaceReenact/LIA/LIA/id0_id1_0001.mp4",
    "Celeb-synthesis/TalkingFace/IP_LAP/id1_0007_test_00002.mp4=x",
    "Celeb-synthesis/TalkingFace/IP_LAP/id0_0000_test_id1_0007.mp4=x",
];

#[test]
fn the_list_tests_and_the_rest_trains() {
    let (_dir, root) = tree(&FILES);
    let fakes = ["Celeb-DF", "BlendFace", "LIA", "IP_LAP"];
    let mut set = released(Released::CelebdfPlusPlus, &root, &[], &fakes);
    set.split = SplitRule::official();
    insta::assert_snapshot!(told(&listed(&set).unwrap()));
}

#[test]
fn either_name_of_the_swaps_of_v2_is_one_manipulation() {
    let (_dir, root) = tree(&[
        "List_of_testing_videos.txt=0 Celeb-synthesis/FaceSwap/Celeb-DF-v2/id0_id1_0001.mp4",
        "YouTube-real/",
        "Celeb-real/id0_0001.mp4=x",
        "Celeb-synthesis/FaceSwap/Celeb-DF/id0_id1_0001.mp4=x",
    ]);
    let listing = listed(&released(Released::CelebdfPlusPlus, &root, &[], &["Celeb-DF"])).unwrap();
    let fake = listing.videos.iter().find(|video| video.method.is_some()).unwrap();
    assert_eq!(fake.method.as_deref(), Some("Celeb-DF"));
    assert_eq!(fake.split, Some(Split::Test));
    assert_eq!(fake.pair.as_deref(), Some("Celeb-real/id0_0001.mp4"));
}

#[test]
fn without_declared_methods_all_that_are_there_are_read() {
    let (_dir, root) = tree(&FILES[1..]);
    let listing = listed(&released(Released::CelebdfPlusPlus, &root, &[], &[])).unwrap();
    assert_eq!(listing.videos.len(), FILES.len() - 1);
    assert!(listing.videos.iter().all(|video| video.split.is_none()));
    let [remark] = &listing.remarks[..] else { panic!("{:?}", listing.remarks) };
    assert!(remark.starts_with("4 of the 22 methods are on disk; not GHOST, "), "{remark}");
}

#[test]
fn what_is_not_there_is_looked_for_and_a_method_can_be_left_out() {
    let (_dir, root) = tree(&FILES[1..]);
    let mut set = released(Released::CelebdfPlusPlus, &root, &[], &["GHOST"]);
    set.split = SplitRule::official();
    let method = refused(&set, &root);
    let (_dir, root) = tree(&["Celeb-real/", "YouTube-real/", "Celeb-synthesis/id1_id0_0007.mp4"]);
    // The second version under the name of the third.
    let older = refused(&released(Released::CelebdfPlusPlus, &root, &[], &[]), &root);
    insta::assert_snapshot!([method, older].join("\n\n"));
}

#[test]
fn a_method_of_another_name_is_refused() {
    let (_dir, root) = tree(&FILES);
    let set = released(Released::CelebdfPlusPlus, &root, &[], &["BlendFace", "Celeb-DF-v2"]);
    let error = refused(&set, &root);
    assert!(
        error.starts_with("Celeb-DF++ has no method `Celeb-DF-v2`; it has `Celeb-DF`, "),
        "{error}"
    );
    assert!(error.ends_with("did you mean `Celeb-DF`?"), "{error}");
}

#[test]
fn lines_that_cannot_be_used_are_told() {
    let (_dir, root) = tree(&[
        "List_of_testing_videos.txt=1 Celeb-synthesis/FaceSwap/GHOST/id0_id1_0000.mp4\n0 Celeb-real/id0_0001.mp4\n0 Celeb-synthesis/FaceSwap/GHOST2/id0_id1_0000.mp4\n0 Celeb-synthesis/FaceSwap/LIA/id0_id1_0000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n2 YouTube-real/00170.mp4\nYouTube-real/00170.mp4\n",
        "YouTube-real/",
        "Celeb-real/",
        "Celeb-synthesis/FaceSwap/GHOST/",
    ]);
    let set = released(Released::CelebdfPlusPlus, &root, &[], &["GHOST"]);
    insta::assert_snapshot!(refused(&set, &root));
}

#[test]
fn the_release_has_as_many_test_videos_as_it_says() {
    let tested: usize = methods().map(|(.., tested)| tested).sum();
    assert_eq!((methods().count(), tested, REALS_TESTED + tested), (22, 5240, 5418));
}

#[test]
fn names_tell_people_and_originals() {
    let told = |name| {
        let Named { people, original } = named(name);
        (people.join(" "), original)
    };
    let own = |name: &str| Some(name.to_owned());
    assert_eq!(told("id0_id16_0007"), ("celebdf:id0 celebdf:id16".into(), own("id0_0007")));
    assert_eq!(told("id0_0007_test_id3_0001"), ("celebdf:id0".into(), own("id0_0007")));
    assert_eq!(told("id59_0002"), ("celebdf:id59".into(), None));
    assert_eq!(told("00170"), ("celebdf:00170".into(), None));
}

#[test]
fn its_people_are_those_of_celebdf() {
    let (_dir, root) = tree(&FILES);
    let (_older_dir, older_root) =
        tree(&["YouTube-real/", "Celeb-real/", "Celeb-synthesis/id1_id2_0007.mp4=x"]);
    let mut set = released(Released::CelebdfPlusPlus, &root, &[], &["BlendFace"]);
    let mut older = released(Released::Celebdf, &older_root, &[], &[]);
    (set.name, older.name) = ("newer".to_owned(), "older".to_owned());
    let mut trained = listed(&older).unwrap().videos;
    trained.iter_mut().for_each(|video| video.split = Some(Split::Train));
    let tested = listed(&set).unwrap().videos;
    let part = |dataset, videos, split, role| SplitPart { dataset, videos, split, role, own: true };
    let parts = [
        part(&older, &trained, Split::Train, Role::Train),
        part(&set, &tested, Split::Test, Role::Test),
    ];
    let error = overlap::check("all", &parts).unwrap_err().to_string();
    let expected = "celebdf:id1: in train with Celeb-synthesis/id1_id2_0007.mp4 of older, in test \
                    with Celeb-synthesis/FaceSwap/BlendFace/id0_id1_0000.mp4 of newer";
    assert!(error.contains(expected), "{error}");
}

/// What is declared of it with Proofmark is what the release has.
#[test]
fn the_shipped_declaration_has_every_method() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = load(&folder.join("../../datasets/celebdf-plus-plus.kdl"), &DiskFiles);
    let set = &loaded.project.datasets["celebdf-plus-plus"];
    let declared = set.manipulations.iter().map(|m| (m.name.as_str(), m.family));
    let family = |kind| match kind {
        "FaceSwap" => Some(Family::FaceSwap),
        _ => Some(Family::Reenactment),
    };
    let known = methods().map(|(kind, name, _)| (name, family(kind)));
    assert_eq!(declared.collect::<Vec<_>>(), known.collect::<Vec<_>>());
    let tested: usize = methods().map(|(.., tested)| tested).sum();
    let expect = set.expect.as_ref().unwrap();
    assert_eq!(expect.test, Some((REALS_TESTED + tested) as u64));
    assert_eq!((expect.face_swaps, expect.reenactments), (Some(8), Some(14)));
}
