use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::Released;

const TRAIN: &str = r#"train/dfdc_train_part_0/metadata.json={
    "owxbbpjpch.mp4": {"label": "FAKE", "split": "train", "original": "wynotylpnm.mp4"},
    "wynotylpnm.mp4": {"label": "REAL", "split": "train", "original": null},
    "vpmyeepbep.mp4": {"label": "REAL", "split": "train"},
    "vpmyeepbep.mp4": {"label": "REAL", "split": "train"},
    "zzzzzzzzzz.mp4": {"label": "FAKE", "split": "train", "original": "notlisted0.mp4"}
}"#;
const REST: [&str; 7] = [
    "train/dfdc_train_part_0/owxbbpjpch.mp4=x",
    "train/dfdc_train_part_0/wynotylpnm.mp4=x",
    "train/dfdc_train_part_0/vpmyeepbep.mp4",
    "train/dfdc_train_part_0/unlabelled.mp4=x",
    "validation/labels.csv=filename,label\naaaaaaaaaa.mp4,1\nbbbbbbbbbb.mp4,0\nbbbbbbbbbb.mp4,0\ncccccccccc.mp4,\n",
    "validation/aaaaaaaaaa.mp4=x",
    "validation/bbbbbbbbbb.mp4=x",
];

fn files(more: &[&'static str]) -> Vec<&'static str> {
    [&[TRAIN][..], &REST, more].concat()
}

#[test]
fn parts_and_labels_are_read() {
    let (_dir, root) = tree(&files(&[
        "train/dfdc_train_part_10/dfdc_train_part_10/metadata.json={\"owxbbpjpch.mp4\": {\"label\": \"REAL\"}}",
        "train/dfdc_train_part_10/dfdc_train_part_10/owxbbpjpch.mp4=x",
        "test/labels.csv=filename,label\ndddddddddd.mp4,1\n",
        "test/metadata.json={\"dddddddddd.mp4\": {\"is_fake\": 1, \"grayscale\": {\"a\": [1]}}}",
        "test/ori_videos/dddddddddd.mp4=x",
        "test/ori_videos/eeeeeeeeee.mp4=x",
    ]));
    let swaps = ["DF-128", "NTH"];
    let listing = listed(&released(Released::Dfdc, &root, &[], &swaps)).unwrap();
    insta::assert_snapshot!(told(&listing));
    // Which of the swaps it was, nobody knows; that it was a swap, everybody does.
    let families: std::collections::BTreeSet<_> =
        listing.videos.iter().filter_map(|v| v.family).collect();
    assert_eq!(families, [proofmark_lang::model::Family::FaceSwap].into());
}

#[test]
fn parts_below_the_root_and_a_test_folder_by_another_name() {
    let (_dir, root) = tree(&[
        "dfdc_train_part_3/metadata.json={\"a.mp4\": {\"label\": \"REAL\"}}",
        "dfdc_train_part_3/a.mp4=x",
        "validation/labels.csv=filename,label\nb.mp4,1\n",
        "dfdc_test/metadata.json={\"c.mp4\": {\"is_fake\": 0}, \"d.mp4\": {\"is_fake\": 1}}",
        "dfdc_test/c.mp4=x",
    ]);
    insta::assert_snapshot!(told(&listed(&released(Released::Dfdc, &root, &[], &[])).unwrap()));
}

#[test]
fn labels_that_disagree_are_refused() {
    let (_dir, root) = tree(&files(&[
        "test/labels.csv=filename,label\nd.mp4,1\ne.mp4,0\n",
        "test/metadata.json={\"d.mp4\": {\"is_fake\": 0}, \"e.mp4\": {\"is_fake\": 0}}",
    ]));
    let set = released(Released::Dfdc, &root, &[], &[]);
    let both = refused(&set, &root);
    let write = |file: &str, text: &str| std::fs::write(root.join(file), text).unwrap();
    write("test/labels.csv", "filename,label\nd.mp4,1\nd.mp4,0\ne.mp4,fake\n");
    let one = refused(&set, &root);
    write(
        "train/dfdc_train_part_0/metadata.json",
        "{\"a.mp4\": {\"label\": \"REAL\"}, \"a.mp4\": {\"label\": \"FAKE\"}, \"b.mp4\": {\"label\": \"fake\"}}",
    );
    let train = refused(&set, &root);
    write("train/dfdc_train_part_0/metadata.json", "{\"a.mp4\": {\"split\": \"train\"}}");
    let form = refused(&set, &root);
    insta::assert_snapshot!([both, one, train, form].join("\n\n"));
}

#[test]
fn unlabelled_folders_say_which_labels_are_wanted() {
    let (_dir, root) = tree(&files(&["train/dfdc_train_part_1/", "test/d.mp4=x"]));
    let set = released(Released::Dfdc, &root, &[], &[]);
    let part = refused(&set, &root);
    std::fs::write(root.join("train/dfdc_train_part_1/metadata.json"), "{}").unwrap();
    let test =
        &listed(&set).unwrap().lacking[0].words().replace(&root.display().to_string(), "ROOT");
    let (_dir, root) = tree(&["test_videos/d.mp4=x"]);
    let alone = refused(&released(Released::Dfdc, &root, &[], &[]), &root);
    insta::assert_snapshot!([&part, test, &alone].map(String::as_str).join("\n\n"));
}

#[test]
fn archives_in_folders_of_their_names_are_read() {
    let (_dir, root) = tree(&[
        "train/dfdc_train_part_00/dfdc_train_part_0/metadata.json={\"a.mp4\": {\"label\": \"FAKE\", \"original\": \"b.mp4\"}, \"b.mp4\": {\"label\": \"REAL\"}}",
        "train/dfdc_train_part_00/dfdc_train_part_0/a.mp4=x",
        "train/dfdc_train_part_00/dfdc_train_part_0/b.mp4=x",
        "train/dfdc_train_part_01/metadata.json={\"c.mp4\": {\"label\": \"REAL\"}}",
        "train/dfdc_train_part_01/c.mp4=x",
        "validation/labels.csv=filename,label\nd.mp4,1\n",
        "validation/d.mp4=x",
    ]);
    let listing = listed(&released(Released::Dfdc, &root, &[], &[])).unwrap();
    insta::assert_snapshot!(told(&listing));
}

#[test]
fn any_part_alone_is_read_and_the_rest_is_told() {
    let train = |folder: &str| {
        [
            format!("{folder}metadata.json={{\"a.mp4\": {{\"label\": \"REAL\"}}}}"),
            format!("{folder}a.mp4=x"),
        ]
    };
    let test = ["test/labels.csv=filename,label\nt.mp4,1\n".to_owned(), "test/t.mp4=x".to_owned()];
    let absent = |files: &[String]| {
        let (_dir, root) = tree(&files.iter().map(String::as_str).collect::<Vec<_>>());
        let listing = listed(&released(Released::Dfdc, &root, &[], &[])).unwrap();
        assert_eq!((listing.videos.len(), listing.absent.len()), (1, 0), "{listing:?}");
        listing.lacking.iter().map(|lacking| lacking.split.word()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(absent(&test), "train val");
    assert_eq!(absent(&train("train/dfdc_train_part_7/")), "val test");
    // As Kaggle has it: a sample with labels, and test videos without.
    let mut kaggle = train("train_sample_videos/").to_vec();
    kaggle.push("test_videos/u.mp4=x".to_owned());
    assert_eq!(absent(&kaggle), "val test");
    assert_eq!(absent(&train("train/")), "val test");
}
