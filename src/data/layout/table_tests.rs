use std::fs;
use std::path::PathBuf;

use polars::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::files::Files;
use crate::testing::{dataset, manipulation, no_env, path, tree, words};
use proofmark_lang::model::{DataPath, Family, Label, Layout};

/// A table of every column, beside the files `a/1.png` and `a/2.png`.
struct Case {
    _dir: TempDir,
    root: PathBuf,
    layout: Placed<TableLayout>,
}

impl Case {
    fn new(file: &str, content: &[u8]) -> Self {
        let (dir, root) = tree(&["a/1.png", "a/2.png"]);
        fs::write(root.join(file), content).unwrap();
        let layout = TableLayout {
            file: path(&root, file),
            root: None,
            path: "path".to_owned(),
            label: "label".to_owned(),
            real: vec!["0".to_owned(), "false".to_owned()],
            fake: vec!["1".to_owned(), "true".to_owned()],
            video: None,
            manipulation: None,
            split: None,
            group: None,
            attributes: Vec::new(),
        };
        Self { _dir: dir, root, layout: layout.into() }
    }

    fn csv(content: &str) -> Self {
        Self::new("list.csv", content.as_bytes())
    }

    fn with_all_columns(mut self) -> Self {
        self.layout.video = Some("video".to_owned());
        self.layout.manipulation = Some("how".to_owned());
        self.layout.split = Some("split".to_owned());
        self.layout.group = Some("who".to_owned());
        self
    }

    fn read(&self) -> Result<Listing, DataError> {
        let mut set = dataset("set", Layout::Table(Box::new(self.layout.clone())));
        set.manipulations = vec![manipulation("swap", Some(Family::FaceSwap))];
        read(&set, &self.layout, &no_env)
    }

    fn error(&self) -> String {
        words(&self.read().unwrap_err(), &self.root)
    }
}

const ALL: &str = "extra,path,label,video,how,split,who\n";

#[test]
fn a_full_table_is_read() {
    let rows = "x,a\\10.png,1,v/1,swap,train,id 1\n\
                ,a/2.png,1,v/1,swap,train,id 1\n\
                \"q, \"\"q\"\"\",./a/1.png,0,v/2,original,validation,\n\
                ,-b [1].png,1,v/3,,,\n";
    let listing = Case::csv(&format!("{ALL}{rows}")).with_all_columns().read().unwrap();
    let [fake, real, unknown] = &listing.videos[..] else { panic!("{:?}", listing.videos) };
    let fields = |v: &Video| (v.key.clone(), v.label, v.method.clone(), v.family, v.split);
    let swap = Some("swap".to_owned());
    let (train, val) = (Some(Split::Train), Some(Split::Val));
    assert_eq!(fields(fake), ("v/1".into(), Label::Fake, swap, Some(Family::FaceSwap), train));
    assert_eq!(fields(real), ("v/2".into(), Label::Real, None, None, val));
    // Every declared manipulation is a face swap, so a fake that tells none is one too.
    assert_eq!(fields(unknown), ("v/3".into(), Label::Fake, None, Some(Family::FaceSwap), None));
    assert_eq!((&fake.groups[..], &real.groups[..]), (&["id 1".to_owned()][..], &[][..]));
    assert_eq!([fake, real, unknown].map(|v| v.source_line), [Some(2), Some(4), Some(5)]);
    assert_eq!(fake.kind, MediaKind::Frames);
    let frames: Vec<_> =
        listing.frames.iter().map(|f| (f.video_key.as_str(), f.frame, f.path.as_str())).collect();
    assert_eq!(
        frames,
        [
            ("v/1", 0, "a/2.png"),
            ("v/1", 1, "a/10.png"),
            ("v/2", 0, "a/1.png"),
            ("v/3", 0, "-b [1].png"),
        ]
    );
    let missing = &listing.findings[&Finding::Missing];
    assert_eq!(
        (missing.count, &missing.examples[..]),
        (2, &["a/10.png".into(), "-b [1].png".into()][..])
    );
}

