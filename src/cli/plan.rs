//! `plan`: what would run, what is reused, and why.

use super::args::{Format, PlanArgs};
use super::exit::Exit;
use super::output::Printer;
use super::progress::duration;
use super::project::{Stop, counted, session, with};
use crate::engine::budget::{Matrix, Verdict};
use crate::engine::graph::Stage;
use crate::engine::kind::StageKind;
use crate::engine::listing::{Listed, json, list};
use crate::engine::reason::Reason;
use crate::engine::session::Purpose;
use proofmark_lang::Loaded;
use proofmark_plan::facts::Digest;
use proofmark_plan::inputs::Change;
use proofmark_plan::meaning::said;
use proofmark_report::numbers::thousands;
use proofmark_text::show;

/// Reasons that are told per stage before the rest is counted.
const SHOWN: usize = 3;

/// Prints the plan of a file.
pub fn plan(args: &PlanArgs, printer: Printer) -> Exit {
    with(&args.file, printer, |loaded| print(args, loaded, printer))
}

fn print(args: &PlanArgs, loaded: &Loaded, printer: Printer) -> Result<Exit, Stop> {
    let session = session(loaded, &args.store.store, Purpose::Planning, printer)?;
    let (listed, matrices) = (list(&session)?, session.matrices()?);
    match args.format {
        Format::Json => printer.data(&show::json(&json(&listed, &matrices, &loaded.sources))),
        Format::Text => printer.text(&text(&listed, &matrices, loaded, args.all)),
    }
    for matrix in &matrices {
        match matrix.verdict() {
            Verdict::Within => {}
            Verdict::Over(..) => matrix.within()?,
            Verdict::Unknown(text, _) => printer.line(&text),
        }
    }
    Ok(Exit::Ok)
}

/// What runs, or with `all` every stage, and the sum.
fn text(listed: &[Listed<'_>], matrices: &[Matrix<'_>], loaded: &Loaded, all: bool) -> String {
    let mut parts: Vec<Part> = Vec::new();
    for one in listed.iter().filter(|one| all || one.reason != Reason::Reuse) {
        let verb = if one.reason == Reason::Reuse { "reuse" } else { "run" };
        let time = one.seconds.map(|seconds| format!(", about {}", duration(seconds)));
        let work = one.cost.words.clone() + &time.unwrap_or_default();
        // What has never run needs no reason a line: the sum says so.
        let why = match &one.reason {
            Reason::New => Vec::new(),
            reason => words(reason, loaded),
        };
        Part::add(&mut parts, one.stage, verb, (work, one.cost.videos()), why, all);
    }
    let widest = parts.iter().map(Part::name_width).max().unwrap_or(0).max(NAME);
    let lines: String = parts.iter().map(|part| part.text(widest)).collect();
    let matrices = matrices.iter().filter(|matrix| all || matrix.open > 0);
    let matrices: Vec<String> = matrices.map(|matrix| matrix_line(matrix, loaded)).collect();
    let gap = if matrices.is_empty() { "" } else { "\n" };
    lines + gap + &matrices.concat() + &sum(listed)
}

/// What the variants of an experiment cost together, and which of them is scored.
fn matrix_line(matrix: &Matrix<'_>, loaded: &Loaded) -> String {
    let mut line = format!("{}: {}", matrix.experiment, counted(matrix.trainings, "training"));
    if matrix.open < matrix.trainings {
        line += &format!(", {} still to do", matrix.open);
    }
    if let Some(hours) = matrix.hours {
        line += &format!(", about {} in all", duration(hours * 3600.0));
    }
    let choice = loaded.project.experiments.get(matrix.experiment).map(|e| &e.choice);
    if let Some(Some(choice)) = choice {
        line += &format!("; the one with the {} is scored", choice.words());
    }
    if let Some(budget) = matrix.budget {
        let trainings = budget.trainings.map(|most| counted(most as usize, "training"));
        let hours = budget.hours.map(|most| format!("{most} hours"));
        let both: Vec<String> = trainings.into_iter().chain(hours).collect();
        line += &format!("; budget: {}", both.join(", "));
    }
    line + "\n"
}

/// Stages that are printed together: one, or the predictions of one experiment.
struct Part {
    verb: &'static str,
    kind: &'static str,
    name: String,
    /// The experiment whose predictions they are.
    of: Option<String>,
    works: Vec<String>,
    videos: usize,
    why: Vec<String>,
}

