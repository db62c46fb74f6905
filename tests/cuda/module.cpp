// A module of PTX: its functions, whose bodies are read when they are wanted, and its tables.
#include "text.hpp"
#include <cctype>
#include <sstream>

const std::map<std::string, T> TYPES = {
    {"pred", T::pred}, {"b8", T::b8},   {"u8", T::u8},         {"s8", T::s8},      {"b16", T::b16},
    {"u16", T::u16},   {"s16", T::s16}, {"f16", T::f16},       {"bf16", T::bf16},  {"b32", T::b32},
    {"u32", T::u32},   {"s32", T::s32}, {"f32", T::f32},       {"b64", T::b64},    {"u64", T::u64},
    {"s64", T::s64},   {"f64", T::f64}, {"bf16x2", T::bf16x2}, {"f16x2", T::f16x2}};

void fail(const std::string &what) {
    fprintf(stderr, "stand-in GPU: %s\n", what.c_str());
    fflush(stderr);
    abort();
}

std::string trim(const std::string &s) {
    size_t a = s.find_first_not_of(" \t\r\n"), b = s.find_last_not_of(" \t\r\n");
    return a == std::string::npos ? "" : s.substr(a, b - a + 1);
}

static std::string without_comments(const std::string &s) {
    std::string out;
    for (size_t i = 0; i < s.size(); i++) {
        if (s[i] == '/' && s[i + 1] == '/') {
            while (i < s.size() && s[i] != '\n') i++;
            out += '\n';
        } else if (s[i] == '/' && s[i + 1] == '*') {
            i = s.find("*/", i) + 1;
        } else out += s[i];
    }
    return out;
}

std::vector<std::string> split(const std::string &s, char by) { // not within () [] {}
    std::vector<std::string> parts;
    std::string part;
    int depth = 0;
    for (char c : s) {
        if (strchr("([{", c)) depth++;
        if (strchr(")]}", c)) depth--;
        if (c == by && depth == 0) {
            parts.push_back(trim(part));
            part.clear();
        } else part += c;
    }
    if (!trim(part).empty()) parts.push_back(trim(part));
    return parts;
}

// `.shared .align 4 .b8 name[12]`: name, bytes of an element, number of elements
void declared(const std::string &s, std::string &name, size_t &element, size_t &count, size_t &align) {
    std::istringstream in(s);
    std::string word;
    element = 1;
    count = 1;
    align = 0;
    while (in >> word) {
        if (word == ".align") {
            in >> align;
            continue;
        }
        if (word[0] == '.') {
            auto t = TYPES.find(word.substr(1));
            if (t != TYPES.end()) element = size_of(t->second);
            continue;
        }
        name = word; // the last
        size_t b = word.find('[');
        if (b != std::string::npos) {
            count = atoll(word.c_str() + b + 1);
            name = word.substr(0, b);
        }
    }
    if (!align) align = element;
}

static std::vector<Parameter> parameters_of(const std::string &list, size_t &bytes) {
    std::vector<Parameter> all;
    bytes = 0;
    for (auto &one : split(list, ',')) {
        std::string name;
        size_t element, count, align;
        declared(one, name, element, count, align);
        bytes = (bytes + align - 1) / align * align;
        all.push_back({name, element * count, align, bytes});
        bytes += element * count;
    }
    return all;
}

