//! `layout wilddeepfake`: sequences of face crops in tar archives, read in place, or in the
//! folders that unpacking leaves. The archives are called `.tar.gz` and are not compressed. A
//! member is `./SHARD/LABEL/SEQUENCE/FRAME.png`; shards and sequences are numbered anew in each
//! folder. A split may be absent.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use rayon::prelude::*;

use super::release::{Release, ReleasePart, spellings};
use super::{Finding, paths, tree};
use crate::error::DataError;
use crate::files::{INSIDE, Members};
use crate::media;
use crate::natural;
use crate::video::{Frame, MediaKind};
use crate::words::Word;
use proofmark_base::{foreign, tar_members};
use proofmark_lang::model::{Label, Split};

/// The folders in their spellings, and what they hold.
const FOLDERS: [([&str; 2], Label, Split); 4] = [
    (["real_train", "real train"], Label::Real, Split::Train),
    (["real_test", "real test"], Label::Real, Split::Test),
    (["fake_train", "fake train"], Label::Fake, Split::Train),
    (["fake_test", "fake test"], Label::Fake, Split::Test),
];

/// Endings of archives.
const ARCHIVES: &[&str] = &["gz", "tar", "tgz"];

/// Bytes of a block of a tar archive.
const BLOCK: usize = 512;

/// Lists the sequences of all archives and folders of the splits that are there.
pub(super) fn read(release: &mut Release) -> Result<(), DataError> {
    let there: Vec<bool> =
        FOLDERS.iter().map(|(names, ..)| release.find(&spellings(names)).is_some()).collect();
    let has = |split| (FOLDERS.iter().zip(&there)).any(|((.., of), there)| *of == split && *there);
    let (nothing, train, test) = (!there.contains(&true), has(Split::Train), has(Split::Test));
    let mut wanted = Vec::new();
    for folder in FOLDERS {
        let (names, _, split) = folder;
        if nothing || if split == Split::Train { train } else { test } {
            wanted.push(folder);
        } else if !release.listing.lacking.iter().any(|lacking| lacking.split == split) {
            release.lacks(split, &spellings(&names));
        }
    }
    let parts: Vec<ReleasePart> = wanted.iter().map(|(names, ..)| ReleasePart::of(names)).collect();
    let found = release.need(&parts)?;
    for ((_, label, split), folder) in wanted.into_iter().zip(&found) {
        let entries = tree::entries(&mut release.listing, &release.files, folder, ARCHIVES)?;
        let (archives, folders): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|(_, kind)| *kind != tree::EntryKind::Folder);
        let archives: Vec<String> = archives.into_iter().map(|(path, _)| path).collect();
        let files = &release.files;
        let indexed: Vec<Result<Archive, DataError>> =
            archives.par_iter().map(|path| index(&files.file(path))).collect();
        let before = release.listing.videos.len();
        for (path, archive) in archives.iter().zip(indexed) {
            list(release, path.clone(), archive?, label, split)?;
        }
        // A shard that is there in both forms is read once.
        let packed = |shard: &str| archives.iter().any(|archive| shard_of(archive) == shard);
        for (shard, _) in folders {
            match packed(&shard) {
                true => release.listing.note(Finding::Duplicated, shard),
                false => list_unpacked(release, &shard, label, split)?,
            }
        }
        if archives.is_empty() && release.listing.videos.len() == before {
            let wanted = [format!("{folder}/1.tar.gz"), format!("{folder}/1")];
            let wanted = tree::spelled(&release.files, &wanted);
            let cure = "put the archives of the release there, or the folders that they unpack to";
            return Err(release.incomplete(vec![wanted], vec![cure.to_owned()]));
        }
    }
    Ok(())
}

/// The folder that an archive unpacks to: its path without the endings.
fn shard_of(archive: &str) -> &str {
    let name = archive.rfind('/').map_or(0, |slash| slash + 1);
    archive[name..].find('.').map_or(archive, |dot| &archive[..name + dot])
}

/// Lists the sequences of a shard that was unpacked: the folders of images below it.
fn list_unpacked(
    release: &mut Release,
    shard: &str,
    label: Label,
    split: Split,
) -> Result<(), DataError> {
    let images = tree::walk(&mut release.listing, &release.files, shard, media::IMAGES)?;
    let mut sequences: BTreeMap<&str, Vec<(String, u64)>> = BTreeMap::new();
    for (path, size) in &images {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        sequences.entry(folder).or_default().push((path.clone(), *size));
    }
    for (key, mut frames) in sequences {
        note_label(release, key, label);
        let mut video = release.video(key, label, None, MediaKind::Frames)?;
        video.split = Some(split);
        frames.sort_by(|a, b| natural::compare(&a.0, &b.0));
        release.add_images(video, Some(frames));
    }
    Ok(())
}

