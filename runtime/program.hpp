// A compiled function: the plan in a form that runs, and everything a call does around it.
//
// A call resolves the dims from the arguments and checks what compile could not prove; locks the
// shared variables; takes an execution context; runs the launches in order, each over the thread
// pool; commits. Whatever fails, fails before the first write to shared memory that cannot be
// undone, so a failed call changes nothing.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "codegen/kernel_abi.hpp"
#include "ir/module.hpp"
#include "runtime/arena.hpp"
#include "runtime/array_view.hpp"
#include "runtime/compile_settings.hpp"
#include "runtime/dim_program.hpp"
#include "runtime/shared_state.hpp"

namespace croton::runtime {

/// Loaded machine code of one kernel; `keep_alive` owns the memory it lies in.
struct LoadedKernel {
  codegen::KernelEntry entry = nullptr;
  codegen::KernelEntry combine = nullptr;
  std::vector<std::string> dims;      // symbols, in the order of the ABI
  Dim parallel_extent;                // iterations of the parallel loop; 1 without one
  std::int64_t cost = 1;              // per iteration, in element operations
  std::vector<std::string> failures;  // messages by failure site
  std::shared_ptr<void> keep_alive;
};

struct ProgramCounters {
  int kernels = 0, cache_hits = 0, compiled = 0;
  double compile_seconds = 0;
};

class Program {
 public:
  /// `graph` is what was compiled, at the tensor level; its dims hold no value atoms and its state
  /// is stated. `plan` launches `kernels` by name.
  Program(ir::Module graph, ir::Region plan,
          std::vector<std::pair<std::string, LoadedKernel>> kernels,
          const ProgramCounters& counters, CompileSettings settings,
          std::shared_ptr<const Program> prologue = nullptr);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] std::vector<Array> call(std::span<const ArrayView> inputs) const;
  /// `spent`, when it is given, has launches() places, to which each launch's nanoseconds are
  /// added.
  void call_into(std::span<const ArrayView> outputs, std::span<const ArrayView> inputs,
                 std::span<std::int64_t> spent = {}) const;
  /// The kernels that a call launches, in order.
  [[nodiscard]] std::vector<std::string> launch_names() const;
  /// Row-major pointers to inputs, then outputs; dims by dim_names(). No checks.
  void raw(void* const* pointers, const std::int64_t* dims) const;

  [[nodiscard]] const std::vector<std::string>& dim_names() const { return symbol_names_; }
  [[nodiscard]] const std::vector<std::string>& input_names() const { return input_names_; }
  [[nodiscard]] const ProgramCounters& counters() const { return counters_; }
  [[nodiscard]] const ir::Module& graph() const { return module_; }
  [[nodiscard]] const CompileSettings& settings() const { return settings_; }
  [[nodiscard]] const Program* prologue() const { return prologue_.get(); }
  [[nodiscard]] int launches() const { return static_cast<int>(launches_.size()); }

 private:
  struct Buffer {  // of the plan: where it lives
    enum class Kind : std::uint8_t { input, shared, output, arena } kind = Kind::arena;
    int index = 0;
    DimProgram offset;  // arena: bytes from its start
    DimProgram bytes;
  };
  struct Launch {
    std::string name;
    LoadedKernel kernel;
    std::vector<int> buffers;
    std::vector<DimProgram> dims;
    DimProgram extent;
    std::int64_t grain = 1;  // iterations below which the launch stays on one thread
  };
  struct Commit {
    int variable;  // index into shared_
    int source;    // buffer
  };
  struct InputType {
    DType dtype;
    std::vector<DimProgram> extents;
    std::vector<int> binds;  // the leaf slot that an axis defines, or -1
  };
  // A function of one kernel that takes raw's pointers and dims as they are.
  struct Direct {
    codegen::KernelEntry entry = nullptr;  // null: calls go the general way
    int extent = -1;                       // which of raw's dims counts the iterations; -1: once
    std::int64_t most = 0;                 // iterations that need no second thread
  };
  struct Context;
  struct Locks;

  /// A call whose locks are held; `outputs_for(leaves)` gives the outputs' memory once the dims are
  /// known.
  template <class OutputsFor>
  void run_locked(std::span<const ArrayView> inputs, const OutputsFor& outputs_for,
                  std::int64_t* spent = nullptr) const;
  [[nodiscard]] std::vector<Array> call_locked(std::span<const ArrayView> inputs) const;
  void order_locks();
  void build_buffers();
  void find_direct();
  void build_steps(const std::vector<std::pair<std::string, LoadedKernel>>& kernels);
  void bind_leaves(std::span<const ArrayView> inputs, std::span<const Array> values,
                   std::int64_t* leaves) const;
  /// `inputs`, or a copy of them in `converted` where C++ numbers have become the inputs' dtypes.
  [[nodiscard]] std::span<const ArrayView> with_numbers_converted(
      std::span<const ArrayView> inputs, std::vector<ArrayView>& converted) const;
  void check_requires(const std::int64_t* leaves) const;
  void raw_with_context(void* const* pointers, const std::int64_t* dims) const;
  void run(Context& context, void* const* inputs, void* const* outputs,
           std::int64_t* spent = nullptr) const;
  void run_launch(const Launch& launch, Context& context) const;
  void run_kernel(const Launch& launch, void* const* pointers, const std::int64_t* dims,
                  std::int64_t extent) const;
  void run_parallel(const Launch& launch, void* const* pointers, const std::int64_t* dims,
                    std::int64_t extent, codegen::KernelFailure& failure) const;
  [[nodiscard]] std::unique_ptr<Context> acquire() const;
  void release(std::unique_ptr<Context> context) const noexcept;
  void check_overlap(std::span<const ArrayView> outputs, std::span<const ArrayView> inputs) const;

  [[noreturn]] void refuse(std::size_t input, const std::string& why) const;
  [[noreturn]] void fail(const Launch& launch, const codegen::KernelFailure& failure) const;

  Direct direct_;
  ir::Module module_;
  ir::Region plan_;
  ProgramCounters counters_;
  CompileSettings settings_;
  int threads_;
  /// Computes the run-time values that dims depend on, from the same inputs; output k is the symbol
  /// value$k. Null when there are none.
  std::shared_ptr<const Program> prologue_;
  DimLeaves leaves_;
  std::vector<std::string> symbol_names_, input_names_;
  std::vector<int> symbol_slots_;
  std::vector<InputType> inputs_;
  std::vector<InputType> outputs_;  // binds unused
  std::vector<InputType> shared_types_;
  std::vector<std::shared_ptr<SharedState>> shared_;
  /// What a call locks, with what its prologue reads, in the order of ids.
  struct Lock {
    SharedState* state;
    bool exclusive;
  };
  std::vector<Lock> locks_;
  std::vector<Buffer> buffers_;
  std::vector<Launch> launches_;
  std::vector<Commit> commits_;
  std::vector<std::pair<DimProgram, DimProgram>> requires_;
  DimProgram arena_bytes_;
  /// The context that the next call takes without a lock; others wait in the list.
  mutable std::atomic<Context*> spare_{nullptr};
  mutable std::mutex contexts_mutex_;
  mutable std::vector<std::unique_ptr<Context>> contexts_;
};

}  // namespace croton::runtime
