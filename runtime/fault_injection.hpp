// Failures on demand, for tests: an allocation or a thread that the system refuses. Inert
// otherwise, one relaxed load beside work that takes far longer.
#pragma once

#include <atomic>
#include <cstdint>

namespace croton::runtime {

enum class Fault : std::uint8_t {
  arena,   // memory for a call's temporaries
  array,   // memory of an Array
  thread,  // starting a thread
};

/// While it lives, the `nth` request of its kind fails, counted from 1 and over all threads; with
/// kEvery, each one.
class FaultInjection {
 public:
  static constexpr long kEvery = -1;
  FaultInjection(Fault fault, long nth) : fault_(fault) { pending(fault).store(nth); }
  ~FaultInjection() { pending(fault_).store(0); }
  FaultInjection(const FaultInjection&) = delete;
  FaultInjection& operator=(const FaultInjection&) = delete;
  /// Whether the failure has not happened yet.
  [[nodiscard]] bool is_pending() const { return pending(fault_).load() != 0; }

  /// Requests until the one that fails; 0: none will.
  static std::atomic<long>& pending(Fault fault);

 private:
  Fault fault_;
};

/// Whether this request is the one that fails.
bool strikes(Fault fault);
/// Throws what std::thread throws when the system has no more threads, if this start is to fail.
void check_thread_start();

}  // namespace croton::runtime
