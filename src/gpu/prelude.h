#if defined(__CUDACC__) || defined(__CUDACC_RTC__)
#define KERNEL extern "C" __global__
#define DEVICE static __device__
#define SHARED __shared__
#define BARRIER __syncthreads();
#else /* plain C: one thread after the other, by whoever includes this */
#include <math.h>
#define KERNEL static
#define DEVICE static
#define SHARED static
#define BARRIER /* what follows is the last thread's */
struct place { unsigned int x; };
static struct place blockIdx, threadIdx, blockDim, gridDim;
#endif
typedef unsigned int u32;
typedef unsigned long long u64;
struct numbers { float at[16]; };
struct words { u32 at[8]; };
