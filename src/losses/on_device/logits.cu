/* The crossentropy of a row of logits. */
DEVICE float item(const float *prediction, const float *target, u64 row, u64 width,
                  float c0, float c1, float factor, float *gradient) {
    const float *x = prediction + row * width, *y = target + row * TARGETS;
    float *slopes = gradient ? gradient + row * width : 0, max = x[0], sum = 0.0f, loss = 0.0f, mass = 0.0f, log;
    u64 j;
    for (j = 1; j < width; j++) if (x[j] > max) max = x[j];
    for (j = 0; j < width; j++) sum = sum + expf(x[j] - max);
    log = logf(sum);
    for (j = 0; j < width; j++) {
        const float hot = HOT;
        if (hot != 0.0f) loss = loss - hot * (x[j] - max - log);
        mass = mass + hot;
    }
    if (slopes) {
        for (j = 0; j < width; j++) {
            const float hot = HOT;
            slopes[j] = (expf(x[j] - max) / sum * mass - hot) * factor;
        }
    }
    return loss;
}
