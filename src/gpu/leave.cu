/* Numbers copied to where an address says, which may be another at each step. */
KERNEL void leave(const float *from, float *const *to, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) (*to)[i] = from[i];
}
