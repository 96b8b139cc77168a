//! Embeddings of all rows on a data set, each face a point.

use crate::page::content::Content;
use crate::plot::chart::{Dots, Drawing, Key, Mark, Panel, Plot};
use crate::table::SeparabilityBlock;
use crate::text::percent;
use proofmark_evaluate::separability::{Picture, Projection, Separability};

const SIDE: f64 = 200.0;
/// Panels beside each other in a file.
const COLUMNS: usize = 4;

/// A row and what was found of it.
struct Row<'a> {
    place: usize,
    label: &'a str,
    found: &'a Separability,
}

/// A plot for each way in which embeddings are projected. Of rows with several seeds, the first.
pub(super) fn plots(content: &Content, block: &SeparabilityBlock) -> Vec<Plot> {
    let rows = content.rows().filter_map(|(place, label, experiments)| {
        let found = content.findings.separability.iter().find(|of| {
            of.table == content.table.name
                && of.target.dataset == block.dataset
                && of.target.split == block.split
                && experiments.first() == Some(&of.experiment)
        })?;
        Some(Row { place, label, found: found.found.as_ref()? })
    });
    let rows: Vec<Row> = rows.collect();
    let plot = |projection| {
        let panels = rows.iter().filter_map(|row| panel(row, projection, &block.label));
        let panels: Vec<Panel> = panels.collect();
        let first = rows.first().filter(|_| !panels.is_empty())?;
        let (name, title, note) = match projection {
            Projection::Pca => {
                ("pca", "principal components", "The two directions of most variance.")
            }
            Projection::Tsne => (
                "tsne",
                "t-SNE",
                "Only who is near whom means something, not how far groups lie apart.",
            ),
        };
        Some(Plot {
            name: name.to_owned(),
            title: format!("Embeddings on {}: {title}", block.label),
            notes: vec![content.table.caption(), format!("Each point is a face. {note}")],
            legend: keys(first.found),
            panels,
            columns: COLUMNS,
        })
    };
    [Projection::Pca, Projection::Tsne].into_iter().filter_map(plot).collect()
}

/// The classes.
fn keys(found: &Separability) -> Vec<Key> {
    let names: Vec<&str> = found.sampled.classes.iter().map(|(name, _)| name.as_str()).collect();
    let key = |(class, name): (usize, &&str)| Key {
        mark: mark(&names, class),
        label: (*name).to_owned(),
    };
    names.iter().enumerate().map(key).collect()
}

/// How a class looks: real and fake as everywhere, manipulations as one of a few.
fn mark(names: &[&str], class: usize) -> Mark {
    match names[class] {
        "real" => Mark::Real,
        "fake" => Mark::Fake,
        _ => Mark::Line(class),
    }
}

fn panel(row: &Row, projection: Projection, label: &str) -> Option<Panel> {
    let Separability { sampled, shown, pictures, numbers, .. } = row.found;
    let picture = pictures.iter().find(|picture| picture.projection == projection)?;
    let names: Vec<&str> = sampled.classes.iter().map(|(name, _)| name.as_str()).collect();
    let side = f64::from(Picture::SIDE);
    let of_class = |class: usize| {
        let points = picture.points.iter().zip(shown);
        let points = points.filter(|(_, of)| **of as usize == class);
        points.map(|([x, y], _)| (f64::from(*x) / side, f64::from(*y) / side)).collect::<Vec<_>>()
    };
    let all: Vec<Vec<(f64, f64)>> = (0..names.len()).map(of_class).collect();
    let counts: Vec<String> =
        names.iter().zip(&all).map(|(name, points)| format!("{} {name}", points.len())).collect();
    let words = match picture.explained {
        Some([first, second]) => {
            format!("{} % and {} % of the variance", percent(first), percent(second))
        }
        None => String::new(),
    };
    let silhouette =
        numbers.silhouette.value.map_or("n/a".to_owned(), |value| format!("{value:.3}"));
    let nearest = numbers.nearest.value.map_or("n/a".to_owned(), percent);
    Some(Panel {
        title: row.label.to_owned(),
        description: format!(
            "Embeddings of {} faces on {label}. Of all measured faces, silhouette {silhouette}, nearest \
             neighbour of the same class {nearest} %.",
            counts.join(", ")
        ),
        row: Some(row.place),
        size: (SIDE, SIDE),
        drawing: Drawing::Dots(Dots {
            words,
            series: all
                .into_iter()
                .enumerate()
                .map(|(class, points)| (mark(&names, class), points))
                .collect(),
        }),
    })
}
