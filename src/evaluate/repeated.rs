//! Lines of a CSV that are there more than once, as samplers leave them which pad the last batch
//! of several cards.

use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;

use rayon::prelude::*;

/// How many of the last `rows` lines of a CSV equal an earlier one of them. None where a field may
/// hold line breaks, so that a line need not be a row.
///
/// # Errors
/// What the reader says.
pub(super) fn repeated(mut csv: impl BufRead, rows: usize) -> std::io::Result<Option<usize>> {
    let state = RandomState::new();
    let mut digests: Vec<u64> = Vec::with_capacity(rows + 1);
    let mut line = Vec::new();
    while csv.read_until(b'\n', &mut line)? > 0 {
        let text = line.trim_ascii_end();
        if !text.is_empty() {
            digests.push(state.hash_one(text));
        }
        line.clear();
    }
    // The header, and before it Excel's `sep=`.
    let before = digests.len().checked_sub(rows).filter(|before| (1..=2).contains(before));
    let Some(before) = before else { return Ok(None) };
    let rows = &mut digests[before..];
    rows.par_sort_unstable();
    Ok(Some(rows.windows(2).filter(|pair| pair[0] == pair[1]).count()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn lines_that_equal_an_earlier_one_are_counted() {
        let repeated = |csv: &str, rows| super::repeated(csv.as_bytes(), rows).unwrap();
        assert_eq!(repeated("a,b\n1,2\n3,4\n1,2\r\n1,2", 4), Some(2));
        assert_eq!(repeated("sep=;\na;b\n1;2\n3;4\n", 2), Some(0));
        assert_eq!(repeated("a,b\n1,\"2\n3\"\n1,\"2\n3\"\n", 2), None, "a field of two lines");
        assert_eq!(repeated("", 0), None);
    }
}
