// A .ctir program with numbers: what `croton run`, its cases and `croton bench` work on. Inputs and
// shared variables are known by their names; outputs by the names that the text gives them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/module.hpp"
#include "runtime/array.hpp"
#include "runtime/compile_settings.hpp"
#include "runtime/shared_state.hpp"

namespace croton::runtime {
class Program;
}

namespace croton::tool {

using Arrays = std::map<std::string, Array>;

struct Problem {
  std::string file;  // what errors call it
  ir::Module module;
  /// One name per output of the module: those of the text, then "grad NAME" per gradient. A name
  /// that occurs again has its number behind it: "y.2".
  std::vector<std::string> output_names;
  /// The shared variables, and whether a call changes them.
  struct Variable {
    std::shared_ptr<runtime::SharedState> state;
    ir::Value value;
    bool updated = false;
  };
  std::vector<Variable> variables;
  /// Values of inputs that add_gradients has made.
  Arrays cotangents;
};

/// `values` holds shared variables by name, before those of `file`.npz. Throws UserError for what
/// is no module, and for a shared variable without a value.
[[nodiscard]] Problem parse_problem(const std::string& text, const std::string& file,
                                    const Arrays& values);

/// The cotangent of an output: an array of its type, a number for every element, or (nothing) none.
struct Cotangent {
  std::optional<Array> array;
  std::optional<double> number;
};

struct GradientRequest {
  /// Names of inputs and shared variables; nothing: every real input.
  std::optional<std::vector<std::string>> wrt;
  /// By output, in order; empty: the only real output, which must be a scalar, with 1.
  std::vector<Cotangent> cotangents;
};

/// Appends outputs: the gradient of the sum of outputs times their cotangents. Cotangents are
/// inputs, never constants. UserError for unknown or integer variables, a cost that is no scalar,
/// cotangents of another number, and variables of `wrt` that the cost does not depend on; without
/// `wrt`, those have zeros.
void add_gradients(Problem& problem, const GradientRequest& request);

/// The arguments in the module's order: from `given`, then from the problem's cotangents. UserError
/// naming an input that is missing.
[[nodiscard]] std::vector<Array> arguments(const Problem& problem, const Arrays& given);

/// Outputs by name in order, then the variables that the call has updated.
using Results = std::vector<std::pair<std::string, Array>>;
/// Calls a function that was compiled from the problem.
[[nodiscard]] Results call(const Problem& problem, const runtime::Program& program,
                           const std::vector<Array>& arguments);

/// How results differ from the reference evaluator's; `before` holds the values of shared variables
/// as they were before the call, in the problem's order.
struct ReferenceCheck {
  bool good = true;
  struct Output {
    std::string name;
    std::int64_t outside = 0, undetermined = 0, count = 0, worst = -1;
    double wanted = 0, bound = 0, actual = 0;
  };
  std::vector<Output> outputs;
};
[[nodiscard]] ReferenceCheck check_reference(const Problem& problem,
                                             const std::vector<Array>& arguments,
                                             const std::vector<Array>& before,
                                             const Results& results);
/// Copies of the shared variables' values.
[[nodiscard]] std::vector<Array> values_of(const Problem& problem);

}  // namespace croton::tool
