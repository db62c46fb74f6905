//! TFRecord: each record has its length, the masked crc32c of the length, the bytes, and theirs.

/// A record around some bytes.
pub(super) fn record(bytes: &[u8], out: &mut Vec<u8>) {
    let length = (bytes.len() as u64).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&masked_crc(&length).to_le_bytes());
    out.extend_from_slice(bytes);
    out.extend_from_slice(&masked_crc(bytes).to_le_bytes());
}

/// The records of a file with the bytes at which each ends, up to the first that is not whole.
pub(super) fn records(file: &[u8]) -> Vec<(&[u8], usize)> {
    let (mut at, mut found) = (0, Vec::new());
    while let Some((bytes, end)) = next(file, at) {
        found.push((bytes, end));
        at = end;
    }
    found
}

fn next(file: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = file.get(at..)?;
    let (length, rest) = rest.split_first_chunk::<8>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*crc) != masked_crc(length) {
        return None;
    }
    let size = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let bytes = rest.get(..size)?;
    let crc = rest.get(size..)?.first_chunk::<4>()?;
    (u32::from_le_bytes(*crc) == masked_crc(bytes)).then_some((bytes, at + size + 16))
}

/// TensorFlow's: rotated, and moved by a constant.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli).
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ TABLE[usize::from((crc as u8) ^ byte)];
    !bytes.iter().fold(!0, step)
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn records_come_back_up_to_the_first_that_is_cut() {
        let mut file = Vec::new();
        record(b"one", &mut file);
        let whole = file.len();
        record(b"two", &mut file);
        assert_eq!(records(&file), [(&b"one"[..], whole), (&b"two"[..], file.len())]);
        for cut in whole..file.len() {
            assert_eq!(records(&file[..cut]), [(&b"one"[..], whole)], "{cut}");
        }
        file[whole + 13] ^= 1;
        assert_eq!(records(&file).len(), 1);
    }
}
