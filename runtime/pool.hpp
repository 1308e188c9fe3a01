// The thread pool. Work is handed over in ranges; workers spin for a moment before they sleep, so
// that kernels that follow each other are handed over in less than a microsecond. Nobody waits for
// a worker that has not begun: where something else has the cores, the caller does the work. One
// caller has the pool at a time: others, and nested calls, run their work themselves.
#pragma once

#include <cstdint>

namespace croton::runtime {

using PoolBody = int (*)(void* argument, std::int64_t begin, std::int64_t end, int thread) noexcept;

/// Runs body over [0, count) in pieces of at least `grain`, on at most `threads` threads. Returns
/// the first non-zero status, or 0.
int pool_parallel_for(int threads, std::int64_t count, std::int64_t grain, PoolBody body,
                      void* argument);
/// CROTON_THREADS, else the smaller of the affinity mask and the container's quota; at least 1.
[[nodiscard]] int default_threads();

}  // namespace croton::runtime
