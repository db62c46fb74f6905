/* Where number i of (samples, rows, channels) stands, of count numbers in all. */
struct element { u64 sample; u32 row, channel; };
DEVICE struct element element_of(u64 i, u64 count, u32 rows, u32 channels) {
    struct element at;
    if (count >> 32) {
        at.channel = (u32)(i % channels);
        at.row = (u32)(i / channels % rows);
        at.sample = i / channels / rows;
    } else { /* whole numbers of 32 bits are divided many times as fast */
        u32 rest = (u32)i / channels;
        at.channel = (u32)i - rest * channels;
        at.sample = rest / rows;
        at.row = rest - (u32)at.sample * rows;
    }
    return at;
}
