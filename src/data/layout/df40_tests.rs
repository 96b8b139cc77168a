use super::*;
use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::{Dataset, Placed, Released};

const REALS: [&str; 4] = [
    "Celeb-DF-v2/Celeb-real/frames/id0_0000/000.png=x",
    "Celeb-DF-v2/Celeb-real/frames/id1_0007/012.png=x",
    "Celeb-DF-v2/YouTube-real/frames/00170/000.png=x",
    "Celeb-DF-v2/YouTube-real/frames/00171/000.png=x",
];

fn set(root: &std::path::Path, domain: &str, fakes: &[&str]) -> Placed<Dataset> {
    released(Released::Df40, root, &[("domain", domain)], fakes)
}

fn made(more: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    tree(&[&REALS[..], more].concat())
}

#[test]
fn folders_are_read_in_all_their_forms_and_names_do_not_collide() {
    let (_dir, root) = made(&[
        "simswap/cdf/frames/id0_id1_0000/10.png=x",
        "simswap/cdf/frames/id0_id1_0000/9.png=x",
        "simswap/cdf/landmarks/id0_id1_0000/9.npy=x",
        "simswap/cdf/frames/__MACOSX/id0_id1_0000/9.png=x",
        "simswap/cdf/frames/empty/",
        "simswap/ff/frames/000_003/0.png=x",
        "blendface/blendface/cdfv2/frames/id0_id16_0003/153.png",
        "e4s/cdf/id1_id0_0007/0.png=x",
        "danet/cdf/frames/id0_0000/012.png=x",
        "danet/cdf/frames/loose.png=x",
        "uniface/cdf/frames/id9_id0_0000/0.png=x",
    ]);
    let methods = ["simswap", "blendface", "e4s", "danet"];
    let listing = listed(&set(&root, "cdf", &methods)).unwrap();
    insta::assert_snapshot!(told(&listing));
    let order: Vec<_> =
        listing.frames.iter().filter(|f| f.path.contains("simswap")).map(|f| &f.path[..]).collect();
    assert!(order[0].ends_with("/9.png") && order[1].ends_with("/10.png"), "{order:?}");
}

#[test]
fn the_list_picks_the_test_reals_wherever_they_lie() {
    let (_dir, root) = tree(&[
        "df40/DF40/simswap/cdf/frames/id0_id1_0000/0.png=x",
        "Celeb-DF-v2/Celeb-real/frames/id0_0000/000.png=x",
        "Celeb-DF-v2/Celeb-real/frames/id1_0007/012.png=x",
        "Celeb-DF-v2/Youtube-real/frames/00171/000.png=x",
        "Celeb-DF-v2/List_of_testing_videos.txt=1 Celeb-real/id1_0007.mp4\n1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id1_id0_0007.mp4",
    ]);
    let beside = listed(&set(&root.join("df40"), "cdf", &["simswap"])).unwrap();
    insta::assert_snapshot!(told(&beside));
    let reals = root.join("Celeb-DF-v2").display().to_string();
    let switches = [("domain", "cdf"), ("reals", reals.as_str())];
    let elsewhere = released(Released::Df40, &root.join("df40/DF40"), &switches, &["simswap"]);
    let elsewhere = listed(&elsewhere).unwrap();
    let keys = |l: &super::super::Listing| {
        l.videos
            .iter()
            .filter(|v| v.label == Label::Real)
            .map(|v| v.key.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&elsewhere), keys(&beside), "no path of a machine is in a key");
}

#[test]
fn too_many_reals_need_the_list() {
    let many: Vec<String> =
        (0..180).map(|i| format!("Celeb-DF-v2/Celeb-real/frames/id{i}_0000/0.png")).collect();
    let mut files: Vec<&str> = many.iter().map(String::as_str).collect();
    files.extend(["Celeb-DF-v2/YouTube-real/frames/", "simswap/cdf/frames/"]);
    let (_dir, root) = tree(&files);
    let error = refused(&set(&root, "cdf", &["simswap"]), &root);
    insta::assert_snapshot!(error);
}

#[test]
fn the_domain_of_faceforensics_has_reals_of_its_own() {
    let (_dir, root) = tree(&[
        "simswap/ffpp/frames/000_003/0.png=x",
        "FaceForensics++/original_sequences/youtube/c23/frames/000/0.png=x",
        "FaceForensics++/original_sequences/youtube/c23/frames/001/0.png=x",
        "FaceForensics++/test.json=[[\"000\", \"003\"]]",
    ]);
    insta::assert_snapshot!(told(&listed(&set(&root, "ff", &["simswap"])).unwrap()));
}

#[test]
fn names_tell_originals() {
    assert_eq!(original("id0_id1_0000"), "id0_0000");
    assert_eq!(original("id0_0000"), "id0_0000");
    assert_eq!(original("001_870"), "001");
    assert_eq!(original("00170"), "00170");
}
