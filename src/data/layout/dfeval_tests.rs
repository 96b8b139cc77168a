use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::Released;

const HEADER: &str =
    "Filename,Date,Video Ground Truth,Audio Ground Truth,Public Comments,Finetuning Set";

#[test]
fn known_labels_are_listed_whatever_the_sound_is() {
    let (_dir, root) = tree(&[
        &format!(
            "video-metadata-publish.csv={HEADER}\n\
             -5-Hj2x8AbCdEfGhIjKlMnOpQrS.mp4,2024-02-03,Fake,Unknown,\"a, \"\"b\"\"\nand more\",train\n\
             _abc.webm,2024-11-14,Real,Fake,,test\n\
             gone.mp4,2024-11-14,Fake,Real,,test\n\
             who.mp4,2024-11-14,Unknown,Fake,,test\n\
             _abc.webm,2024-11-14,Real,Fake,,test\n\
             none.mp4,2024-11-14,,Fake,,test\n"
        ),
        "video-data/-5-Hj2x8AbCdEfGhIjKlMnOpQrS.mp4=x",
        "video-data/_abc.webm=x",
        "video-data/who.mp4=x",
        "video-data/extra.mp4=x",
    ]);
    let set = released(Released::DeepfakeEval2024, &root, &[("unknown", "exclude")], &[]);
    let found = listed(&set).unwrap();
    let sound = |name: &str| {
        let video = found.videos.iter().find(|video| video.key.ends_with(name)).unwrap();
        video.attributes["audio"].clone()
    };
    assert_eq!([sound("_abc.webm"), sound("gone.mp4")], ["fake", "real"]);
    insta::assert_snapshot!(told(&found));
}

#[test]
fn the_table_with_links_is_read_and_bad_rows_are_named() {
    let (_dir, root) = tree(&[
        &format!(
            "video-metadata-publish-with-links.csv=Media,{HEADER}\n\
             l,a.mp4,d,Fake,Real,,train\n\
             l,a.mp4,d,Real,Real,,train\n\
             l,b.mp4,d,fake,Real,,train\n\
             l,c.mp4,d,Fake,Real,,dev\n\
             l,,d,Fake,Real,,test\n\
             l,../d.mp4,d,Fake,Real,,test\n"
        ),
        "video-data/a.mp4=x",
    ]);
    insta::assert_snapshot!(refused(&released(Released::DeepfakeEval2024, &root, &[], &[]), &root));
}
