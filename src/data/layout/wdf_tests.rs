use std::path::PathBuf;

use super::*;
use crate::layout::Listing;
use crate::testing::{listed, refused, released, told, tree};
use proofmark_lang::model::{Dataset, Placed, Released};

fn set(root: &Path) -> Placed<Dataset> {
    released(Released::Wilddeepfake, root, &[], &[])
}

/// An archive with folders, as the release has them.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut add = |name: &str, kind, bytes: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        // `append_data` would take `./` off.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    };
    add("./", tar::EntryType::Directory, &[]);
    members.iter().for_each(|(name, bytes)| add(name, tar::EntryType::Regular, bytes));
    builder.into_inner().unwrap()
}

fn release() -> (tempfile::TempDir, PathBuf) {
    let (dir, root) = tree(&["real_train/", "real test/", "fake_train/", "fake_test/"]);
    let write = |path: &str, bytes: &[u8]| std::fs::write(root.join(path), bytes).unwrap();
    write(
        "fake_train/1.tar.gz",
        &archive(&[
            ("./1/fake/131/1000.png", b"late"),
            ("./1/fake/131/942.png", b"early"),
            ("./1/fake/131/._942.png", b"junk"),
            ("./1/fake/132/7.png", b""),
            ("./1/fake/notes.txt", b"junk"),
        ]),
    );
    write("real_train/1.tar.gz", &archive(&[("./1/real/131/0.png", b"real")]));
    write("real test/2.tar", &archive(&[("./2/fake/131/0.png", b"real")]));
    write("fake_test/2.tar.gz", &archive(&[("./2/fake/131/0.png", b"fake")]));
    (dir, root)
}

#[test]
fn plain_archives_are_read_in_place() {
    let (_dir, root) = release();
    let listing = listed(&set(&root)).unwrap();
    insta::assert_snapshot!(told(&listing));
    let files = listing.files.as_ref().unwrap();
    let bytes: Vec<_> = (listing.frames.iter())
        .filter(|f| f.video_key.ends_with("fake_train/1.tar.gz!/1/fake/131"))
        .map(|f| (f.frame, String::from_utf8(files.place(&f.path).read().unwrap()).unwrap()))
        .collect();
    assert_eq!(bytes, [(0, "early".into()), (1, "late".into())]);
    let keys: std::collections::BTreeSet<_> = listing.videos.iter().map(|v| &v.key).collect();
    assert_eq!(keys.len(), listing.videos.len(), "sequences of four folders share their numbers");
}

#[test]
fn what_was_unpacked_is_read_beside_archives() {
    let (_dir, root) = tree(&[
        "real_test/1/real/0/12.png=a",
        "real_test/1/real/0/2.png=b",
        "real_test/1/fake/0/7.png=c",
        "fake_test/7/fake/131/0.png=d",
        "fake_test/1/fake/131/0.png=e",
    ]);
    let packed = archive(&[("./1/fake/131/0.png", b"fake")]);
    std::fs::write(root.join("fake_test/1.tar.gz"), packed).unwrap();
    let listing = listed(&set(&root)).unwrap();
    insta::assert_snapshot!(told(&listing));
    let frames: Vec<_> = listing.frames.iter().filter(|f| f.path.contains("real/0/")).collect();
    assert_eq!((frames[0].frame, &*frames[0].path), (0, "real_test/1/real/0/2.png"));
    let lacking = listing.lacking.iter().map(|lacking| lacking.split).collect::<Vec<_>>();
    assert_eq!(lacking, [Split::Train]);
    // Of a split that is there both classes are wanted.
    std::fs::create_dir_all(root.join("real_train/1/real/0")).unwrap();
    let error = refused(&set(&root), &root);
    assert!(error.contains("looked for: ROOT/fake_train or ROOT/fake train"), "{error}");
}

#[test]
fn archives_that_are_broken_name_themselves() {
    let (_dir, root) = release();
    let whole = std::fs::read(root.join("fake_train/1.tar.gz")).unwrap();
    let mut errors = Vec::new();
    let mut header = tar::Header::new_gnu();
    header.set_path("1/fake/1/1.png").unwrap();
    header.set_size(1 << 40);
    header.set_cksum();
    let boastful = [&header.as_bytes()[..], &[0; 1024]].concat();
    for bytes in [
        &whole[..700],
        &whole[..1536],
        b"\x1f\x8b\x08rest",
        &[vec![b'x'; 2048], vec![0; 512]].concat(),
        &boastful,
    ] {
        std::fs::write(root.join("fake_train/1.tar.gz"), bytes).unwrap();
        errors.push(refused(&set(&root), &root));
    }
    std::fs::remove_file(root.join("fake_train/1.tar.gz")).unwrap();
    errors.push(refused(&set(&root), &root));
    insta::assert_snapshot!(errors.join("\n\n"));
}

/// Neither the name of a member nor the holes of one take more memory than is there.
#[test]
fn members_that_say_they_are_huge_are_refused_or_passed_over() {
    let (_dir, root) = release();
    let header = |kind, path: &str, size| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path(path).unwrap();
        header.set_size(size);
        header.set_cksum();
        header
    };
    let write = |bytes: &[&[u8]]| {
        std::fs::write(root.join("fake_test/2.tar.gz"), bytes.concat()).unwrap();
    };
    let end = [0; 2 * BLOCK];
    write(&[header(tar::EntryType::GNULongName, "x", 6 << 30).as_bytes(), &end]);
    let error = refused(&set(&root), &root);
    assert!(error.contains("a name has 6442450944 bytes, more than 65536"), "{error}");
    let mut holes = header(tar::EntryType::GNUSparse, "2/fake/131/0.png", 0);
    holes.as_gnu_mut().unwrap().set_real_size(1 << 50);
    holes.set_cksum();
    let whole = header(tar::EntryType::Regular, "2/fake/131/1.png", 0);
    write(&[holes.as_bytes(), whole.as_bytes(), &end]);
    let listing: Listing = listed(&set(&root)).unwrap();
    assert_eq!(listing.findings[&Finding::OtherFile].count, 2);
    let here = listing.frames.iter().filter(|f| f.path.starts_with("fake_test/2.tar.gz!"));
    assert_eq!(
        here.map(|f| &*f.path).collect::<Vec<_>>(),
        ["fake_test/2.tar.gz!/2/fake/131/1.png"]
    );
}

#[test]
fn a_member_cannot_lead_out_of_its_archive() {
    let (_dir, root) = release();
    let hostile = archive(&[("../../etc/passwd.png", b"x"), ("/etc/fake/1/2.png", b"x")]);
    std::fs::write(root.join("fake_test/2.tar.gz"), hostile).unwrap();
    let listing: Listing = listed(&set(&root)).unwrap();
    assert_eq!(listing.findings[&Finding::UnreadableName].count, 2);
    assert!(listing.frames.iter().all(|f| !f.path.contains("etc")));
}
