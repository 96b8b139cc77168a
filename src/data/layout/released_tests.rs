use super::*;
use crate::data::testing::{listed, path, refused, released, tree, words};
use crate::lang::model::Layout;

const ALL: [Released; 8] = [
    Released::Faceforensics,
    Released::Celebdf,
    Released::Dfdc,
    Released::Fakeavceleb,
    Released::Forgerynet,
    Released::Df40,
    Released::Wilddeepfake,
    Released::DeepfakeEval2024,
];

#[test]
fn every_layout_says_what_it_looks_for() {
    let (_dir, root) = tree(&[]);
    let fakes = ["FaceSwap", "blendface"];
    let mut far = released(ALL[0], &root, &[("compression", "c23")], &fakes);
    if let Layout::Released(layout) = &mut far.layout {
        layout.root = path(&root, "env:FFPP_ROOT");
    }
    let mut messages = vec![refused(&far, &root)];
    messages.push(refused(&released(ALL[0], &root, &[("compression", "raw")], &fakes), &root));
    messages.extend(ALL[1..].iter().map(|l| refused(&released(*l, &root, &[], &fakes), &root)));
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn only_what_is_missing_is_listed_and_other_spellings_count() {
    let (_dir, root) = tree(&["Celeb-real/", "Youtube-real/", "Celeb-synthesis/"]);
    let set = released(Released::Celebdf, &root, &[], &[]);
    match listed(&set).unwrap_err() {
        DataError::NotFound { looked_for, .. } => {
            assert_eq!(looked_for.len(), 1);
            assert!(looked_for[0].ends_with("List_of_testing_videos.txt"), "{looked_for:?}");
        }
        other => panic!("{}", words(&other, &root)),
    }
}
