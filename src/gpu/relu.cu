KERNEL void relu(const number *x, number *y, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x)
        y[i] = get(x[i]) <= 0.0f ? put(0.0f) : x[i];
}
