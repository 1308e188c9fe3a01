#include "runtime/fault_injection.hpp"

#include <array>
#include <system_error>

namespace croton::runtime {
namespace {

std::array<std::atomic<long>, 3> countdowns{};

}  // namespace

std::atomic<long>& FaultInjection::pending(Fault fault) {
  return countdowns[static_cast<std::size_t>(fault)];
}

bool strikes(Fault fault) {
  std::atomic<long>& left = FaultInjection::pending(fault);
  long now = left.load(std::memory_order_relaxed);
  if (now == 0) return false;
  while (now > 0 && !left.compare_exchange_weak(now, now - 1)) {
  }
  return now == 1 || now == FaultInjection::kEvery;
}

void check_thread_start() {
  if (strikes(Fault::thread))
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again),
                            "a thread that a test refuses");
}

}  // namespace croton::runtime