impl Part {
    /// Adds a stage to the last part where it belongs there, or as a part of its own.
    fn add(
        parts: &mut Vec<Self>,
        stage: &Stage,
        verb: &'static str,
        (work, videos): (String, usize),
        why: Vec<String>,
        alone: bool,
    ) {
        let is_scored = stage.nature().kind == StageKind::Predict && !alone;
        let of = stage.work.experiment().filter(|_| is_scored).map(str::to_owned);
        if let Some(last) = parts.last_mut()
            && of.is_some()
            && (last.verb, &last.of, &last.why) == (verb, &of, &why)
        {
            last.works.push(work);
            last.videos += videos;
            return;
        }
        let (kind, name) = (stage.word(), stage.name.clone());
        parts.push(Self { verb, kind, name, of, works: vec![work], videos, why });
    }

    /// What it is of: a stage, or all scores of an experiment.
    fn name(&self) -> &str {
        match (&self.of, self.works.len()) {
            (Some(of), 2..) => of,
            (Some(_) | None, _) => &self.name,
        }
    }

    fn name_width(&self) -> usize {
        self.name().chars().count()
    }

    /// Its lines, with so many characters for the name.
    fn text(&self, widest: usize) -> String {
        let Self { verb, kind, name: _, of, works, videos, why } = self;
        let work = match (of, works.len()) {
            (Some(_), sets @ 2..) => {
                format!("{sets} sets of scores, {} videos", thousands(*videos as u64))
            }
            (Some(_) | None, _) => works.concat(),
        };
        let name = self.name();
        let text = format!("{verb:<6}{kind:<10}{name:<widest$} {work}");
        let mut text = text.trim_end().to_owned() + "\n";
        for why in why.iter().take(SHOWN) {
            text += &format!("      because {why}\n");
        }
        if why.len() > SHOWN {
            text += &format!("      and {} more changes\n", why.len() - SHOWN);
        }
        text
    }
}

/// Characters of a name, at least.
const NAME: usize = 37;

/// How many stages run, and about how long the trainings among them take.
fn sum(listed: &[Listed<'_>]) -> String {
    let count = |is: &dyn Fn(&Reason) -> bool| listed.iter().filter(|one| is(&one.reason)).count();
    let reuse = count(&|reason| *reason == Reason::Reuse);
    let new = count(&|reason| *reason == Reason::New);
    let seconds: f64 = listed.iter().filter_map(|one| one.seconds).sum();
    let run = listed.len() - reuse;
    let mut remarks = Vec::new();
    if new > 0 {
        let have = if new == 1 { "stage has" } else { "stages have" };
        remarks.push(format!("{new} {have} not run in this store"));
    }
    if seconds > 0.0 {
        remarks.push(format!("training takes about {} on this processor", duration(seconds)));
    }
    let remarks = match remarks.is_empty() {
        true => String::new(),
        false => format!("\n{}", remarks.join("; ")),
    };
    let gap = if run == 0 { "" } else { "\n" };
    format!("{remarks}{gap}{run} to run, {reuse} to reuse\n")
}

/// Why a stage runs, one reason a line.
fn words(reason: &Reason, loaded: &Loaded) -> Vec<String> {
    match reason {
        Reason::Reuse => Vec::new(),
        Reason::New => vec!["it has not run in this store".to_owned()],
        Reason::Gone => vec!["its result is no longer in the store".to_owned()],
        Reason::Resume => vec!["it was interrupted; it goes on from there".to_owned()],
        Reason::Changed(changes) => {
            // A value that changed says more than an input that changed because of it.
            let (values, inputs): (Vec<&Change>, Vec<&Change>) =
                changes.iter().partition(|c| c.found.is_none());
            values.into_iter().chain(inputs).map(|change| described(change, loaded)).collect()
        }
    }
}

fn described(change: &Change, loaded: &Loaded) -> String {
    if let Some(found) = change.found {
        if let Some(from) = change.after.as_ref().and_then(Digest::to_come) {
            return format!("{from} is to be downloaded, and may have changed");
        }
        let words = found.words();
        return match change.path.split_once('.') {
            Some((source, _))
                if ["source ", "pseudo-fake "].iter().any(|kind| source.starts_with(kind)) =>
            {
                format!("{words} ({source})")
            }
            Some(_) | None => words.to_owned(),
        };
    }
    let place = change.origin.and_then(|origin| loaded.sources.place(origin));
    let place = place.map_or(String::new(), |p| format!(" ({}:{})", p.file.display(), p.line));
    format!("{} was {} and is {}{place}", change.path, said(&change.before), said(&change.after))
}
