// PTX, as far as compilers make it of the programs here: read, and run thread after thread.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

[[noreturn]] void fail(const std::string &what);

enum class T : uint8_t {
    none,
    pred,
    b8,
    u8,
    s8,
    b16,
    u16,
    s16,
    f16,
    bf16,
    b32,
    u32,
    s32,
    f32,
    b64,
    u64,
    s64,
    f64,
    bf16x2,
    f16x2
};
constexpr uint8_t SIZES[] = {0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 4, 4};
inline int size_of(T t) { return SIZES[(int)t]; }
inline bool is_float(T t) { return t == T::f32 || t == T::f64 || t == T::f16 || t == T::bf16; }
inline bool is_signed(T t) { return t == T::s8 || t == T::s16 || t == T::s32 || t == T::s64; }

enum class Kind : uint8_t { reg, imm, special, memory, vec, none };
struct Operand {
    Kind kind = Kind::none;
    int reg = -1;          // register, or the base of a memory operand (-1: `imm` is the address)
    uint64_t imm = 0;      // immediate, or offset
    int symbol = -1;       // index into the function's symbols, for addresses
    bool negated = false;  // !%p
    std::vector<int> regs; // vector: registers, -1 for `_`
    std::vector<uint64_t> imms;
    bool is_hex_float = false;
    std::string text;
};

enum class Op : uint8_t {
    ld,
    st,
    mov,
    add,
    sub,
    mul,
    mad,
    fma,
    div,
    rem,
    neg,
    abs,
    min,
    max,
    and_,
    or_,
    xor_,
    not_,
    shl,
    shr,
    setp,
    set,
    selp,
    cvt,
    cvta,
    bra,
    ret,
    exit_,
    bar,
    shfl,
    call,
    bfi,
    bfe,
    prmt,
    copysign,
    ex2,
    lg2,
    rcp,
    sqrt,
    rsqrt,
    sin,
    cos,
    tanh,
    atom,
    clz,
    popc,
    dp4a,
    testp,
    nop,
    brev,
    slct,
    shf
};

struct Instruction {
    Op op = Op::nop;
    T type = T::none, from = T::none; // result's type; cvt's and set's source
    std::vector<Operand> operands;
    int guard = -1;
    bool guard_negated = false;
    bool ftz = false, sat = false, approx = false, wide = false, hi = false, carry_in = false,
         carry_out = false;
    char rounding = 'n'; // n z m p; upper case: to an integer
    std::string compare, mode, space;
    int relation = 0;
    bool is_shared = false;
    bool is_own = false; // memory of its own: no check
    int vector = 1;
    int target = -1; // bra
    std::string label, callee;
    std::string text;
};

struct Symbol {
    std::string name, space;
    size_t size = 0, offset = 0;
    std::vector<uint8_t> bytes;
};
struct Parameter {
    std::string name;
    size_t size, align, offset;
};

struct Function {
    std::string name;
    bool is_entry = false;
    std::vector<Parameter> parameters, results;
    size_t parameter_bytes = 0;
    std::vector<Symbol> symbols; // shared, local, call parameters
    size_t shared_bytes = 0, local_bytes = 0;
    std::unordered_map<std::string, int> registers, symbol_index;
    std::unordered_map<std::string, int> labels;
    std::vector<Instruction> code;
    bool waits = false;
    int register_count = 0;
    std::string body;
    bool is_parsed = false;
    struct Module *module = nullptr;
};

struct Module {
    std::string text;
    std::map<std::string, std::unique_ptr<Function>> functions;
    std::map<std::string, std::pair<std::vector<uint8_t>, bool>> globals; // bytes
};

Module *load(const char *text);
Function *find(Module *module, const std::string &name); // parsed

struct Grid {
    unsigned gx, gy, gz, bx, by, bz, shared;
};
void run(Function *f, const Grid &grid, const std::vector<uint8_t> &parameters);

// memory that programs may touch
bool is_live(uint64_t address, size_t size, uint64_t *first = nullptr, uint64_t *last = nullptr);
extern unsigned long memory_version;
