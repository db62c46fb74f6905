/* The crossentropy of a row of probabilities: by its own share of their sum, and by the sum. */
DEVICE float item(const float *prediction, const float *target, u64 row, u64 width,
                  float c0, float c1, float factor, float *gradient) {
    const float *p = prediction + row * width, *y = target + row * TARGETS;
    float *slopes = gradient ? gradient + row * width : 0, sum = 0.0f, loss = 0.0f, mass = 0.0f, inverse;
    u64 j;
    for (j = 0; j < width; j++) sum = sum + p[j];
    inverse = 1.0f / sum;
    for (j = 0; j < width; j++) {
        const float hot = HOT, q = p[j] * inverse;
        const float kept = q < 1e-7f ? 1e-7f : (q > 0.9999999f ? 0.9999999f : q);
        const int is_free = kept == q;
        if (hot != 0.0f) loss = loss - hot * logf(kept);
        if (is_free) mass = mass + hot;
        if (slopes) slopes[j] = is_free ? -hot / kept : 0.0f;
    }
    if (slopes) for (j = 0; j < width; j++) slopes[j] = (slopes[j] + mass) * inverse * factor;
    return loss;
}
