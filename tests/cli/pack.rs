//! Packs: tables rebuilt without data, and archives that are broken or hostile.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use crate::support::{Place, TINY, unpacked};

/// The tiny experiment in a folder, with its data sets in another and published numbers.
fn project() -> Place {
    let place = Place::new();
    let (datasets, rest) = TINY.split_at(TINY.find("ensemble one").unwrap());
    let end = rest.rfind('}').unwrap();
    let reference =
        "    reference \"paper\" from=\"../published/tiny.csv\"\n    intervals draws=100\n";
    let experiment =
        format!("import \"../datasets/all.kdl\"\n{}{reference}{}", &rest[..end], &rest[end..]);
    place.write("datasets/all.kdl", datasets);
    place.write("experiments/x.kdl", experiment);
    let number = "metric,row,scenario,column,value\nauc,Base,In-distribution,Seen,0.9\n";
    place.write("published/tiny.csv", number);
    place
}

const FILE: &str = "experiments/x.kdl";

/// An archive of files in the given order.
pub fn packed(path: &Path, files: &[(&str, &[u8])]) {
    let mut encoder = zstd::Encoder::new(std::fs::File::create(path).unwrap(), 0).unwrap();
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        // The library refuses names such as `..` where they are set as paths.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        encoder.write_all(header.as_bytes()).unwrap();
        encoder.write_all(content).unwrap();
        encoder.write_all(&vec![0; content.len().next_multiple_of(512) - content.len()]).unwrap();
    }
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap();
}

#[test]
fn a_pack_is_enough_for_its_tables() {
    let place = project();
    place.run(&["pack", FILE]).ends_with(11).says("9 of 9 stages have not run");
    let ran = place.run(&["run", FILE]).ends_with(0);
    place.run(&["pack", FILE]).ends_with(0).says("packed: reports/x.tar.zst");
    let pack = place.path("reports/x.tar.zst");
    // The same results give the same archive.
    let bytes = std::fs::read(&pack).unwrap();
    place.run(&["pack", FILE, "--out", "again.tar.zst"]).ends_with(0);
    assert!(bytes == std::fs::read(place.path("again.tar.zst")).unwrap());

    // Nothing but the archive is there.
    let elsewhere = Place::new();
    elsewhere.write("x.tar.zst", &bytes);
    let replayed = elsewhere.run(&["replay", "x.tar.zst", "--reports", "out"]).ends_with(0);
    // The page, too, is the one that the run wrote.
    let page = |place: &Place, folder: &str| {
        std::fs::read_to_string(place.path(&format!("{folder}/tiny.html"))).unwrap()
    };
    assert!(page(&elsewhere, "out") == page(&place, "reports"));
    assert_eq!(replayed.stdout, ran.stdout);
    assert!(replayed.stderr.contains("tiny: rebuilt bit for bit (md, tex, csv, json)"));
    assert!(!elsewhere.path("store").exists());
    for extension in ["md", "tex", "csv", "json"] {
        let name = format!("tiny.{extension}");
        let [there, here] = [elsewhere.path("out").join(&name), place.path("reports").join(&name)]
            .map(|path| std::fs::read(path).unwrap());
        assert!(there == here, "{name}");
    }

    // What the archive holds is what the documentation says.
    let (first, files) = unpacked(&pack);
    assert_eq!(first, "pack.json");
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let predictions = names.iter().filter(|name| name.starts_with("predictions/")).count();
    assert_eq!(predictions, 4);
    for name in [
        "findings.json",
        "lock.json",
        "project/datasets/all.kdl",
        "project/experiments/x.kdl",
        "project/published/tiny.csv",
        "tables/tiny.csv",
    ] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    let lock: serde_json::Value = serde_json::from_slice(&files["lock.json"]).unwrap();
    assert_eq!(lock.as_array().unwrap().len(), 9);
}

