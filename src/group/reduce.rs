//! The sum of what the leaves of a batch gave, to the same bits whoever computed which of them.
//!
//! Each rank has added its own leaves up to the nodes of the tree that lie wholly within them. It
//! answers for a slice of the values: gets all nodes of that slice, adds them up the tree, and
//! gives the sum to all.

use std::collections::BTreeMap;

use super::group::{Group, bytes, gather_values, values};
use super::tree::{Node, share};
use proofmark_base::work::Failure;

/// The sum over `leaves` leaves of values of which each rank has those nodes of the tree that
/// [`Node::within`] its [`share`] finds, in that order and of one length.
///
/// # Errors
/// Those of [`Group::exchange`].
pub fn reduce(group: &dyn Group, leaves: usize, own: &[Vec<f32>]) -> Result<Vec<f32>, Failure> {
    let (rank, size) = (group.rank(), group.size());
    let length = own.first().map_or(0, Vec::len);
    let slice = |rank| share(length, rank, size);
    let message = |to| own.iter().flat_map(|node| bytes(&node[slice(to)])).collect();
    let heard = group.exchange((0..size).map(message).collect())?;
    let width = slice(rank).len();
    let mut nodes = BTreeMap::new();
    for (from, message) in heard.iter().enumerate() {
        let mut values = values(message);
        for node in Node::root(leaves).within(&share(leaves, from, size)) {
            let part: Vec<f32> = values.by_ref().take(width).collect();
            if part.len() != width {
                return Err(Failure::Internal(format!("rank {from} sent too few gradients")));
            }
            nodes.insert(node, part);
        }
    }
    gather_values(group, sum(Node::root(leaves), &mut nodes))
}

/// The sum below a node, of those nodes that are given.
fn sum(node: Node, given: &mut BTreeMap<Node, Vec<f32>>) -> Vec<f32> {
    match (given.remove(&node), node.halves()) {
        (Some(sum), _) => sum,
        (None, Some((left, right))) => {
            let mut left = sum(left, given);
            left.iter_mut().zip(sum(right, given)).for_each(|(a, b)| *a += b);
            left
        }
        (None, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::threads::{Member, each};

    /// The sum below a node, by its definition.
    fn whole(node: Node, leaves: &[Vec<f32>]) -> Vec<f32> {
        match node.halves() {
            None => leaves[node.first].clone(),
            Some((left, right)) => {
                let (left, right) = (whole(left, leaves), whole(right, leaves));
                left.iter().zip(right).map(|(a, b)| a + b).collect()
            }
        }
    }

    /// What each of so many ranks makes of its share of the leaves.
    fn ranks(
        size: usize,
        leaves: &[Vec<f32>],
        run: impl Fn(&Member, &[Vec<f32>]) -> Vec<f32> + Sync,
    ) -> Vec<Vec<f32>> {
        each(size, |member| run(member, leaves))
    }

    fn in_the_tree(member: &Member, leaves: &[Vec<f32>]) -> Vec<f32> {
        let own = share(leaves.len(), member.rank(), member.size());
        let nodes = Node::root(leaves.len()).within(&own).into_iter();
        let nodes: Vec<Vec<f32>> = nodes.map(|node| whole(node, leaves)).collect();
        reduce(member, leaves.len(), &nodes).unwrap()
    }

    /// Each rank's leaves in sequence, then the ranks in sequence: what libraries do.
    fn in_order_of_rank(member: &Member, leaves: &[Vec<f32>]) -> Vec<f32> {
        let add = |mut a: Vec<f32>, b: Vec<f32>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let own = &leaves[share(leaves.len(), member.rank(), member.size())];
        let own = own.iter().cloned().reduce(add).unwrap();
        let all = gather_values(member, own.clone()).unwrap();
        all.chunks(own.len()).map(<[f32]>::to_vec).reduce(add).unwrap()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// Leaves of 11 values of very unlike sizes.
    fn leaves() -> impl Strategy<Value = Vec<Vec<f32>>> {
        let value = (-1f32..1.0, -12i32..12).prop_map(|(value, power)| value * 2f32.powi(power));
        prop::collection::vec(prop::collection::vec(value, 11), 1..24)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn any_number_of_ranks_has_the_bits_of_one(leaves in leaves()) {
            let one = whole(Node::root(leaves.len()), &leaves);
            for size in 1..=leaves.len().min(9) {
                for sum in ranks(size, &leaves, in_the_tree) {
                    prop_assert_eq!(bits(&sum), bits(&one), "{} ranks", size);
                }
            }
        }
    }

    /// Without it, the test above would hold of any sum.
    #[test]
    fn sums_in_order_of_rank_differ() {
        let value = |leaf: usize, i: usize| (1.0 + i as f32) / (3.0 + 7.0 * leaf as f32);
        let leaf = |leaf| (0..64).map(|i| value(leaf, i)).collect();
        let leaves: Vec<Vec<f32>> = (0..9).map(leaf).collect();
        let differ = |run: fn(&Member, &[Vec<f32>]) -> Vec<f32>| {
            let one = bits(&ranks(1, &leaves, run)[0]);
            (2..=9).filter(|size| bits(&ranks(*size, &leaves, run)[0]) != one).count()
        };
        assert_eq!(differ(in_the_tree), 0);
        assert!(differ(in_order_of_rank) > 0);
    }
}
