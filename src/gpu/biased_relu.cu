/* The bias along the last axis. */
KERNEL void biased_relu(const number *x, const number *bias, number *y, u64 count, u64 width) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) {
        number sum = put(get(x[i]) + get(bias[i % width]));
        y[i] = get(sum) <= 0.0f ? put(0.0f) : sum;
    }
}
