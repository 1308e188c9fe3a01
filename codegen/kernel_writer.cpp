#include "codegen/kernel_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "codegen/function_text.hpp"
#include "codegen/spelling.hpp"
#include "codegen/value_text.hpp"
#include "codegen/vector_loops.hpp"
#include "codegen/vector_types.hpp"
#include "codegen/writer.hpp"
#include "ir/prelude.hpp"

namespace croton::codegen {
namespace {

using ir::Literal;
using ir::Node;
using ir::NodePtr;
using ir::Op;
using ir::Value;

constexpr std::size_t kInlineLength = 60;
constexpr std::int64_t kFewSteps = 8;   // of a loop that the compiler may write out
constexpr std::size_t kShortBody = 12;  // statements of which registers hold twice as many

class KernelText {
 public:
  KernelText(const NodePtr& kernel, const Dialect& dialect)
      : kernel_(kernel), dialect_(dialect), text_(kernel->regions[0]) {
    out_.name = kernel->attribute<std::string>("name");
    out_.entry = "kernel_" + out_.name;
    vectors_ = find_vector_loops(kernel->regions[0], dialect.vector_bytes);
    copies_only_ = only_copies(kernel->regions[0]);
  }

  EmittedKernel run() {
    const ir::Region& region = kernel_->regions[0];
    for (const Value& p : region.parameters) {
      text_.name(p, text_.unique(p.node->attribute<std::string>("name")));
      buffers_.push_back(p);
    }
    std::size_t split = 0;
    while (split < region.body.size() && !is_parallel(*region.body[split])) ++split;
    const bool parallel = split < region.body.size();
    const std::size_t after = parallel ? split + 1 : region.body.size();
    out_.parallel_extent = Dim(1);
    if (parallel) {
      const auto& range = region.body[split]->attribute<Shape>("range");
      out_.parallel_extent = range[1];
    }
    out_.cost = parallel ? cost(region.body[split]->regions[0]) : cost(region);
    function(out_.entry,
             {region.body.begin(), region.body.begin() + static_cast<std::ptrdiff_t>(after)});
    if (after < region.body.size()) {
      out_.combine_entry = out_.entry + "_combine";
      function(out_.combine_entry,
               {region.body.begin() + static_cast<std::ptrdiff_t>(after), region.body.end()});
    }
    const std::string prelude =
        ir::prelude_text(writer_.code(), {.cuda = dialect_.cuda, .fma = dialect_.fma});
    out_.types = vector_types(writer_.code(), dialect_.vector_bytes);
    out_.source = fmt::format("{}{}{}{}{}", dialect_.open, prelude, out_.types, writer_.code(),
                              dialect_.close);
    out_.commented = header() + writer_.commented();
    out_.complete = fmt::format("{}{}{}{}{}", dialect_.open, prelude, out_.types, out_.commented,
                                dialect_.close);
    return std::move(out_);
  }

 private:
  static bool is_parallel(const Node& node) {
    return node.op == Op::loop && node.attribute<std::string>("kind") == "parallel";
  }

  static std::int64_t cost(const ir::Region& region) {
    std::int64_t total = 1;
    for (const NodePtr& node : region.body) {
      std::int64_t own = ir::is_elementwise(node->op) ? ir::info(node->op).cost : 1;
      if (node->op == Op::loop) {
        const auto& range = node->attribute<Shape>("range");
        const Dim trips = Dim::floordiv(range[1] - range[0], range[2]);
        own = trips.is_constant() ? *trips.constant() : 64;
      }
      for (const ir::Region& inner : node->regions) own *= cost(inner);
      total = std::min<std::int64_t>(total + std::max<std::int64_t>(own, 1), std::int64_t{1} << 40);
    }
    return total;
  }

  std::string header() const {
    std::string text = "// kernel  " + out_.name + "\n";
    const ir::Provenance from = kernel_->provenance();
    if (!from.labels.empty()) text += fmt::format("// makes  {}\n", fmt::join(from.labels, ", "));
    for (const Site& site : from.sites) text += "// from  " + site.text() + "\n";
    return text;
  }