/// Notes a sequence whose folders say another label than the part it is in.
fn note_label(release: &mut Release, key: &str, label: Label) {
    let said = key.split('/').rev().nth(1).and_then(Label::from_word);
    if said.is_some_and(|said| said != label) {
        release.listing.note(Finding::Conflicting, format!("{key}, taken as {}", label.word()));
    }
}

/// What an archive holds: its images by path, and what else was noticed.
#[derive(Debug, Default)]
struct Archive {
    images: Members,
    noted: Vec<(Finding, String)>,
}

/// Reads the headers of an archive.
fn index(file: &Path) -> Result<Archive, DataError> {
    // What the archive says of itself may be long.
    let broken = |why: String| DataError::Archive {
        file: file.to_owned(),
        why: why.chars().take(120).collect(),
    };
    let failed = |e: std::io::Error| broken(e.to_string());
    let unreadable = |e| tree::unreadable(file, e);
    let mut magic = Vec::new();
    foreign::open(file).and_then(|f| f.take(2).read_to_end(&mut magic)).map_err(unreadable)?;
    if magic == [0x1f, 0x8b] {
        return Err(broken(
            "it is compressed, unlike the release; decompress it under the same name".to_owned(),
        ));
    }
    let length = file.metadata().map_err(unreadable)?.len();
    if !is_whole(file, length).map_err(unreadable)? {
        return Err(broken(
            "it has no end mark, so that it was cut off; fetch it again".to_owned(),
        ));
    }
    let mut archive = Archive::default();
    let mut members = tar_members::Members::seeking(foreign::open(file).map_err(unreadable)?);
    while let Some(member) = members.next_member().map_err(failed)? {
        let shown = String::from_utf8_lossy(&member.name).into_owned();
        if member.kind == tar_members::MemberKind::Folder {
            continue;
        }
        let path = std::str::from_utf8(&member.name).ok();
        let path = path.and_then(|name| paths::below(Path::new(""), name));
        let hidden = |path: &str| path.split('/').any(|p| p.starts_with('.') || p == "__MACOSX");
        match path {
            None => archive.noted.push((Finding::UnreadableName, shown)),
            Some(path) if hidden(&path) => archive.noted.push((Finding::Hidden, path)),
            Some(path)
                if member.kind != tar_members::MemberKind::File
                    || !media::has_extension(&path, media::IMAGES) =>
            {
                archive.noted.push((Finding::OtherFile, path));
            }
            Some(path) => {
                let (start, size) = (member.start, member.size);
                if start.checked_add(size).is_none_or(|end| end > length) {
                    return Err(broken(format!("it ends within `{path}`; fetch it again")));
                }
                if archive.images.insert(path.clone(), (start, size)).is_some() {
                    archive.noted.push((Finding::Duplicated, path));
                }
            }
        }
    }
    Ok(archive)
}

/// Whether a file ends with a block of zeros, as tar archives do.
fn is_whole(file: &Path, length: u64) -> std::io::Result<bool> {
    let mut end = [1; BLOCK];
    let mut file = foreign::open(file)?;
    if length < BLOCK as u64 || !length.is_multiple_of(BLOCK as u64) {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(length - BLOCK as u64))?;
    file.read_exact(&mut end)?;
    Ok(end == [0; BLOCK])
}

/// Lists the sequences of an archive.
fn list(
    release: &mut Release,
    path: String,
    archive: Archive,
    label: Label,
    split: Split,
) -> Result<(), DataError> {
    let inside = |member: &str| format!("{path}{INSIDE}{member}");
    for (finding, member) in archive.noted {
        release.listing.note(finding, inside(&member));
    }
    let mut sequences: BTreeMap<&str, Vec<(&str, u64)>> = BTreeMap::new();
    for (member, (_, size)) in archive.images.iter().collect::<BTreeMap<_, _>>() {
        match member.rsplit_once('/') {
            Some((folder, _)) => sequences.entry(folder).or_default().push((member, *size)),
            None => release.listing.note(Finding::LooseImage, inside(member)),
        }
    }
    for (folder, mut frames) in sequences {
        let key = inside(folder);
        note_label(release, &key, label);
        let mut video = release.video(&key, label, None, MediaKind::Tar)?;
        video.split = Some(split);
        release.add(video, Some(1));
        frames.sort_by(|a, b| natural::compare(a.0, b.0));
        for (frame, (member, size)) in (0..).zip(frames) {
            let path = inside(member);
            if size == 0 {
                release.listing.note(Finding::Empty, path.as_str());
            }
            release.listing.frames.push(Frame { video_key: key.clone(), frame, path });
        }
    }
    release.files.add_archive(path.clone(), archive.images);
    Ok(())
}

#[cfg(test)]
#[path = "wdf_tests.rs"]
mod tests;
