KERNEL void loss_gradient(const float *target, const float *factors, const float *upstream,
                          const float *prediction, float *gradient, u64 count, u64 width, u64 run,
                          u64 share, float scale, float c0, float c1) {
    u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < count; i += (u64)gridDim.x * blockDim.x) {
        const float of_item = run ? factors[i / run] : 1.0f;
        item(prediction, target, i, width, c0, c1, scale * upstream[i / share] * of_item, gradient);
    }
}
