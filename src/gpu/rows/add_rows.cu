/* Row t of y is the sum of the rows of x that its list names, in their order: places[starts[t]] and so
   on; of no rows it is 0. x is (batch, from, channels), y (batch, to, channels), of count numbers. */
KERNEL void add_rows(const number *x, number *y, const u32 *starts, const u32 *places, u32 from, u32 to,
                     u32 channels, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) {
        const struct element at = element_of(i, count, to, channels);
        const number *rows = x + at.sample * from * channels + at.channel;
        u32 k = starts[at.row], end = starts[at.row + 1];
        float sum = k < end ? get(rows[(u64)places[k] * channels]) : 0.0f;
        for (k++; k < end; k++) sum += get(rows[(u64)places[k] * channels]);
        y[i] = put(sum);
    }
}
