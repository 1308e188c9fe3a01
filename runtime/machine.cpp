// What one core can do, for the roofline of reports. x86-64 alone: elsewhere nothing is known.
#include <immintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <new>
#include <vector>

#include "runtime/report.hpp"

namespace croton::runtime {
namespace {

double seconds(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Twelve independent chains hide the latency of two multiply-add units. `volatile` keeps the
// result.
volatile float sink = 0;
constexpr int kChains = 12;
constexpr long kRounds = 400'000;

__attribute__((target("avx512f"))) void chains_512() {
  __m512 chain[kChains] = {};
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (long round = 0; round < kRounds; ++round)
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) chain[i] = _mm512_fmadd_ps(chain[i], a, b);
  for (const __m512& c : chain) sink = sink + _mm512_cvtss_f32(c);
}

__attribute__((target("avx2,fma"))) void chains_256() {
  __m256 chain[kChains] = {};
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (long round = 0; round < kRounds; ++round)
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) chain[i] = _mm256_fmadd_ps(chain[i], a, b);
  for (const __m256& c : chain) sink = sink + _mm256_cvtss_f32(c);
}

void chains_128() {
  __m128 chain[kChains] = {};
  const __m128 a = _mm_set1_ps(0.999f), b = _mm_set1_ps(0.001f);
  for (long round = 0; round < kRounds; ++round)
#pragma GCC unroll 12
    for (int i = 0; i < kChains; ++i) chain[i] = _mm_add_ps(_mm_mul_ps(chain[i], a), b);
  for (const __m128& c : chain) sink = sink + _mm_cvtss_f32(c);
}

double best_of_three(const auto& work) {
  double best = seconds(work);
  for (int i = 0; i < 2; ++i) best = std::min(best, seconds(work));
  return best;
}

Machine measured() {
  const bool wide = __builtin_cpu_supports("avx512f") != 0;
  const bool fused = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const double spent = best_of_three(wide ? chains_512 : fused ? chains_256 : chains_128);
  const double lanes = wide ? 16 : fused ? 8 : 4;
  // 128 MiB, beyond the caches; eight sums, so that additions do not wait for each other.
  const std::vector<std::uint64_t> memory((std::size_t{128} << 20) / sizeof(std::uint64_t), 1);
  const double reading = best_of_three([&] {
    std::uint64_t sum[8] = {};
    for (std::size_t i = 0; i < memory.size(); i += 8)
      for (std::size_t l = 0; l < 8; ++l) sum[l] += memory[i + l];
    sink = sink + static_cast<float>(sum[0] + sum[3] + sum[7]);
  });
  return {2 * lanes * kChains * kRounds / spent,
          static_cast<double>(memory.size() * sizeof(std::uint64_t)) / reading};
}

}  // namespace

const Machine& this_machine() {
  static const Machine machine = [] {
    try {
      return measured();
    } catch (const std::bad_alloc&) {
      return Machine{};
    }
  }();
  return machine;
}

}  // namespace croton::runtime
