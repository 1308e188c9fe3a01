// One block of temporary memory per execution context: grows, never shrinks, so that a second call
// at the same sizes allocates nothing.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "ir/error.hpp"
#include "runtime/fault_injection.hpp"

namespace croton::runtime {

class Arena {
 public:
  /// At least `bytes`, aligned to 64 bytes (2 MiB when large); earlier contents are lost.
  std::byte* reserve(std::size_t bytes) {
    if (bytes <= size_) return memory_.get();
    constexpr std::size_t kHuge = std::size_t{2} << 20;
    const std::size_t alignment = bytes >= 2 * kHuge ? kHuge : 64;
    const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
    memory_.reset();
    size_ = 0;
    if (!strikes(Fault::arena))
      memory_.reset(static_cast<std::byte*>(std::aligned_alloc(alignment, rounded)));
    if (!memory_)
      throw UserError("there is no memory for " + std::to_string(rounded) +
                      " bytes of temporaries");
    if (alignment == kHuge) madvise(memory_.get(), rounded, MADV_HUGEPAGE);
    size_ = rounded;
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t size_ = 0;
};

}  // namespace croton::runtime
