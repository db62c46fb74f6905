// One thread of a program: its registers, and what an instruction does to them.
#pragma once
#include "ptx.hpp"
#include <algorithm>

template <class A, class B> inline A bits(B b) {
    A a;
    static_assert(sizeof(A) == sizeof(B));
    memcpy(&a, &b, sizeof a);
    return a;
}
inline float f32(uint64_t v) { return bits<float>((uint32_t)v); }
inline double f64(uint64_t v) { return bits<double>(v); }
inline uint64_t of(float v) { return bits<uint32_t>(v); }
inline uint64_t of(double v) { return bits<uint64_t>(v); }
inline float bf16(uint64_t v) { return bits<float>((uint32_t)(v & 0xffff) << 16); }
inline uint64_t to_bf16(float v) {
    uint32_t u = bits<uint32_t>(v);
    if (std::isnan(v)) return 0x7fff;
    return ((u + 0x7fff + ((u >> 16) & 1)) >> 16) & 0xffff;
}
inline float f16(uint64_t v) {
    _Float16 h = bits<_Float16>((uint16_t)v);
    return (float)h;
}
inline uint64_t to_f16(float v) { return bits<uint16_t>((_Float16)v); }
inline float flush(float v) { return std::fabs(v) < 1.17549435e-38f ? std::copysign(0.0f, v) : v; }

struct Thread {
    std::vector<uint64_t> regs;
    int pc = 0;
    unsigned x, y, z;
    int waiting = 0; // 1 barrier, 2 shuffle
    bool done = false;
    std::vector<uint8_t> local;
    uint32_t carry = 0;
};

struct Block {
    const Grid *grid;
    unsigned x, y, z;
    std::vector<uint8_t> shared;
    const std::vector<uint8_t> *parameters;
    std::vector<uint8_t> *results = nullptr;
};

inline uint64_t mask(T t, uint64_t v) {
    switch (size_of(t)) {
    case 1: return v & 0xff;
    case 2: return v & 0xffff;
    case 4: return v & 0xffffffffu;
    default: return v;
    }
}
inline int64_t extended(T t, uint64_t v) {
    switch (size_of(t)) {
    case 1: return (int8_t)v;
    case 2: return (int16_t)v;
    case 4: return (int32_t)v;
    default: return (int64_t)v;
    }
}

struct Machine {
    Function &f;
    Block &block;
    Thread &t;

    uint64_t symbol_address(int index) {
        Symbol &s = f.symbols[index];
        if (s.space == "param") return (uint64_t)(block.parameters->data() + s.offset);
        if (s.space == "result") return (uint64_t)block.results->data();
        if (s.space == "shared") return s.offset; // of the block's window, in 32 bits
        if (s.space == "dynamic") return f.shared_bytes;
        if (s.space == "global") return (uint64_t)f.module->globals[s.name].first.data();
        return (uint64_t)(t.local.data() + s.offset); // local, call
    }
    uint64_t special(int i) {
        const Grid &g = *block.grid;
        const unsigned values[] = {t.x,     t.y,     t.z,     g.bx, g.by, g.bz,
                                   block.x, block.y, block.z, g.gx, g.gy, g.gz};
        if (i < 12) return values[i];
        unsigned flat = t.x + g.bx * (t.y + g.by * t.z);
        return i == 12 ? flat % 32 : i == 13 ? flat / 32 : 32;
    }
    uint64_t get(const Operand &o) {
        switch (o.kind) {
        case Kind::reg: return o.negated ? !t.regs[o.reg] : t.regs[o.reg];
        case Kind::imm: return o.symbol >= 0 ? symbol_address(o.symbol) : o.imm;
        case Kind::special: return special(o.reg);
        default: fail("operand " + o.text + " in " + f.name);
        }
    }
    double real(const Instruction &i, T type, const Operand &o) {
        uint64_t v = get(o);
        switch (type) {
        case T::f32: return i.ftz ? flush(f32(v)) : f32(v);
        case T::f64: return f64(v);
        case T::bf16: return bf16(v);
        case T::f16: return f16(v);
        default: fail("not a float: " + i.text);
        }
    }
    void set(const Operand &o, uint64_t v) {
        if (o.kind == Kind::reg) t.regs[o.reg] = v;
    }
    void set_real(const Instruction &i, const Operand &o, double v) {
        switch (i.type) {
        case T::f32: {
            float r = (float)v;
            if (i.sat) r = std::isnan(r) ? 0.0f : std::min(1.0f, std::max(0.0f, r));
            set(o, of(i.ftz ? flush(r) : r));
            break;
        }
        case T::f64: set(o, of(i.sat ? (std::isnan(v) ? 0.0 : std::min(1.0, std::max(0.0, v))) : v)); break;
        case T::bf16: set(o, to_bf16((float)v)); break;
        case T::f16: set(o, to_f16((float)v)); break;
        default: fail("no float: " + i.text);
        }
    }
    uint64_t address(const Instruction &i, const Operand &o, size_t size) {
        uint64_t a = o.imm + (o.symbol >= 0 ? symbol_address(o.symbol) : o.reg >= 0 ? t.regs[o.reg] : 0);
        if (i.is_shared) {
            a &= 0xffffffff;
            if (a + size > block.shared.size()) fail("illegal shared address: " + i.text + " in " + f.name);
            a += (uint64_t)block.shared.data();
        }
        if (a % size) fail("address not aligned: " + i.text + " in " + f.name);
        if (i.is_own || i.is_shared || o.symbol >= 0) return a;
        auto within = [&](const std::vector<uint8_t> &v) {
            return a >= (uint64_t)v.data() && a + size <= (uint64_t)v.data() + v.size();
        };
        static uint64_t first = 1, last = 0; // of the memory that was touched last
        static unsigned long version = 0;
        if (version == memory_version && a >= first && a + size <= last) return a;
        if (within(block.shared) || within(t.local) || within(*block.parameters)) return a;
        if (is_live(a, size, &first, &last)) {
            version = memory_version;
            return a;
        }
        for (auto &g : f.module->globals)
            if (within(g.second.first)) return a;
        char text[64];
        snprintf(text, sizeof text, " at %#lx of block %u thread %u", (unsigned long)a, block.x, t.x);
        fail("illegal address: " + i.text + " in " + f.name + text);
    }
    static uint64_t load(uint64_t a, size_t size) {
        uint64_t v = 0;
        memcpy(&v, (void *)a, size);
        return v;
    }

    bool compare(const Instruction &i);
    void convert(const Instruction &i);
    void arithmetic(const Instruction &i);
    void call(const Instruction &i);
    void go(); // until it waits or is done
};
