//! `batch`: faces per step.

use crate::limits;
use crate::node::node;
use crate::schema::whole;

node! {
    /// Faces per step.
    pub struct Batch = "batch" {
        arguments {
            /// The number.
            size: usize [key "batch"] = whole(&limits::SIZE).required(),
        }
        properties {
            /// Faces whose activations are in memory at a time; losses still see the whole batch.
            /// All if absent.
            micro: Option<usize> = whole(&limits::SIZE).optional(),
        }
    }
}