#[test]
fn images_stand_alone_without_a_video_column() {
    let listing = Case::csv("label,path\r\n0,a/1.png\r\n1,a/2.png\r\n1,a/2.png\r\n,a/3.png").read();
    let listing = listing.unwrap();
    let keys: Vec<_> = listing.videos.iter().map(|v| (v.key.as_str(), v.kind)).collect();
    assert_eq!(keys, [("a/1.png", MediaKind::Image), ("a/2.png", MediaKind::Image)]);
    let noticed: Vec<_> = listing.findings.iter().map(|(f, t)| (*f, t.count)).collect();
    assert_eq!(noticed, [(Finding::Unlabelled, 1), (Finding::Duplicated, 1)]);
}

#[test]
fn every_bad_row_is_named() {
    let rows = "path,label,video,how,split,who\n\
                a/1.png,0,v1,,train,p\n\
                a/2.png,1,v1,,train,p\n\
                a/3.png,0,v1,,test,p\n\
                a/4.png,0,v1,,train,q\n\
                a/5.png,maybe,v2,,,\n\
                ,1,v2,,,\n\
                a/6.png,1,,,,\n\
                ../a.png,1,v2,,,\n\
                /etc/passwd,1,v2,,,\n\
                a/1.png,0,v3,,train,p\n\
                a/7.png,1,v4,swop,,\n\
                a/8.png,1,v4,swap,dev,\n\
                a/9.png,1,v5,swap,,\n\
                a/9b.png,1,v5,,,\n";
    insta::assert_snapshot!(Case::csv(rows).with_all_columns().error());
    let many: String = (0..500).map(|i| format!("{i}.png,x{i}\n")).collect();
    let error = Case::csv(&format!("path,label\n{many}")).error();
    assert!(
        error.starts_with("ROOT/list.csv has 500 rows that cannot be used\n  line 2: "),
        "{error}"
    );
    assert!(error.ends_with("\n  and 480 more"), "{error}");
}

