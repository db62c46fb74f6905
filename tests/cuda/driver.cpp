// A stand-in for NVIDIA's driver: programs run on the CPU, and what a driver refuses is refused. All
// memory is filled with NaNs when it is made and when it is let go.
#include "driver.hpp"

std::recursive_mutex lock;
std::map<std::string, long> calls;
static std::map<uint64_t, size_t> live; // address, bytes
static std::map<uint64_t, Graph *> of_graph;
static Graph *capturing = nullptr;
static bool invalid = false;
static size_t used = 0, peak = 0;
static std::map<std::string, std::pair<long, long>> launches; // done, captured

int refuse(const char *what) {
    if (getenv("STAND_IN_ABORT")) fail(what);
    fprintf(stderr, "stand-in GPU: refused: %s%s\n", what, capturing ? " while capturing" : "");
    if (capturing) invalid = true;
    return capturing ? UNSUPPORTED : INVALID;
}

void now_or_later(const std::string &name, Step step) {
    if (!capturing) {
        launches[name].first++;
        step();
        return;
    }
    launches[name].second++;
    capturing->steps.push_back([=] {
        launches[name].first++;
        step();
    });
}

unsigned long memory_version = 1;
bool is_live(uint64_t a, size_t size, uint64_t *first, uint64_t *last) {
    auto within = [&](const std::map<uint64_t, size_t> &m) {
        auto it = m.upper_bound(a);
        if (it == m.begin()) return false;
        --it;
        if (a < it->first || a + size > it->first + it->second) return false;
        if (first) {
            *first = it->first;
            *last = it->first + it->second;
        }
        return true;
    };
    if (within(live)) return true;
    auto it = of_graph.upper_bound(a);
    if (it == of_graph.begin()) return false;
    return within((--it)->second->memory);
}

