// The body of a function, read into instructions.
#include "text.hpp"
#include <cctype>
#include <sstream>

static const std::map<std::string, Op> OPS = {
    {"ld", Op::ld},       {"st", Op::st},       {"mov", Op::mov},   {"add", Op::add},
    {"sub", Op::sub},     {"mul", Op::mul},     {"mad", Op::mad},   {"fma", Op::fma},
    {"div", Op::div},     {"rem", Op::rem},     {"neg", Op::neg},   {"abs", Op::abs},
    {"min", Op::min},     {"max", Op::max},     {"and", Op::and_},  {"or", Op::or_},
    {"xor", Op::xor_},    {"not", Op::not_},    {"shl", Op::shl},   {"shr", Op::shr},
    {"setp", Op::setp},   {"set", Op::set},     {"selp", Op::selp}, {"cvt", Op::cvt},
    {"cvta", Op::cvta},   {"bra", Op::bra},     {"ret", Op::ret},   {"exit", Op::exit_},
    {"bar", Op::bar},     {"barrier", Op::bar}, {"shfl", Op::shfl}, {"call", Op::call},
    {"bfi", Op::bfi},     {"bfe", Op::bfe},     {"prmt", Op::prmt}, {"copysign", Op::copysign},
    {"ex2", Op::ex2},     {"lg2", Op::lg2},     {"rcp", Op::rcp},   {"sqrt", Op::sqrt},
    {"rsqrt", Op::rsqrt}, {"sin", Op::sin},     {"cos", Op::cos},   {"tanh", Op::tanh},
    {"atom", Op::atom},   {"red", Op::atom},    {"clz", Op::clz},   {"popc", Op::popc},
    {"dp4a", Op::dp4a},   {"testp", Op::testp}, {"madc", Op::mad},  {"addc", Op::add},
    {"subc", Op::sub},    {"shf", Op::shf},     {"brev", Op::brev}, {"slct", Op::slct},
    {"membar", Op::nop},  {"fence", Op::nop}};

static int reg(Function &f, const std::string &name) {
    auto found = f.registers.find(name);
    if (found != f.registers.end()) return found->second;
    int index = f.register_count++;
    f.registers[name] = index;
    return index;
}

static bool is_register(Function &f, const std::string &s) { return s[0] == '%' || f.registers.count(s); }
static const char *SPECIALS[] = {"%tid.x",    "%tid.y",    "%tid.z",   "%ntid.x",  "%ntid.y",
                                 "%ntid.z",   "%ctaid.x",  "%ctaid.y", "%ctaid.z", "%nctaid.x",
                                 "%nctaid.y", "%nctaid.z", "%laneid",  "%warpid",  "WARP_SZ"};

static uint64_t number(const std::string &s) {
    if (s[0] == '0' && (s[1] == 'f' || s[1] == 'F' || s[1] == 'd' || s[1] == 'D'))
        return strtoull(s.c_str() + 2, nullptr, 16);
    if (s[0] == '-') return (uint64_t)strtoll(s.c_str(), nullptr, 0);
    return strtoull(s.c_str(), nullptr, 0);
}

static int symbol(Function &f, const std::string &name) {
    auto found = f.symbol_index.find(name);
    if (found != f.symbol_index.end()) return found->second;
    Symbol s;
    s.name = name;
    for (auto &p : f.parameters)
        if (p.name == name) {
            s.space = "param";
            s.offset = p.offset;
            s.size = p.size;
        }
    for (auto &p : f.results)
        if (p.name == name) {
            s.space = "result";
            s.size = p.size;
        }
    if (s.space.empty()) {
        if (f.module->globals.count("shared " + name)) {
            s.space = "shared";
            s.size = f.module->globals["shared " + name].first.size();
            f.shared_bytes = (f.shared_bytes + 15) / 16 * 16;
            s.offset = f.shared_bytes;
            f.shared_bytes += s.size;
        } else if (f.module->globals.count(name))
            s.space = f.module->globals[name].second ? "global" : "dynamic";
        else return -1;
    }
    f.symbols.push_back(s);
    return f.symbol_index[name] = (int)f.symbols.size() - 1;
}

