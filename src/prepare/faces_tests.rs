use super::*;
use crate::outcomes::Outcomes;
use proofmark_data::testing::video;
use proofmark_lang::model::Label;

fn look(frame: u32, seconds: Option<f64>, faces: Option<u32>) -> Look {
    Look { frame, seconds, faces }
}

/// One video of each kind.
fn videos() -> Vec<PreparedVideo> {
    let video = |key: &str, status, looks: Vec<Look>, trouble: Option<&str>| {
        let faces = looks.iter().filter_map(|look| look.faces).sum::<u32>() as usize;
        PreparedVideo {
            video_key: key.into(),
            status,
            trouble: trouble.map(Into::into),
            looks,
            faces,
            shard: (faces > 0).then(|| "shard".to_owned()),
        }
    };
    let good =
        vec![look(0, Some(0.0), Some(2)), look(25, Some(1.0), Some(0)), look(50, None, None)];
    vec![
        video("a/1", Status::Ok, good, Some("a/1: cut off")),
        video("a/2", Status::NoFace, vec![look(0, None, Some(0))], None),
        video(
            "b/1",
            Status::Unreadable { why: "no video".into() },
            vec![look(3, None, None)],
            None,
        ),
        video("b/2", Status::Missing { looked_for: "/x/b/2".into() }, Vec::new(), None),
    ]
}

#[test]
fn tables_give_back_what_became_of_each_video() {
    let dir = tempfile::tempdir().unwrap();
    let videos = videos();
    let listed = videos.iter().map(|v| video(&v.video_key, Label::Real)).collect();
    let manifest = Manifest::new(listed, Vec::new()).unwrap();
    write_tables(dir.path(), &manifest, &videos.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(read_tables(dir.path()).unwrap(), videos);
    std::fs::write(dir.path().join(FRAMES), b"no table").unwrap();
    let error = read_tables(dir.path()).unwrap_err();
    assert!(error.contains("cannot read") && error.contains(FRAMES), "{error}");
}

#[test]
fn outcomes_are_counted_with_an_example_each() {
    let outcomes = Outcomes::of(&videos());
    assert_eq!(outcomes.with_face(), 1);
    assert_eq!(
        outcomes.to_string(),
        "4 videos, 2 faces; 1 no-face (a/2); 1 unreadable (no video); 1 missing (looked for \
         /x/b/2); 1 unreadable frames in videos with other faces; 1 frames without a face in \
         videos with others; 1 damaged, used as far as they go (a/1: cut off)"
    );
}