#pragma GCC visibility push(default)
extern "C" {
int cuInit(unsigned) { return OK; }
int cuGetExportTable(const void **t, const void *) {
    *t = nullptr;
    return INVALID;
}
int cuDeviceGet(int *d, int n) {
    *d = n;
    return n == 0 ? OK : 101;
}
int cuDeviceGetAttribute(int *v, int a, int) {
    *v = a == 75 ? 9 : a == 76 ? 0 : a == 1 ? 1024 : a == 16 ? 132 : 1;
    return OK;
}
int cuDevicePrimaryCtxRetain(void **c, int) {
    *c = (void *)16;
    return OK;
}
int cuDevicePrimaryCtxRelease_v2(int) { return OK; }
int cuCtxSetCurrent(void *) { return OK; }
int cuCtxGetCurrent(void **c) {
    *c = (void *)16;
    return OK;
}
int cuCtxDestroy_v2(void *) { return OK; }
int cuCtxSynchronize() {
    LOCK if (capturing) return refuse("cuCtxSynchronize");
    return OK;
}
int cuGetErrorString(int, const char **s) {
    *s = "the stand-in refuses it";
    return OK;
}
int cuStreamCreate(void **s, unsigned) {
    *s = (void *)32;
    return OK;
}
int cuStreamDestroy_v2(void *) { return OK; }
int cuStreamSynchronize(void *) {
    LOCK if (capturing) return refuse("cuStreamSynchronize");
    return OK;
}
int cuStreamWaitEvent(void *, void *, unsigned) {
    LOCK if (capturing) return refuse("cuStreamWaitEvent");
    return OK;
}
int cuEventCreate(void **e, unsigned) {
    *e = malloc(8);
    return OK;
}
int cuEventDestroy_v2(void *e) {
    free(e);
    return OK;
}
int cuEventSynchronize(void *) {
    LOCK if (capturing) return refuse("cuEventSynchronize");
    return OK;
}
int cuMemHostAlloc(void **p, size_t n, unsigned) {
    *p = malloc(n ? n : 1);
    return OK;
}
int cuMemFreeHost(void *p) {
    free(p);
    return OK;
}
int cuEventRecord(void *, void *) { LOCK return OK; }
int cuMemGetInfo_v2(size_t *free, size_t *total) {
    *total = size_t(8) << 30;
    *free = *total - used;
    return OK;
}
int cuDeviceGetDefaultMemPool(void **p, int) {
    *p = (void *)48;
    return OK;
}
int cuMemPoolSetAttribute(void *, int, void *) { return OK; }

static int alloc(uint64_t *p, size_t n) {
    memory_version++;
    if (n == 0) return refuse("memory of no size");
    void *a = aligned_alloc(256, (n + 255) / 256 * 256);
    *p = (uint64_t)a;
    if (capturing) {
        capturing->memory[*p] = n;
        capturing->open[*p] = true;
        of_graph[*p] = capturing;
        capturing->steps.push_back([=] { memset(a, 0xff, n); });
    } else {
        memset(a, 0xff, n);
        live[*p] = n;
        used += n;
        peak = std::max(peak, used);
    }
    return OK;
}
static int release(uint64_t p) {
    memory_version++;
    if (capturing) {
        auto it = capturing->open.find(p);
        if (it == capturing->open.end() || !it->second) return refuse("to free what was there before");
        it->second = false;
        size_t n = capturing->memory[p];
        capturing->steps.push_back([=] { memset((void *)p, 0xfe, n); });
        return OK;
    }
    auto it = live.find(p);
    if (it == live.end()) return refuse("to free what is not there");
    memset((void *)p, 0xfe, it->second);
    used -= it->second;
    live.erase(it);
    free((void *)p);
    return OK;
}
int cuMemAllocAsync(uint64_t *p, size_t n, void *) { LOCK return alloc(p, n); }
int cuMemAlloc_v2(uint64_t *p, size_t n) {
    LOCK if (capturing) return refuse("cuMemAlloc");
    return alloc(p, n);
}
int cuMemFreeAsync(uint64_t p, void *) { LOCK return release(p); }
int cuMemFree_v2(uint64_t p) {
    LOCK if (capturing) return refuse("cuMemFree");
    return release(p);
}
int cuMemcpyHtoDAsync_v2(uint64_t d, const void *s, size_t n, void *) {
    LOCK if (capturing) return refuse("a copy from the host");
    if (!is_live(d, n)) fail("a copy from the host to no memory");
    memcpy((void *)d, s, n);
    return OK;
}
int cuMemcpyDtoHAsync_v2(void *d, uint64_t s, size_t n, void *) {
    LOCK if (capturing) return refuse("a copy to the host");
    if (!is_live(s, n)) fail("a copy to the host from no memory");
    memcpy(d, (void *)s, n);
    return OK;
}
int cuMemcpyDtoDAsync_v2(uint64_t d, uint64_t s, size_t n, void *) {
    LOCK if (!is_live(s, n) || !is_live(d, n)) fail("a copy on the device from or to no memory");
    now_or_later("cuMemcpyDtoD", [=] { memmove((void *)d, (void *)s, n); });
    return OK;
}
int cuMemcpyPeerAsync(uint64_t, void *, uint64_t, void *, size_t, void *) { return refuse("cuMemcpyPeer"); }
int cuMemsetD8Async(uint64_t d, unsigned char v, size_t n, void *) {
    LOCK if (!is_live(d, n)) fail("memset of no memory");
    now_or_later("cuMemset", [=] { memset((void *)d, v, n); });
    return OK;
}
int cuModuleLoadData(void **m, const void *text) {
    LOCK if (capturing) return refuse("cuModuleLoad");
    *m = load((const char *)text);
    return OK;
}
int cuModuleLoad(void **, const char *) { return refuse("a module from a file"); }
int cuModuleUnload(void *) { return OK; }
int cuModuleGetFunction(void **f, void *m, const char *name) {
    LOCK Function *found = find((Module *)m, name);
    if (!found) {
        fprintf(stderr, "stand-in GPU: no program %s\n", name);
        return NOT_FOUND;
    }
    *f = found;
    return OK;
}
int cuLaunchKernel(void *fp, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *, void **arguments, void **) {
    LOCK auto *f = (Function *)fp;
    if (!gx || !gy || !gz || !bx || !by || !bz || bx * by * bz > 1024)
        return refuse((f->name + ": the size of the launch").c_str());
    std::vector<uint8_t> parameters(f->parameter_bytes + 16);
    for (size_t i = 0; i < f->parameters.size(); i++)
        memcpy(&parameters[f->parameters[i].offset], arguments[i], f->parameters[i].size);
    Grid grid{gx, gy, gz, bx, by, bz, shared};
    now_or_later(f->name, [=] { run(f, grid, parameters); });
    return OK;
}
int cuStreamIsCapturing(void *, int *status) {
    *status = capturing ? (invalid ? 2 : 1) : 0;
    return OK;
}
int cuStreamBeginCapture_v2(void *, int) {
    LOCK if (capturing) return INVALID;
    capturing = new Graph;
    invalid = false;
    return OK;
}
int cuStreamEndCapture(void *, void **g) {
    LOCK if (!capturing) return INVALID;
    Graph *graph = capturing;
    capturing = nullptr;
    *g = nullptr;
    long open = 0;
    for (auto &o : graph->open) open += o.second;
    fprintf(stderr, "stand-in GPU: captured %zu steps, %zu pieces of memory, %ld of them not let go%s\n",
            graph->steps.size(), graph->memory.size(), open, invalid ? ", INVALID" : "");
    if (invalid) {
        invalid = false;
        return INVALIDATED;
    }
    *g = graph;
    return OK;
}
int cuGraphInstantiateWithFlags(void **e, void *g, unsigned long long) {
    *e = g;
    return OK;
}
int cuGraphLaunch(void *e, void *) {
    LOCK memory_version++;
    if (capturing) return refuse("cuGraphLaunch");
    launches["cuGraphLaunch"].first++;
    for (auto &step : ((Graph *)e)->steps) step();
    return OK;
}
int cuGraphUpload(void *, void *) { return OK; }
int cuGraphExecDestroy(void *) { return OK; }
int cuGraphDestroy(void *g) {
    LOCK memory_version++;
    auto *graph = (Graph *)g;
    for (auto &m : graph->memory) {
        of_graph.erase(m.first);
        free((void *)m.first);
    }
    delete graph;
    return OK;
}
}
#pragma GCC visibility pop

__attribute__((destructor)) static void report() {
    const char *path = getenv("STAND_IN_REPORT");
    if (!path) return;
    FILE *out = fopen(path, "w");
    if (!out) return;
    long total = 0;
    for (auto &l : launches) {
        fprintf(out, "%9ld %6ld captured  %s\n", l.second.first, l.second.second, l.first.c_str());
        total += l.second.first;
    }
    for (auto &c : calls) fprintf(out, "%9ld calls of %s\n", c.second, c.first.c_str());
    fprintf(out, "%ld in all; %zu bytes at the peak, %zu still there\n", total, peak, used);
    fclose(out);
}