static Operand operand(Function &f, std::string s) {
    Operand o;
    o.text = s;
    if (s[0] == '!') {
        o.negated = true;
        s = trim(s.substr(1));
    }
    if (s[0] == '{') {
        o.kind = Kind::vec;
        for (auto &part : split(s.substr(1, s.size() - 2), ',')) {
            if (part == "_") {
                o.regs.push_back(-1);
                o.imms.push_back(0);
            } else if (is_register(f, part)) {
                o.regs.push_back(reg(f, part));
                o.imms.push_back(0);
            } else {
                o.regs.push_back(-2);
                o.imms.push_back(number(part));
            }
        }
        return o;
    }
    if (s[0] == '[') {
        o.kind = Kind::memory;
        std::string inner = trim(s.substr(1, s.size() - 2));
        std::string base = inner;
        size_t plus = inner.find_first_of("+-", 1);
        if (plus != std::string::npos) {
            base = trim(inner.substr(0, plus));
            std::string offset = inner.substr(plus);
            if (offset[0] == '+') offset = offset.substr(1);
            o.imm = (uint64_t)strtoll(trim(offset).c_str(), nullptr, 0);
        }
        if (is_register(f, base)) o.reg = reg(f, base);
        else if (isdigit((unsigned char)base[0])) o.imm += number(base);
        else {
            o.symbol = symbol(f, base);
            if (o.symbol < 0) fail("unknown name " + base + " in " + f.name);
        }
        return o;
    }
    for (int i = 0; i < 15; i++)
        if (s == SPECIALS[i]) {
            o.kind = Kind::special;
            o.reg = i;
            return o;
        }
    if (is_register(f, s)) {
        o.kind = Kind::reg;
        o.reg = reg(f, s);
        return o;
    }
    if (isdigit((unsigned char)s[0]) || s[0] == '-') {
        o.kind = Kind::imm;
        o.imm = number(s);
        return o;
    }
    int index = symbol(f, s);
    if (index >= 0) {
        o.kind = Kind::imm;
        o.symbol = index;
        return o;
    }
    o.kind = Kind::none; // a label
    return o;
}

