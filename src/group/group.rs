//! What the processes of a group can tell each other.

use std::time::Duration;

use proofmark_base::work::Failure;

/// Processes, each with a number from 0 on, its rank, that all do the same things in the same order.
/// Whatever one tells the others passes [`Group::exchange`].
pub trait Group: Sync {
    /// The number of this process.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// Sends each rank its message, and returns what each has sent to this one, in order of rank.
    ///
    /// # Errors
    /// A rank that has ended, or does not answer.
    fn exchange(&self, messages: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure>;
}

/// That a rank has not answered for so long, or has ended.
pub fn lost(rank: usize, size: usize, patience: Duration) -> Failure {
    Failure::Group(format!(
        "rank {rank} of {size} has ended, or did not answer within {} s",
        patience.as_secs()
    ))
}

/// What went wrong, without what is said of every end of a group.
pub(crate) fn why(failure: &Failure) -> String {
    if let Failure::Group(why) = failure { why.clone() } else { failure.to_string() }
}

/// Whether this is the rank that writes and tells.
pub fn leads(group: &dyn Group) -> bool {
    group.rank() == 0
}

/// What each rank has, in order of rank.
///
/// # Errors
/// Those of [`Group::exchange`].
pub fn gather(group: &dyn Group, own: Vec<u8>) -> Result<Vec<Vec<u8>>, Failure> {
    group.exchange(vec![own; group.size()])
}

/// The values of all ranks, one rank's after the other's.
///
/// # Errors
/// Those of [`Group::exchange`].
pub fn gather_values(group: &dyn Group, own: Vec<f32>) -> Result<Vec<f32>, Failure> {
    if group.size() == 1 {
        return Ok(own);
    }
    Ok(gather(group, bytes(&own))?.iter().flat_map(|bytes| values(bytes)).collect())
}

/// What rank 0 has.
///
/// # Errors
/// Those of [`Group::exchange`].
pub fn broadcast(group: &dyn Group, own: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let messages = match leads(group) {
        true => vec![own; group.size()],
        false => vec![Vec::new(); group.size()],
    };
    Ok(group.exchange(messages)?.swap_remove(0))
}

/// Whether any rank says so.
///
/// # Errors
/// Those of [`Group::exchange`].
pub fn any(group: &dyn Group, own: bool) -> Result<bool, Failure> {
    Ok(gather(group, vec![u8::from(own)])?.iter().any(|said| said == &[1]))
}

/// Values as bytes.
pub fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// What [`bytes`] was given.
pub fn values(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}
