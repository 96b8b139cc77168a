//! Natural order of names: `2.png` before `10.png`.

use std::cmp::Ordering;

/// Compares runs of digits as numbers and everything else as bytes; names that
/// differ only in leading zeros fall back to their bytes, so that the order is total.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a.as_bytes(), b.as_bytes());
    loop {
        let (Some(&first), Some(&second)) = (x.first(), y.first()) else {
            return x.len().cmp(&y.len()).then_with(|| a.cmp(b));
        };
        let ordering = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (left, right) = (take_digits(&mut x), take_digits(&mut y));
            left.len().cmp(&right.len()).then_with(|| left.cmp(right))
        } else {
            (x, y) = (&x[1..], &y[1..]);
            first.cmp(&second)
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
}

/// Takes the leading run of digits off `text` and gives it without leading zeros.
fn take_digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    let zeros = digits.iter().take_while(|&&b| b == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = ["v10/2.png", "v2/10.png", "v2/9.png", "v2/09.png", "v2/9b.png", "v", ""];
        names.sort_by(|a, b| compare(a, b));
        assert_eq!(
            names,
            ["", "v", "v2/09.png", "v2/9.png", "v2/9b.png", "v2/10.png", "v10/2.png"]
        );
        assert_eq!(compare("99999999999999999999998", "99999999999999999999999"), Ordering::Less);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[0-2a/]{0,6}", b in "[0-2a/]{0,6}", c in "[0-2a/]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b).is_eq(), a == b);
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
    }
}
