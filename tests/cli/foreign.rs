//! Text of others: labels, names of files and cells that command, hide, compute or never end.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::pack::packed;
use crate::support::{Place, Ran, TINY, folders, unpacked};

/// What a label may hold in KDL: commands to a terminal, marks that turn text, letters of no width,
/// ends of lines that are none, a formula, letters beyond Latin.
const LABEL: &str = r"=1+\u{1b}[2J\u{202e}b\u{85}\u{2028}\u{200b}\u{e0041}深😀";
/// How it is shown.
const SHOWN: &str = "=1+<U+001B>[2J<U+202E>b<U+0085><U+2028><U+200B><U+E0041>深😀";

/// The tiny experiment with that label wherever one may be.
fn hostile() -> String {
    TINY.replace("title \"Tiny\"", &format!("title \"{LABEL} title\""))
        .replace("row base \"Base\"", &format!("row base \"{LABEL}\""))
        .replace("\"In-distribution\"", &format!("\"{LABEL} in\""))
        .replace("column seen \"Seen\"", &format!("column seen \"{LABEL} set\""))
        .replace("dataset seen {", &format!("dataset seen {{\n    title \"{LABEL} data\""))
}

/// Asserts that a text has no character that is not seen but ends of lines.
#[track_caller]
fn is_plain(text: &str, of: &str) {
    let hidden = |c: char| proofmark_text::show::is_hidden(c) && !"\r\n\t".contains(c);
    let found: Vec<char> = text.chars().filter(|c| hidden(*c)).collect();
    assert!(found.is_empty(), "{of}: {found:?}");
}

#[test]
fn labels_are_shown_and_never_obeyed() {
    let place = Place::with(&hostile());
    let ran = place.run(&["run", "x.kdl"]).ends_with(0);
    is_plain(&ran.stdout, "run");
    is_plain(&ran.stderr, "run");
    assert!(ran.stdout.contains(&format!("{SHOWN} title")), "{}", ran.stdout);
    for verb in ["table", "data"] {
        for format in ["text", "markdown", "latex", "csv", "json"] {
            let ran = place.run(&[verb, "x.kdl", "--format", format]).ends_with(0);
            is_plain(&ran.stdout, format);
        }
    }
    for entry in folders(&place.path("reports")) {
        if let Ok(text) = std::fs::read_to_string(&entry) {
            is_plain(&text, &entry.display().to_string());
        }
    }
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    assert!(
        read("reports/tiny.csv").contains(&format!(",'{SHOWN},")),
        "{}",
        read("reports/tiny.csv")
    );
    assert!(read("reports/tiny.md").contains(r"=1+\<U+001B\>\[2J\<U+202E\>b"));
    assert!(read("reports/tiny.html").contains("=1+&lt;U+001B&gt;[2J&lt;U+202E&gt;b"));
    let tex = read("reports/tiny.tex");
    assert!(tex.contains("=1+\\textless{}U+001B\\textgreater{}[2J"), "{tex}");
    assert!(tex.contains("\\ProofmarkLetter{6DF1}\\ProofmarkLetter{1F600}"), "{tex}");
    assert!(tex.contains("\\providecommand{\\ProofmarkLetter}"), "{tex}");
    assert!(tex.is_ascii(), "{tex}");
    // A program that reads JSON has the very label.
    let json: serde_json::Value = serde_json::from_str(&read("reports/tiny.json")).unwrap();
    let row = json["metrics"][0]["rows"][0]["label"].as_str().unwrap();
    assert_eq!(row, "=1+\u{1b}[2J\u{202e}b\u{85}\u{2028}\u{200b}\u{e0041}深😀");
}

#[test]
fn a_table_reads_back_the_csv_that_it_wrote() {
    let place = Place::with(&hostile());
    place.run(&["run", "x.kdl"]).ends_with(0);
    let ran = place.run(&["table", "x.kdl", "--check"]).ends_with(0);
    assert!(ran.stdout.contains("as committed in reports/tiny.csv"), "{}", ran.stdout);
    // As published numbers, every one of them finds its cell.
    let reference = "    reference \"own\" from=\"own.csv\"\n    metric auc\n";
    place.write("y.kdl", hostile().replace("    metric auc\n", reference));
    std::fs::copy(place.path("reports/tiny.csv"), place.path("own.csv")).unwrap();
    let ran = place.run(&["table", "y.kdl"]).ends_with(0);
    assert!(!ran.stdout.contains("not in this table"), "{}", ran.stdout);
    assert!(ran.stdout.contains("the published number (own)"), "{}", ran.stdout);
}

