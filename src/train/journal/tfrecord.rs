//! TensorBoard's file format: records with checksums, and the few protocol-buffer
//! fields of an event.

/// A record: its length, the checksum of the length, the bytes, their checksum.
pub(super) fn framed(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(bytes.len() + 16);
    record.extend(length);
    record.extend(masked(&length).to_le_bytes());
    record.extend(bytes);
    record.extend(masked(bytes).to_le_bytes());
    record
}

/// CRC-32C rotated and shifted, as TensorFlow does so that checksums of data that hold
/// checksums stay good.
fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli), reflected.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| CRC[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!0, step)
}

static CRC: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
}

/// A protocol-buffer message being written.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub bytes: Vec<u8>,
}

impl Message {
    fn varint(mut self, mut value: u64) -> Self {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
        self
    }

    /// The number of a field with the wire type of its value.
    fn key(self, field: u64, wire: u64) -> Self {
        self.varint(field << 3 | wire)
    }

    /// A whole number; 0 is the default and is left out.
    pub fn whole(self, field: u64, value: u64) -> Self {
        if value == 0 { self } else { self.key(field, 0).varint(value) }
    }

    /// A double; 0 is the default and is left out.
    pub fn double(self, field: u64, value: f64) -> Self {
        if value == 0.0 {
            return self;
        }
        let mut message = self.key(field, 1);
        message.bytes.extend(value.to_le_bytes());
        message
    }

    /// A float that is there even if it is 0, as a member of a `oneof`.
    pub fn float(self, field: u64, value: f32) -> Self {
        let mut message = self.key(field, 5);
        message.bytes.extend(value.to_le_bytes());
        message
    }

    /// Text, or a message within.
    pub fn nested(self, field: u64, bytes: &[u8]) -> Self {
        let mut message = self.key(field, 2).varint(bytes.len() as u64);
        message.bytes.extend(bytes);
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of the CRC catalogue, and the vectors of RFC 3720, B.4.
    #[test]
    fn checksums_are_castagnolis() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }

    /// The examples of the protocol-buffer encoding guide: 150 in field 1, "testing" in
    /// field 2, and a message with the former in field 3.
    #[test]
    fn fields_are_encoded_as_the_guide_shows() {
        let inner = Message::default().whole(1, 150);
        assert_eq!(inner.bytes, [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().nested(2, b"testing").bytes, b"\x12\x07testing");
        assert_eq!(
            Message::default().nested(3, &inner.bytes).bytes,
            [0x1a, 0x03, 0x08, 0x96, 0x01]
        );
        assert!(Message::default().whole(2, 0).double(1, 0.0).bytes.is_empty());
        assert_eq!(Message::default().float(2, 0.0).bytes, [0x15, 0, 0, 0, 0]);
    }
}
