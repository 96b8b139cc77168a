use super::*;
use crate::testing::{listed, path, refused, released, tree, words};
use proofmark_lang::model::{Layout, Released, SplitRule};

#[test]
fn every_layout_says_what_it_looks_for() {
    let (_dir, root) = tree(&[]);
    let fakes = ["FaceSwap", "blendface"];
    let official = |name, switches: &[_]| {
        let mut set = released(name, &root, switches, &fakes);
        set.split = SplitRule::official();
        set
    };
    let [first, rest @ ..] = Released::ALL else { panic!("there are releases") };
    let mut far = official(*first, &[("compression", "c23")]);
    if let Layout::Released(layout) = &mut far.layout {
        layout.root = path(&root, "env:FFPP_ROOT");
    }
    let mut messages = vec![refused(&far, &root)];
    messages.push(refused(&official(*first, &[("compression", "raw")]), &root));
    messages.extend(rest.iter().map(|l| refused(&official(*l, &[]), &root)));
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn only_what_is_missing_is_listed_and_other_spellings_count() {
    let (_dir, root) = tree(&["Celeb-real/", "Youtube-real/", "Celeb-synthesis/"]);
    let mut set = released(Released::Celebdf, &root, &[], &[]);
    set.split = SplitRule::official();
    match listed(&set).unwrap_err() {
        DataError::Incomplete { looked_for, .. } => {
            assert_eq!(looked_for.len(), 1);
            assert!(looked_for[0].ends_with("List_of_testing_videos.txt"), "{looked_for:?}");
        }
        other => panic!("{}", words(&other, &root)),
    }
}

#[test]
fn a_root_one_folder_too_high_is_told() {
    let (_dir, root) = tree(&["Celeb-DF-v2/Celeb-real/", "other/"]);
    let error = refused(&released(Released::Celebdf, &root, &[], &[]), &root);
    assert!(error.contains("its parts are in ROOT/Celeb-DF-v2; write another path"), "{error}");
}

#[test]
fn a_method_that_is_not_there_can_be_left_out() {
    let (_dir, root) = tree(&[
        "original_sequences/youtube/c23/videos/",
        "manipulated_sequences/FaceSwap/c23/videos/",
        "train.json=[]",
    ]);
    let mut far = released(
        Released::Faceforensics,
        &root,
        &[("compression", "c23")],
        &["FaceSwap", "FaceShifter"],
    );
    far.split = SplitRule::official();
    let methods = refused(&far, &root);
    std::fs::remove_file(root.join("train.json")).unwrap();
    let lists = refused(&far, &root);
    let (_dir, root) = tree(&["blendface/cdf/frames/"]);
    let reals = refused(&released(Released::Df40, &root, &[], &["blendface", "simswap"]), &root);
    insta::assert_snapshot!([methods, lists, reals].join("\n\n"));
}

#[test]
fn a_switch_is_taken_for_no_other_word() {
    let (_dir, root) = tree(&["blendface/cdf/frames/"]);
    for (name, switch) in [
        (Released::Df40, "domain"),
        (Released::Forgerynet, "validation"),
        (Released::Fakeavceleb, "real-video-fake-audio"),
    ] {
        let error = refused(&released(name, &root, &[(switch, "else")], &["blendface"]), &root);
        let expected = format!("{switch} must be a word that this layout knows, not else");
        assert!(error.contains(&expected), "{error}");
    }
}

#[test]
fn a_switch_that_a_program_left_out_is_as_the_language_has_it() {
    let root = std::path::Path::new("/none");
    let compression = |switches: &[_]| {
        let set = released(Released::Faceforensics, root, switches, &[]);
        set.layout.compression().map(str::to_owned)
    };
    assert_eq!(compression(&[]).as_deref(), Some("c23"));
    assert_eq!(compression(&[("compression", "raw")]).as_deref(), Some("raw"));
    let celebdf = released(Released::Celebdf, root, &[], &[]);
    assert_eq!(celebdf.layout.compression(), None);
}
