/* The gradient of a table, which is 0 before: each id's rows of dy added up, in their order, by the
   threads of the first of them. dy is (n, width), of count numbers. */
KERNEL void add_linked(const float *dy, float *table, const u32 *ids, const u32 *links, u32 n, u32 width,
                       u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) {
        const u32 channel = (u32)(i % width);
        u32 place = (u32)(i / width);
        const u64 to = (u64)ids[place] * width + channel;
        float sum = dy[i];
        if (links[n + place]) continue;
        for (place = links[place]; place < n; place = links[place])
            sum += dy[(u64)place * width + channel];
        table[to] = sum;
    }
}
