//! Lines of a channel at twice or more times the size, as libjpeg enlarges chroma: a value and
//! a quarter of the way to the next ("fancy"), or the value repeated.

use proofmark_base::wide::wide;

/// The rows from which row `y` at twice the height is mixed, of `rows`: the nearest and the
/// next.
pub fn neighbour(y: usize, rows: usize) -> (usize, usize) {
    let near = y / 2;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(rows - 1) };
    (near, far)
}

/// Each value so many times.
pub fn repeated(values: &[u8], times: usize, out: &mut [u8]) {
    for (out, value) in out.chunks_mut(times).zip(values) {
        out.fill(*value);
    }
}

/// At twice the width: three quarters of the nearest value, one of the next. A half is rounded
/// down and up in turn. There are two values at least.
pub fn across(values: &[u8], out: &mut [u8]) {
    let [first, .., last] = *values else { return };
    let (inner, ends) = (values.len() - 2, 2 * values.len() - 1);
    let (before, after) = (&values[..inner], &values[2..]);
    out[1] = quarter(first, values[1], 2);
    wide(
        #[inline(always)]
        || {
            let twos = out[2..].as_chunks_mut::<2>().0;
            let around = before.iter().zip(after);
            for ((two, this), (before, after)) in twos.iter_mut().zip(&values[1..]).zip(around) {
                *two = [quarter(*this, *before, 1), quarter(*this, *after, 2)];
            }
        },
    );
    out[ends - 1] = quarter(last, values[inner], 1);
    (out[0], out[ends]) = (first, last);
}

/// A row at twice the height, where `more` is 1 for the upper of two rows and 2 for the lower.
pub fn down(near: &[u8], far: &[u8], more: u16, out: &mut [u8]) {
    wide(
        #[inline(always)]
        || {
            for ((out, near), far) in out.iter_mut().zip(near).zip(far) {
                *out = quarter(*near, *far, more);
            }
        },
    );
}

/// Three quarters of one value, one of the other.
#[inline(always)]
fn quarter(near: u8, far: u8, more: u16) -> u8 {
    (mixture(near, far).wrapping_add(more) >> 2) as u8
}

/// Three of one value, one of the other.
#[inline(always)]
fn mixture(near: u8, far: u8) -> u16 {
    u16::from(near).wrapping_mul(3).wrapping_add(u16::from(far))
}

/// A row at twice the size both ways; `mixed` is for what lies between.
pub fn both(near: &[u8], far: &[u8], mixed: &mut Vec<u16>, out: &mut [u8]) {
    let columns = near.len();
    // The border goes on by a value on both sides.
    mixed.resize(columns + 2, 0);
    let mixed = &mut mixed[..columns + 2];
    wide(
        #[inline(always)]
        || {
            for ((mixed, near), far) in mixed[1..].iter_mut().zip(near).zip(far) {
                *mixed = mixture(*near, *far);
            }
        },
    );
    mixed[0] = mixed[1];
    mixed[columns + 1] = mixed[columns];
    let (before, this, after) = (&*mixed, &mixed[1..=columns], &mixed[2..]);
    let twos = out.as_chunks_mut::<2>().0.iter_mut();
    wide(
        #[inline(always)]
        || {
            for (((two, before), this), after) in twos.zip(before).zip(this).zip(after) {
                let near = this.wrapping_mul(3);
                *two = [
                    (near.wrapping_add(*before).wrapping_add(8) >> 4) as u8,
                    (near.wrapping_add(*after).wrapping_add(7) >> 4) as u8,
                ];
            }
        },
    );
}
