use std::collections::BTreeMap;

use super::*;
use crate::data::testing::{dataset, manipulation, no_env, path, said, text, tree, words};
use crate::lang::model::Layout;

fn found(released: Released, root: &Path, written: &str, switch: Option<&str>) -> DataError {
    let switches: BTreeMap<_, _> =
        switch.map(|c| ("compression".to_owned(), text(c))).into_iter().collect();
    let layout = ReleasedLayout { name: said(released), root: path(root, written), switches };
    let mut set = dataset("set", Layout::Released(layout.clone()));
    set.manipulations = vec![manipulation("FaceSwap", None), manipulation("blendface", None)];
    find(&set, &layout, &no_env)
}

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
    let mut messages = vec![words(&found(ALL[0], &root, "env:FFPP_ROOT", None), &root)];
    messages.push(words(&found(ALL[0], &root, ".", Some("c40")), &root));
    messages.extend(ALL[1..].iter().map(|layout| words(&found(*layout, &root, ".", None), &root)));
    insta::assert_snapshot!(messages.join("\n\n"));
}

#[test]
fn only_what_is_missing_is_listed_and_other_spellings_count() {
    let (_dir, root) = tree(&["Celeb-real/", "Youtube-real/", "Celeb-synthesis/"]);
    match found(Released::Celebdf, &root, ".", None) {
        DataError::NotFound { looked_for, .. } => {
            assert_eq!(looked_for.len(), 1);
            assert!(looked_for[0].ends_with("List_of_testing_videos.txt"), "{looked_for:?}");
        }
        other => panic!("{other}"),
    }
    std::fs::write(root.join("List_of_testing_videos.txt"), "").unwrap();
    let error = found(Released::Celebdf, &root, ".", None);
    assert!(matches!(error, DataError::NotInThisVersion { layout: "celebdf", .. }), "{error}");
}
