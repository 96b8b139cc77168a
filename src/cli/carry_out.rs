//! A parsed command line is carried out.

use clap::CommandFactory;

use super::args::{Cli, Verb};
use super::exit::Exit;
use super::output::Printer;
use super::usage::usage;
use super::{
    audit, check, data, diff, doctor, embeddings, explain, export, fmt, gallery, gc, ls, metrics,
    pack, plan, run, score, status, table, verbose, work,
};
use crate::engine::graph::Until;

/// Carries out a parsed command line.
pub fn main(cli: &Cli) -> Exit {
    if cli.quiet && cli.verbose > 0 {
        return usage(Cli::command().error(
            clap::error::ErrorKind::ArgumentConflict,
            "--quiet prints less and --verbose more; leave out one of the two",
        ));
    }
    let printer = Printer::new(cli.quiet);
    verbose::begin(cli.verbose, printer);
    let exit = carry_out(&cli.verb, printer);
    if let Some(pointer) = exit.pointer() {
        printer.line(&pointer);
    }
    printer.end(exit)
}

fn carry_out(verb: &Verb, printer: Printer) -> Exit {
    match verb {
        Verb::Check(args) => check::check(args, printer),
        Verb::Plan(args) => plan::plan(args, printer),
        Verb::Data(args) => data::data(args, printer),
        Verb::Prepare(args) => run::prepare(args, printer),
        Verb::Train(args) => run::run(args, Until::Train, printer),
        Verb::Evaluate(args) => run::run(args, Until::Evaluate, printer),
        Verb::Run(args) => run::report(args, printer),
        Verb::Status(args) => status::status(args, printer),
        Verb::Logs(args) => status::logs(args, printer),
        Verb::Cancel(args) => status::cancel(args, printer),
        Verb::Work(args) => work::work(args, printer),
        Verb::Table(args) => table::table(args, printer),
        Verb::Audit(args) => audit::audit(args, printer),
        Verb::Gallery(args) => gallery::gallery(args, printer),
        Verb::Score(args) => score::score(args, printer),
        Verb::Embeddings(args) => embeddings::embeddings(args, printer),
        Verb::Export(args) => export::export(args, printer),
        Verb::Ls(args) => ls::ls(args, printer),
        Verb::Gc(args) => gc::gc(args, printer),
        Verb::Metrics(args) => metrics::metrics(args, printer),
        Verb::Pack(args) => pack::pack(args, printer),
        Verb::Replay(args) => pack::replay(args, printer),
        Verb::Diff(args) => diff::diff(args, printer),
        Verb::Doctor(args) => doctor::doctor(args, printer),
        Verb::Explain(args) => explain::explain(args, printer),
        Verb::Fmt(args) => fmt::fmt(args, printer),
    }
}