Module *load(const char *source) {
    auto *module = new Module;
    module->text = without_comments(source);
    const std::string &s = module->text;
    size_t at = 0;
    while (at < s.size()) {
        while (at < s.size() && isspace((unsigned char)s[at])) at++;
        if (at >= s.size()) break;
        // one directive: up to `;` or a body
        size_t start = at;
        if (s.compare(at, 8, ".version") == 0 || s.compare(at, 7, ".target") == 0 ||
            s.compare(at, 13, ".address_size") == 0) {
            at = s.find('\n', at);
            continue;
        }
        int depth = 0;
        size_t body = std::string::npos;
        bool is_function = false;
        for (; at < s.size(); at++) {
            char c = s[at];
            if (c == '(' || c == '[') depth++;
            if (c == ')' || c == ']') depth--;
            if (depth == 0 && c == ';') {
                at++;
                break;
            }
            if (depth == 0 && c == '{') {
                std::string head = s.substr(start, at - start);
                is_function =
                    head.find(".entry") != std::string::npos || head.find(".func") != std::string::npos;
                body = at;
                int braces = 0;
                for (; at < s.size(); at++) {
                    if (s[at] == '{') braces++;
                    if (s[at] == '}' && --braces == 0) {
                        at++;
                        break;
                    }
                }
                if (is_function) break;
                at--;
            }
        }
        std::string all = s.substr(start, at - start);
        if (is_function) {
            auto f = std::make_unique<Function>();
            std::string head = s.substr(start, body - start);
            f->is_entry = head.find(".entry") != std::string::npos;
            f->body = s.substr(body + 1, at - body - 2);
            f->module = module;
            size_t p = head.find(f->is_entry ? ".entry" : ".func") + (f->is_entry ? 6 : 5);
            std::string rest = trim(head.substr(p));
            size_t unused;
            if (rest[0] == '(') {
                size_t end = rest.find(')');
                f->results = parameters_of(rest.substr(1, end - 1), unused);
                rest = trim(rest.substr(end + 1));
            }
            size_t open = rest.find('(');
            f->name = trim(rest.substr(0, open));
            if (open != std::string::npos)
                f->parameters =
                    parameters_of(rest.substr(open + 1, rest.find(')', open) - open - 1), f->parameter_bytes);
            while (!f->name.empty() && isspace((unsigned char)f->name.back())) f->name.pop_back();
            size_t space = f->name.find_first_of(" \n\t.");
            if (space != std::string::npos) f->name = f->name.substr(0, space);
            module->functions[f->name] = std::move(f);
        } else if (all.find(".global") == 0 || all.find(".const") == 0 || all.find(".visible .global") == 0) {
            size_t eq = all.find('=');
            std::string name;
            size_t element, count, align;
            declared(eq == std::string::npos ? all.substr(0, all.find(';')) : all.substr(0, eq), name,
                     element, count, align);
            std::vector<uint8_t> bytes(element * count, 0);
            if (eq != std::string::npos) {
                size_t open = all.find('{', eq);
                std::string list = open == std::string::npos ? all.substr(eq + 1, all.find(';') - eq - 1)
                                                             : all.substr(open + 1, all.find('}') - open - 1);
                size_t i = 0;
                for (auto &number : split(list, ',')) {
                    uint64_t v = strtoull(number.c_str(), nullptr, 0);
                    if (number.compare(0, 2, "0F") == 0 || number.compare(0, 2, "0f") == 0)
                        v = strtoull(number.c_str() + 2, nullptr, 16);
                    if (number.compare(0, 2, "0D") == 0 || number.compare(0, 2, "0d") == 0)
                        v = strtoull(number.c_str() + 2, nullptr, 16);
                    if (number[0] == '-') v = (uint64_t)strtoll(number.c_str(), nullptr, 0);
                    if ((i + 1) * element <= bytes.size()) memcpy(&bytes[i * element], &v, element);
                    i++;
                }
            }
            module->globals[name] = {bytes, true};
        } else if (all.find(".extern") != std::string::npos && all.find(".shared") != std::string::npos) {
            std::string name;
            size_t element, count, align;
            declared(all.substr(0, all.find(';')), name, element, count, align);
            module->globals[name] = {{}, false}; // dynamic shared memory
        } else if (all.find(".shared") == 0 || all.find(".visible .shared") == 0) {
            std::string name;
            size_t element, count, align;
            declared(all.substr(0, all.find(';')), name, element, count, align);
            module->globals["shared " + name] = {std::vector<uint8_t>(element * count), false};
        }
    }
    return module;
}
