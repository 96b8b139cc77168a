//! One process.

use super::group::Group;
use proofmark_base::work::Failure;

/// A process that trains by itself: a group of one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Group for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn exchange(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
        Ok(messages)
    }
}
