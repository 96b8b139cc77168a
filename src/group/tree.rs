//! The fixed parts of a batch, and the fixed tree in which what they give is added.
//!
//! Sums of floating-point numbers depend on their order. Here the order is that of a binary tree
//! over the leaves of a batch, whose left half is the largest power of two below the whole; who
//! computed which leaf plays no part.

use std::ops::Range;

/// A batch in leaves: leaf `l` is the rows from `l * micro` on, `micro` of them or what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaves {
    rows: usize,
    micro: usize,
}

impl Leaves {
    /// A batch of `rows` in leaves of `micro`, which is at least 1.
    pub fn new(rows: usize, micro: usize) -> Self {
        Self { rows, micro: micro.max(1) }
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.rows.div_ceil(self.micro)
    }

    /// The rows of these leaves.
    pub fn rows(self, leaves: Range<usize>) -> Range<usize> {
        let at = |leaf: usize| (leaf * self.micro).min(self.rows);
        at(leaves.start)..at(leaves.end)
    }
}

/// The part of `count` things, in their order, that falls to one of `size` ranks.
pub fn share(count: usize, rank: usize, size: usize) -> Range<usize> {
    rank * count / size..(rank + 1) * count / size
}

/// A node of the tree: so many leaves from the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Its first leaf.
    pub first: usize,
    /// How many leaves are below it.
    pub width: usize,
}

impl Node {
    /// The root of the tree over so many leaves.
    pub fn root(leaves: usize) -> Self {
        Self { first: 0, width: leaves }
    }

    /// The two that it is the sum of; none of a leaf.
    pub fn halves(self) -> Option<(Self, Self)> {
        let Self { first, width } = self;
        let left = width.next_power_of_two() / 2;
        (width > 1).then_some((
            Self { first, width: left },
            Self { first: first + left, width: width - left },
        ))
    }

    /// The largest nodes from here down that lie wholly within these leaves, from left to right.
    pub fn within(self, leaves: &Range<usize>) -> Vec<Self> {
        let end = self.first + self.width;
        if self.first >= leaves.end || end <= leaves.start {
            return Vec::new();
        }
        match self.halves() {
            Some((left, right)) if self.first < leaves.start || end > leaves.end => {
                [left.within(leaves), right.within(leaves)].concat()
            }
            _ => vec![self],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_runs_of_rows_and_the_last_may_be_short() {
        let leaves = Leaves::new(11, 4);
        assert_eq!(leaves.count(), 3);
        assert_eq!((leaves.rows(0..1), leaves.rows(2..3), leaves.rows(1..3)), (0..4, 8..11, 4..11));
        assert_eq!(Leaves::new(11, 11).count(), 1);
        assert_eq!(Leaves::new(11, 99).rows(0..1), 0..11);
    }

    #[test]
    fn the_left_half_is_the_largest_power_of_two_below() {
        let halves = |width| Node::root(width).halves().map(|(l, r)| (l.width, r.first, r.width));
        assert_eq!(
            [1, 2, 3, 4, 6, 9].map(halves),
            [
                None,
                Some((1, 1, 1)),
                Some((2, 2, 1)),
                Some((2, 2, 2)),
                Some((4, 4, 2)),
                Some((8, 8, 1)),
            ]
        );
    }

    #[test]
    fn the_ranks_nodes_together_are_all_leaves_once() {
        for leaves in 1..40 {
            for size in 1..=leaves {
                let nodes = (0..size).flat_map(|rank| {
                    let own = share(leaves, rank, size);
                    assert!(!own.is_empty(), "{leaves} leaves, {size} ranks");
                    Node::root(leaves).within(&own)
                });
                let mut next = 0;
                for node in nodes {
                    assert_eq!(node.first, next);
                    next += node.width;
                }
                assert_eq!(next, leaves);
            }
        }
    }
}
