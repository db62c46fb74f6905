/* What comes back to a row of x from each list in which it is the first of the largest. `starts` and
   `places` are the lists, `back_starts` and `back_places` the lists in which a row stands; dy has `to`
   rows, x and dx have `from` rows and count numbers. */
KERNEL void largest_row_gradient(const number *dy, const number *x, number *dx, const u32 *starts,
                                 const u32 *places, const u32 *back_starts, const u32 *back_places,
                                 u32 from, u32 to, u32 channels, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) {
        const struct element at = element_of(i, count, from, channels);
        const number *rows = x + at.sample * from * channels + at.channel;
        u32 list = back_starts[at.row], last = back_starts[at.row + 1];
        float sum = 0.0f;
        for (; list < last; list++) {
            const u32 row = back_places[list];
            u32 k = starts[row], end = starts[row + 1], first = places[k];
            float largest = get(rows[(u64)first * channels]);
            for (k++; k < end; k++) {
                const float value = get(rows[(u64)places[k] * channels]);
                if (value > largest) {
                    largest = value;
                    first = places[k];
                }
            }
            if (first == at.row) sum += get(dy[(at.sample * to + row) * channels + at.channel]);
        }
        dx[i] = put(sum);
    }
}
