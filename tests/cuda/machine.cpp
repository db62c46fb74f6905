// A thread, instruction after instruction.
#include "machine.hpp"

void Machine::call(const Instruction &i) {
    Function *callee = find(f.module, i.callee);
    if (!callee) fail("no function " + i.callee);
    bool has_result = !i.mode.empty();
    std::vector<uint8_t> parameters(callee->parameter_bytes + 8),
        results(has_result ? f.symbols[i.operands[0].symbol].size + 8 : 8);
    for (size_t p = 0; p < callee->parameters.size(); p++) {
        auto &to = callee->parameters[p];
        memcpy(&parameters[to.offset], (void *)symbol_address(i.operands[p + has_result].symbol), to.size);
    }
    Block inner{block.grid, block.x, block.y, block.z, {}, &parameters, &results};
    Thread thread;
    thread.regs.assign(callee->register_count, 0);
    thread.x = t.x;
    thread.y = t.y;
    thread.z = t.z;
    thread.local.resize(callee->local_bytes + 16);
    Machine machine{*callee, inner, thread};
    machine.go();
    if (!thread.done) fail("a function waits: " + i.callee);
    if (has_result)
        memcpy((void *)symbol_address(i.operands[0].symbol), results.data(),
               f.symbols[i.operands[0].symbol].size);
}

