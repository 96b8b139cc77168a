use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::{Dataset, Placed, Released};

fn set(root: &std::path::Path, validation: &str) -> Placed<Dataset> {
    let switches = [("validation", validation), ("frame-labels", "video")];
    released(Released::Forgerynet, root, &switches, &[])
}

const FILES: [&str; 8] = [
    "Training/video/train_video_release/1/aa/bb/video.mp4=x",
    "Training/video/train_video_release/7/dd/bb/video.mp4=x",
    "Training/video/train_video_release/8/72/cc/video.mp4",
    "Training/video/train_video_release/16/aa/video.mp4=x",
    "Training/video/train_video_release/19/ee/video.mp4=x",
    "Validation/video/val_video_release/6/ff/gg/video.mp4=x",
    "Validation/video/val_video_release/17/ff/video.mp4=x",
    "Validation/video_list.txt=1 val_video_release/6/ff/gg/video.mp4 0 12 1 1 2 6\n0 val_video_release/17/ff/video.mp4 0 0 0\n",
];

/// Lines of any number of segments; the third value of class 7 is not as expected.
const LIST: &str = "Training/video_list.txt=\
2 train_video_release/1/aa/bb/video.mp4 0 10 fake 30 5 1 1 2 1
1 train_video_release/7/dd/bb/video.mp4 0 8 0 1 2 7
0 ./train_video_release/8/72/cc/video.mp4 1 1 8
0 train_video_release/16/aa/video.mp4 0 0 0
0 train_video_release/16/aa/video.mp4 0 0 0
1 train_video_release/18/hh/video.mp4 0 40 real 0 0 0
";

#[test]
fn lines_are_read_from_both_ends() {
    let (_dir, root) = tree(&[&FILES[..], &[LIST]].concat());
    insta::assert_snapshot!(told(&listed(&set(&root, "test")).unwrap()));
}

#[test]
fn the_validation_part_is_what_the_declaration_says() {
    let (_dir, root) = tree(&[&FILES[..], &[LIST]].concat());
    let splits = |root: &std::path::Path| {
        let text = told(&listed(&set(root, "val")).unwrap());
        let of = |part: &str| text.lines().filter(|l| l.starts_with(part)).count();
        (of("Validation/video/val_video_release"), of("Test"), text.contains("  val "))
    };
    assert_eq!(splits(&root), (2, 0, true));
    std::fs::create_dir_all(root.join("Test/video")).unwrap();
    std::fs::write(root.join("Test/video_list.txt"), "0 t/3/x/y/video.mp4 1 1 3\n").unwrap();
    assert_eq!(splits(&root), (2, 1, true));
}

#[test]
fn the_real_hashes_of_a_swap_are_its_identities() {
    let (_dir, root) = tree(&[&FILES[..], &[LIST]].concat());
    let listing = listed(&set(&root, "test")).unwrap();
    let groups = |end: &str| {
        let video = listing.videos.iter().find(|v| v.key.ends_with(end)).expect("it is listed");
        video.groups.join(" ")
    };
    assert_eq!(groups("1/aa/bb/video.mp4"), "forgerynet:aa forgerynet:bb");
    // One hash drives all of class 8, and is nobody.
    assert_eq!(groups("8/72/cc/video.mp4"), "forgerynet:cc");
    assert_eq!(groups("16/aa/video.mp4"), "forgerynet:aa");
}

#[test]
fn classes_that_no_list_names_are_known_by_their_folders() {
    let (_dir, root) = tree(&[
        "Training/video/train_video_release/1/aa/bb/video.mp4=x",
        "Training/video/train_video_release/2/cc/dd/video.mp4=x",
        "Training/video/train_video_release/2/cc/ee/video.mp4=x",
        "Training/video/train_video_release/8/72/ff/video.mp4=x",
        "Training/video/train_video_release/7/72/ff/video.mp4=x",
        "Training/video/train_video_release/16/aa/video.mp4=x",
        "Training/video_list.txt=\
1 train_video_release/1/aa/bb/video.mp4 0 10 1 1 2 1
1 train_video_release/16/aa/video.mp4 0 9 0 0 0 0
",
    ]);
    let listing = listed(&set(&root, "test")).unwrap();
    insta::assert_snapshot!(told(&listing));
    // A list that names some of a class names all that count.
    let list = "1 train_video_release/2/cc/dd/video.mp4 0 9 1 1 2 2\n";
    std::fs::write(root.join("Training/video_list.txt"), list).unwrap();
    let listing = listed(&set(&root, "test")).unwrap();
    assert!(!told(&listing).contains("2/cc/ee/video.mp4  "), "{}", told(&listing));
}

#[test]
fn one_part_alone_is_read() {
    let (_dir, root) = tree(&[
        "Validation/val_video_release/1/aa/bb/video.mp4=x",
        "Validation/video_list.txt=1 val_video_release/1/aa/bb/video.mp4 0 12 1 1 2 1\n",
    ]);
    let listing = listed(&set(&root, "test")).unwrap();
    assert_eq!((listing.videos.len(), listing.absent.len()), (1, 0));
    let lacking = listing.lacking[0].words();
    assert!(lacking.starts_with("train is not on disk (looked for"), "{lacking}");
    std::fs::create_dir_all(root.join("Training/video")).unwrap();
    let error = refused(&set(&root, "test"), &root);
    assert!(error.contains("looked for: ROOT/Training/video_list.txt"), "{error}");
}

#[test]
fn lines_that_make_no_sense_are_refused() {
    let list = "Training/video_list.txt=\
2 v/1/a/b/video.mp4 0 10 fake 1 1 1
x v/1/a/b/video.mp4 1 1 1
0 v/1/a/b/video.mp4 1 1
0 v/1/a/b/video.mp4 2 1 1
1 v/1/a/b/video.mp4 0 1 maybe 1 1 1
0 v/1/a/b/video.mp4 0 0 1
0 v/2/a/b/video.mp4 1 1 1
0 v/1/a/video.mp4 0 0 0
0 v/11/a/video.mp4 1 2 11
0 v/x/a/video.mp4 1 1 1
0 ../../etc/1/a/video.mp4 1 1 1
9999999999999999999 v/1/a/b/video.mp4 1 1 1
6148914691236517206 v/1/a/b/video.mp4 1 1 1
";
    let (_dir, root) = tree(&[&FILES[..], &[list]].concat());
    insta::assert_snapshot!(refused(&set(&root, "test"), &root));
}