static void parse(Function &f) {
    f.is_parsed = true;
    size_t at = 0;
    const std::string &s = f.body;
    std::vector<std::string> statements;
    std::string now;
    int depth = 0;
    for (; at < s.size(); at++) {
        char c = s[at];
        if (depth == 0 && (c == '{' || c == '}') && trim(now).empty()) {
            now.clear();
            continue;
        }
        if (c == '{') depth++;
        if (c == '}') depth--;
        if (depth == 0 && c == ':' && s[at + 1] != ':' && s[at - 1] != ':' &&
            trim(now).find_first_of(" \t.") == std::string::npos) {
            statements.push_back(trim(now) + ":");
            now.clear();
            continue;
        }
        if (depth == 0 && c == ';') {
            statements.push_back(trim(now));
            now.clear();
            continue;
        }
        now += c;
    }
    for (auto &statement : statements) {
        if (statement.empty()) continue;
        if (statement.back() == ':') {
            f.labels[statement.substr(0, statement.size() - 1)] = (int)f.code.size();
            continue;
        }
        if (statement[0] == '.') {
            std::istringstream in(statement);
            std::string word;
            in >> word;
            if (word == ".reg") {
                in >> word;
                std::string rest;
                getline(in, rest);
                for (auto &name : split(rest, ','))
                    if (name.find('<') == std::string::npos) reg(f, name);
                continue;
            }
            if (word == ".shared" || word == ".local" || word == ".param") {
                Symbol sy;
                size_t element, count, align;
                declared(statement, sy.name, element, count, align);
                sy.space = word == ".param" ? "call" : word.substr(1);
                sy.size = element * count;
                size_t &total = word == ".shared" ? f.shared_bytes : f.local_bytes;
                total = (total + 15) / 16 * 16;
                sy.offset = total;
                total += sy.size;
                f.symbols.push_back(sy);
                f.symbol_index[sy.name] = (int)f.symbols.size() - 1; // a later one of the name hides it
                continue;
            }
            continue; // .loc, .pragma
        }
        Instruction ins;
        ins.text = statement;
        std::string rest = statement;
        if (rest[0] == '@') {
            size_t space = rest.find_first_of(" \t\n");
            std::string guard = rest.substr(1, space - 1);
            if (guard[0] == '!') {
                ins.guard_negated = true;
                guard = guard.substr(1);
            }
            ins.guard = reg(f, guard);
            rest = trim(rest.substr(space));
        }
        size_t space = rest.find_first_of(" \t\n");
        std::string head = rest.substr(0, space),
                    tail = space == std::string::npos ? "" : trim(rest.substr(space));
        auto words = split(head, '.');
        auto op = OPS.find(words[0]);
        if (op == OPS.end()) {
            ins.op = Op::testp;
            ins.mode = "unknown";
            f.code.push_back(ins);
            continue;
        }
        ins.op = op->second;
        ins.carry_in = words[0] == "addc" || words[0] == "subc" || words[0] == "madc";
        std::vector<T> types;
        bool integer_rounding = false;
        for (size_t i = 1; i < words.size(); i++) {
            const std::string &w = words[i];
            auto t = TYPES.find(w);
            if (t != TYPES.end()) types.push_back(t->second);
            else if (w == "rn" || w == "rz" || w == "rm" || w == "rp") ins.rounding = w[1];
            else if (w == "rni" || w == "rzi" || w == "rmi" || w == "rpi") {
                ins.rounding = w[1];
                integer_rounding = true;
            } else if (w == "ftz") ins.ftz = true;
            else if (w == "sat") ins.sat = true;
            else if (w == "approx") ins.approx = true;
            else if (w == "wide") ins.wide = true;
            else if (w == "hi") ins.hi = true;
            else if (w == "lo") {
            } else if (w == "cc") ins.carry_out = true;
            else if (w == "v2") ins.vector = 2;
            else if (w == "v4") ins.vector = 4;
            else if (w == "global" || w == "shared" || w == "local" || w == "param") ins.space = w;
            else if (ins.op == Op::setp || ins.op == Op::set) {
                if (ins.compare.empty()) ins.compare = w;
                else ins.mode = w;
            } else if (ins.op == Op::shfl || ins.op == Op::atom || ins.op == Op::testp || ins.op == Op::shf) {
                if (w != "sync") ins.mode = ins.op == Op::shf && !ins.mode.empty() ? ins.mode + w : w;
            }
        }
        if (!ins.compare.empty()) {
            static const std::map<std::string, int> RELATIONS = {
                {"eq", 0},   {"ne", 1},   {"lt", 2},  {"le", 3},  {"gt", 4},   {"ge", 5},
                {"num", 6},  {"nan", 7},  {"equ", 8}, {"neu", 9}, {"ltu", 10}, {"leu", 11},
                {"gtu", 12}, {"geu", 13}, {"lo", 2},  {"ls", 3},  {"hi", 4},   {"hs", 5}};
            ins.relation = RELATIONS.at(ins.compare);
        }
        ins.is_shared = ins.space == "shared";
        ins.is_own = ins.space == "param" || ins.space == "local";
        if (integer_rounding) ins.rounding = (char)toupper(ins.rounding);
        if (!types.empty()) ins.type = types[0];
        if (types.size() > 1) ins.from = types[1];
        if (ins.op == Op::bra) ins.label = tail;
        else if (ins.op == Op::call) {
            auto parts = split(tail, ',');
            size_t i = 0;
            if (parts[0][0] == '(') {
                ins.mode = trim(parts[0].substr(1, parts[0].size() - 2));
                i = 1;
            }
            ins.callee = parts[i];
            if (i + 1 < parts.size())
                for (auto &p : split(parts[i + 1].substr(1, parts[i + 1].size() - 2), ',')) {
                    Operand o;
                    o.symbol = symbol(f, p);
                    ins.operands.push_back(o);
                }
            if (!ins.mode.empty()) {
                Operand o;
                o.symbol = symbol(f, ins.mode);
                ins.operands.insert(ins.operands.begin(), o);
            }
        } else if (ins.op == Op::bar) {
            f.waits = true;
        } else {
            for (auto &part : split(tail, ',')) {
                size_t bar = part.find('|');
                if (bar != std::string::npos && part[0] != '[') {
                    ins.operands.push_back(operand(f, trim(part.substr(0, bar))));
                    ins.operands.push_back(operand(f, trim(part.substr(bar + 1))));
                    ins.mode += ins.op == Op::shfl ? "|" : "";
                } else ins.operands.push_back(operand(f, part));
            }
            if (ins.op == Op::shfl) f.waits = true;
        }
        f.code.push_back(ins);
    }
    for (auto &ins : f.code)
        if (ins.op == Op::bra) {
            auto l = f.labels.find(ins.label);
            if (l == f.labels.end()) fail("no label " + ins.label + " in " + f.name);
            ins.target = l->second;
        }
}

Function *find(Module *module, const std::string &name) {
    auto f = module->functions.find(name);
    if (f == module->functions.end()) return nullptr;
    if (!f->second->is_parsed) parse(*f->second);
    return f->second.get();
}
