KERNEL void softmax_gradient(const float *y, const float *dy, float *dx, u64 rows, u64 width) {
    u64 row = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; row < rows; row += (u64)gridDim.x * blockDim.x) {
        const float *of_y = y + row * width, *of_dy = dy + row * width;
        float *to = dx + row * width, sum = 0.0f;
        u64 i;
        for (i = 0; i < width; i++) sum = sum + of_y[i] * of_dy[i];
        for (i = 0; i < width; i++) to[i] = of_y[i] * (of_dy[i] - sum);
    }
}
