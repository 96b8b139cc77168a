//! A line of JSON that carries a checksum of itself as its last member, so that a bit of it that
//! flips on the disk is seen.
//!
//! `{"a":1}` becomes `{"a":1,"crc32":"6b2ab3b8"}`: the CRC-32 (as in zlib, PNG and Python's
//! `zlib.crc32`) of the text before it, in hexadecimal.

/// What stands before the checksum.
const BEFORE: &[u8] = b"\"crc32\":\"";
/// How many bytes the last member takes, with the brace after it.
const LENGTH: usize = BEFORE.len() + 8 + 2;

/// What a checksum says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// It is as it was written.
    Whole,
    /// It has no checksum, as what an earlier version wrote.
    None,
    /// It is another text than the one that was written.
    Broken,
}

/// Adds the checksum to the text of an object.
pub fn seal(object: &mut Vec<u8>) {
    let sum = crc32fast::hash(object);
    object.pop();
    if object.last() != Some(&b'{') {
        object.push(b',');
    }
    object.extend_from_slice(BEFORE);
    object.extend_from_slice(format!("{sum:08x}\"}}").as_bytes());
}

/// Compares a text with its checksum.
pub fn check(text: &[u8]) -> Seal {
    let Some((object, member)) = text.len().checked_sub(LENGTH).map(|at| text.split_at(at)) else {
        return Seal::None;
    };
    let Some(sum) = member.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(b"\"}")) else {
        return Seal::None;
    };
    let object = object.strip_suffix(b",").unwrap_or(object);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(object);
    hasher.update(b"}");
    match sum == format!("{:08x}", hasher.finalize()).as_bytes() {
        true => Seal::Whole,
        false => Seal::Broken,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sealed_object_is_json_with_one_member_more() {
        for text in ["{}", "{\"a\":1}", "{\"a\":{\"crc32\":\"00000000\"}}"] {
            let mut sealed = text.as_bytes().to_vec();
            assert_eq!(check(&sealed), Seal::None);
            seal(&mut sealed);
            assert_eq!(check(&sealed), Seal::Whole);
            let mut value: serde_json::Value = serde_json::from_slice(&sealed).unwrap();
            assert!(value.as_object_mut().unwrap().shift_remove("crc32").is_some());
            assert_eq!(value.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn a_flipped_bit_is_seen_wherever_it_is(text in "[a-z0-9 ]{0,80}", at: prop::sample::Index) {
            let mut sealed = serde_json::json!({"text": text}).to_string().into_bytes();
            seal(&mut sealed);
            let bit = at.index(8 * sealed.len());
            sealed[bit / 8] ^= 1 << (bit % 8);
            // Where the member itself is not one any more, the rest is as it was.
            let member = sealed.len() - LENGTH;
            let of_member = (member..member + BEFORE.len()).contains(&(bit / 8));
            match of_member || bit / 8 >= sealed.len() - 2 {
                true => prop_assert_eq!(check(&sealed), Seal::None),
                false => prop_assert_eq!(check(&sealed), Seal::Broken),
            }
        }
    }
}
