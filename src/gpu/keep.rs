//! One of two numbers for each word of a random stream: dropout's draws.
//!
//! The last two words of the stream's key are the number of the step, which the program reads where
//! the device has it.

use candle_core::{DType, Device, Result, Tensor};

use super::cuda::{address, launch};
use super::{Passed, Program, StepWords, THREADS};
use crate::kernels::dropout::Keep;

/// So many draws as a tensor: drawn on the device where that is CUDA's, else on the host.
pub(crate) fn draw(
    keep: &Keep,
    count: usize,
    device: &Device,
    words: Option<&StepWords>,
) -> Result<Tensor> {
    if !device.is_cuda() || count == 0 {
        let mut values = vec![0.0; count];
        keep.fill(&mut values);
        return Tensor::from_vec(values, count, device);
    }
    let numbers = Tensor::zeros(count, DType::F32, device)?;
    let key = words_of(&keep.key);
    let own = match words {
        None => Some(Tensor::new(&key[6..], device)?),
        Some(_) => None,
    };
    let step = match (words, &own) {
        (Some(words), _) => words.step()?,
        (None, Some(own)) => address(own)?,
        (None, None) => 0,
    };
    let arguments = [
        Passed::Address(address(&numbers)?),
        Passed::U64(count as u64),
        Passed::Words(key),
        Passed::Address(step),
        Passed::U32(keep.least),
        Passed::F32(keep.kept),
        Passed::F32(keep.dropped),
    ];
    let blocks = count.div_ceil(16).div_ceil(THREADS as usize).min(1 << 16);
    launch(device, &program(), blocks as u64, &arguments)?;
    Ok(numbers)
}

fn program() -> Program {
    Program { name: "keep".to_string(), text: include_str!("keep.cu").to_string() }
}

/// The key as ChaCha takes it.
fn words_of(key: &[u8; 32]) -> [u32; 8] {
    let (words, _) = key.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_le_bytes(words[i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::compiled::{Compiled, floats, nvcc_takes};
    use crate::random::Random;

    fn keep() -> Keep {
        let key = Random::new(7).key("dropout", "dropout_1", 300);
        Keep { key, least: 1 << 30, kept: 1.25, dropped: -0.5 }
    }

    #[test]
    fn draws_on_a_device_are_those_of_the_stream() {
        let mut expected = vec![0.0; 1000];
        let mut stream = Random::new(7).stream("dropout", "dropout_1", 300);
        for value in &mut expected {
            *value = if stream.word() >= 1 << 30 { 1.25 } else { -0.5 };
        }
        let drawn = draw(&keep(), 1000, &Device::Cpu, None).unwrap();
        assert_eq!(drawn.to_vec1::<f32>().unwrap(), expected);
        assert!(expected.contains(&1.25) && expected.contains(&-0.5));
        assert_eq!(draw(&keep(), 0, &Device::Cpu, None).unwrap().elem_count(), 0);
    }

    #[test]
    fn the_gpus_text_draws_the_same_bits() {
        let Keep { least, kept, dropped, .. } = keep();
        let words = words_of(&keep().key).map(|word| format!("{word}u"));
        let (rest, step) = (words[..6].join(", "), words[6..].join(", "));
        let main = format!(
            "static float y[1003];
            int main(void) {{
                struct words key = {{ {{ {rest}, 77u, 78u }} }};
                u32 step[2] = {{ {step} }};
                blockDim.x = 4; gridDim.x = 3;
                for (blockIdx.x = 0; blockIdx.x < 3; blockIdx.x++)
                    for (threadIdx.x = 0; threadIdx.x < 4; threadIdx.x++)
                        keep(y, 1003, key, step, {least}u, {kept:?}f, {dropped:?}f);
                return fwrite(y, sizeof(float), 1003, stdout) == 1003 ? 0 : 1;
            }}"
        );
        let Some(compiled) = Compiled::of(&program().whole(), &main) else { return };
        let mut expected = vec![0.0; 1003];
        keep().fill(&mut expected);
        assert_eq!(floats(&compiled.run(&[])), expected);
    }

    #[test]
    fn the_gpus_compiler_takes_the_text() {
        nvcc_takes(&[program()]);
    }
}
