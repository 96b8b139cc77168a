use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::{Dataset, Placed, Released, Split};

const LISTS: [&str; 3] = [
    "train.json=[[\"071\", \"054\"], [\"087\", \"081\"]]",
    "splits/val.json=[[\"720\", \"672\"]]",
    "test.json=[[\"953\", \"974\"]]",
];

fn set(root: &std::path::Path, compression: &str, fakes: &[&str]) -> Placed<Dataset> {
    released(Released::Faceforensics, root, &[("compression", compression)], fakes)
}

/// Every video of the pairs for one method.
fn release(copy: &str) -> Vec<String> {
    let mut files: Vec<String> = LISTS.iter().map(|l| (*l).to_owned()).collect();
    for (a, b) in [("071", "054"), ("087", "081"), ("720", "672"), ("953", "974")] {
        for id in [a, b] {
            files.push(format!("original_sequences/youtube/{copy}/videos/{id}.mp4=x"));
        }
        for name in [format!("{a}_{b}"), format!("{b}_{a}")] {
            for method in ["Deepfakes", "NeuralTextures"] {
                files.push(format!("manipulated_sequences/{method}/{copy}/videos/{name}.mp4=x"));
            }
        }
    }
    files
}

fn made(files: &[String]) -> (tempfile::TempDir, std::path::PathBuf) {
    tree(&files.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn pairs_become_reals_and_fakes_of_each_method() {
    let mut files = release("c23");
    files.retain(|f| !f.contains("Deepfakes/c23/videos/720_672"));
    files.extend(
        [
            "original_sequences/youtube/c23/videos/999.mp4=x",
            "original_sequences/youtube/c23/videos/.DS_Store=x",
            "manipulated_sequences/Deepfakes/c23/masks/071_054.png=x",
            "manipulated_sequences/NeuralTextures/c23/videos/071_087.mp4=x",
            "original_sequences/youtube/c40/videos/071.mp4=x",
        ]
        .map(str::to_owned),
    );
    let (_dir, root) = made(&files);
    std::fs::write(root.join("original_sequences/youtube/c23/videos/953.mp4"), "").unwrap();
    let listing = listed(&set(&root, "c23", &["Deepfakes", "NeuralTextures"])).unwrap();
    insta::assert_snapshot!(told(&listing));
}

#[test]
fn extracted_frames_without_their_videos_are_named() {
    for folder in ["images", "frames"] {
        let files: Vec<String> = release("c23")
            .into_iter()
            .map(|file| file.replace("/videos/", &format!("/{folder}/")).replace(".mp4", "/0.png"))
            .collect();
        let (_dir, root) = made(&files);
        let error = refused(&set(&root, "c23", &["Deepfakes"]), &root);
        let found = format!("`original_sequences/youtube/c23/{folder}` has frames");
        assert!(error.contains(&found) && error.contains("layout deepfakebench"), "{error}");
    }
}

#[test]
fn raw_is_also_spelled_c0_and_only_declared_methods_are_read() {
    let (_dir, root) = made(&release("c0"));
    let listing = listed(&set(&root, "raw", &["NeuralTextures"])).unwrap();
    assert_eq!((listing.videos.len(), listing.absent.len()), (16, 0));
    assert!(listing.videos.iter().all(|v| v.key.contains("/c0/")), "{listing:?}");
    let error = refused(&set(&root, "c40", &["NeuralTextures"]), &root);
    assert!(error.contains("ROOT/original_sequences/youtube/c40/videos"), "{error}");
}

#[test]
fn lists_that_contradict_themselves_are_refused() {
    let mut files = release("c23");
    files[0] = "train.json=[[\"071\", \"054\"], [71, 54], [\"1\"], [\"953\", \"a\"], {}]".into();
    files[2] = "test.json=[[\"953\", \"071\"]]".into();
    let (_dir, root) = made(&files);
    let numbers = refused(&set(&root, "c23", &["Deepfakes"]), &root);
    std::fs::write(root.join("train.json"), "[[\"071\", \"054\"]]").unwrap();
    let twice = refused(&set(&root, "c23", &["Deepfakes"]), &root);
    std::fs::write(root.join("train.json"), "[[\"071\", \"054\"]").unwrap();
    let broken = refused(&set(&root, "c23", &["Deepfakes"]), &root);
    insta::assert_snapshot!([numbers, twice, broken].join("\n\n"));
}

#[test]
fn flat_folders_are_read_as_kaggle_has_them() {
    let flat = |around: &str| {
        let mut files = vec![format!("{around}csv/Deepfakes.csv=x")];
        for id in ["071", "054", "087"] {
            files.push(format!("{around}original/{id}.mp4=x"));
        }
        for name in ["071_054", "054_071", "odd"] {
            files.push(format!("{around}Deepfakes/{name}.mp4=x"));
        }
        files
    };
    // Below a folder that names the copy, without lists and so without splits.
    let (_dir, root) = made(&flat("FaceForensics++_C23/"));
    insta::assert_snapshot!(told(&listed(&set(&root, "c23", &["Deepfakes"])).unwrap()));
    let error = refused(&set(&root, "c40", &["Deepfakes"]), &root);
    assert!(error.contains("original_sequences/youtube/c40/videos"), "{error}");
    let inside = root.join("FaceForensics++_C23");
    let listing = listed(&set(&inside, "c23", &["Deepfakes"])).unwrap();
    assert_eq!((listing.videos.len(), listing.remarks.len()), (5, 1), "{:?}", listing.remarks);
    assert!(listed(&set(&inside, "c40", &["Deepfakes"])).is_err(), "the folder says c23");
    // Nothing names the copy; the lists divide.
    let mut files = flat("");
    files.push(LISTS[0].to_owned());
    let (_dir, root) = made(&files);
    let listing = listed(&set(&root, "c40", &["Deepfakes"])).unwrap();
    assert!(told(&listing).contains("`original` names no compression; it is taken as c40"));
    assert!(told(&listing).contains("Deepfakes/071_054.mp4  train fake"), "{}", told(&listing));
    let lacking: Vec<_> = listing.lacking.iter().map(|lacking| lacking.split).collect();
    assert_eq!(lacking, [Split::Val, Split::Test]);
    // A folder of copies is not flat.
    std::fs::create_dir_all(root.join("Deepfakes/c40")).unwrap();
    let error = refused(&set(&root, "c40", &["Deepfakes"]), &root);
    assert!(error.contains("remove `manipulation Deepfakes` from the data set"), "{error}");
}

#[test]
fn the_actors_are_in_no_split() {
    let mut files = release("c23");
    files.extend(
        [
            "original_sequences/actors/c23/videos/24__outside_talking_still_laughing.mp4=x",
            "manipulated_sequences/DeepFakeDetection/c23/videos/24_23__outside_talking_still_laughing__YR5OVD4S.mp4=x",
        ]
        .map(str::to_owned),
    );
    let (_dir, root) = made(&files);
    let listing = listed(&set(&root, "c23", &["DeepFakeDetection"])).unwrap();
    let actors: Vec<String> =
        told(&listing).lines().filter(|l| l.contains("laughing")).map(str::to_owned).collect();
    insta::assert_snapshot!(actors.join("\n"));
    // Neither the other originals nor lists of them are wanted then.
    std::fs::remove_dir_all(root.join("original_sequences/youtube")).unwrap();
    assert_eq!(listed(&set(&root, "c23", &["DeepFakeDetection"])).unwrap().videos.len(), 2);
    let error = refused(&set(&root, "c23", &["DeepFakeDetection", "Deepfakes"]), &root);
    assert!(error.contains("original_sequences/youtube/c23/videos"), "{error}");
}
