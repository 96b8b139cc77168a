//! The rows of a manifest as Polars columns, and back.

use polars::prelude::*;

use super::video::{Frame, Video};
use super::words::Word;

/// How the columns of attributes begin.
const ATTRIBUTE: &str = "attribute.";

/// The videos as columns.
pub fn video_table(videos: &[Video]) -> DataFrame {
    let text = |name: &str, value: fn(&Video) -> &str| {
        Column::new(name.into(), videos.iter().map(value).collect::<Vec<_>>())
    };
    let optional = |name: &str, value: fn(&Video) -> Option<&str>| {
        Column::new(name.into(), videos.iter().map(value).collect::<Vec<_>>())
    };
    let lines: Vec<_> = videos.iter().map(|v| v.source_line).collect();
    let mut columns = vec![
        text("dataset", |v| &v.dataset),
        text("video_key", |v| &v.key),
        text("label", |v| v.label.word()),
        optional("method", |v| v.method.as_deref()),
        text("family", |v| v.family.word()),
        text("split", |v| v.split.word()),
        groups(videos),
        optional("pair", |v| v.pair.as_deref()),
        text("kind", |v| v.kind.word()),
        Column::new("source_line".into(), lines),
    ];
    let names = videos.first().into_iter().flat_map(|video| video.attributes.keys());
    columns.extend(names.map(|name| {
        let value = |video: &Video| video.attributes.get(name).cloned().unwrap_or_default();
        let values: Vec<String> = videos.iter().map(value).collect();
        Column::new(format!("{ATTRIBUTE}{name}").into(), values)
    }));
    DataFrame::new(videos.len(), columns).expect("columns of one length and different names")
}

/// The groups of each video as a column of lists.
fn groups(videos: &[Video]) -> Column {
    let total = videos.iter().map(|v| v.groups.len()).sum();
    let mut lists = ListStringChunkedBuilder::new("groups".into(), videos.len(), total);
    for video in videos {
        lists.append_values_iter(video.groups.iter().map(String::as_str));
    }
    lists.finish().into_column()
}

/// The groups in a cell.
fn group_cell(column: &ListChunked, row: usize) -> Result<Vec<String>, String> {
    let Some(list) = column.get_as_series(row) else {
        return Err(format!("row {} has no groups", row + 1));
    };
    let list = list.str().map_err(|e| e.to_string())?;
    Ok(list.iter().flatten().map(str::to_owned).collect())
}

/// The frames as columns.
pub fn frame_table(frames: &[Frame]) -> DataFrame {
    let keys: Vec<_> = frames.iter().map(|f| f.video_key.as_str()).collect();
    let indices: Vec<_> = frames.iter().map(|f| f.frame).collect();
    let paths: Vec<_> = frames.iter().map(|f| f.path.as_str()).collect();
    let columns = vec![
        Column::new("video_key".into(), keys),
        Column::new("frame".into(), indices),
        Column::new("path".into(), paths),
    ];
    DataFrame::new(frames.len(), columns).expect("columns of one length and different names")
}

/// The videos of a table that may come from a file; `Err` says what is wrong with it.
pub fn video_rows(table: &DataFrame) -> Result<Vec<Video>, String> {
    let names = ["dataset", "video_key", "label", "method", "family", "split", "pair", "kind"];
    let [dataset, key, label, method, family, split, pair, kind] = try_each(names, table)?;
    let groups = table.column("groups").and_then(|c| c.list()).map_err(|e| e.to_string())?;
    let line = table.column("source_line").and_then(|c| c.u32()).map_err(|e| e.to_string())?;
    let owned = |column: &StringChunked, i: usize| column.get(i).map(str::to_owned);
    let needed = |column: &StringChunked, i: usize| {
        owned(column, i).ok_or_else(|| format!("row {} has no {}", i + 1, column.name()))
    };
    let attributes: Vec<(&str, &StringChunked)> = table
        .columns()
        .iter()
        .filter_map(|column| Some((column.name().strip_prefix(ATTRIBUTE)?, column.str().ok()?)))
        .collect();
    (0..table.height())
        .map(|i| {
            let value = |(name, values): &(&str, &StringChunked)| {
                ((*name).to_owned(), values.get(i).unwrap_or_default().to_owned())
            };
            Ok(Video {
                dataset: needed(dataset, i)?,
                key: needed(key, i)?,
                label: word(label, i)?,
                method: owned(method, i),
                family: word(family, i)?,
                split: word(split, i)?,
                groups: group_cell(groups, i)?,
                pair: owned(pair, i),
                kind: word(kind, i)?,
                source_line: line.get(i),
                attributes: attributes.iter().map(value).collect(),
            })
        })
        .collect()
}

/// The frames of a table that may come from a file; `Err` says what is wrong with it.
pub fn frame_rows(table: &DataFrame) -> Result<Vec<Frame>, String> {
    let [key, path] = try_each(["video_key", "path"], table)?;
    let frame = table.column("frame").and_then(|c| c.u32()).map_err(|e| e.to_string())?;
    let rows = key.iter().zip(frame.iter()).zip(path.iter());
    rows.enumerate()
        .map(|(i, ((key, frame), path))| match (key, frame, path) {
            (Some(key), Some(frame), Some(path)) => {
                Ok(Frame { video_key: key.to_owned(), frame, path: path.to_owned() })
            }
            _ => Err(format!("row {} has an empty cell", i + 1)),
        })
        .collect()
}

/// Text columns by name.
fn try_each<'a, const N: usize>(
    names: [&str; N],
    table: &'a DataFrame,
) -> Result<[&'a StringChunked; N], String> {
    let columns: Result<Vec<_>, _> =
        names.iter().map(|n| table.column(n).and_then(|c| c.str())).collect();
    let columns = columns.map_err(|e| e.to_string())?;
    Ok(columns.try_into().expect("as many columns as names"))
}

/// The value of the word in a cell.
fn word<T: Word>(column: &StringChunked, row: usize) -> Result<T, String> {
    let text = column.get(row).unwrap_or_default();
    T::from_word(text).ok_or_else(|| format!("row {} has the {} `{text}`", row + 1, column.name()))
}
