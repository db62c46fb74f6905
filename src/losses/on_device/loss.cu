/* Losses of a block's items, times their factors, summed by its last thread. */
KERNEL void loss(const float *prediction, const float *target, const float *factors, float *sums,
                 u64 count, u64 width, u64 run, u64 share, float scale, float c0, float c1) {
    SHARED float parts[256];
    const u64 start = share * blockIdx.x, end = start + share < count ? start + share : count;
    float part = 0.0f;
    u64 i;
    for (i = start + threadIdx.x; i < end; i += blockDim.x) {
        const float factor = run ? factors[i / run] : 1.0f;
        part = part + factor * item(prediction, target, i, width, c0, c1, 1.0f, 0);
    }
    parts[threadIdx.x] = part;
    BARRIER
    if (threadIdx.x == blockDim.x - 1) {
        float sum = 0.0f;
        u32 t;
        for (t = 0; t < blockDim.x; t++) sum = sum + parts[t];
        sums[blockIdx.x] = sum * scale;
    }
}
