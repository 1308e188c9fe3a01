// From expressions to callables: shared state, compile, Function.
//
// Thread safety: a Function is immutable and may be called from many threads at once. Shared
// variables are the only state: a call locks those it reads for reading and those it updates for
// writing, in a fixed order, so that calls that meet behave as if one came after the other. A call
// that fails changes nothing: no shared variable. Memory that the caller gave for outputs may have
// been written when a failure is found while kernels run (an index out of range); what dims and
// arguments tell is refused before.
//
// A Function, Expr, Shared or Array that was moved from may be assigned to; anything else that is
// asked of it is a UserError.
#pragma once

#include <filesystem>
#include <utility>

#include "frontend/croton/expr.hpp"
#include "runtime/array.hpp"
#include "runtime/array_view.hpp"

namespace croton {

namespace ir {
struct Module;
}
namespace runtime {
class Program;
struct SharedState;
}  // namespace runtime

/// A variable whose value lives in croton between calls.
class Shared : public Expr {
 public:
  /// A copy of the value.
  [[nodiscard]] Array get() const;
  /// Replaces the value: same dtype and rank; a fixed extent stays. UserError otherwise.
  void set(const ArrayView& value);
  [[nodiscard]] const std::string& name() const { return label(); }

 private:
  friend Shared shared(std::string, const ArrayView&, Shape, Location);
  Shared(Expr expr, std::shared_ptr<runtime::SharedState> state)
      : Expr(std::move(expr)), state_(std::move(state)) {}
  [[nodiscard]] runtime::SharedState& state() const;
  std::shared_ptr<runtime::SharedState> state_;
};

/// A shared variable with a copy of `value`. Its dims are the value's, unless `shape` declares some
/// of them symbolic.
[[nodiscard]] Shared shared(std::string name, const ArrayView& value, Shape shape = {},
                            Location where = Location::current());

/// Known numbers as an expression; copied into the graph, folded and printed into kernels.
[[nodiscard]] Expr constant(const ArrayView& value, Location where = Location::current());

/// The variable's present value as a constant: {.givens = {{W, freeze(W)}}} compiles a function
/// that depends on W's state no more.
[[nodiscard]] Expr freeze(const Shared& variable, Location where = Location::current());

/// How far results may differ from the program as written (see the table of effects in passes).
enum class Math : std::uint8_t {
  strict,    // bits are kept; no fused multiply-add
  standard,  // rounding may differ; stabilisation may also mend overflow and domain
  fast,      // also signed zeros and NaNs
};
inline constexpr Math strict = Math::strict, standard = Math::standard, fast = Math::fast;

/// What is promised about a symbolic dim. Graphs become simpler by it; every call checks it.
struct DimFact {
  enum class Kind : std::uint8_t { divisible, at_least } kind = Kind::at_least;
  std::string symbol;
  std::int64_t value = 0;
};
/// symbol % divisor == 0
[[nodiscard]] inline DimFact divisible(std::string symbol, std::int64_t divisor) {
  return {DimFact::Kind::divisible, std::move(symbol), divisor};
}
/// symbol >= least
[[nodiscard]] inline DimFact at_least(std::string symbol, std::int64_t least) {
  return {DimFact::Kind::at_least, std::move(symbol), least};
}

/// A relation of dims: {"n", Relation::at_least, Dim("m") + 1}.
struct DimRelation {
  Dim a;
  Relation relation = Relation::equal;
  Dim b;
  Site where = {};  // who says so
};

/// Fields in alphabetical order, as designated initialisers need.
struct CompileOptions {
  /// Inputs that nothing uses are accepted.
  bool allow_unused = false;
  /// {divisible("n", 8), at_least("n", 1)}
  std::vector<DimFact> facts = {};
  /// Values replaced by others of the same type before anything else.
  std::vector<std::pair<Expr, Expr>> givens = {};
  /// Else CROTON_MATH, else standard.
  std::optional<Math> math = {};
  /// Shown in dumps, emitted code, logs and `croton cache`.
  std::string name = "main";
  /// What every call checks before anything else, beside what the graph assumes.
  std::vector<DimRelation> requirements = {};
  /// Results of a kernel that reads and writes at least so many bytes go past the caches: written
  /// faster, and read again more slowly. Else 24 MiB. At least 1.
  std::optional<std::int64_t> stream_bytes = {};
  /// At most this many threads; 0: CROTON_THREADS, or what the machine allows.
  int threads = 0;
  /// {variable, new value}: written together, after every output has been computed.
  std::vector<std::pair<Shared, Expr>> updates = {};
};

/// What Function::copy changes.
struct CopyOptions {
  bool delete_updates = false;
  /// Else the function's own.
  std::string name = {};
  /// {variable, the one that takes its place}: same dtype and rank.
  std::vector<std::pair<Shared, Shared>> swap = {};
};

/// What a call returns: one Array per output.
class Results {
 public:
  explicit Results(std::vector<Array> arrays) : arrays_(std::move(arrays)) {}
  [[nodiscard]] std::size_t size() const { return arrays_.size(); }
  /// UserError when there are not so many.
  [[nodiscard]] const Array& operator[](std::size_t i) const;
  [[nodiscard]] auto begin() const { return arrays_.begin(); }
  [[nodiscard]] auto end() const { return arrays_.end(); }
  /// The only result, as a number. UserError when there are several results or elements.
  template <class T>
  [[nodiscard]] T item() const {
    return single().template item<T>();
  }
  /// The only result.
  operator Array() const { return single(); }
  [[nodiscard]] const Array& single() const;
  /// Every array, as it prints itself, on lines of its own.
  friend std::ostream& operator<<(std::ostream& out, const Results& results);

