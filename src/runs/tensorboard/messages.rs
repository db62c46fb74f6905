//! TensorFlow's messages `Event` and `Summary`, as far as scalars, histograms and texts need them.

/// The fields of a message, one after the other.
#[derive(Default)]
pub(super) struct Message(pub Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(super) fn int(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    pub(super) fn double(mut self, field: u64, value: f64) -> Self {
        self.varint(field << 3 | 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn float(mut self, field: u64, value: f32) -> Self {
        self.varint(field << 3 | 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn doubles(self, field: u64, values: &[f64]) -> Self {
        let packed: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.bytes(field, &packed)
    }
}

/// A `Summary.Value` of one number.
pub(super) fn scalar(tag: &str, value: f64) -> Vec<u8> {
    Message::default().bytes(1, tag.as_bytes()).float(2, value as f32).0
}

/// The type of a tensor of texts.
const STRING: u64 = 7;

/// A `Summary.Value` of a text, which is shown as it stands.
pub(super) fn text(tag: &str, text: &str) -> Vec<u8> {
    let plugin = Message::default().bytes(1, b"text").0;
    let metadata = Message::default().bytes(1, &plugin).0;
    let shown = format!("```\n{text}\n```");
    let shape = Message::default().bytes(2, &Message::default().int(1, 1).0).0;
    let tensor = Message::default().int(1, STRING).bytes(2, &shape).bytes(8, shown.as_bytes()).0;
    Message::default().bytes(1, tag.as_bytes()).bytes(9, &metadata).bytes(8, &tensor).0
}

/// Buckets of a histogram.
const BUCKETS: usize = 30;

/// A `Summary.Value` of many numbers; those that are not finite are left out.
pub(super) fn histogram(tag: &str, values: &[f32]) -> Vec<u8> {
    let values = values.iter().map(|value| f64::from(*value)).filter(|value| value.is_finite());
    let values: Vec<f64> = values.collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let width = ((high - low) / BUCKETS as f64).max(f64::MIN_POSITIVE);
    let mut counts = vec![0.0; BUCKETS];
    for value in &values {
        counts[(((value - low) / width) as usize).min(BUCKETS - 1)] += 1.0;
    }
    let limits: Vec<f64> = (1..=BUCKETS).map(|bucket| low + width * bucket as f64).collect();
    let (low, high) = if values.is_empty() { (0.0, 0.0) } else { (low, high) };
    let histogram = Message::default()
        .double(1, low)
        .double(2, high)
        .double(3, values.len() as f64)
        .double(4, values.iter().sum())
        .double(5, values.iter().map(|value| value * value).sum());
    let histogram = if values.is_empty() {
        histogram
    } else {
        histogram.doubles(6, &limits).doubles(7, &counts)
    };
    Message::default().bytes(1, tag.as_bytes()).bytes(5, &histogram.0).0
}

/// What is read of an event: its step, and the tag of its first value.
pub(super) fn step_and_tag(event: &[u8]) -> (u64, Option<String>) {
    let (mut step, mut tag) = (0, None);
    for (field, value) in fields(event) {
        match (field, value) {
            (2, Field::Int(value)) => step = value,
            (5, Field::Bytes(summary)) => {
                let value = fields(summary).into_iter().find(|(field, _)| *field == 1);
                let Some((_, Field::Bytes(value))) = value else { continue };
                let name = fields(value).into_iter().find(|(field, _)| *field == 1);
                if let Some((_, Field::Bytes(name))) = name {
                    tag = Some(String::from_utf8_lossy(name).into_owned());
                }
            }
            _ => {}
        }
    }
    (step, tag)
}

enum Field<'a> {
    Int(u64),
    Bytes(&'a [u8]),
    Other,
}

/// The fields of a message, up to the first that can't be read.
fn fields(mut rest: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut found = Vec::new();
    while let Some((key, after)) = read_varint(rest) {
        let value = match key & 7 {
            0 => read_varint(after).map(|(value, after)| (Field::Int(value), after)),
            1 => after.get(8..).map(|after| (Field::Other, after)),
            5 => after.get(4..).map(|after| (Field::Other, after)),
            2 => read_varint(after).and_then(|(length, after)| {
                let length = usize::try_from(length).ok()?;
                Some((Field::Bytes(after.get(..length)?), after.get(length..)?))
            }),
            _ => None,
        };
        let Some((value, after)) = value else { break };
        found.push((key >> 3, value));
        rest = after;
    }
    found
}

fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_and_the_tag_of_an_event_are_read_back() {
        let summary = Message::default().bytes(1, &scalar("epoch/loss", 0.5)).0;
        let event = Message::default().double(1, 1.5).int(2, 300).bytes(5, &summary).0;
        assert_eq!(step_and_tag(&event), (300, Some("epoch/loss".to_string())));
        for cut in 0..event.len() {
            step_and_tag(&event[..cut]); // and never a panic
        }
    }
}