#[test]
fn broken_tables_say_what_and_where() {
    let mut messages = Vec::new();
    for content in [
        &b""[..],
        b"\n\n",
        b"path,label\n",
        b"path,label\n,\n",
        b"file,lable\na,0\n",
        b"path;label\na;0\n",
        b"path,path,label\na,b,0\n",
        b"path,label\na,0,1\n",
        b"path,label\na.png\n",
        b"path,label\na.png,\"0\n",
        b"path,label\na.png,\"0\"x\n",
        b"path,label\n\xff,0\n",
        b"path,label\na\0.png,0\n",
        b"\xff\xfep\0a\0",
    ] {
        let case = Case::new("list.csv", content);
        messages.push(format!("{:?}\n  {}", String::from_utf8_lossy(content), case.error()));
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn files_and_folders_that_are_not_there() {
    let mut case = Case::csv("path,label\na/1.png,0\n");
    case.layout.file = path(&case.root, "other.csv");
    let no_file = case.error();
    case.layout.file = path(&case.root, "a");
    let folder = case.error();
    case.layout.file = path(&case.root, "env:ITW_LIST");
    let no_variable = case.error();
    case.layout.file = path(&case.root, "list.csv");
    case.layout.root = Some(path(&case.root, "faces"));
    let no_root = case.error();
    insta::assert_snapshot!([no_file, folder, no_variable, no_root].join("\n\n"));
}

#[test]
fn variables_lead_to_files_and_roots() {
    let mut case = Case::csv("path,label\n1.png,0\n");
    case.layout.file = DataPath { written: "env:SET/list.csv".into(), base: "/no".into() };
    case.layout.root = Some(DataPath { written: "env:SET/a".into(), base: "/no".into() });
    let set = dataset("set", Layout::Table(Box::new(case.layout.clone())));
    let env = |name: &str| (name == "SET").then(|| case.root.clone().into_os_string());
    let listing = read(&set, &case.layout, &env).unwrap();
    assert_eq!(listing.files, Some(Files::at(case.root.join("a"))));
    assert!(listing.findings.is_empty(), "{:?}", listing.findings);
    let empty = |_: &str| Some("".into());
    assert!(matches!(read(&set, &case.layout, &empty), Err(DataError::NotFound { .. })));
}

#[test]
fn a_label_has_one_face() {
    let mut case = Case::csv("path,label\na/1.png,0\n");
    case.layout.fake.push("0".to_owned());
    assert!(case.error().contains("both real and fake"));
}

fn parquet(label: Column) -> Case {
    let case = Case::new("list.parquet", b"");
    let paths = ["a/1.png", "a/2.png"];
    let columns = vec![
        Column::new("path".into(), paths),
        label,
        Column::new("boxes".into(), [Series::new("".into(), [1, 2]), Series::new("".into(), [3])]),
    ];
    let mut table = DataFrame::new(2, columns).unwrap();
    let file = fs::File::create(case.root.join("list.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut table).unwrap();
    case
}

#[test]
fn parquet_labels_are_compared_as_text() {
    for label in [
        Column::new("label".into(), [0i64, 1]),
        Column::new("label".into(), [0u32, 1]),
        Column::new("label".into(), [false, true]),
        Column::new("label".into(), ["0", "1"]),
    ] {
        let dtype = label.dtype().clone();
        let listing = parquet(label).read().unwrap();
        let labels: Vec<_> = listing.videos.iter().map(|v| (v.label, v.source_line)).collect();
        assert_eq!(labels, [(Label::Real, Some(1)), (Label::Fake, Some(2))], "{dtype}");
    }
    let one_null = parquet(Column::new("label".into(), [Some(0i32), None])).read().unwrap();
    assert_eq!(one_null.findings[&Finding::Unlabelled].count, 1);
    // Numbers are compared as numbers: pandas makes 0.0 of 0 where a column has a gap.
    let listing = parquet(Column::new("label".into(), [0.0f64, 1.0])).read().unwrap();
    let labels: Vec<_> = listing.videos.iter().map(|v| v.label).collect();
    assert_eq!(labels, [Label::Real, Label::Fake]);
    let mut case = parquet(Column::new("label".into(), ["0", "1"]));
    case.layout.label = "boxes".to_owned();
    assert!(case.error().contains("column `boxes` holds list"), "{}", case.error());
    case.layout.label = "labels".to_owned();
    assert!(case.error().contains("did you mean `label`?"), "{}", case.error());
}

#[test]
fn categories_of_pandas_are_text() {
    let case = Case::new("list.parquet", include_bytes!("fixtures/pandas-category.parquet"));
    let listing = case.read().unwrap();
    assert_eq!(
        listing.videos.iter().map(|v| v.label).collect::<Vec<_>>(),
        [Label::Real, Label::Fake]
    );
}

#[test]
fn damaged_parquet_is_an_error() {
    let case = parquet(Column::new("label".into(), ["0", "1"]));
    let file = case.root.join("list.parquet");
    let whole = fs::read(&file).unwrap();
    for length in [0, 3, 8, whole.len() / 3, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        let error = case.read().unwrap_err();
        assert!(matches!(error, DataError::Parquet { .. }), "{length} bytes: {error}");
    }
}

#[test]
fn video_files_are_videos_of_their_own() {
    let case = Case::csv("path,label\na/1.png,0\nb.mp4,1\ngone.MOV,1\n");
    fs::write(case.root.join("b.mp4"), "x").unwrap();
    let listing = case.read().unwrap();
    let kinds: Vec<_> = listing.videos.iter().map(|v| (v.key.as_str(), v.kind)).collect();
    let expected = [
        ("a/1.png", MediaKind::Image),
        ("b.mp4", MediaKind::Video),
        ("gone.MOV", MediaKind::Video),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(listing.frames.len(), 1);
    assert_eq!(listing.absent.iter().collect::<Vec<_>>(), ["gone.MOV"]);
    assert_eq!(listing.findings[&Finding::Missing].count, 1);

    let mut named = Case::csv("path,label,video\nb.mp4,1,v\n");
    named.layout.video = Some("video".to_owned());
    assert!(named.error().contains("`b.mp4` is a video file, and a video of its own"));
}
