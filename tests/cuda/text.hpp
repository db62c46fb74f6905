// The pieces of PTX as text.
#pragma once
#include "ptx.hpp"

extern const std::map<std::string, T> TYPES;

std::string trim(const std::string &s);
// not within () [] {}
std::vector<std::string> split(const std::string &s, char by);
// `.shared .align 4 .b8 name[12]`: name, bytes of an element, number of elements
void declared(const std::string &s, std::string &name, size_t &element, size_t &count, size_t &align);