  void function(const std::string& entry, const std::vector<NodePtr>& body) {
    if (out_.dims.empty()) out_.dims.assign(text_.symbols().begin(), text_.symbols().end());
    std::vector<BufferParameter> buffers;
    for (const Value& buffer : buffers_)
      buffers.push_back({buffer_type(buffer), text_.name_of(buffer),
                         ir::text(ir::tensor(buffer.dtype(), buffer.shape()))});
    std::vector<std::string> dims;
    for (const std::string& dim : out_.dims) dims.push_back(text_.symbol(dim));
    streamed_.clear();
    Writer whole = std::exchange(writer_, Writer(1));
    statements(body);
    for (const std::string& condition : streamed_)
      writer_.line(fmt::format("if ({}) stream_fence();", condition));
    whole.blank();
    write_function(whole, dialect_, entry, buffers, dims, writer_);
    writer_ = std::move(whole);
  }

  std::string buffer_type(const Value& buffer) const {
    return fmt::format("{}{}*", written_to(kernel_->regions[0], buffer) ? "" : "const ",
                       name(buffer.dtype()));
  }

  static bool written_to(const ir::Region& region, const Value& buffer) {
    return std::any_of(region.body.begin(), region.body.end(), [&](const NodePtr& node) {
      return (node->op == Op::store && node->operands[1] == buffer) ||
             std::any_of(node->regions.begin(), node->regions.end(),
                         [&](const ir::Region& inner) { return written_to(inner, buffer); });
    });
  }

  // A loaded value is called after its buffer, others after their op; numbers in order of the text.
  std::string local_name(const NodePtr& node) {
    const std::string base = node->op == Op::load && text_.is_named(node->operands[0])
                                 ? text_.name_of(node->operands[0])
                                 : std::string(ir::info(node->op).name);
    const bool digit = std::isdigit(static_cast<unsigned char>(base.back())) != 0;
    out_.locals.push_back(
        text_.unique(fmt::format("{}{}{}", base, digit ? "_" : "", ++temporaries_)));
    return out_.locals.back();
  }

  std::string site_comment(const NodePtr& node) const {
    return node->provenance().first_site().text();
  }

  void statements(const std::vector<NodePtr>& body) {
    for (std::size_t i = 0; i < body.size(); ++i) statement(body, i);
  }

  void statement(const std::vector<NodePtr>& body, std::size_t at) {
    const NodePtr& node = body[at];
    switch (node->op) {
      case Op::loop:
        return loop(node);
      case Op::branch:
        return branch(node);
      case Op::alloc:
        return alloc(node);
      case Op::store:
        return writer_.line(
            fmt::format("{} = {};",
                        text_.element(node->operands[1], node->attribute<Shape>("indices")),
                        text_.text_of(node->operands[0])),
            site_comment(node->operands[0].node));
      case Op::fail_if:
        return fail(node);
      default:
        break;
    }
    if (node->op == Op::constant && !node->attribute<Literal>("value").is_scalar())
      return table(node);
    if (!text_.is_used({node, 0})) return;  // an index or a load that nothing needs
    const std::string text = text_.expression(node);
    if (text_.may_inline(body, at) && text.size() <= kInlineLength) {
      text_.write_out({node, 0}, text);
      return;
    }
    const std::string name = local_name(node);
    text_.name({node, 0}, name);
    writer_.line(fmt::format("const {} {} = {};", croton::name(node->types[0].dtype), name, text),
                 site_comment(node));
  }

  void table(const NodePtr& node) {
    const auto& literal = node->attribute<Literal>("value");
    const std::string name = text_.unique("table");
    text_.name({node, 0}, name);
    std::string elements;
    for (std::int64_t i = 0; i < literal.count(); ++i)
      elements += (i ? ", " : "") + literal_text(literal, i);
    writer_.line(fmt::format("static const {} {}[] = {{{}}};", croton::name(literal.dtype()), name,
                             literal.count() == 0 ? "0" : elements));
  }

  // "max: model.cpp:11": what the memory serves.
  static std::string purpose(const Node& node) {
    const ir::Provenance from = node.provenance();
    if (from.labels.empty()) return "";
    const std::string site = from.first_site().text();
    return from.labels[0] + (site.empty() ? "" : ": " + site);
  }

