//! `audit`: published numbers by themselves.

use super::args::AuditArgs;
use super::exit::Exit;
use super::output::Printer;
use super::project::checked;
use super::told::failed;
use crate::engine::tables;
use proofmark_base::work::Failure;
use proofmark_lang::Loaded;
use proofmark_report::claims::{self, CORRELATIONS, Power};
use proofmark_report::lines::{inset, wrap};
use proofmark_report::sums::sums;
use proofmark_report::table::{Quote, TableData, Verdict};

/// Prints what published numbers say of themselves. What is wrong in them is a finding, not a
/// failure.
pub fn audit(args: &AuditArgs, printer: Printer) -> Exit {
    let Some(loaded) = checked(&args.file, printer) else { return Exit::Invalid };
    match print(&loaded, args.power, printer) {
        Ok(()) => Exit::Ok,
        Err(failure) => failed(&failure, &loaded.sources, printer),
    }
}

fn print(loaded: &Loaded, power: bool, printer: Printer) -> Result<(), Failure> {
    let (mut out, width) = (String::new(), printer.out.width);
    sums(&loaded.project).sentence().iter().for_each(|sums| out += &wrap(sums, "", width));
    for table in loaded.project.tables.iter().filter(|table| !table.references.is_empty()) {
        let data = tables::audit(&loaded.project, table)?;
        let mut line = |text: &str, indent: &str| out += &wrap(text, indent, width);
        line(&data.caption(), "");
        for reference in &table.references {
            if let Some(cite) = &reference.cite {
                line(&format!("\"{}\": {}", reference.name, cite), "    ");
            }
        }
        data.caption_notes.iter().for_each(|note| line(note, ""));
        let power = match power {
            true => Some(claims::power(&loaded.project, &data, table).map_err(Failure::data)?),
            false => None,
        };
        let told = told(&data, power.as_deref()).into_iter();
        out.extend(told.map(|(by, text)| inset(&text, by, width)));
    }
    if out.is_empty() {
        out = "no table of this file refers to published numbers\n".to_owned();
    }
    printer.text(&out);
    Ok(())
}

/// The claims with their verdicts by published numbers and, where asked for, what could decide them;
/// each line with how far it stands from the left.
fn told(data: &TableData, power: Option<&[Power]>) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let count = |verdict| {
        let published = data.claims.iter().filter_map(|claim| claim.published.as_ref());
        published.filter(|published| published.verdict == verdict).count()
    };
    if !data.claims.is_empty() {
        let text = format!(
            "Of {} claims {} hold by the published numbers, {} are contradicted.",
            data.claims.len(),
            count(Verdict::Holds),
            count(Verdict::Contradicted)
        );
        lines.push((0, text));
    }
    if let Some(power) = power {
        let count = |from: fn(&Power) -> Option<f64>| {
            let at = |r: &f64| {
                let decided = power.iter().filter_map(from).filter(|from| from <= r).count();
                format!("{decided} at {r}")
            };
            CORRELATIONS.iter().map(at).collect::<Vec<_>>().join(", ")
        };
        let text = format!(
            "If the published numbers are true, test sets of the published sizes decide as many \
             claims as follows, by the correlation of two rows. Each by itself: {}. All together, \
             with Holm's correction and a power of 80 %: {}.",
            count(|power| power.alone),
            count(|power| power.among_all)
        );
        lines.push((0, text));
    }
    let mut said: Option<&Quote> = None;
    for (i, claim) in data.claims.iter().enumerate() {
        let sentence = claim.sentence.as_ref().filter(|sentence| Some(*sentence) != said);
        if let Some(quote) = sentence {
            lines.push((0, format!("{} \"{}\"", quote.section, quote.text)));
        }
        said = claim.sentence.as_ref();
        let published = claim.published.as_ref();
        let verdict = published.map_or("not published", |published| published.verdict.words());
        let detail = published.and_then(|published| published.detail.as_ref());
        let mut text = format!("{verdict}: {}", claim.text);
        if let Some(detail) = detail {
            text += &format!(" ({detail})");
        }
        if let Some(power) = power {
            text += &could(&power[i]);
        }
        lines.push((if said.is_some() { 4 } else { 0 }, text));
    }
    lines
}

/// From which correlation of its rows on a claim can be decided.
fn could(power: &Power) -> String {
    let at = |from: f64| format!("from a correlation of {from} on");
    match (power.known, power.alone, power.among_all) {
        (false, ..) => "; sizes or numbers are not published".to_owned(),
        (true, None, _) => "; not decided at any correlation".to_owned(),
        (true, Some(alone), None) => format!("; decided by itself {}, not among all", at(alone)),
        (true, Some(alone), Some(all)) if alone == all => format!("; decided {}", at(all)),
        (true, Some(alone), Some(all)) => {
            format!("; decided by itself {}, among all from {all} on", at(alone))
        }
    }
}
