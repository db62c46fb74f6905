// Instructions over numbers.
#include "machine.hpp"

bool Machine::compare(const Instruction &i) {
    const int c = i.relation; // 0 eq 1 ne 2 lt 3 le 4 gt 5 ge, +8 unordered; 6 num 7 nan
    T type = i.op == Op::set ? i.from : i.type;
    const Operand &oa = i.operands[i.operands.size() - (i.mode.empty() ? 2 : 3)],
                  &ob = i.operands[i.operands.size() - (i.mode.empty() ? 1 : 2)];
    // setp.x p|q has another destination
    if (is_float(type)) {
        double a = real(i, type, oa), b = real(i, type, ob);
        bool nan = std::isnan(a) || std::isnan(b);
        if (c == 6) return !nan;
        if (c == 7) return nan;
        int base = c & 7;
        bool r = base == 0   ? a == b
                 : base == 1 ? a != b
                 : base == 2 ? a < b
                 : base == 3 ? a <= b
                 : base == 4 ? a > b
                             : a >= b;
        if (c < 8) return !nan && r;
        return nan || r;
    }
    if (is_signed(type)) {
        int64_t a = extended(type, get(oa)), b = extended(type, get(ob));
        return c == 0 ? a == b : c == 1 ? a != b : c == 2 ? a < b : c == 3 ? a <= b : c == 4 ? a > b : a >= b;
    }
    uint64_t a = mask(type, get(oa)), b = mask(type, get(ob));
    return c == 0 ? a == b : c == 1 ? a != b : c == 2 ? a < b : c == 3 ? a <= b : c == 4 ? a > b : a >= b;
}

void Machine::convert(const Instruction &i) {
    const Operand &d = i.operands[0], &s = i.operands[1];
    T to = i.type, from = i.from;
    if (is_float(from)) {
        double v = real(i, from, s);
        if (is_float(to)) {
            if (isupper(i.rounding)) {
                char r = i.rounding;
                v = r == 'N'   ? std::nearbyint(v)
                    : r == 'Z' ? std::trunc(v)
                    : r == 'M' ? std::floor(v)
                               : std::ceil(v);
            }
            set_real(i, d, v);
            return;
        }
        char r = (char)toupper(i.rounding);
        v = r == 'N' ? std::nearbyint(v) : r == 'Z' ? std::trunc(v) : r == 'M' ? std::floor(v) : std::ceil(v);
        int n = 8 * size_of(to);
        if (std::isnan(v)) {
            set(d, 0);
            return;
        }
        if (is_signed(to)) {
            double most = std::ldexp(1.0, n - 1);
            int64_t w = v >= most   ? (int64_t)((uint64_t(1) << (n - 1)) - 1)
                        : v < -most ? -(int64_t)(uint64_t(1) << (n - 2)) * 2
                                    : (int64_t)v;
            set(d, mask(to, (uint64_t)w));
        } else {
            double most = std::ldexp(1.0, n);
            set(d, v <= 0 ? 0 : v >= most ? mask(to, ~0ull) : (uint64_t)v);
        }
        return;
    }
    uint64_t raw = get(s);
    if (is_float(to)) {
        if (to == T::f32) { // one rounding
            float v = is_signed(from) ? (float)extended(from, raw) : (float)mask(from, raw);
            set(d, of(v));
        } else set_real(i, d, is_signed(from) ? (double)extended(from, raw) : (double)mask(from, raw));
        return;
    }
    if (i.sat) fail("cvt.sat of whole numbers: " + i.text);
    set(d, mask(to, is_signed(from) ? (uint64_t)extended(from, raw) : mask(from, raw)));
}