  void alloc(const NodePtr& node) {
    const std::string name = text_.unique(node->attribute<std::string>("name"));
    text_.name({node, 0}, name);
    if (const auto vector = vectors_.buffers.find(node.get()); vector != vectors_.buffers.end()) {
      const DType dtype = node->types[0].dtype;
      const Dim count =
          Dim::floordiv(volume(node->types[0].shape), vector_lanes(dtype, vector->second));
      return writer_.line(
          fmt::format("{} {}[{}];", vector_type(dtype, vector->second), name, text_.index(count)),
          purpose(*node));
    }
    writer_.line(fmt::format("alignas(64) {} {}[{}];", croton::name(node->types[0].dtype), name,
                             text_.index(volume(node->types[0].shape))),
                 purpose(*node));
  }

  void loop(const NodePtr& node) {
    if (vectors_.loops.contains(node.get())) return vector_loop(node);
    if (streams(*node)) return stream_loop(node);
    const ir::Region& region = node->regions[0];
    const auto& range = node->attribute<Shape>("range");
    const auto& kind = node->attribute<std::string>("kind");
    std::vector<std::string> carried;
    for (std::size_t i = 0; i < node->operands.size(); ++i) {
      const std::string name = text_.unique("carried");
      carried.push_back(name);
      writer_.line(fmt::format("{} {} = {};", croton::name(node->operands[i].dtype()), name,
                               text_.text_of(node->operands[i])));
      text_.name(region.parameters[i + 1], name);
      text_.name({node, static_cast<int>(i)}, name);
    }
    const std::string index = text_.unique(node->attribute<std::string>("name"));
    text_.name(region.parameters[0], index);
    if (kind == "unroll") writer_.line("UNROLLED");
    if (ends_unforeseen(*node)) writer_.line("UNROLLED_BY_4");
    if (is_around_lanes(*node))
      writer_.line(copies_only_ ? "SIDE_BY_SIDE" : "ONE_BY_ONE");
    else if (is_around_tile(*node))
      writer_.line("ONE_BY_ONE");
    if (is_parallel(*node)) {
      CROTON_CHECK(range[0].is(0) && range[2].is(1), "a parallel loop counts by one from zero");
      parallel_index_ = index;
      writer_.open(fmt::format(fmt::runtime(dialect_.parallel_loop), index));
    } else {
      writer_.open(
          fmt::format("for (i64 {0} = {1}; {0} < {2}; {3})", index, text_.index(range[0]),
                      text_.index(range[1]),
                      range[2].is(1) ? "++" + index : index + " += " + text_.index(range[2])));
    }
    statements(region.body);
    std::vector<std::string> next;
    for (std::size_t i = 0; i < carried.size(); ++i) {
      const std::string name = text_.unique("next");
      writer_.line(fmt::format("const {} {} = {};", croton::name(node->operands[i].dtype()), name,
                               text_.text_of(region.results[i])));
      next.push_back(name);
      text_.release(name);
      if (carried.size() > 1) text_.take(name);
    }
    for (std::size_t i = 0; i < carried.size(); ++i)
      writer_.line(fmt::format("{} = {};", carried[i], next[i]));
    writer_.close();
    if (is_parallel(*node)) parallel_index_.clear();
    text_.release(index);
  }

  // A fixed number of steps of one vector loop: more of them than a processor's branch history
  // remembers, and so few that waiting at the end of each such loop is felt.
  [[nodiscard]] bool ends_unforeseen(const Node& node) const {
    const auto& range = node.attribute<Shape>("range");
    const auto& body = node.regions[0].body;
    const Dim length = range[1] - range[0];
    return node.attribute<std::string>("kind") == "serial" && node.operands.empty() &&
           length.is_constant() && range[2].is_constant() &&
           *length.constant() % (4 * *range[2].constant()) == 0 && body.size() == 1 &&
           vectors_.loops.contains(body[0].get());
  }

