//! Where the rows and the data come from: runs, weights, texts, digests.

use super::content::Content;
use super::facts::{Facts, experiment_facts};
use super::places::Places;
use crate::markup::escape;
use proofmark_model::weights::LoadReport;

/// What the weights file of each model gave.
pub(super) fn load_reports(content: &Content) -> String {
    let mut out = String::new();
    let mut random = Vec::new();
    for (_, label, experiments) in content.rows() {
        for experiment in experiments {
            match content.run(experiment).map(|run| (&run.proofmark, &run.load)) {
                Some((_, Some(load))) => out += &load_report(label, experiment, load),
                Some((Some(_), None)) => random.push(experiment.as_str()),
                _ => {}
            }
        }
    }
    if !random.is_empty() {
        out += &format!(
            "<p>From random first weights, without a file: {}.</p>\n",
            escape(&random.join(", "))
        );
    }
    if out.is_empty() {
        return out;
    }
    format!("<section id=\"weights\">\n<h2>Load reports</h2>\n{out}</section>\n")
}

fn load_report(label: &str, experiment: &str, load: &LoadReport) -> String {
    let lists = [
        ("Missing in the file", &load.missing),
        ("In the file without a place in the model", &load.unexpected),
        ("Dropped for another class count", &load.dropped),
        ("Matched", &load.matched),
    ];
    let lists = lists.into_iter().filter(|(_, names)| !names.is_empty()).map(|(head, names)| {
        let names = escape(&names.join(", "));
        format!("<dt>{head}</dt><dd class=\"code\">{names}</dd>\n")
    });
    format!(
        "<details><summary>{} <span class=\"quiet\">{}</span></summary>\n<p>{}</p>\n<dl>\n\
         <dt>File</dt><dd class=\"code\">{}</dd>\n{}</dl>\n</details>\n",
        escape(label),
        escape(experiment),
        escape(&load.summary()),
        escape(&load.file),
        lists.collect::<String>()
    )
}

/// Where every row comes from, and the digests of the data.
pub(super) fn provenance(content: &Content, places: &Places) -> String {
    let mut out = String::from(
        "<section id=\"provenance\">\n<h2>Provenance</h2>\n<p>A key is a digest of what was \
         declared and of the data; on a CPU the same key is the same result.</p>\n",
    );
    for (row, label, experiments) in content.rows() {
        out += &format!(
            "<details id=\"{}\" data-row=\"{row}\"><summary>{}</summary>\n",
            places.provenance(row),
            escape(label)
        );
        for experiment in experiments {
            out += &of_experiment(content, experiment);
        }
        out += "</details>\n";
    }
    out += "<h3>Data</h3>\n";
    out += &digests(content);
    out + "</section>\n"
}

fn of_experiment(content: &Content, experiment: &str) -> String {
    let mut out = list(&experiment_facts(content, experiment));
    if let Some(text) = content.texts.get(experiment) {
        out += &format!("<pre class=\"text\"><code>{}</code></pre>\n", escape(&text.text));
    }
    if let Some(run) = content.run(experiment) {
        let inputs = serde_json::to_string_pretty(&run.inputs).unwrap_or_default();
        out += &format!(
            "<details><summary>What the key was computed from</summary>\n\
             <pre><code>{}</code></pre></details>\n",
            escape(&inputs)
        );
    }
    out
}

fn list(facts: &Facts) -> String {
    let facts = facts
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value)));
    format!("<dl>\n{}</dl>\n", facts.collect::<String>())
}

fn digests(content: &Content) -> String {
    if content.findings.datasets.is_empty() {
        return "<p>No data set was looked at.</p>\n".to_owned();
    }
    let mut out = String::from(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Digests of the data\">\n\
         <table class=\"digests\">\n<thead><tr><th scope=\"col\">Data set</th>\
         <th scope=\"col\">Pixels (digest)</th><th scope=\"col\">Labels and splits (digest)</th>\
         <th scope=\"col\">Faces (key)</th></tr></thead>\n<tbody>\n",
    );
    for set in &content.findings.datasets {
        let cells = [&set.pixels, &set.manifest, &set.faces];
        let cells = cells.map(|cell| format!("<td><code>{}</code></td>", escape(cell)));
        out += &format!(
            "<tr><th scope=\"row\">{}</th>{}</tr>\n",
            escape(&set.dataset),
            cells.concat()
        );
    }
    out + "</tbody>\n</table>\n</div>\n"
}
