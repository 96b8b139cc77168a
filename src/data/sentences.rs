//! The sentences of data errors that are made of parts.

use std::path::Path;

use super::flaw::{RowProblem, counted, quoted};

pub(super) fn listed(head: &str, items: &[String]) -> String {
    items.iter().map(|item| format!("  {head}: {item}\n")).collect()
}

pub(super) fn columns(available: &[String]) -> String {
    let list = quoted(available);
    match available {
        [only] if only.contains([';', '\t']) => {
            format!("its only column is {list}: separate columns by commas")
        }
        _ => format!("its columns are {list}"),
    }
}

pub(super) fn table_problems(file: &Path, some: &[RowProblem], total: usize) -> String {
    let mut text = format!("{} has {} that cannot be used", file.display(), counted(total, "row"));
    for problem in some {
        let more = match problem.more {
            0 => String::new(),
            more => format!(" and {}", counted(more, "other")),
        };
        text += &format!("\n  {}{more}: {}", problem.at, problem.what);
    }
    let shown: usize = some.iter().map(|problem| 1 + problem.more).sum();
    if total > shown {
        text += &format!("\n  and {} more", total - shown);
    }
    text
}

pub(super) fn overlap(
    ensemble: &str,
    counted: &str,
    some: &[String],
    more: usize,
    datasets: &[String],
) -> String {
    let are = if counted.starts_with("1 ") && !counted.contains(" and ") { "is" } else { "are" };
    let mut text = format!(
        "ensemble `{ensemble}`: {counted} {are} in more than one split of what it trains, selects \
         and is tested on"
    );
    for line in some {
        text += &format!("\n  {line}");
    }
    if more > 0 {
        text += &format!("\n  and {more} more");
    }
    text + &format!(
        "\n  divide by identity with `split carve ..`; if the release itself is so, write `split \
         official overlap=accept` in data set {}",
        datasets.join(", ")
    )
}

pub(super) fn unattributed(
    by: &str,
    dataset: &str,
    manipulation: Option<&str>,
    videos: usize,
    example: &str,
) -> String {
    let who = match manipulation {
        Some(name) => format!("the manipulation `{name}` of data set `{dataset}` has no family"),
        None => format!("data set `{dataset}` does not say how its fakes were made"),
    };
    let videos = counted(videos, "video");
    let cure = match manipulation {
        Some(name) => format!("declare `manipulation {name} family=...`"),
        None => format!("leave the data set out, or attribution by={by}"),
    };
    format!("{who}, which attribution by={by} needs for {videos}, such as `{example}`; {cure}")
}
