KERNEL void relu_gradient(const number *y, const number *dy, number *dx, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x)
        dx[i] = get(y[i]) <= 0.0f ? put(0.0f) : dy[i];
}