void Machine::arithmetic(const Instruction &i) {
    const auto &o = i.operands;
    T type = i.type;
    if (type == T::none) fail("of no type that is known: " + i.text);
    if (type == T::bf16x2 || type == T::f16x2) { // half after half
        const bool is_bf16 = type == T::bf16x2;
        uint64_t r = 0;
        for (int shift : {0, 16}) {
            auto half = [&](size_t k) {
                return is_bf16 ? bf16(get(o[k]) >> shift) : f16(get(o[k]) >> shift);
            };
            float a = half(1), b = half(2), v;
            switch (i.op) {
            case Op::add: v = a + b; break;
            case Op::sub: v = a - b; break;
            case Op::mul: v = a * b; break;
            case Op::fma: v = std::fmaf(a, b, half(3)); break;
            default: fail("pairs of halves: " + i.text);
            }
            r |= (is_bf16 ? to_bf16(v) : to_f16(v)) << shift;
        }
        set(o[0], r);
        return;
    }
    if (is_float(type)) {
        if (type == T::f32 && i.op != Op::fma && i.op != Op::min && i.op != Op::max) {
            float a = (float)real(i, type, o[1]), b = (float)real(i, type, o[2]), r;
            if (i.rounding != 'n' && i.op == Op::add) r = (float)((double)a + b); // rz: good enough
            else r = i.op == Op::add ? a + b : i.op == Op::sub ? a - b : i.op == Op::mul ? a * b : a / b;
            set_real(i, o[0], r);
            return;
        }
        double a = real(i, type, o[1]), b = real(i, type, o[2]), r;
        switch (i.op) {
        case Op::add: r = a + b; break;
        case Op::sub: r = a - b; break;
        case Op::mul: r = a * b; break;
        case Op::div: r = a / b; break;
        case Op::min: r = std::isnan(a) ? b : std::isnan(b) ? a : std::min(a, b); break;
        case Op::max: r = std::isnan(a) ? b : std::isnan(b) ? a : std::max(a, b); break;
        default: {
            double c = real(i, type, o[3]);
            r = type == T::f64 ? std::fma(a, b, c) : std::fmaf((float)a, (float)b, (float)c);
        }
        }
        set_real(i, o[0], r);
        return;
    }
    uint64_t a = get(o[1]), b = get(o[2]), r = 0;
    bool s = is_signed(type);
    int64_t sa = extended(type, a), sb = extended(type, b);
    uint64_t ua = mask(type, a), ub = mask(type, b);
    switch (i.op) {
    case Op::add: {
        unsigned __int128 sum = (unsigned __int128)ua + ub + (i.carry_in ? t.carry : 0);
        r = (uint64_t)sum;
        if (i.carry_out) t.carry = (uint32_t)(sum >> (8 * size_of(type))) & 1;
        break;
    }
    case Op::sub: {
        uint64_t borrow = i.carry_in ? t.carry : 0;
        r = ua - ub - borrow;
        if (i.carry_out) t.carry = (unsigned __int128)ub + borrow > ua;
        break;
    }
    case Op::mul:
    case Op::mad: {
        if (i.wide) {
            r = s ? (uint64_t)(sa * sb) : ua * ub;
            if (i.op == Op::mad) r += get(o[3]);
            if (size_of(type) == 2) r &= 0xffffffff;
            set(o[0], r);
            return;
        }
        __int128 p = s ? (__int128)sa * sb : (__int128)((unsigned __int128)ua * ub);
        r = i.hi ? (uint64_t)(p >> (8 * size_of(type))) : (uint64_t)p;
        if (i.op == Op::mad) {
            unsigned __int128 sum =
                (unsigned __int128)mask(type, r) + mask(type, get(o[3])) + (i.carry_in ? t.carry : 0);
            r = (uint64_t)sum;
            if (i.carry_out) t.carry = (uint32_t)(sum >> (8 * size_of(type))) & 1;
        }
        break;
    }
    case Op::div:
        if (ub == 0) r = ~0ull;
        else r = s ? (uint64_t)(sa / sb) : ua / ub;
        break;
    case Op::rem:
        if (ub == 0) r = ua;
        else r = s ? (uint64_t)(sa % sb) : ua % ub;
        break;
    case Op::min: r = s ? (sa < sb ? sa : sb) : (ua < ub ? ua : ub); break;
    case Op::max: r = s ? (sa > sb ? sa : sb) : (ua > ub ? ua : ub); break;
    default: fail("whole numbers: " + i.text);
    }
    set(o[0], mask(type, r));
}
