//! `schedule`: the learning rate over time.

use crate::cursor::Cursor;
use crate::diagnostic::Sink;
use crate::node::{Placed, Words, node, words};
use crate::schema::Preset::Number;
use crate::schema::{NOT_NEGATIVE, Type};

node! {
    /// Learning rate over time; constant if absent.
    pub struct Schedule = "schedule" {
        arguments {
            /// Shape after the warm-up.
            kind as "shape": ScheduleKind = ScheduleKind::WORD.required(),
        }
        properties {
            /// Epochs of linear warm-up.
            warmup: f64 = Type::Epochs.or(Number(0.0)),
            /// Learning rate at the end.
            min_lr: f64 = Type::Number(NOT_NEGATIVE).or(Number(0.0)),
            /// Epoch until which a `linear` one is constant; the end of the warm-up if absent.
            hold: Option<f64> [since 2] = Type::Epochs.optional(),
        }
    }
    unwritten = constant;
}

words! {
    /// Shapes of a schedule.
    pub enum ScheduleKind {
        /// half a cosine down to `min-lr`
        Cosine = "cosine",
        /// constant until `hold`, then a straight line down to `min-lr`
        Linear = "linear",
        /// constant
        Constant = "constant",
    }
}

impl Schedule {
    /// The one of a recipe without.
    pub const CONSTANT: Self =
        Self { kind: ScheduleKind::Constant, warmup: 0.0, min_lr: 0.0, hold: None };
}

fn constant(_: Cursor<'_>, _: &mut Sink) -> Option<Placed<Schedule>> {
    Some(Schedule::CONSTANT.into())
}
