// The peers: OpenBLAS and oneDNN through their C interfaces, found when the program runs, and NumPy
// in a process of its own that times itself. A peer that is not there is an empty function.
#pragma once

#include <memory>
#include <string>

#include "tools/benchmarks/bench.hpp"

namespace bench {

/// c = op(a) op(b), row-major n × n.
using ProductF32 = std::function<void(std::int64_t n, bool transpose_a, bool transpose_b,
                                      const float* a, const float* b, float* c)>;
using ProductF64 = std::function<void(std::int64_t n, bool transpose_a, bool transpose_b,
                                      const double* a, const double* b, double* c)>;
/// Empty when libdnnl or libopenblas is not installed. Threads: OMP_NUM_THREADS,
/// OPENBLAS_NUM_THREADS and, for OpenBLAS's kernels, OPENBLAS_CORETYPE, all set by tools/bench.
[[nodiscard]] ProductF32 onednn_product();
[[nodiscard]] ProductF64 openblas_product();

/// numpy_peer.py as a process. Cases are named there.
class NumPy {
 public:
  explicit NumPy(const Options& options);
  ~NumPy();
  NumPy(const NumPy&) = delete;
  NumPy& operator=(const NumPy&) = delete;
  [[nodiscard]] bool present() const { return process_ != 0; }
  /// {} when NumPy is missing, else the one form of this case.
  [[nodiscard]] std::vector<Timed> forms(const std::string& name, std::int64_t size);
  /// What the case's last run gave: the sum of its output, or the loss of its first step.
  [[nodiscard]] double value(const std::string& name, std::int64_t size);

 private:
  struct Answer {
    double seconds, value;
  };
  Answer ask(const std::string& name, std::int64_t size, int count);
  int process_ = 0;
  std::FILE *to_ = nullptr, *from_ = nullptr;
};

}  // namespace bench
