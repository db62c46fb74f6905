/* For each of n ids where it comes next, n if never, in links[i]; and whether it came before, in
   links[n + i]. */
KERNEL void links(const u32 *ids, u32 *links, u32 n) {
    u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    for (; i < n; i += gridDim.x * blockDim.x) {
        const u32 id = ids[i];
        u32 next = i + 1, before = i;
        while (next < n && ids[next] != id) next++;
        while (before > 0 && ids[before - 1] != id) before--;
        links[i] = next;
        links[n + i] = before > 0;
    }
}