 private:
  std::vector<Array> arrays_;
};

/// An argument given by its input's name: f({{"x", a}, {"y", b}}).
struct NamedArray {
  std::string name;
  ArrayView value;
};

class Function {
 public:
  /// One argument per input, in order. Arrays, vectors, spans and C++ scalars are taken without a
  /// copy when dtype and layout allow; another dtype is an error.
  template <class... Arguments>
  Results operator()(const Arguments&... arguments) const {
    const ArrayView views[] = {ArrayView(arguments)..., ArrayView()};
    return call({views, sizeof...(Arguments)});
  }
  Results operator()(std::initializer_list<NamedArray> arguments) const;
  Results call(std::span<const ArrayView> arguments) const;
  /// Writes into the caller's contiguous and aligned memory; overlap with another output or an
  /// argument is an error.
  template <class... Arguments>
  void into(std::initializer_list<ArrayView> outputs, const Arguments&... arguments) const {
    const ArrayView views[] = {ArrayView(arguments)..., ArrayView()};
    call_into({outputs.begin(), outputs.size()}, {views, sizeof...(Arguments)});
  }
  void call_into(std::span<const ArrayView> outputs, std::span<const ArrayView> arguments) const;

  /// The fastest entry: row-major pointers to every input, then to every output; `dims` are the
  /// values of dim_names(). Nothing is checked but run-time failures, which throw as usual.
  void raw(void* const* pointers, const std::int64_t* dims) const;
  [[nodiscard]] std::vector<std::string> dim_names() const;

  /// The C++ that runs, with comments that lead back to the user's lines. It compiles by itself:
  /// what it uses of the prelude comes first, and a comment says on which line each kernel begins.
  [[nodiscard]] std::string source() const;
  /// Kernels, launches, memory, rules that fired, cache hits and why not.
  [[nodiscard]] std::string explain() const;
  /// Writes every stage as text, and report.html, the same as a page for a browser, into a
  /// directory, which is made. Throws UserError with the file and the reason when it cannot be
  /// written.
  void dump(const std::filesystem::path& directory) const;

  /// The same function of other state: {.swap = {{W, V}}} reads and updates V instead of W. Equal
  /// kernels are not compiled again. UserError for a variable that the function does not use.
  [[nodiscard]] Function copy(const CopyOptions& options,
                              Location where = Location::current()) const;

  struct Counters {
    int kernels = 0, launches = 0;
    int cache_hits = 0, cache_misses = 0, compiled = 0;  // kernels' objects at compile time
    double compile_seconds = 0;
  };
  [[nodiscard]] Counters counters() const;

  // Internal: what was compiled, and of what.
  Function(std::shared_ptr<const runtime::Program> program,
           std::shared_ptr<const ir::Module> module)
      : program_(std::move(program)), module_(std::move(module)) {}

 private:
  [[nodiscard]] const runtime::Program* program() const;
  std::shared_ptr<const runtime::Program> program_;
  std::shared_ptr<const ir::Module> module_;
};

/// Compiles a function of `inputs` that returns `outputs` and then applies the updates. Throws
/// UserError for unused, missing or repeated inputs, symbolic dims that no input or shared variable
/// has as an extent by themselves, givens or updates that change type.
[[nodiscard]] Function compile(const Exprs& inputs, const Exprs& outputs,
                               const CompileOptions& options = {},
                               Location where = Location::current());

/// The value of an expression for given inputs: compiled with a temporary function.
[[nodiscard]] Array eval(const Expr& expr,
                         std::initializer_list<std::pair<Expr, ArrayView>> inputs = {},
                         Location where = Location::current());

/// Every variable's value under its name, as an .npz archive; and back, by name.
void save_npz(const std::filesystem::path& path, std::initializer_list<Shared> variables);
void load_npz(const std::filesystem::path& path, std::initializer_list<Shared> variables);

/// "0.1.0"
[[nodiscard]] std::string version();

}  // namespace croton
