/* The largest of the rows that a list names, channel by channel; of no rows it is 0. As add_rows. */
KERNEL void largest_row(const number *x, number *y, const u32 *starts, const u32 *places, u32 from, u32 to,
                        u32 channels, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) {
        const struct element at = element_of(i, count, to, channels);
        const number *rows = x + at.sample * from * channels + at.channel;
        u32 k = starts[at.row], end = starts[at.row + 1];
        float largest = k < end ? get(rows[(u64)places[k] * channels]) : 0.0f;
        for (k++; k < end; k++) {
            const float value = get(rows[(u64)places[k] * channels]);
            if (value > largest) largest = value;
        }
        y[i] = put(largest);
    }
}
