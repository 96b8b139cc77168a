//! Seconds of training steps and of forward passes alone. It is asked by lines of its input, so that it takes turns
//! with another program: `step N` and `forward N` are answered by the seconds of N in a row.

use std::io::BufRead as _;
use std::time::Instant;

use proofmark_base::work::Failure;
use proofmark_model::images::{Affine, ByteImages, Images, Uploads};
use proofmark_model::init::{Scheme, randomize};
use proofmark_train::loader::ahead;

use crate::network::{Place, Training, read};
use crate::{Outcome, tell};

/// Begins, says so, and answers until there is nothing more to answer.
pub fn run(device: &str, precision: &str, batch: usize, network: &str) -> Outcome<()> {
    let network = read(network)?;
    let place = Place::new(device, precision)?;
    let params = place.params(&network)?;
    randomize(&params, Scheme::Xavier, 0, |_| true)?;
    let pixels = 3 * network.image() * network.image();
    let rgb = (0..batch * pixels).map(|i| (i % 251) as u8).collect();
    let by = Affine { scale: [1.0 / 125.0; 3], shift: [1.0; 3] };
    let images = ByteImages::new(network.image(), by, rgb);
    let classes: Vec<u32> = (0..batch as u32).map(|i| i % 2).collect();
    let mut training = Training::new(&network, &params, place.precision)?;
    tell(&serde_json::json!({ "ready": place.name() }));
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (what, count) =
            line.split_once(' ').ok_or("it is asked for `step N` or `forward N`")?;
        let count: usize = count.parse()?;
        let (mut loss, begun) = (f64::NAN, Instant::now());
        each(&place, &images, count, |images| {
            match what {
                "step" => loss = training.step(images, &classes, 1e-4)?,
                // Logits are read, so that nothing is under way afterwards.
                "forward" => drop(training.network.logits(images)?.to_vec2::<f32>()?),
                other => return Err(format!("{other} is neither step nor forward").into()),
            }
            Ok(())
        })?;
        // The optimiser's last step is not waited for by itself: to read a number is.
        drop(params.tensor(0)?);
        let seconds = begun.elapsed().as_secs_f64();
        let peak = place.counted.as_ref().map(|counted| counted.peak());
        tell(&serde_json::json!({
            "what": what, "count": count, "seconds": seconds, "peak_memory": peak,
            "loss": loss.is_finite().then_some(loss),
        }));
    }
    Ok(())
}

/// Gives `run` images as a training has them, so many times: bytes, which are sent to a GPU while it computes.
fn each(
    place: &Place,
    images: &ByteImages,
    count: usize,
    mut run: impl FnMut(Images<'_>) -> Outcome<()>,
) -> Outcome<()> {
    let Some(gpu) = place.device.gpu() else {
        return (0..count).try_for_each(|_| run(images.into()));
    };
    let uploads = Uploads::new(gpu);
    let send = |_| uploads.begin(images).map_err(|why| Failure::run(why.to_string()));
    ahead(count, send, |next| {
        for _ in 0..count {
            let there = next()?.arrive()?;
            run((&there).into())?;
            uploads.end(there)?;
        }
        Ok(())
    })
}
