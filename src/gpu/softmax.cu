/* A thread for each row. */
KERNEL void softmax(const float *x, float *y, u64 rows, u64 width) {
    u64 row = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; row < rows; row += (u64)gridDim.x * blockDim.x) {
        const float *from = x + row * width;
        float *to = y + row * width, max = from[0], sum = 0.0f;
        u64 i;
        for (i = 1; i < width; i++) if (from[i] > max) max = from[i];
        for (i = 0; i < width; i++) {
            to[i] = expf(from[i] - max);
            sum = sum + to[i];
        }
        for (i = 0; i < width; i++) to[i] = to[i] / sum;
    }
}
