/* The words of a ChaCha8 stream, 16 to a block, as the CPU draws them: y[i] is `kept` where word i is
   at least `least`, else `dropped`. */
DEVICE void quarter(u32 *s, int a, int b, int c, int d) {
    s[a] += s[b]; s[d] ^= s[a]; s[d] = (s[d] << 16) | (s[d] >> 16);
    s[c] += s[d]; s[b] ^= s[c]; s[b] = (s[b] << 12) | (s[b] >> 20);
    s[a] += s[b]; s[d] ^= s[a]; s[d] = (s[d] << 8) | (s[d] >> 24);
    s[c] += s[d]; s[b] ^= s[c]; s[b] = (s[b] << 7) | (s[b] >> 25);
}

KERNEL void keep(float *y, u64 count, struct words key, const u32 *step, u32 least, float kept, float dropped) {
    u64 blocks = (count + 15) / 16;
    u64 block = (u64)blockIdx.x * blockDim.x + threadIdx.x;
    for (; block < blocks; block += (u64)gridDim.x * blockDim.x) {
        u32 first[16], s[16];
        int i, round;
        first[0] = 0x61707865u; first[1] = 0x3320646eu; first[2] = 0x79622d32u; first[3] = 0x6b206574u;
        for (i = 0; i < 6; i++) first[4 + i] = key.at[i];
        first[10] = step[0]; first[11] = step[1];
        first[12] = (u32)block; first[13] = (u32)(block >> 32);
        first[14] = 0; first[15] = 0;
        for (i = 0; i < 16; i++) s[i] = first[i];
        for (round = 0; round < 4; round++) {
            quarter(s, 0, 4, 8, 12); quarter(s, 1, 5, 9, 13);
            quarter(s, 2, 6, 10, 14); quarter(s, 3, 7, 11, 15);
            quarter(s, 0, 5, 10, 15); quarter(s, 1, 6, 11, 12);
            quarter(s, 2, 7, 8, 13); quarter(s, 3, 4, 9, 14);
        }
        for (i = 0; i < 16; i++) {
            u64 at = block * 16 + (u64)i;
            if (at < count) y[at] = s[i] + first[i] >= least ? kept : dropped;
        }
    }
}
