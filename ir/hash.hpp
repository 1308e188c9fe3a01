// In-memory hashing of nodes (never stored; keys on disk have their own 128-bit hash). The mixing
// step is the 64-bit finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
#pragma once

#include <cstddef>
#include <cstdint>

namespace croton::ir {

struct Hasher {
  std::size_t value = 0x9e3779b97f4a7c15u;
  void add(std::uint64_t x) {
    x += value + 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    value = x ^ (x >> 31);
  }
  void add_bytes(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    add(size);
    for (; size >= 8; size -= 8, bytes += 8) {
      std::uint64_t word;
      __builtin_memcpy(&word, bytes, 8);
      add(word);
    }
    if (size == 0) return;
    std::uint64_t rest = 0;
    __builtin_memcpy(&rest, bytes, size);
    add(rest);
  }
};

}  // namespace croton::ir
