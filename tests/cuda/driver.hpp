// What the stand-in's driver and its libraries share.
#pragma once
#include "ptx.hpp"
#include <algorithm>
#include <mutex>

enum { OK = 0, INVALID = 1, NOT_FOUND = 500, UNSUPPORTED = 900, INVALIDATED = 901 };
typedef std::function<void()> Step;
struct Graph {
    std::vector<Step> steps;
    std::map<uint64_t, size_t> memory; // address, bytes
    std::map<uint64_t, bool> open;     // whether it is still to be let go
};
extern std::recursive_mutex lock;
extern std::map<std::string, long> calls;

// Says no, as a driver does; a capture is invalid from then on.
int refuse(const char *what);
// Does something, or records it where a graph is captured.
void now_or_later(const std::string &name, Step step);

#define LOCK                                                                                                 \
    std::lock_guard<std::recursive_mutex> guard(lock);                                                       \
    calls[__func__]++;
