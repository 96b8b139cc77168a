use crate::Manifest;
use crate::testing::{listed, refused, released, told, tree};
use crate::video::Video;
use proofmark_lang::model::{Dataset, Placed, Released};
use std::collections::BTreeMap;

const HEADER: &str = "source,target1,target2,method,category,type,race,gender,path,";
const ROWS: &str = "\
id00076,-,-,real,A,RealVideo-RealAudio,Asian (East),men,00109.mp4,FakeAVCeleb/RealVideo-RealAudio/Asian (East)/men/id00076
id00076,-,-,rtvc,B,RealVideo-FakeAudio,Asian (East),men,00109_fake.mp4,FakeAVCeleb/RealVideo-FakeAudio/Asian (East)/men/id00076
id00076,id04727,-,fsgan,C,FakeVideo-RealAudio,Asian (East),men,00109_id04727_AAnyugIAXao.mp4,FakeAVCeleb/FakeVideo-RealAudio/Asian (East)/men/id00076
id00076,id00476,10,wav2lip,D,FakeVideo-FakeAudio,Asian (East),men,00109_10_id00476_wavtolip.mp4,FakeAVCeleb/FakeVideo-FakeAudio/Asian (East)/men/id00076
id00078,-,-,real,A,RealVideo-RealAudio,African,women,00109.mp4,FakeAVCeleb/RealVideo-RealAudio/African/women/id00078
id00078,id06437,-,wav2lip,D,FakeVideo-FakeAudio,African,women,00254_id06437_wavtolip.mp4,FakeAVCeleb/FakeVideo-FakeAudio/African/women/id00078
id00078,id06437,id00043,faceswap-wav2lip,D,FakeVideo-FakeAudio,African,women,00254_id06437_wavtolip.mp4,FakeAVCeleb/FakeVideo-FakeAudio/African/women/id00078
id00078,id06437,-,faceswap,D,FakeVideo-FakeAudio,African,women,00254_2.mp4,FakeAVCeleb/FakeVideo-FakeAudio/African/women/id00078
";
const FILES: [&str; 8] = [
    "RealVideo-RealAudio/Asian (East)/men/id00076/00109.mp4=x",
    "RealVideo-FakeAudio/Asian (East)/men/id00076/00109_fake.mp4=x",
    "FakeVideo-RealAudio/Asian (East)/men/id00076/00109_id04727_AAnyugIAXao.mp4=x",
    "FakeVideo-FakeAudio/Asian (East)/men/id00076/00109_10_id00476_wavtolip.mp4=x",
    "FakeVideo-FakeAudio/Asian (East)/men/id00076/00109_11_id00476_wavtolip.mp4=x",
    "RealVideo-RealAudio/African/women/id00078/00109.mp4=x",
    "FakeVideo-FakeAudio/African/women/id00078/00254_id06437_wavtolip.mp4=x",
    "FakeVideo-RealAudio/readme.txt=x",
];

fn set(root: &std::path::Path, switches: &[(&str, &str)]) -> Placed<Dataset> {
    let usual =
        [("real-video-fake-audio", "exclude"), ("mixed", "face-swap"), ("identities", "source")];
    let switches = usual.map(|(name, to)| {
        (name, switches.iter().find(|(n, _)| *n == name).map_or(to, |(_, to)| *to))
    });
    released(Released::Fakeavceleb, root, &switches, &["faceswap", "fsgan", "wav2lip"])
}

fn made(table: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    tree(&[&FILES[..], &[&format!("meta_data.csv={table}")]].concat())
}

#[test]
fn the_table_is_read_as_released() {
    let (_dir, root) = made(&format!("{HEADER}\n{ROWS}"));
    insta::assert_snapshot!(told(&listed(&set(&root, &[])).unwrap()));
}

/// What is said of people came after results were made, whose keys have the digest of the manifest.
#[test]
fn people_are_told_apart_and_change_no_key() {
    let (_dir, root) = made(&format!("{HEADER}\n{ROWS}"));
    let set = set(&root, &[]);
    let videos = listed(&set).unwrap().videos;
    let said = |place: usize| {
        let values =
            ["audio", "gender", "race"].map(|name| videos[place].attributes[name].as_str());
        values.join(", ")
    };
    assert_eq!(said(0), "real, men, Asian (East)");
    let fake = videos.iter().position(|video| video.key.contains("id00078/00254_id")).unwrap();
    assert_eq!(said(fake), "fake, women, African");
    let names: Vec<&str> = videos[0].attributes.keys().map(String::as_str).collect();
    assert_eq!(set.layout.attributes(), names);
    let bare = |video: &Video| Video { attributes: BTreeMap::new(), ..video.clone() };
    let before = Manifest::new(videos.iter().map(bare).collect(), Vec::new()).unwrap();
    let now = Manifest::new(videos, Vec::new()).unwrap();
    assert_eq!(now.digest_without_attributes(), before.digest());
    assert_ne!(now.digest(), before.digest());
}

#[test]
fn switches_decide_what_is_open() {
    let (_dir, root) = made(&format!("{HEADER}\n{ROWS}"));
    let switches =
        [("real-video-fake-audio", "real"), ("mixed", "reenactment"), ("identities", "all")];
    insta::assert_snapshot!(told(&listed(&set(&root, &switches)).unwrap()));
}

#[test]
fn a_header_without_the_last_column_and_rows_without_a_folder_are_read() {
    let (_dir, root) = made(&format!("{HEADER}\n{ROWS}"));
    let expected = told(&listed(&set(&root, &[])).unwrap());
    let short = HEADER.trim_end_matches(',');
    std::fs::write(root.join("meta_data.csv"), format!("{short}\n{ROWS}")).unwrap();
    assert_eq!(told(&listed(&set(&root, &[])).unwrap()), expected);
    let rows: String =
        ROWS.lines().map(|l| format!("{}\n", l.rsplit_once(',').expect("ten columns").0)).collect();
    std::fs::write(root.join("meta_data.csv"), format!("{short}\n{rows}")).unwrap();
    assert_eq!(told(&listed(&set(&root, &[])).unwrap()), expected);
}

#[test]
fn rows_that_contradict_themselves_are_refused() {
    let row = |category: &str, kind: &str, method: &str, place: &str| {
        format!("id1,-,-,{method},{category},{kind},African,men,1.mp4,{place}\n")
    };
    let (real, fake) = ("RealVideo-RealAudio", "FakeVideo-RealAudio");
    let place = |kind: &str| format!("FakeAVCeleb/{kind}/African/men/id1");
    let table = [
        row("A", fake, "real", &place(fake)),
        row("C", fake, "faceswap", &place(real)),
        row("C", fake, "deepfake", &place(fake)),
        row("E", fake, "faceswap", &place(fake)),
        row("C", fake, "fsgan", &format!("{}/../../../..", place(fake))),
    ]
    .concat();
    let (_dir, root) = made(&format!("{HEADER}\n{table}"));
    let rows = refused(&set(&root, &[]), &root);
    let write = |text: &str| std::fs::write(root.join("meta_data.csv"), text).unwrap();
    write("source,target1,target2,method,category,type,race,gender,file,\n");
    let column = refused(&set(&root, &[]), &root);
    write(&format!("{HEADER}\nid1,-,-\n"));
    let ragged = refused(&set(&root, &[]), &root);
    write(&format!("{HEADER}\n"));
    let empty = refused(&set(&root, &[]), &root);
    insta::assert_snapshot!([rows, column, ragged, empty].join("\n\n"));
}
