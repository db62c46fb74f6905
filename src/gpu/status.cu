/* status: 1 while every loss was finite, else 0; how many were; the last loss that was looked at. */
KERNEL void judge(float *status, const float *loss) {
    if (blockIdx.x == 0 && threadIdx.x == 0 && status[0] != 0.0f) {
        float difference = loss[0] - loss[0];
        status[2] = loss[0];
        if (difference == 0.0f) status[1] += 1.0f; else status[0] = 0.0f;
    }
}