// Until it waits or is done.
void Machine::go() {
    for (;;) {
        if (t.pc >= (int)f.code.size()) {
            t.done = true;
            return;
        }
        const Instruction &i = f.code[t.pc];
        if (i.guard >= 0 && (bool)t.regs[i.guard] == i.guard_negated) {
            t.pc++;
            continue;
        }
        const auto &o = i.operands;
        switch (i.op) {
        case Op::nop: break;
        case Op::bra: t.pc = i.target; continue;
        case Op::ret:
        case Op::exit_: t.done = true; return;
        case Op::bar: t.waiting = 1; return;
        case Op::shfl: t.waiting = 2; return;
        case Op::call: call(i); break;
        case Op::ld: {
            size_t n = size_of(i.type);
            uint64_t a = address(i, o[1], n * i.vector);
            if (i.vector == 1) {
                uint64_t v = load(a, n);
                set(o[0], is_signed(i.type) ? (uint64_t)extended(i.type, v) : v);
            } else
                for (int k = 0; k < i.vector; k++)
                    if (o[0].regs[k] >= 0) t.regs[o[0].regs[k]] = load(a + k * n, n);
            break;
        }
        case Op::st: {
            size_t n = size_of(i.type);
            uint64_t a = address(i, o[0], n * i.vector);
            if (i.vector == 1) {
                uint64_t v = get(o[1]);
                memcpy((void *)a, &v, n);
            } else
                for (int k = 0; k < i.vector; k++) {
                    uint64_t v = o[1].regs[k] >= 0 ? t.regs[o[1].regs[k]] : o[1].imms[k];
                    memcpy((void *)(a + k * n), &v, n);
                }
            break;
        }
        case Op::mov: {
            if (o[0].kind == Kind::vec) { // split
                uint64_t v = get(o[1]);
                int n = 8 * size_of(i.type) / (int)o[0].regs.size();
                for (size_t k = 0; k < o[0].regs.size(); k++)
                    if (o[0].regs[k] >= 0)
                        t.regs[o[0].regs[k]] = (v >> (n * k)) & (n == 64 ? ~0ull : (1ull << n) - 1);
            } else if (o[1].kind == Kind::vec) {
                uint64_t v = 0;
                int n = 8 * size_of(i.type) / (int)o[1].regs.size();
                for (size_t k = 0; k < o[1].regs.size(); k++)
                    v |= ((o[1].regs[k] >= 0 ? t.regs[o[1].regs[k]] : o[1].imms[k]) & ((1ull << n) - 1))
                         << (n * k);
                set(o[0], v);
            } else set(o[0], i.type == T::pred ? get(o[1]) : mask(i.type, get(o[1])));
            break;
        }
        case Op::cvta:
            if (i.is_shared) fail("cvta of shared memory");
            set(o[0], get(o[1]));
            break;
        case Op::add:
        case Op::sub:
        case Op::mul:
        case Op::mad:
        case Op::fma:
        case Op::div:
        case Op::rem:
        case Op::min:
        case Op::max: arithmetic(i); break;
        case Op::neg:
            if (i.type == T::bf16x2 || i.type == T::f16x2 || i.type == T::none)
                fail("not understood: " + i.text);
            if (is_float(i.type)) set_real(i, o[0], -real(i, i.type, o[1]));
            else set(o[0], mask(i.type, -get(o[1])));
            break;
        case Op::abs:
            if (i.type == T::bf16x2 || i.type == T::f16x2 || i.type == T::none)
                fail("not understood: " + i.text);
            if (is_float(i.type)) set_real(i, o[0], std::fabs(real(i, i.type, o[1])));
            else {
                int64_t v = extended(i.type, get(o[1]));
                set(o[0], mask(i.type, (uint64_t)(v < 0 ? -v : v)));
            }
            break;
        case Op::and_: set(o[0], mask(i.type, get(o[1]) & get(o[2]))); break;
        case Op::or_: set(o[0], mask(i.type, get(o[1]) | get(o[2]))); break;
        case Op::xor_: set(o[0], mask(i.type, get(o[1]) ^ get(o[2]))); break;
        case Op::not_: set(o[0], i.type == T::pred ? !get(o[1]) : mask(i.type, ~get(o[1]))); break;
        case Op::shl: {
            uint64_t n = get(o[2]) & 0xffffffff;
            set(o[0], n >= 8u * size_of(i.type) ? 0 : mask(i.type, get(o[1]) << n));
            break;
        }
        case Op::shr: {
            uint64_t n = get(o[2]) & 0xffffffff, width = 8u * size_of(i.type);
            if (is_signed(i.type))
                set(o[0],
                    mask(i.type, (uint64_t)(extended(i.type, get(o[1])) >> (n >= width ? width - 1 : n))));
            else set(o[0], n >= width ? 0 : mask(i.type, get(o[1])) >> n);
            break;
        }
        case Op::setp: {
            bool r = compare(i);
            if (!i.mode.empty()) {
                bool c = get(o.back());
                r = i.mode == "and" ? r && c : i.mode == "or" ? r || c : r != c;
            }
            set(o[0], r);
            break;
        }
        case Op::set: {
            bool r = compare(i);
            if (i.type == T::f32) set(o[0], of(r ? 1.0f : 0.0f));
            else if (i.type == T::f16) set(o[0], r ? 0x3c00 : 0);
            else set(o[0], r ? mask(i.type, ~0ull) : 0);
            break;
        }
        case Op::selp: set(o[0], mask(i.type, (get(o[3]) & 1) ? get(o[1]) : get(o[2]))); break;
        case Op::cvt: convert(i); break;
        case Op::bfi: {
            uint64_t a = get(o[1]), b = get(o[2]), at = get(o[3]) & 0xff, n = get(o[4]) & 0xff;
            uint64_t m = n >= 64 ? ~0ull : ((1ull << n) - 1);
            set(o[0], mask(i.type, at >= 64 ? b : (b & ~(m << at)) | ((a & m) << at)));
            break;
        }
        case Op::shf: {
            uint64_t a = get(o[1]) & 0xffffffff, b = get(o[2]) & 0xffffffff, n = get(o[3]) & 0xffffffff;
            n = i.mode.find("clamp") != std::string::npos ? std::min<uint64_t>(n, 32) : n & 31;
            uint64_t v = b << 32 | a;
            set(o[0], (i.mode[0] == 'l' ? v << n >> 32 : v >> n) & 0xffffffff);
            break;
        }
        case Op::copysign: {
            double sign = real(i, i.type, o[1]), v = real(i, i.type, o[2]);
            set_real(i, o[0], std::copysign(v, sign));
            break;
        }
        case Op::prmt: {
            uint64_t v = (get(o[1]) & 0xffffffff) | get(o[2]) << 32, c = get(o[3]), r = 0;
            for (int k = 0; k < 4; k++) {
                uint64_t s = (c >> (4 * k)) & 15, byte = (v >> (8 * (s & 7))) & 0xff;
                if (s & 8) byte = byte & 0x80 ? 0xff : 0;
                r |= byte << (8 * k);
            }
            set(o[0], r);
            break;
        }
        case Op::ex2:
            set_real(i, o[0],
                     i.type == T::f32 ? exp2f((float)real(i, i.type, o[1])) : exp2(real(i, i.type, o[1])));
            break;
        case Op::lg2: set_real(i, o[0], log2f((float)real(i, i.type, o[1]))); break;
        case Op::rcp:
            set_real(i, o[0],
                     i.type == T::f32 ? 1.0f / (float)real(i, i.type, o[1]) : 1.0 / real(i, i.type, o[1]));
            break;
        case Op::sqrt:
            set_real(i, o[0],
                     i.type == T::f32 ? sqrtf((float)real(i, i.type, o[1])) : ::sqrt(real(i, i.type, o[1])));
            break;
        case Op::rsqrt: set_real(i, o[0], 1.0 / ::sqrt(real(i, i.type, o[1]))); break;
        case Op::sin: set_real(i, o[0], sinf((float)real(i, i.type, o[1]))); break;
        case Op::cos: set_real(i, o[0], cosf((float)real(i, i.type, o[1]))); break;
        case Op::tanh: set_real(i, o[0], tanhf((float)real(i, i.type, o[1]))); break;
        case Op::clz: {
            uint64_t v = mask(i.type, get(o[1]));
            set(o[0], v == 0 ? 8 * size_of(i.type) : __builtin_clzll(v) - (64 - 8 * size_of(i.type)));
            break;
        }
        case Op::atom: {
            bool red = o.size() == 2;
            const Operand &place = o[red ? 0 : 1], &value = o[red ? 1 : 2];
            size_t n = size_of(i.type);
            uint64_t a = address(i, place, n), old = load(a, n), v;
            if (i.mode != "add") fail("atom: " + i.text);
            v = i.type == T::f32   ? of(f32(old) + f32(get(value)))
                : i.type == T::f64 ? of(f64(old) + f64(get(value)))
                                   : mask(i.type, old + get(value));
            memcpy((void *)a, &v, n);
            if (!red) set(o[0], old);
            break;
        }
        default: fail("not understood: " + i.text + " in " + f.name);
        }
        t.pc++;
    }
}
