#include "tools/croton/theano.hpp"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "ir/composition.hpp"
#include "ir/error.hpp"
#include "ir/op.hpp"
#include "ir/spelling.hpp"

namespace croton::tool {
namespace {

// `note` "": `ours` is an operation of the registry, whose words are shown.
struct Row {
  std::string_view topic, theirs, ours, note;
};

// clang-format off
constexpr Row kRows[] = {
  {"Functions and state", "function", "compile", "compile({inputs}, {outputs}, {.updates = …, .givens = …}); a list of updates in CompileOptions"},
  {"Functions and state", "shared", "shared", "get and set copy; updates happen together, after all outputs"},
  {"Functions and state", "tensor.scalar", "input", "input(name, dtype, {}): every input states its dtype"},
  {"Functions and state", "tensor.vector", "input", "input(name, dtype, {\"n\"}): a string is a symbolic dim"},
  {"Functions and state", "tensor.matrix", "input", "input(name, dtype, {\"n\", 784}): a number is a fixed one"},
  {"Functions and state", "tensor.constant", "constant", "literals in expressions need no call; they are weak and keep the other operand's dtype"},
  {"Functions and state", "grad", "grad", "grad(cost, {x, y}); one Expr for one variable"},
  {"Functions and state", "tensor.verify_grad", "verify_grad", "central differences against reverse and forward mode"},
  {"Functions and state", "clone", "CompileOptions::givens", "values replaced by others before anything else"},
  {"Functions and state", "eval", "eval", "eval(expr, {{x, a}})"},
  {"Functions and state", "printing.debugprint", "croton dump", "any stage: croton dump model.ctir --stage graph"},
  {"Functions and state", "printing.pydotprint", "croton dump --dot", "for Graphviz"},
  {"Functions and state", "compile_dir", "CROTON_CACHE_DIR", "croton cache path says where; entries are not executed unless they are yours"},
  {"Functions and state", "theano-cache", "croton cache", "ls, stats, why, verify, prune, clear, export"},
  {"Functions and state", "config.optimizer_excluding", "croton opt --run", "any list of passes; CROTON_BISECT finds the rewrite that changes a result"},
  {"Functions and state", "mode.FAST_COMPILE", "Math::strict", "math is strict (bits are kept), standard or fast; nothing is interpreted"},
  {"Creation", "tensor.zeros", "zeros", "zeros(shape, dtype)"},
  {"Creation", "tensor.ones", "ones", "ones(shape, dtype)"},
  {"Creation", "tensor.zeros_like", "zeros_like", "the same"},
  {"Creation", "tensor.ones_like", "ones_like", "the same"},
  {"Creation", "tensor.alloc", "full", "full(shape, value, dtype), or broadcast_to(x, shape)"},
  {"Creation", "tensor.arange", "arange", "arange(count); the count may be an Expr"},
  {"Creation", "tensor.eye", "eye", "eye(rows, dtype)"},
  {"Creation", "tensor.extra_ops.to_one_hot", "one_hot", "one_hot(labels, classes, dtype)"},
  {"Shapes and joining", "tensor.reshape", "reshape", "reshape(x, shape)"},
  {"Shapes and joining", "tensor.flatten", "ravel", "to one dim"},
  {"Shapes and joining", "dimshuffle", "permute", "permute(x, {1, 0}) for axes; expand_dims(x, axes) where the pattern has 'x'"},
  {"Shapes and joining", "tensor.transpose", "transpose", ""},
  {"Shapes and joining", "tensor.squeeze", "squeeze", "axes may be named"},
  {"Shapes and joining", "tensor.concatenate", "concatenate", ""},
  {"Shapes and joining", "tensor.join", "concatenate", ""},
  {"Shapes and joining", "tensor.stack", "stack", "stack({a, b}, axis)"},
  {"Shapes and joining", "tensor.split", "split", "into equal parts"},
  {"Shapes and joining", "tensor.addbroadcast", "broadcast_to", "only a literal 1 broadcasts, as in Theano"},
  {"Indexing", "x[i]", "gather", ""},
  {"Indexing", "x[a:b]", "slice", ""},
  {"Indexing", "tensor.set_subtensor", "set", "set(x, {places}, value)"},
  {"Indexing", "tensor.inc_subtensor", "increment", "increment(x, {places}, value); repeated places add up in order"},
  {"Elementwise", "tensor.add", "add", ""},
  {"Elementwise", "tensor.sub", "sub", ""},
  {"Elementwise", "tensor.mul", "mul", ""},
  {"Elementwise", "tensor.true_div", "div", ""},
  {"Elementwise", "tensor.int_div", "floor_divide", ""},
  {"Elementwise", "tensor.mod", "mod", ""},
  {"Elementwise", "tensor.pow", "pow", ""},
  {"Elementwise", "tensor.neg", "neg", ""},
  {"Elementwise", "tensor.abs_", "abs", ""},
  {"Elementwise", "tensor.sgn", "sign", ""},
  {"Elementwise", "tensor.sqr", "sqr", ""},
  {"Elementwise", "tensor.sqrt", "sqrt", ""},
  {"Elementwise", "tensor.exp", "exp", ""},
  {"Elementwise", "tensor.expm1", "expm1", ""},
  {"Elementwise", "tensor.log", "log", ""},
  {"Elementwise", "tensor.log1p", "log1p", ""},
  {"Elementwise", "tensor.log2", "log2", ""},
  {"Elementwise", "tensor.log10", "log10", ""},
  {"Elementwise", "tensor.sin", "sin", ""},
  {"Elementwise", "tensor.cos", "cos", ""},
  {"Elementwise", "tensor.tan", "tan", ""},
  {"Elementwise", "tensor.tanh", "tanh", ""},
  {"Elementwise", "tensor.erf", "erf", ""},
  {"Elementwise", "tensor.floor", "floor", ""},
  {"Elementwise", "tensor.ceil", "ceil", ""},
  {"Elementwise", "tensor.trunc", "trunc", ""},
  {"Elementwise", "tensor.round", "round", ""},
  {"Elementwise", "tensor.maximum", "maximum", ""},
  {"Elementwise", "tensor.minimum", "minimum", ""},
  {"Elementwise", "tensor.clip", "clip", "clip(x, low, high)"},
  {"Elementwise", "tensor.cast", "cast", ""},
  {"Elementwise", "tensor.switch", "where", ""},
  {"Elementwise", "tensor.eq", "eq", ""},
  {"Elementwise", "tensor.neq", "neq", ""},
  {"Elementwise", "tensor.lt", "lt", ""},
  {"Elementwise", "tensor.le", "le", ""},
  {"Elementwise", "tensor.gt", "gt", ""},
  {"Elementwise", "tensor.ge", "ge", ""},
  {"Elementwise", "tensor.isnan", "isnan", ""},
  {"Elementwise", "tensor.isinf", "isinf", ""},
  {"Elementwise", "tensor.and_", "bitwise_and", ""},
  {"Elementwise", "tensor.or_", "bitwise_or", ""},
  {"Elementwise", "tensor.xor", "bitwise_xor", ""},
  {"Elementwise", "tensor.invert", "bitwise_not", ""},
  {"Reductions", "tensor.sum", "sum", ""},
  {"Reductions", "tensor.prod", "prod", ""},
  {"Reductions", "tensor.mean", "mean", ""},
  {"Reductions", "tensor.var", "var", ""},
  {"Reductions", "tensor.std", "std", ""},
  {"Reductions", "tensor.max", "max", ""},
  {"Reductions", "tensor.min", "min", ""},
  {"Reductions", "tensor.argmax", "argmax", ""},
  {"Reductions", "tensor.argmin", "argmin", ""},
  {"Reductions", "tensor.any", "any", ""},
  {"Reductions", "tensor.all", "all", ""},
  {"Reductions", "tensor.cumsum", "cumsum", ""},
  {"Products", "tensor.dot", "matmul", "matmul follows NumPy; dot(a, b) is Theano's for vectors and matrices"},
  {"Products", "tensor.batched_dot", "matmul", "leading dims are a batch"},
  {"Products", "tensor.tensordot", "contract", ""},
  {"Networks", "tensor.nnet.sigmoid", "sigmoid", ""},
  {"Networks", "tensor.nnet.softplus", "softplus", ""},
  {"Networks", "tensor.nnet.relu", "relu", ""},
  {"Networks", "tensor.nnet.softmax", "softmax", ""},
  {"Networks", "tensor.nnet.logsoftmax", "log_softmax", ""},
  {"Networks", "tensor.nnet.categorical_crossentropy", "cross_entropy", ""},
};
// clang-format on

std::string_view doc_of(const Row& row) {
  if (!row.note.empty()) return row.note;
  for (const ir::Composition& composition : ir::all_compositions())
    if (composition.name == row.ours) return composition.doc;
  const std::optional<ir::Op> op = ir::op_named(row.ours);
  CROTON_CHECK(op.has_value(), fmt::format("there is no operation {}", row.ours));
  return ir::info(*op).doc;
}

std::string_view last_part(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string theano_page() {
  std::string out =
      "# Coming from Theano\n\n"
      "Generated by `croton reference --theano > tools/croton/coming-from-theano.md`; what an "
      "operation does is\n"
      "quoted from the registry. `croton ops --theano tensor.switch` looks one name up.\n\n"
      "Broadcasting is Theano's (only a literal 1 broadcasts) unless a dim is fixed to 1; "
      "promotion follows NumPy 2:\n"
      "literals are weak, so `0.1f * x` keeps the dtype of `x` and there is no `floatX`. Nothing "
      "is interpreted:\n"
      "`compile` makes machine code, and a second process finds it in the cache.\n";
  std::string_view topic;
  for (const Row& row : kRows) {
    if (row.topic != topic) {
      topic = row.topic;
      out += fmt::format("\n## {}\n\n| Theano | croton | |\n|---|---|---|\n", topic);
    }
    out += fmt::format("| `{}` | `{}` | {} |\n", row.theirs, row.ours, escaped(doc_of(row)));
  }
  return out;
}

std::vector<TheanoName> from_theano(std::string_view name) {
  if (name.starts_with("theano.")) name.remove_prefix(7);
  if (name.starts_with("T.")) name.remove_prefix(2);
  std::vector<TheanoName> out;
  std::vector<std::string_view> known;
  for (const Row& row : kRows) {
    known.push_back(row.theirs);
    known.push_back(last_part(row.theirs));
    if (row.theirs == name || last_part(row.theirs) == name)
      out.push_back({std::string(row.theirs), std::string(row.ours), std::string(doc_of(row))});
  }
  if (out.empty())
    throw UserError(fmt::format("{} is not in the table{}", name, ir::suggestion(name, known)));
  return out;
}

}  // namespace croton::tool