#[test]
fn packs_of_equal_results_are_equal() {
    let pack = |jobs: &str| {
        let place = project();
        place.run(&["run", FILE, "--jobs", jobs]).ends_with(0);
        place.run(&["pack", FILE]).ends_with(0);
        std::fs::read(place.path("reports/x.tar.zst")).unwrap()
    };
    assert!(pack("1") == pack("2"));
}

#[test]
fn results_name_their_machine_and_packs_what_of_it_decides_bits() {
    let place = project();
    place.run(&["run", FILE]).ends_with(0);
    place.run(&["pack", FILE]).ends_with(0);
    let (_, files) = unpacked(&place.path("reports/x.tar.zst"));
    let findings: serde_json::Value = serde_json::from_slice(&files["findings.json"]).unwrap();
    let [maker] = &findings["makers"].as_array().unwrap()[..] else { panic!("{findings}") };
    assert_eq!(maker["keys"].as_array().unwrap().len(), 9);
    assert_eq!(maker["with"]["device"], "cpu");
    assert_eq!(maker["with"]["processor"], "", "on a CPU bits are the same everywhere");
    // Every result says all of itself.
    let listed = place.run(&["ls", "--format", "json"]).ends_with(0).stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let with = &listed[0]["made_with"];
    for part in ["processor", "instructions", "device", "proofmark", "profile"] {
        assert!(with[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {with}");
    }
    assert!(!with.to_string().contains('/'), "{with}");
    assert!(listed.as_array().unwrap().iter().all(|held| held["made_with"] == *with), "{listed}");
    let page = std::fs::read_to_string(place.path("reports/tiny.html")).unwrap();
    assert!(page.contains("made on"));
}

#[test]
fn a_pack_that_was_changed_is_refused_or_differs() {
    let place = project();
    place.run(&["run", FILE]).ends_with(0);
    place.run(&["pack", FILE, "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let card = &files["pack.json"];
    let all = |files: &BTreeMap<String, Vec<u8>>, card: &[u8]| {
        let rest = files.iter().filter(|(name, _)| *name != "pack.json");
        let rest = rest.map(|(name, content)| (name.as_str(), content.as_slice()));
        let all: Vec<_> = [("pack.json", card)].into_iter().chain(rest).collect();
        packed(&place.path("y.tar.zst"), &all);
        place.run(&["replay", "y.tar.zst"])
    };
    all(&files, card).ends_with(0);

    // A number changed by hand, first without its digest, then with it.
    let table = String::from_utf8(files["tables/tiny.csv"].clone()).unwrap();
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    let mut fields: Vec<String> = lines[1].split(',').map(str::to_owned).collect();
    fields[4] = if fields[4] == "0.25" { "0.5" } else { "0.25" }.to_owned();
    lines[1] = fields.join(",");
    let mut forged = files.clone();
    forged.insert("tables/tiny.csv".to_owned(), (lines.join("\n") + "\n").into_bytes());
    all(&forged, card).ends_with(11).says("tables/tiny.csv is not as its description says");
    let mut value: serde_json::Value = serde_json::from_slice(card).unwrap();
    let content = &forged["tables/tiny.csv"];
    value["files"]["tables/tiny.csv"] = serde_json::json!({
        "bytes": content.len(),
        "blake3": blake3::hash(content).to_hex().to_string(),
    });
    let forged_card = serde_json::to_vec(&value).unwrap();
    let ran = all(&forged, &forged_card).ends_with(30).says("tiny: not as packed (csv)");
    assert!(ran.stderr.contains("row Base, In-distribution, column Seen"), "{}", ran.stderr);

    // Two packs told apart.
    let differs = place.run(&["diff", "x.tar.zst", "y.tar.zst"]).ends_with(30);
    let start = "table tiny: auc, row Base, In-distribution, column Seen: ";
    assert!(differs.stdout.starts_with(start), "{}", differs.stdout);
    assert!(!differs.stdout.contains("outside"), "{}", differs.stdout);
    place.run(&["diff", "x.tar.zst", "x.tar.zst"]).ends_with(0);
    place.run(&["diff", FILE, "x.tar.zst"]).ends_with(0);

    // Hostile archives.
    let y = place.path("y.tar.zst");
    let refused = |files: &[(&str, &[u8])], why: &str| {
        packed(&y, files);
        place.run(&["replay", "y.tar.zst"]).ends_with(11).says(why);
    };
    let outside = place.dir.path().parent().unwrap().join("proofmark-outside");
    refused(&[("pack.json", card), ("../proofmark-outside", b"x")], "it holds \"../proofmark");
    refused(&[("pack.json", card), ("project/../../proofmark-outside", b"x")], "it holds");
    refused(&[("pack.json", card), ("/tmp/proofmark-outside", b"x")], "it holds");
    assert!(!outside.exists());
    refused(&[("tables/tiny.csv", b"x"), ("pack.json", card)], "it begins with tables/tiny.csv");
    refused(&[("pack.json", card), ("tables/other.csv", b"x")], "is not in its description");
    refused(&[("pack.json", card)], "files");
    refused(&[("pack.json", b"{}")], "pack.json");
    refused(
        &[("pack.json", br#"{"format": 99, "proofmark": "9.0"}"#)],
        "Proofmark 9.0, which is newer",
    );
    refused(&[], "it is empty");
    std::fs::write(&y, &std::fs::read(place.path("x.tar.zst")).unwrap()[..2000]).unwrap();
    place.run(&["replay", "y.tar.zst"]).ends_with(11).says("damaged");
    place.write("y.tar.zst", "text");
    place.run(&["replay", "y.tar.zst"]).ends_with(11).says("not a pack");
    place.run(&["replay", "none.tar.zst"]).ends_with(11).says("none.tar.zst");
}

/// The files of a pack with a description that fits them.
fn forged(place: &Place, files: &BTreeMap<String, Vec<u8>>) {
    let mut card: serde_json::Value = serde_json::from_slice(&files["pack.json"]).unwrap();
    let rest = || files.iter().filter(|(name, _)| *name != "pack.json");
    let described = |content: &[u8]| {
        serde_json::json!({
            "bytes": content.len(),
            "blake3": blake3::hash(content).to_hex().to_string(),
        })
    };
    card["files"] = rest()
        .map(|(name, content)| (name.clone(), described(content)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let card = serde_json::to_vec(&card).unwrap();
    let rest = rest().map(|(name, content)| (name.as_str(), content.as_slice()));
    let all: Vec<_> = [("pack.json", card.as_slice())].into_iter().chain(rest).collect();
    packed(&place.path("y.tar.zst"), &all);
}

/// What nothing makes proves nothing, and what is not there cannot be compared.
#[test]
fn a_packed_table_that_is_not_rebuilt_is_a_difference() {
    let place = project();
    place.run(&["run", FILE]).ends_with(0);
    place.run(&["pack", FILE, "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let experiment = format!("project/{FILE}");

    let mut silent = files.clone();
    let text = String::from_utf8(files[&experiment].clone()).unwrap();
    assert!(text.contains("\ntable tiny {"));
    silent.insert(experiment, text.replace("\ntable tiny {", "\n/-table tiny {").into_bytes());
    forged(&place, &silent);
    let said = "tiny: packed (csv, json, md, tex), but not rebuilt";
    place.run(&["replay", "y.tar.zst"]).ends_with(30).says(said);

    let mut more = files.clone();
    more.insert("tables/better.csv".to_owned(), files["tables/tiny.csv"].clone());
    forged(&place, &more);
    let ran = place.run(&["replay", "y.tar.zst"]).ends_with(30);
    let ran = ran.says("better: packed (csv), but not rebuilt").says("tiny: rebuilt bit for bit");
    assert!(ran.stdout.contains("Base"), "{}", ran.stdout);
    let differs = place.run(&["diff", "x.tar.zst", "y.tar.zst"]).ends_with(30);
    assert_eq!(differs.stdout, "table better: only packed in y.tar.zst\n");

    let mut fewer = files.clone();
    fewer.retain(|name, _| *name != "tables/tiny.csv" && *name != "tables/tiny.md");
    forged(&place, &fewer);
    let said = "tiny: rebuilt, but not packed (md, csv)";
    place.run(&["replay", "y.tar.zst"]).ends_with(30).says(said);
    let differs = place.run(&["diff", "x.tar.zst", "y.tar.zst"]).ends_with(30);
    assert_eq!(differs.stdout, "table tiny: only packed in x.tar.zst\n");
}

/// A pack is one frame of Zstandard, from the first byte of its file to the last.
#[test]
fn a_pack_is_read_to_its_end() {
    let place = project();
    place.run(&["run", FILE]).ends_with(0);
    place.run(&["pack", FILE, "--out", "x.tar.zst"]).ends_with(0);
    let whole = std::fs::read(place.path("x.tar.zst")).unwrap();
    let refused = |content: &[u8], why: &str| {
        place.write("y.tar.zst", content);
        place.run(&["replay", "y.tar.zst"]).ends_with(11).says("or is damaged").says(why);
        place.run(&["diff", "x.tar.zst", "y.tar.zst"]).ends_with(11).says(why);
    };
    refused(&whole[..whole.len() - 1], "incomplete frame");
    refused(&[&whole[..], b"\0"].concat(), "something follows its end");
    refused(&[&whole[..], &whole[..]].concat(), "something follows its end");
    let empty = zstd::encode_all(&[][..], 0).unwrap();
    refused(&[&whole[..], &empty[..]].concat(), "something follows its end");
    // Within the frame, behind the archive.
    let archive = zstd::decode_all(&whole[..]).unwrap();
    let again = |more: &[u8]| zstd::encode_all(&[&archive[..], more].concat()[..], 0).unwrap();
    refused(&again(b"more"), "something follows its end");
    refused(&again(&[0; 2 << 20]), "something follows its end");
    // tar fills up the last block of twenty.
    place.write("y.tar.zst", again(&[0; 10_240]));
    place.run(&["replay", "y.tar.zst"]).ends_with(0);
}

/// A few kilobytes can say that they are gigabytes: what they say is looked at before they are
/// unpacked.
#[test]
fn a_pack_that_unpacks_to_far_more_than_it_is_is_refused() {
    let place = Place::new();
    let named = |kind, size| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        let bytes = [&header.as_bytes()[..], &[b'a'; 4096]].concat();
        place.write("y.tar.zst", zstd::encode_all(&bytes[..], 0).unwrap());
    };
    let refused = |why: &str| {
        place.run(&["replay", "y.tar.zst"]).ends_with(11).says(why);
        place.run(&["diff", "y.tar.zst", "y.tar.zst"]).ends_with(11).says(why);
    };
    named(tar::EntryType::GNULongName, 6 << 30);
    refused("a name has 6442450944 bytes, more than 65536");
    named(tar::EntryType::XHeader, 6 << 30);
    refused("the description of a member has 6442450944 bytes");
    named(tar::EntryType::GNUSparse, 6 << 30);
    refused("it holds \"\"");

    let described = |name: &str, bytes: u64| {
        let card = serde_json::json!({
            "format": 1,
            "proofmark": "0.1.0",
            "experiment": "x.kdl",
            "files": { name: { "bytes": bytes, "blake3": "" } },
        });
        packed(&place.path("y.tar.zst"), &[("pack.json", &serde_json::to_vec(&card).unwrap())]);
    };
    described("findings.json", 1 << 29);
    refused("findings.json would unpack to 536870912 bytes");
    described("predictions/a.parquet", 1 << 40);
    refused("it would unpack to 1099511627776 bytes");
    let mut text = vec![b' '; 17 << 20];
    text.splice(..2, *b"{}");
    packed(&place.path("y.tar.zst"), &[("pack.json", &text)]);
    refused("its pack.json has 17825792 bytes");
}
