//! `doctor`: what this machine computes with, and whether its bits are those of every machine.

use super::args::DoctorArgs;
use super::exit::Exit;
use super::output::Printer;
use super::project::{Stop, counted, ended};
use crate::engine::bits::{digests, unlike};
use crate::engine::commit::COMMIT;
use crate::engine::gpu;
use crate::engine::memory;
use proofmark_base::provenance::Provenance;
use proofmark_base::width::Width;
use proofmark_base::work::Failure;
use proofmark_group::begin::SEVERAL;
use proofmark_group::cards::NCCL;
use proofmark_lang::Sources;
use proofmark_prepare::ffmpeg::Ffmpeg;

/// Threads that are compared. One, two and an odd number cut work up differently.
const THREADS: [usize; 3] = [1, 2, 3];

/// Says what there is; with `--bits` computes and compares.
pub fn doctor(args: &DoctorArgs, printer: Printer) -> Exit {
    let done = match args.digests {
        true => this_machines().map(|digests| {
            printer.data(&digests);
            Exit::Ok
        }),
        false => tell(args, printer),
    };
    ended(done.map_err(Stop::from), &Sources::default(), printer)
}

fn this_machines() -> Result<String, Failure> {
    Ok(digests()?)
}

/// What of the build is a choice.
fn features() -> String {
    let chosen = [("cuda", cfg!(feature = "cuda")), ("mpi", SEVERAL), ("nccl", NCCL)];
    let chosen = chosen.into_iter().filter(|(_, is_chosen)| *is_chosen);
    let chosen: Vec<&str> = chosen.map(|(name, _)| name).collect();
    match chosen.is_empty() {
        true => "no optional feature".to_owned(),
        false => chosen.join(", "),
    }
}

fn tell(args: &DoctorArgs, printer: Printer) -> Result<Exit, Failure> {
    let this = Provenance::of_this_process(COMMIT);
    let gibibytes = memory::available().map(|bytes| bytes as f64 / f64::from(1 << 30));
    let memory = gibibytes.map_or("unknown".to_owned(), |size| format!("{size:.1} GiB"));
    let ffmpeg = Ffmpeg::find().map_or_else(
        |_| "not found; videos need it".to_owned(),
        |ffmpeg| ffmpeg.number().to_owned(),
    );
    let widths: Vec<&str> = Width::here().into_iter().rev().map(Width::name).collect();
    let gpus = gpu::list().join("\n              ");
    for (what, value) in [
        ("processor", this.processor),
        ("instructions", format!("{}; computes in {}", this.instructions, Width::now().name())),
        ("threads", rayon::current_num_threads().to_string()),
        ("memory left", memory),
        ("GPUs", gpus),
        ("proofmark", format!("{} {} {}", this.proofmark, this.profile, this.commit)),
        ("built with", features()),
        ("ffmpeg", ffmpeg),
    ] {
        printer.text(&format!("{what:<14}{value}\n"));
    }
    if !args.bits {
        return Ok(Exit::Ok);
    }
    let mut exit = Exit::Ok;
    for width in Width::here().into_iter().rev() {
        width.choose();
        for threads in THREADS {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.map_err(|e| Failure::run(format!("no threads can be had: {e}")))?;
            let ours = pool.install(this_machines)?;
            let differ = unlike(&ours);
            let says = match differ.is_empty() {
                true => "the same bits as on every machine".to_owned(),
                false => {
                    exit = Exit::Differs;
                    format!("other bits than on other machines: {}", differ.join("; "))
                }
            };
            let how = format!("{}, {}", width.name(), counted(threads, "thread"));
            printer.text(&format!("{:<14}{how}: {says}\n", "bits"));
        }
    }
    if exit != Exit::Ok {
        printer.always(&format!(
            "results of this machine ({}) may differ in their last digits from those of others; \
             please report it with the lines above",
            widths.join(", ")
        ));
    }
    Ok(exit)
}
