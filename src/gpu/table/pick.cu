/* The rows of a table that ids name: y is (ids, width), of count numbers. */
KERNEL void pick(const float *table, float *y, const u32 *ids, u32 width, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) y[i] = table[(u64)ids[i / width] * width + i % width];
}
