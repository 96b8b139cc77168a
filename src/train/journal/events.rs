//! Records as TensorBoard events.

use super::record::{EpochRecord, Pace, StepRecord};
use super::tfrecord::{Message, framed};

// Fields of `tensorboard/compat/proto/{event,summary}.proto`.
const WALL_TIME: u64 = 1;
const STEP: u64 = 2;
const FILE_VERSION: u64 = 3;
const SUMMARY: u64 = 5;
const SESSION_LOG: u64 = 7;
const SESSION_STATUS: u64 = 1;
const SESSION_START: u64 = 1;
const SUMMARY_VALUE: u64 = 1;
const VALUE_TAG: u64 = 1;
const VALUE_SIMPLE: u64 = 2;

/// How an event file begins when `first` is the next step to be taken: TensorBoard
/// forgets what earlier files say about that step and later ones.
pub(super) fn beginning(time: f64, first: u64) -> Vec<u8> {
    let version = Message::default().double(WALL_TIME, time);
    let version = version.nested(FILE_VERSION, b"brain.Event:2");
    let status = Message::default().whole(SESSION_STATUS, SESSION_START);
    let start = Message::default().double(WALL_TIME, time).whole(STEP, first);
    let start = start.nested(SESSION_LOG, &status.bytes);
    [framed(&version.bytes), framed(&start.bytes)].concat()
}

/// The event of a step; `number` counts steps from the beginning of the run.
pub(super) fn step(record: &StepRecord, number: u64) -> Vec<u8> {
    let mut scalars = vec![
        ("train/loss".to_owned(), record.loss),
        ("train/learning_rate".to_owned(), record.lr),
        ("train/gradient_norm".to_owned(), record.grad_norm),
        ("train/images_per_second".to_owned(), record.images_per_second),
        ("train/embedding_norm".to_owned(), record.embedding_norm),
    ];
    for part in &record.parts {
        scalars.push((format!("train/loss/{}", part.term), part.value));
    }
    for seen in &record.triplets {
        if let Some(fraction) = seen.active_fraction() {
            scalars.extend([
                (format!("triplets/{}/active_fraction", seen.term), fraction),
                (format!("triplets/{}/positive_distance", seen.term), seen.positive_distance),
                (format!("triplets/{}/negative_distance", seen.term), seen.negative_distance),
            ]);
        }
    }
    event(record.time, number, &scalars)
}

/// The event of an epoch, at the number of its last step.
pub(super) fn epoch(record: &EpochRecord, number: u64) -> Vec<u8> {
    let mut scalars = vec![
        ("epoch/epoch".to_owned(), f64::from(record.epoch)),
        ("epoch/train_loss".to_owned(), record.train_loss),
    ];
    let Pace { time, images_per_second, loader_share } = record.pace.unwrap_or_default();
    let pace = [("images_per_second", images_per_second), ("loader_share", loader_share)];
    scalars.extend(pace.map(|(tag, value)| (format!("epoch/{tag}"), value)));
    for part in &record.parts {
        scalars.push((format!("epoch/train_loss/{}", part.term), part.value));
    }
    for part in &record.weighted {
        scalars.push((format!("epoch/weighted/{}", part.term), part.value));
    }
    let validated = [("validation/loss", record.val_loss), ("validation/auc", record.val_auc)];
    for (tag, value) in validated {
        scalars.extend(value.map(|value| (tag.to_owned(), value)));
    }
    event(time, number, &scalars)
}

fn event(time: f64, number: u64, scalars: &[(String, f64)]) -> Vec<u8> {
    let mut summary = Message::default();
    for (tag, value) in scalars {
        let value =
            Message::default().nested(VALUE_TAG, tag.as_bytes()).float(VALUE_SIMPLE, *value as f32);
        summary = summary.nested(SUMMARY_VALUE, &value.bytes);
    }
    let event = Message::default().double(WALL_TIME, time).whole(STEP, number);
    framed(&event.nested(SUMMARY, &summary.bytes).bytes)
}