  // A fixed number of steps around a lanes loop of few: once that is unrolled, this loop looks as
  // if vectors were for it, and would scatter what the lanes loop writes side by side.
  [[nodiscard]] bool is_around_lanes(const Node& node) const {
    const auto& body = node.regions[0].body;
    const auto known = [](const Node& loop) {
      const auto& range = loop.attribute<Shape>("range");
      return (range[1] - range[0]).is_constant();
    };
    return node.attribute<std::string>("kind") == "serial" && node.operands.empty() &&
           known(node) && body.size() == 1 && body[0]->op == Op::loop &&
           body[0]->attribute<std::string>("kind") == "lanes" && known(*body[0]) &&
           dialect_.vector_bytes > 0 && !vectors_.loops.contains(body[0].get());
  }

  static bool only_copies(const ir::Region& region) {
    return std::all_of(region.body.begin(), region.body.end(), [](const NodePtr& node) {
      if (node->op == Op::store && node->operands[0].op() != Op::load) return false;
      return std::all_of(node->regions.begin(), node->regions.end(), only_copies);
    });
  }

  // A fixed number of steps around a register tile: two steps at a time need more registers than
  // there are.
  [[nodiscard]] bool is_around_tile(const Node& node) const {
    const auto& range = node.attribute<Shape>("range");
    const std::optional<std::int64_t> steps = (range[1] - range[0]).constant();
    return steps && *steps > kFewSteps && node.attribute<std::string>("kind") == "serial" &&
           std::any_of(node.regions[0].body.begin(), node.regions[0].body.end(),
                       [&](const NodePtr& inner) {
                         return inner->op == Op::loop && !inner->regions[0].body.empty() &&
                                vectors_.loops.contains(inner->regions[0].body.back().get());
                       });
  }

  // Stores of consecutive elements, which blocks can hold, and not known to be fewer than a vector.
  [[nodiscard]] bool streams(const Node& node) const {
    const auto& range = node.attribute<Shape>("range");
    if (range.size() < 5 || dialect_.vector_bytes == 0) return false;
    const ir::Region& region = node.regions[0];
    if (const std::optional<DType> dtype = vector_dtype(region); dtype && range[1].is_constant())
      if (*range[1].constant() < vector_lanes(*dtype, dialect_.vector_bytes)) return false;
    return std::all_of(region.body.begin(), region.body.end(), [&](const NodePtr& inner) {
      return inner->op != Op::store ||
             growth(offset_of(inner->operands[1], inner->attribute<Shape>("indices")),
                    region.parameters[0]) == 1;
    });
  }

  // Arithmetic is written with vectors, which go past the caches over a large result. Anything else
  // fills, over a large one, a block in local memory that is copied past them. Over what is left it
  // is the loop as it stands.
  void stream_loop(const NodePtr& node) {
    const ir::Region& region = node->regions[0];
    const auto& range = node->attribute<Shape>("range");
    const bool parallel = is_parallel(*node);
    const std::string index = text_.unique(node->attribute<std::string>("name")),
                      done = text_.unique("done"), end = parallel ? "end" : text_.index(range[1]);
    if (parallel) parallel_index_ = index;
    writer_.line(fmt::format("i64 {} = {};", done, parallel ? "begin" : "0"));
    const std::string is_large = fmt::format("{} >= {}", text_.index(range[3]), range[4].text());
    streamed_.insert(is_large);
    const std::optional<DType> dtype = vector_dtype(region);
    if (dtype)
      stream_vectors(region, *dtype, is_large, done, end);
    else
      stream_blocks(region, is_large, done, end, index);
    // The vectors' names mean nothing here.
    for (const NodePtr& inner : region.body) text_.forget({inner, 0});
    text_.name(region.parameters[0], index);
    // The compiler knows how few steps are left of a constant number.
    if (dtype && (parallel || !range[1].is_constant())) writer_.line("ONE_BY_ONE");
    writer_.open(fmt::format("for (i64 {0} = {1}; {0} < {2}; ++{0})", index, done, end));
    statements(region.body);
    writer_.close();
    if (parallel) parallel_index_.clear();
    text_.release(index);
  }

