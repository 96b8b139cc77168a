use super::*;
use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::{Released, SplitRule};

/// The list of the release has no newline at its end.
const TESTS: &str = "List_of_testing_videos.txt=1 YouTube-real/00170.mp4\n1 Celeb-real/id1_0007.mp4\n0 Celeb-synthesis/id1_id0_0007.mp4";

#[test]
fn the_list_tests_and_the_rest_trains() {
    let (_dir, root) = tree(&[
        TESTS,
        "YouTube-real/00170.mp4=x",
        "YouTube-real/00171.mp4=x",
        "Celeb-real/id1_0007.mp4=x",
        "Celeb-real/id0_0000.mp4=x",
        "Celeb-synthesis/id1_id0_0007.mp4=x",
        "Celeb-synthesis/id0_id1_0000.mp4=x",
        "Celeb-synthesis/id0_id1_0009.mp4",
        "Celeb-synthesis/readme.txt=x",
    ]);
    let listing = listed(&released(Released::Celebdf, &root, &[], &["Celeb-synthesis"])).unwrap();
    insta::assert_snapshot!(told(&listing));
}

#[test]
fn trees_of_others_are_read() {
    let (_dir, root) = tree(&[
        "List_of_testing_videos.txt=1 YouTube-real/00170.mp4\r\n1 Youtube-real\\00171.mp4\r\n1 YouTube-real/00170.mp4\r\n0 Celeb-synthesis/id1_id0_0007.mp4\r\n",
        "Youtube-real/videos/00170.mp4=x",
        "Youtube-real/videos/00171.mp4=x",
        "Celeb-real/videos/id1_0007.mp4=x",
        "Celeb-synthesis/Celeb-synthesis/videos/id1_id2_0007.mp4=x",
    ]);
    let listing = listed(&released(Released::Celebdf, &root, &[], &[])).unwrap();
    insta::assert_snapshot!(told(&listing));
}

#[test]
fn without_the_list_nothing_is_divided() {
    let (_dir, root) = tree(&[
        "YouTube-real/00170.mp4=x",
        "Celeb-real/id1_0007.mp4=x",
        "Celeb-synthesis/id1_id0_0007.mp4=x",
    ]);
    let mut set = released(Released::Celebdf, &root, &[], &[]);
    let listing = listed(&set).unwrap();
    assert!(listing.videos.len() == 3 && listing.videos.iter().all(|v| v.split.is_none()));
    set.split = SplitRule::official();
    let error = refused(&set, &root);
    assert!(error.contains("the list is in the release"), "{error}");
}

#[test]
fn labels_are_checked_against_the_folders() {
    let (_dir, root) = tree(&[
        "List_of_testing_videos.txt=0 YouTube-real/00170.mp4\n1 Celeb-synthesis/id1_id0_0007.mp4\n2 Celeb-real/id1_0007.mp4\nCeleb-real/id1_0007.mp4\n1 Celeb-fake/x.mp4\n1 00170.mp4\n",
        "YouTube-real/00170.mp4=x",
        "Celeb-real/",
        "Celeb-synthesis/",
    ]);
    let set = released(Released::Celebdf, &root, &[], &[]);
    insta::assert_snapshot!(refused(&set, &root));
}

#[test]
fn a_manipulation_of_another_name_is_refused() {
    let (_dir, root) =
        tree(&[TESTS, "YouTube-real/", "Celeb-real/", "Celeb-synthesis/id1_id0_0007.mp4=x"]);
    let error = refused(&released(Released::Celebdf, &root, &[], &["Celeb-sythesis"]), &root);
    assert!(error.contains("did you mean `Celeb-sythesis`?"), "{error}");
}

#[test]
fn names_tell_identities() {
    assert_eq!(identities("id1_id16_0007"), ["celebdf:id1", "celebdf:id16"]);
    assert_eq!(identities("id59_0002"), ["celebdf:id59"]);
    assert_eq!(identities("00170"), ["celebdf:00170"]);
    assert_eq!(identities("idx_id"), ["celebdf:idx_id"]);
}
