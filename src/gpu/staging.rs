//! Numbers on their way to a device: the host goes on while it takes them.

use candle_core::{DType, Device, Result, Tensor};

use super::pinned::Pinned;

/// Room for numbers, which are written and then sent.
pub(crate) struct Staging {
    pinned: Option<Pinned>,
    /// Where there is no pinned memory.
    plain: Vec<u8>,
    device: Device,
    /// Bytes that have been written.
    written: usize,
}

impl Staging {
    /// So many bytes at most.
    pub(crate) fn new(bytes: usize, device: &Device) -> Staging {
        let pinned = Pinned::new(bytes, device);
        let plain = vec![0; if pinned.is_some() { 0 } else { bytes }];
        Staging { pinned, plain, device: device.clone(), written: 0 }
    }

    /// Forgets what was written.
    pub(crate) fn clear(&mut self) {
        self.written = 0;
    }

    /// Writes more numbers of `N` bytes. Waits where the room's last numbers are still being taken.
    pub(crate) fn write<const N: usize>(
        &mut self,
        numbers: impl ExactSizeIterator<Item = [u8; N]>,
    ) -> Result<()> {
        let bytes = match &mut self.pinned {
            Some(pinned) => pinned.bytes()?,
            None => &mut self.plain,
        };
        let end = self.written + N * numbers.len();
        let Some(bytes) = bytes.get_mut(self.written..end) else {
            candle_core::bail!("no room for {end} bytes");
        };
        let (places, _) = bytes.as_chunks_mut::<N>();
        for (place, number) in places.iter_mut().zip(numbers) {
            *place = number;
        }
        self.written = end;
        Ok(())
    }

    /// Sends what was written, as a tensor of the device.
    #[allow(unsafe_code)]
    pub(crate) fn send(&mut self, dtype: DType, shape: (usize, usize)) -> Result<Tensor> {
        let (rows, width) = shape;
        if rows * width * dtype.size_in_bytes() != self.written {
            candle_core::bail!("{} bytes are no {shape:?} of {dtype:?}", self.written);
        }
        let Some(pinned) = &mut self.pinned else {
            let bytes = &self.plain[..self.written];
            return Tensor::from_raw_buffer(bytes, dtype, &[rows, width], &self.device);
        };
        // SAFETY: all of its numbers are sent before anything reads them.
        let tensor = unsafe { Tensor::empty(shape, dtype, &self.device) }?;
        pinned.send(&tensor)?;
        Ok(tensor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_sent_in_its_type() {
        let mut staging = Staging::new(24, &Device::Cpu);
        staging.write([1.5f32, -2.0].iter().map(|x| x.to_ne_bytes())).unwrap();
        staging.write([0.25f32, 4.0].iter().map(|x| x.to_ne_bytes())).unwrap();
        let sent = staging.send(DType::F32, (2, 2)).unwrap();
        assert_eq!(sent.to_vec2::<f32>().unwrap(), [[1.5, -2.0], [0.25, 4.0]]);
        staging.clear();
        staging.write([7u8, 9, 11].iter().map(|x| [*x])).unwrap();
        assert_eq!(
            staging.send(DType::U8, (3, 1)).unwrap().to_vec2::<u8>().unwrap().concat(),
            [7, 9, 11]
        );
    }

    #[test]
    fn more_than_there_is_room_for_and_other_shapes_are_errors() {
        let mut staging = Staging::new(4, &Device::Cpu);
        staging.write([1u32].iter().map(|x| x.to_ne_bytes())).unwrap();
        let more = staging.write([1u8].iter().map(|x| [*x])).unwrap_err();
        assert!(more.to_string().contains("no room for 5 bytes"), "{more}");
        let other = staging.send(DType::U32, (1, 2)).unwrap_err();
        assert!(other.to_string().contains("4 bytes are no (1, 2) of U32"), "{other}");
        assert_eq!(staging.send(DType::U32, (1, 1)).unwrap().to_vec2::<u32>().unwrap(), [[1]]);
    }
}
