#include "tools/benchmarks/bench.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <thread>

namespace bench {

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Runner::Runner(Options options) : options_(std::move(options)), only_(options_.only) {}

bool Runner::wanted(const std::string& name) {
  if (!std::regex_search(name, only_)) return false;
  if (!options_.list) return true;
  fmt::print("{}\n", name);
  return false;
}

std::vector<Sample> Runner::measure(const std::vector<Timed>& contenders) const {
  const double budget = options_.quick ? 0.03 : 0.25;  // seconds for each contender
  const int rounds = options_.quick ? 3 : 5;
  constexpr double kBatch = 0.5e-3;  // long against the clock, short against an interruption
  const std::size_t count = contenders.size();
  std::vector<int> batch(count), batches(count);
  std::vector<std::vector<double>> samples(count);
  for (std::size_t c = 0; c < count; ++c) {
    contenders[c](1);  // pages, caches, threads
    double once = contenders[c](1);
    once = std::max(std::min(once, contenders[c](2) / 2), 1e-9);
    batch[c] = std::max(1, static_cast<int>(kBatch / once));
    batches[c] = std::max(1, static_cast<int>(budget / rounds / (batch[c] * once)));
  }
  for (int round = 0; round < rounds; ++round)
    for (std::size_t turn = 0; turn < count; ++turn) {
      const std::size_t c = round % 2 == 0 ? turn : count - 1 - turn;
      // Threads of the contender before may still be spinning for work.
      if (options_.threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(30));
      contenders[c](1);
      for (int i = 0; i < batches[c]; ++i) samples[c].push_back(contenders[c](batch[c]) / batch[c]);
    }
  std::vector<Sample> result;
  for (std::vector<double>& list : samples) {
    std::sort(list.begin(), list.end());
    result.push_back({list.front(), list[list.size() / 2]});
  }
  return result;
}

void Runner::compare(const std::string& name, const Unit& unit, const Timed& croton,
                     const std::vector<Peer>& peers) {
  std::vector<Timed> contenders{croton};
  for (const Peer& peer : peers)
    contenders.insert(contenders.end(), peer.forms.begin(), peer.forms.end());
  const std::vector<Sample> samples = measure(contenders);
  std::size_t next = 1;
  for (const Peer& peer : peers) {
    if (peer.forms.empty()) {
      missing(name, peer.name);
      continue;
    }
    const auto first = samples.begin() + static_cast<std::ptrdiff_t>(next);
    next += peer.forms.size();
    const Sample best =
        *std::min_element(first, samples.begin() + static_cast<std::ptrdiff_t>(next),
                          [](const Sample& a, const Sample& b) { return a.best < b.best; });
    Row row{.name = name, .unit = unit.name, .peer = peer.name};
    row.croton = unit.of(samples[0].best), row.croton_median = unit.of(samples[0].median);
    row.peer_value = unit.of(best.best), row.peer_median = unit.of(best.median);
    row.ratio = best.best / samples[0].best;
    if (peer.target != 0) {
      row.target = fmt::format(">= {}", peer.target);
      row.ok = row.ratio >= peer.target;
    }
    report(row);
  }
}

void Runner::report(const Row& row) const {
  fmt::print(
      "{{\"name\": \"{}\", \"threads\": {}, \"croton\": {:.6g}, \"unit\": \"{}\", "
      "\"peer\": \"{}\", \"peer_value\": {:.6g}, \"ratio\": {:.4g}, \"target\": \"{}\", "
      "\"ok\": {}, \"croton_median\": {:.6g}, \"peer_median\": {:.6g}, \"note\": \"{}\"}}\n",
      row.name, options_.threads, row.croton, row.unit, row.peer, row.peer_value, row.ratio,
      row.target, row.ok, row.croton_median, row.peer_median, row.note);
  std::fflush(stdout);
}

void Runner::missing(const std::string& name, const std::string& peer) const {
  fmt::print("{{\"name\": \"{}\", \"threads\": {}, \"peer\": \"{}\", \"missing\": true}}\n", name,
             options_.threads, peer);
  std::fflush(stdout);
}

void Runner::check(const std::string& name, bool equal, const std::string& what) {
  if (equal) return;
  failed_ = true;
  fmt::print(stderr, "{}: {}\n", name, what);
}

void* allocate(std::size_t bytes) {
  constexpr std::size_t kLargePage = std::size_t{2} << 20;
  const std::size_t rounded = (bytes + kLargePage - 1) / kLargePage * kLargePage;
  void* memory = std::aligned_alloc(kLargePage, rounded);
  if (!memory) throw std::bad_alloc();
  madvise(memory, rounded, MADV_HUGEPAGE);
  return memory;
}

namespace {
template <class T>
double largest(const T* a, const T* b, std::int64_t count) {
  double scale = 0, worst = 0;
  for (std::int64_t i = 0; i < count; ++i) scale = std::max(scale, std::fabs(double(b[i])));
  for (std::int64_t i = 0; i < count; ++i) {
    const double difference =
        std::fabs(double(a[i]) - double(b[i])) / (std::fabs(double(b[i])) + scale / 100 + 1e-300);
    if (!(difference <= worst)) worst = difference;  // a NaN counts
  }
  return worst;
}
}  // namespace

double largest_difference(const float* a, const float* b, std::int64_t count) {
  return largest(a, b, count);
}
double largest_difference(const double* a, const double* b, std::int64_t count) {
  return largest(a, b, count);
}

}  // namespace bench
