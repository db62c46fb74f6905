KERNEL void renew(const float *status, const float *renewed, float *y, u64 count) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (status[0] == 0.0f) return;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) y[i] = renewed[i];
}
