//! Where the rows and the data come from: runs, weights, texts, digests.

use maud::{Markup, html};

use super::content::Content;
use super::facts::{Facts, experiment_facts};
use super::places::Places;
use proofmark_model::weights::LoadReport;

/// What the weights file of each model gave.
pub(super) fn load_reports(content: &Content) -> Markup {
    let mut reports = Vec::new();
    let mut random = Vec::new();
    for (_, label, experiments) in content.rows() {
        for experiment in experiments {
            match content.run(experiment).map(|run| (&run.proofmark, &run.load)) {
                Some((_, Some(load))) => reports.push((label, experiment, load)),
                Some((Some(_), None)) => random.push(experiment.as_str()),
                _ => {}
            }
        }
    }
    html! {
        @if !reports.is_empty() || !random.is_empty() {
            section id="weights" {
                h2 { "Load reports" }
                @for (label, experiment, load) in reports {
                    (load_report(label, experiment, load))
                }
                @if !random.is_empty() {
                    p { "From random first weights, without a file: " (random.join(", ")) "." }
                }
            }
        }
    }
}

fn load_report(label: &str, experiment: &str, load: &LoadReport) -> Markup {
    let lists = [
        ("Missing in the file", &load.missing),
        ("In the file without a place in the model", &load.unexpected),
        ("Dropped for another class count", &load.dropped),
        ("Matched", &load.matched),
    ];
    html! {
        details {
            summary { (label) " " span class="quiet" { (experiment) } }
            p { (load.summary()) }
            dl {
                dt { "File" }
                dd class="code" { (load.file) }
                @for (head, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
                    dt { (head) }
                    dd class="code" { (names.join(", ")) }
                }
            }
        }
    }
}

/// Where every row comes from, and the digests of the data.
pub(super) fn provenance(content: &Content, places: &Places) -> Markup {
    html! {
        section id="provenance" {
            h2 { "Provenance" }
            p {
                "A key is a digest of what was declared and of the data; on a CPU the same key is the same \
                 result."
            }
            @for (row, label, experiments) in content.rows() {
                details id=(places.provenance(row)) data-row=(row) {
                    summary { (label) }
                    @for experiment in experiments {
                        (of_experiment(content, experiment))
                    }
                }
            }
            h3 { "Data" }
            (digests(content))
        }
    }
}

fn of_experiment(content: &Content, experiment: &str) -> Markup {
    html! {
        (list(&experiment_facts(content, experiment)))
        @if let Some(text) = content.texts.get(experiment) {
            pre class="text" { code { (text.text) } }
        }
        @if let Some(run) = content.run(experiment) {
            details {
                summary { "What the key was computed from" }
                pre { code { (serde_json::to_string_pretty(&run.inputs).unwrap_or_default()) } }
            }
        }
    }
}

fn list(facts: &Facts) -> Markup {
    html! {
        dl {
            @for (name, value) in facts {
                dt { (name) }
                dd { (value) }
            }
        }
    }
}

fn digests(content: &Content) -> Markup {
    let sets = &content.findings.datasets;
    if sets.is_empty() {
        return html! { p { "No data set was looked at." } };
    }
    html! {
        div class="wide" tabindex="0" role="region" aria-label="Digests of the data" {
            table class="digests" {
                thead {
                    tr {
                        @for head in
                            ["Data set", "Pixels (digest)", "Labels and splits (digest)", "Faces (key)"]
                        {
                            th scope="col" { (head) }
                        }
                    }
                }
                tbody {
                    @for set in sets {
                        tr {
                            th scope="row" { (set.dataset) }
                            @for cell in [&set.pixels, &set.manifest, &set.faces] {
                                td { code { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
