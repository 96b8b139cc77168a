//! `check`: every error of a file and its imports.

use super::args::{CheckArgs, Format};
use super::exit::Exit;
use super::output::Printer;
use super::project::{counted, print};
use proofmark_lang::render::rows;
use proofmark_lang::{DiskFiles, is_clusters_file, load, load_clusters};
use proofmark_text::show::json;

/// Checks files without touching data.
pub fn check(args: &CheckArgs, printer: Printer) -> Exit {
    let mut exit = Exit::Ok;
    let mut found = Vec::new();
    for file in &args.files {
        let (clusters, loaded) = match is_clusters_file(file, &DiskFiles) {
            true => {
                let (clusters, loaded) = load_clusters(file, &DiskFiles);
                (Some(clusters), loaded)
            }
            false => (None, load(file, &DiskFiles)),
        };
        if loaded.has_errors() {
            exit = Exit::Invalid;
        }
        match args.format {
            Format::Json => found.extend(rows(&loaded.diagnostics, &loaded.sources)),
            Format::Text => {
                print(&loaded, printer);
                if loaded.diagnostics.is_empty() {
                    let p = &loaded.project;
                    let what = match clusters {
                        Some(clusters) => counted(clusters.clusters.len(), "cluster"),
                        None => format!(
                            "{}, {}, {}",
                            counted(p.datasets.len(), "data set"),
                            counted(p.experiments.len(), "experiment"),
                            counted(p.tables.len(), "table")
                        ),
                    };
                    printer.line(&format!("{}: ok ({what})", file.display()));
                }
            }
        }
    }
    if args.format == Format::Json {
        printer.data(&json(&found));
    }
    exit
}