  void stream_vectors(const ir::Region& region, DType dtype, const std::string& is_large,
                      const std::string& done, const std::string& end) {
    text_.name(region.parameters[0], done);
    std::set<std::string> conditions;
    for (const NodePtr& inner : region.body)
      if (inner->op == Op::store)
        conditions.insert(fmt::format(
            "(u64)({} + {}) % {} == 0", text_.name_of(inner->operands[1]),
            text_.index(offset_of(inner->operands[1], inner->attribute<Shape>("indices"))),
            dialect_.vector_bytes));
    const std::string head = fmt::format("for (; {0} - {1} >= {2}; {1} += {2})", end, done,
                                         vector_lanes(dtype, dialect_.vector_bytes));
    const auto vectors = [&](bool past) {
      writer_.open(head);
      vector_statements(region, dtype, dialect_.vector_bytes, {}, past);
      writer_.close();
      for (const NodePtr& inner : region.body) text_.forget({inner, 0});
    };
    writer_.open(fmt::format("if ({} && {})", is_large, fmt::join(conditions, " && ")));
    vectors(true);
    writer_.close();
    writer_.open("else");
    if (region.body.size() <= kShortBody) writer_.line("UNROLLED_BY_2");
    vectors(false);
    writer_.close();
  }

  void stream_blocks(const ir::Region& region, const std::string& is_large, const std::string& done,
                     const std::string& end, const std::string& index) {
    constexpr int kBlock = 512;
    const Value& parameter = region.parameters[0];
    text_.name(parameter, index);
    writer_.open(fmt::format("if ({})", is_large));
    writer_.open(fmt::format("for (; {0} - {1} >= {2}; {1} += {2})", end, done, kBlock));
    std::vector<std::string> copies;
    for (const NodePtr& inner : region.body) {
      if (inner->op != Op::store || text_.has_block(inner->operands[1])) continue;
      const Value& buffer = inner->operands[1];
      const Dim before = offset_of(buffer, inner->attribute<Shape>("indices")) -
                         Dim::value_of(parameter.node, parameter.index);
      const std::string block = text_.unique("block");
      writer_.line(fmt::format("alignas(64) {} {}[{}];", name(buffer.dtype()), block, kBlock));
      text_.store_to_block(buffer, fmt::format("{}[{} - {}]", block, index, done));
      copies.push_back(fmt::format("stream_copy({} + {}{}, {}, sizeof({}));", text_.name_of(buffer),
                                   before.is(0) ? "" : text_.index(before) + " + ", done, block,
                                   block));
    }
    writer_.open(fmt::format("for (i64 {0} = {1}; {0} < {1} + {2}; ++{0})", index, done, kBlock));
    statements(region.body);
    writer_.close();
    text_.end_blocks();
    for (const std::string& copy : copies) writer_.line(copy);
    writer_.close();
    writer_.close();
  }

  // One statement per register: the loop over registers is unrolled before registers are assigned.
  void vector_loop(const NodePtr& node) {
    const ir::Region& region = node->regions[0];
    const Shape& range = node->attribute<Shape>("range");
    DType dtype = DType::f32;
    for (const NodePtr& inner : region.body)
      if (inner->op == Op::store) dtype = inner->operands[1].dtype();
    const int bytes = vectors_.loops.at(node.get()), lanes = vector_lanes(dtype, bytes);
    if (range[1].is(lanes)) return vector_statements(region, dtype, bytes, Dim(0));
    const std::string index = text_.unique(node->attribute<std::string>("name"));
    text_.name(region.parameters[0], index);
    writer_.line("UNROLLED");
    writer_.open(fmt::format("for (i64 {0} = 0; {0} < {1}; {0} += {2})", index,
                             text_.index(range[1]), lanes));
    vector_statements(region, dtype, bytes);
    writer_.close();
    text_.release(index);
  }

