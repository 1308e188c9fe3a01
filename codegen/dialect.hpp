// What differs between the languages that kernels are written in, as data. The writer has no branch
// on a language: it fills these columns. Scalar regions need no column: they are the same text, and
// what one language lacks is a function or macro of ir/prelude.
#pragma once

#include <string_view>

namespace croton::codegen {

/// Formats are fmt's. An argument's are filled with {0} type and {1} number; the parallel loop's
/// with {0} the index.
struct Dialect {
  std::string_view name;
  bool cuda = false;      // which blocks of the prelude are printed
  bool fma = true;        // the target multiplies and adds with one rounding
  int vector_bytes = 64;  // of the widest registers; 0: lanes loops are written as plain loops
  std::string_view open;  // around the whole text
  std::string_view close;
  std::string_view function;  // what the name of a function of the kernel's own parameters follows
  std::string_view entry;     // "": that function is the entry; else what an entry's name follows
  std::string_view buffer_argument;  // what such an entry passes
  std::string_view dim_argument;
  std::string_view parallel_loop;
  std::string_view compiled_as;  // what a person tells a compiler; {0} the architecture
};

/// C++ for g++ 12 and Clang 19 and newer, which share vector types. Entries are KernelEntry.
[[nodiscard]] Dialect cpp_dialect(bool fma, int vector_bytes);

/// CUDA C++ for NVRTC and nvcc, compute capability 7.0 or newer; needs --fmad=false. An entry is a
/// __global__ function of the kernel's buffers, its dims, begin, end and the failure record, in
/// this order. The parallel loop strides over the grid, so any launch is right; an entry whose
/// parallel extent is 1 and every combine are launched with one thread.
///
/// Failures: the least failing index is kept in `failure->index` by atomicMin. `site` and `values`
/// are exact after a launch with one thread; after any other, the caller runs the failing index
/// again alone, with begin = index, end = index + 1 and a fresh record.
[[nodiscard]] Dialect cuda_dialect();

}  // namespace croton::codegen
