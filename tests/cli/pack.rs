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
    place.run(&["replay", "none.tar.zst"]).ends_with(20).says("none.tar.zst");
}
