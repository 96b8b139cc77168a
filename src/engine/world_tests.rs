use super::*;
use proofmark_base::work::Silent;
use proofmark_lang::{DiskFiles, load};

const TEXT: &str = r#"
dataset a { layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2; manipulation swap-seam; split carve train=(%)60 val=(%)20 test=(%)20 seed=0; faces size=32 }
ensemble e { source a }
backbone tiny { vit patch=8 width=16 depth=2 heads=2 image=32; pool patch-mean; drop-path 0.1 }
init file { weights "one.pth"; normalize half }
init hub { weights "hf://nobody/nothing/x.safetensors"; normalize half }
recipe r { epochs 3; batch 8; adamw lr=1e-3 weight-decay=0.05 layer-decay=0.9; schedule cosine warmup=(epoch)1 min-lr=1e-6; keep lowest=val.loss; seed 0 }
experiment one { data e; backbone tiny; init file; recipe r; loss { cross-entropy } }
experiment two extends=one { override init { weights "two.pth" } }
experiment three extends=one { init hub }
"#;

/// Two experiments have the `init` called `file`, one of them with another file; the weights of the
/// third are nowhere yet.
#[test]
fn weights_are_those_of_their_experiment() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("x.kdl", TEXT), ("one.pth", "1"), ("two.pth", "2")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let loaded = load(&folder.path().join("x.kdl"), &DiskFiles);
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    let store = Store::open(&folder.path().join("store")).unwrap();
    let mut world = World::default();
    world.find_weights(&loaded.project, &store, None, &Silent).unwrap();
    let file = |name: &str| world.weights.get(name).map(|path| path.file_name().unwrap());
    assert_eq!(file("one"), Some("one.pth".as_ref()));
    assert_eq!(file("two"), Some("two.pth".as_ref()));
    assert_eq!(file("three"), None);
    let digest = |name: &str| world.facts.weights[name].clone();
    assert!(digest("one").known().is_some() && digest("one") != digest("two"));
    let from = "hf://nobody/nothing/x.safetensors".to_owned();
    assert_eq!(digest("three"), Digest::ToCome { from });
}

/// They stand in keys: with other words, sets that have such files would be prepared anew.
#[test]
fn the_words_for_what_cannot_be_read_stay() {
    let word = |kind: std::io::ErrorKind| Unread::of(&kind.into()).word();
    assert_eq!(word(std::io::ErrorKind::NotFound), "entity not found");
    assert_eq!(word(std::io::ErrorKind::PermissionDenied), "permission denied");
    assert_eq!(word(std::io::ErrorKind::InvalidData), "unreadable");
}