  // A body that `vector_dtype` has accepted, with whole vectors from the index on, or from `at`.
  void vector_statements(const ir::Region& region, DType dtype, int bytes,
                         const std::optional<Dim>& at = {}, bool streams = false) {
    const Value& parameter = region.parameters[0];
    const int lanes = vector_lanes(dtype, bytes);
    const std::string type = vector_type(dtype, bytes);
    std::unordered_set<const Node*> vectors;
    const auto operand = [&](const Value& v) {
      const std::string text = wrapped(text_.text_of(v));
      return vectors.contains(v.node.get()) ? text : fmt::format("({} - {}{{}})", text, type);
    };
    const auto offset = [&](const Value& buffer, const Shape& indices) {
      const Dim moving = offset_of(buffer, indices);
      return !at ? moving : moving.substitute([&](const Dim::Atom& atom) {
        return atom.node == parameter.node ? at : std::optional<Dim>();
      });
    };
    const auto place = [&](const Value& buffer, const Shape& indices, bool write) {
      const Dim first = offset(buffer, indices);
      const std::string array = text_.name_of(buffer);
      if (vectors_.buffers.contains(buffer.node.get()))
        return first.is_constant()
                   ? fmt::format("{}[{}]", array, *first.constant() / lanes)
                   : fmt::format("{}[{} / {}]", array, wrapped(text_.index(first)), lanes);
      return fmt::format("*({}{}_memory*){}", write ? "" : "const ", type,
                         first.is(0) ? array : fmt::format("({} + {})", array, text_.index(first)));
    };
    for (const NodePtr& inner : region.body) {
      if (inner->op == Op::constant) {
        text_.write_out({inner, 0}, literal_text(inner->attribute<Literal>("value")));
        continue;
      }
      if (inner->op == Op::store) {
        const Value& buffer = inner->operands[1];
        const Shape& indices = inner->attribute<Shape>("indices");
        const std::string value = operand(inner->operands[0]);
        writer_.line(streams
                         ? fmt::format("stream_store({}, ({}*)({} + {}));", value, type,
                                       text_.name_of(buffer), text_.index(offset(buffer, indices)))
                         : fmt::format("{} = {};", place(buffer, indices, true), value),
                     site_comment(inner->operands[0].node));
        continue;
      }
      std::string text;
      if (inner->op == Op::load) {
        const Shape& indices = inner->attribute<Shape>("indices");
        if (growth(offset_of(inner->operands[0], indices), parameter) == 0)
          text = fmt::format("{} - {}{{}}", text_.element(inner->operands[0], indices), type);
        else
          text = place(inner->operands[0], indices, false);
      } else {
        const ir::OpInfo& row = ir::info(inner->op);
        std::vector<std::string> operands;
        for (const Value& v : inner->operands) operands.push_back(operand(v));
        text = filled(vector_text(row), operands, type);
      }
      const std::string name = local_name(inner);
      text_.name({inner, 0}, name);
      vectors.insert(inner.get());
      writer_.line(fmt::format("const {} {} = {};", type, name, text), site_comment(inner));
    }
  }

  void branch(const NodePtr& node) {
    writer_.open(fmt::format("if ({})", text_.text_of(node->operands[0])));
    statements(node->regions[0].body);
    writer_.close();
    if (node->regions.size() > 1) {
      writer_.open("else");
      statements(node->regions[1].body);
      writer_.close();
    }
  }

  // The lowest index wins; nothing leaves the loop.
  void fail(const NodePtr& node) {
    const auto site = out_.failures.size();
    out_.failures.push_back(node->attribute<std::string>("message"));
    out_.failure_sites.push_back(node->provenance().sites);
    const std::string index = parallel_index_.empty() ? "0l" : parallel_index_;
    std::string values;
    for (std::size_t i = 1; i < node->operands.size() && i <= 4; ++i)
      values += fmt::format(" failure->values[{}] = {};", i - 1, text_.text_of(node->operands[i]));
    writer_.open(fmt::format("if ({} && lowest_failure(failure, {}))",
                             wrapped(text_.text_of(node->operands[0])), index));
    writer_.line(fmt::format("failure->site = {};{}", site, values));
    writer_.close();
  }

  NodePtr kernel_;
  Dialect dialect_;
  Writer writer_;
  VectorLoops vectors_;
  bool copies_only_ = false;  // the kernel stores what it loads, as it is
  EmittedKernel out_;
  std::vector<Value> buffers_;
  ValueText text_;
  std::set<std::string> streamed_;  // when the function's loops let stores go past the caches
  std::string parallel_index_;
  int temporaries_ = 0;
};

}  // namespace

EmittedKernel emit(const NodePtr& kernel, const Dialect& dialect) {
  return KernelText(kernel, dialect).run();
}

}  // namespace croton::codegen