/// Pictures in folders whose names a spreadsheet would compute.
const PICTURES: &str = r#"
dataset set {
    layout folder root="set" {
        class "=real" label=real
        class "-fake" label=fake
    }
    split only=test
    faces size=32
}
dataset seen {
    layout demo capture=studio seed=1 identities=8 videos=2 fakes=2 frames=2
    manipulation swap-seam
    split carve train=(%)50 val=(%)25 test=(%)25 seed=0
    faces size=32
}
ensemble one { source seen }
backbone tiny { vit patch=8 width=16 depth=1 heads=2 image=32; pool patch-mean }
init scratch { random std=0.02; normalize half }
recipe short { epochs 1; batch 4; adamw lr=1e-3; keep last; seed 0 }
experiment base { data one; backbone tiny; init scratch; recipe short; loss { cross-entropy } }
table tiny {
    row base
    scenario "In" { column set "Set" }
    metric auc
}
"#;

#[test]
fn keys_and_scores_are_no_formulas_and_are_read_back() {
    let place = Place::with(PICTURES);
    for (class, shade) in [("=real", 40), ("-fake", 200)] {
        for i in 0..3 {
            let image = image::RgbImage::from_fn(32, 32, |x, y| {
                image::Rgb([shade, x as u8 * 7, y as u8 * (i + 1)])
            });
            let path = place.path(&format!("set/{class}/\u{1b}[2J{i}.png"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            image.save(path).unwrap();
        }
    }
    place.run(&["run", "x.kdl"]).ends_with(0);
    let keys = place.run(&["export", "keys", "x.kdl", "--dataset", "set"]).ends_with(0).stdout;
    is_plain(&keys, "keys");
    assert!(keys.contains(",test,'=real/<U+001B>[2J0.png,real,"), "{keys}");
    assert!(keys.contains(",test,'-fake/<U+001B>[2J0.png,fake,"), "{keys}");
    // Our own scores as those of another tool find every video.
    let scores = place.run(&["export", "predictions", "x.kdl"]).ends_with(0).stdout;
    is_plain(&scores, "predictions");
    assert!(scores.contains(",'=real/<U+001B>[2J0.png,"), "{scores}");
    place.write("scores.csv", &scores);
    let row = "    row base\n    row tool \"Tool\" predictions=\"scores.csv\" { columns video=video \
               score=score dataset=dataset }\n";
    place.write("y.kdl", PICTURES.replace("    row base\n", row));
    let csv = place.run(&["run", "y.kdl"]).ends_with(0);
    let csv = place.run(&["table", "y.kdl", "--format", "csv"]).ends_with(0).stdout + &csv.stderr;
    let value = |row: &str| {
        let start = format!("auc,{row},In,Set,");
        let line = csv.lines().find(|line| line.starts_with(&start)).unwrap();
        line[start.len()..].split(',').next().unwrap().to_owned()
    };
    assert!(!value("base").is_empty() && value("base") == value("Tool"), "{csv}");
    // And as a table of files.
    let listed = keys.replace("dataset,split,video", "dataset,split,file");
    place.write("set/list.csv", listed);
    let layout = "layout table root=\"set\" file=\"set/list.csv\" path=file label=label { real \"real\"; fake \"fake\" }";
    let (start, end) =
        (PICTURES.find("layout folder").unwrap(), PICTURES.find("split only").unwrap());
    place.write("z.kdl", format!("{}{layout}\n    {}", &PICTURES[..start], &PICTURES[end..]));
    let again = place.run(&["export", "keys", "z.kdl", "--dataset", "set"]).ends_with(0).stdout;
    assert_eq!(again, keys);
}

#[test]
fn names_of_files_that_are_no_text_are_shown_and_told() {
    let place = Place::new();
    place.run(&["train", "x.kdl"]).ends_with(0);
    let image = image::RgbImage::from_fn(32, 32, |x, y| image::Rgb([x as u8 * 7, y as u8, 90]));
    std::fs::create_dir(place.path("in")).unwrap();
    image.save(place.path("plain.png")).unwrap();
    for name in [&b"in/\xff\xfe.png"[..], b"in/\x1b[2J\nb.png"] {
        std::fs::copy(place.path("plain.png"), place.dir.path().join(OsStr::from_bytes(name)))
            .unwrap();
    }
    for format in ["json", "csv", "text"] {
        let arguments = ["score", "--experiment", "base", "--faces", "given", "--format", format];
        let ran = place.run(&[&arguments[..], &["in"]].concat()).ends_with(0);
        is_plain(&ran.stdout, format);
        is_plain(&ran.stderr, format);
        assert!(ran.stdout.contains("in/\u{fffd}\u{fffd}.png"), "{}", ran.stdout);
        let seen = match format {
            "json" => r"in/\u001b[2J\nb.png",
            "csv" => "\"in/<U+001B>[2J\nb.png\"",
            _ => "in/<U+001B>[2J<U+000A>b.png",
        };
        assert!(ran.stdout.contains(seen), "{}", ran.stdout);
        ran.says("1 of 2 files have names that are not UTF-8");
    }
    // So are those of the store, and of what cannot be read.
    let name = OsStr::from_bytes(b"\xffstore\x1b[2J");
    for format in ["json", "text"] {
        let mut command = place.command();
        command.args(["ls", "--format", format, "--store"]).arg(name);
        Ran::of(command.output().unwrap()).ends_with(0);
    }
    let mut command = place.command();
    let ran = Ran::of(command.args(["check"]).arg(name).output().unwrap()).ends_with(10);
    is_plain(&ran.stderr, "check");
}

#[test]
fn a_cell_of_a_million_letters_is_not_repeated() {
    let place = Place::with(&PICTURES.replace(
        "layout folder root=\"set\" {",
        "layout table root=\".\" file=\"list.csv\" path=file label=label { real \"real\"; fake \"fake\" }\n    /-x {",
    ));
    for cell in ["x".repeat(1_000_000), "a b/".repeat(250_000), "\u{1b}".repeat(1_000_000)] {
        let mut said = Vec::new();
        for (score, label, video) in
            [(&*cell, "1", "v"), ("0.5", &*cell, "v"), ("0.5", "1", &*cell)]
        {
            let other = if video == cell { "0" } else { "1" };
            place.write(
                "s.csv",
                format!("score,label,video\n0.25,{other},{video}\n{score},{label},{video}\n"),
            );
            let arguments = ["metrics", "s.csv", "--score", "score", "--label", "label"];
            said.push(place.run(&[&arguments[..], &["--video", "video"]].concat()).ends_with(11));
        }
        place.write("s.csv", format!("{cell},label\n0.5,1\n"));
        let arguments = ["metrics", "s.csv", "--score", "score", "--label", "label"];
        said.push(place.run(&arguments).ends_with(11));
        place.write("list.csv", format!("file,label\na.png,{cell}\n"));
        said.push(place.run(&["plan", "x.kdl"]).ends_with(11));
        place.write("list.csv", format!("file,{cell}\na.png,real\n"));
        said.push(place.run(&["plan", "x.kdl"]).ends_with(11));
        for ran in said {
            assert!(ran.stderr.contains(" characters)"), "{}", ran.stderr);
            assert!(ran.stderr.len() < 2500, "{} bytes", ran.stderr.len());
            is_plain(&ran.stderr, "an error");
        }
    }
    place.write("x.kdl", format!("{}\n{} 1\n", PICTURES, "y".repeat(1_000_000)));
    let ran = place.run(&["check", "x.kdl"]).ends_with(10);
    assert!(ran.stderr.len() < 40_000, "{} bytes", ran.stderr.len());
    let json = place.run(&["check", "x.kdl", "--format", "json"]).ends_with(10).stdout;
    assert!(json.len() < 4_000, "{} bytes", json.len());
}

#[test]
fn long_names_become_names_of_files_that_differ() {
    let table = TINY.replace("\"In-distribution\"", &format!("\"{}\"", "s".repeat(250)));
    // Tables whose names some file systems take for one.
    let (head, tiny) = table.split_at(table.find("table tiny").unwrap());
    let place = Place::with(&format!("{head}{tiny}\n{}", tiny.replace("table tiny", "table Tiny")));
    place.run(&["run", "x.kdl"]).ends_with(0);
    let all = |folder: &str| -> Vec<String> {
        let name =
            |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        folders(&place.path(folder)).iter().map(name).collect()
    };
    let reports = all("reports");
    let plots = reports.iter().find(|name| name.starts_with("tiny-") && name.ends_with("-plots"));
    let plots = all(&format!("reports/{}", plots.unwrap()));
    for names in [&reports, &plots] {
        let mut apart: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        apart.sort();
        apart.dedup();
        assert_eq!(apart.len(), names.len(), "{names:?}");
    }
    assert_eq!(reports.len(), 2 * 6, "{reports:?}");
    let long = plots.iter().filter(|name| name.starts_with("roc-sssss")).count();
    assert!(long == 2 && plots.iter().all(|name| name.len() < 140), "{plots:?}");
    place.run(&["table", "x.kdl", "--check"]).ends_with(0);
}

#[test]
fn a_page_says_nothing_of_this_machine() {
    let place = Place::new();
    let table = TINY.replace("dataset seen {", "import \"../sets/other.kdl\"\ndataset seen {");
    place.write("experiments/x.kdl", table);
    place.write(
        "sets/other.kdl",
        "dataset other { layout demo capture=phone seed=3 identities=4 videos=1 fakes=1 frames=1; manipulation swap-seam }",
    );
    let file = place.path("experiments/x.kdl").display().to_string();
    place.run(&["run", &file]).ends_with(0);
    let machine = place.dir.path().display().to_string();
    let page = std::fs::read_to_string(place.path("reports/tiny.html")).unwrap();
    assert!(!page.contains(&machine), "the page names {machine}");
    assert!(page.contains("proofmark run experiments/x.kdl"));
    assert!(page.contains("// experiments/x.kdl:"));
    let printed = place.run(&["table", &file, "--format", "html"]).ends_with(0).stdout;
    assert!(printed == page);
    // The pack names files as the page does.
    place.run(&["pack", &file, "--out", "x.tar.zst"]).ends_with(0);
    let once = place.run(&["replay", "x.tar.zst", "--reports", "one"]).ends_with(0);
    let again = place.run(&["replay", "x.tar.zst", "--reports", "two"]).ends_with(0);
    assert_eq!((once.stdout, once.stderr), (again.stdout, again.stderr));
    for name in ["one/tiny.html", "two/tiny.html"] {
        assert!(std::fs::read_to_string(place.path(name)).unwrap() == page, "{name}");
    }
}

#[test]
fn what_is_wrong_in_a_pack_is_told_alike_each_time() {
    let place = Place::new();
    place.run(&["run", "x.kdl"]).ends_with(0);
    place.run(&["pack", "x.kdl", "--out", "x.tar.zst"]).ends_with(0);
    let (_, files) = unpacked(&place.path("x.tar.zst"));
    let scores = files.keys().find(|name| name.starts_with("predictions/")).unwrap().clone();
    let text = String::from_utf8(files["project/x.kdl"].clone()).unwrap();
    let reference =
        text.replace("    metric auc\n", "    reference \"r\" from=\"gone.csv\"\n    metric auc\n");
    for (name, content, told) in [
        (scores.as_str(), "no parquet".to_owned(), format!("cannot read {scores}")),
        ("project/x.kdl", text.replace("epochs 2", "epoch 2"), "[x.kdl:".to_owned()),
        ("project/x.kdl", reference, "project/gone.csv".to_owned()),
        ("project/x.kdl", format!("import \"gone.kdl\"\n{text}"), "gone.kdl".to_owned()),
    ] {
        let mut files = files.clone();
        files.insert(name.to_owned(), content.into_bytes());
        let mut card: serde_json::Value = serde_json::from_slice(&files["pack.json"]).unwrap();
        let content = &files[name];
        card["files"][name] = serde_json::json!({
            "bytes": content.len(),
            "blake3": blake3::hash(content).to_hex().to_string(),
        });
        files.insert("pack.json".to_owned(), serde_json::to_vec(&card).unwrap());
        let first = std::iter::once(("pack.json", files["pack.json"].as_slice()));
        let rest = files.iter().filter(|(name, _)| *name != "pack.json");
        let rest = rest.map(|(name, content)| (name.as_str(), content.as_slice()));
        packed(&place.path("y.tar.zst"), &first.chain(rest).collect::<Vec<_>>());
        let once = place.run(&["replay", "y.tar.zst"]);
        assert!(matches!(once.code, Some(10 | 11)), "{told}: {}", once.stderr);
        let again = place.run(&["replay", "y.tar.zst"]);
        assert_eq!(once.stderr, again.stderr);
        assert!(!once.stderr.contains(&*std::env::temp_dir().join(".tmp").to_string_lossy()));
        once.says(&told);
    }
}

#[test]
fn pipes_and_devices_are_not_waited_for() {
    let place = Place::with(&TINY.replace("random std=0.02", "weights \"pipe\""));
    for name in ["pipe", "pipe.csv", "pipe.parquet", "pipe.tar.zst"] {
        let made = std::process::Command::new("mkfifo").arg(place.path(name)).status().unwrap();
        assert!(made.success());
    }
    std::os::unix::fs::symlink("/dev/zero", place.path("endless")).unwrap();
    place.write("y.kdl", TINY.replace("random std=0.02", "weights \"endless\""));
    for (arguments, code) in [
        (&["train", "x.kdl"][..], 11),
        (&["train", "y.kdl"], 11),
        (&["metrics", "pipe.csv", "--score", "a", "--label", "b"], 11),
        (&["metrics", "pipe.parquet", "--score", "a", "--label", "b"], 11),
        (&["replay", "pipe.tar.zst"], 11),
        (&["diff", "pipe", "x.kdl"], 10),
    ] {
        place.run(arguments).ends_with(code).says("not a regular file");
    }
}
