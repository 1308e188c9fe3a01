#include "codegen/vector_loops.hpp"

#include <algorithm>
#include <vector>

#include "codegen/vector_types.hpp"
#include "ir/prelude.hpp"

namespace croton::codegen {
namespace {

using ir::Node;
using ir::NodePtr;
using ir::Op;
using ir::Value;

struct Access {
  const Node* buffer;
  const Node* loop;  // the lanes loop right around it, or null
};

bool is_register(const Value& buffer) {
  return buffer.op() == Op::alloc && buffer.type().space == ir::Space::reg;
}

class Finder {
 public:
  explicit Finder(int vector_bytes) : vector_bytes_(vector_bytes) {}

  VectorLoops run(const ir::Region& kernel) {
    visit(kernel, nullptr);
    for (bool changed = true; changed;) {
      changed = false;
      for (const Access& access : accesses_) {
        const auto loop = access.loop ? found_.loops.find(access.loop) : found_.loops.end();
        const auto buffer = found_.buffers.find(access.buffer);
        if (loop == found_.loops.end()) {
          changed |= buffer != found_.buffers.end();
          if (buffer != found_.buffers.end()) found_.buffers.erase(buffer);
        } else if (buffer == found_.buffers.end()) {
          found_.loops.erase(loop);
          changed = true;
        } else if (loop->second != buffer->second) {
          loop->second = buffer->second = std::min(loop->second, buffer->second);
          changed = true;
        }
      }
    }
    return std::move(found_);
  }

 private:
  void visit(const ir::Region& region, const Node* lanes) {
    for (const NodePtr& node : region.body) {
      if (node->op == Op::alloc && node->types[0].space == ir::Space::reg)
        found_.buffers.emplace(node.get(), vector_bytes_);
      if (node->op == Op::load && is_register(node->operands[0]))
        accesses_.push_back({node->operands[0].node.get(), lanes});
      if (node->op == Op::store && is_register(node->operands[1]))
        accesses_.push_back({node->operands[1].node.get(), lanes});
      const bool loop = node->op == Op::loop && node->attribute<std::string>("kind") == "lanes";
      if (loop)
        if (const int bytes = eligible_bytes(*node); bytes > 0)
          found_.loops.emplace(node.get(), bytes);
      for (const ir::Region& inner : node->regions) visit(inner, loop ? node.get() : nullptr);
    }
  }

  // The widest vectors that divide the loop's extent; 0 when it cannot be written with any.
  [[nodiscard]] int eligible_bytes(const Node& loop) const {
    const auto& range = loop.attribute<Shape>("range");
    if (!loop.operands.empty() || !range[0].is(0) || !range[2].is(1) || !range[1].is_constant())
      return 0;
    const ir::Region& region = loop.regions[0];
    const std::optional<DType> dtype = vector_dtype(region);
    if (!dtype) return 0;
    bool registers = false, local = true;
    for (const NodePtr& node : region.body) {
      if (node->op != Op::load && node->op != Op::store) continue;
      local = local && node->operands.back().op() == Op::alloc;
      if (!is_register(node->operands.back())) continue;
      registers = true;
      if (growth(offset_of(node->operands.back(), node->attribute<Shape>("indices")),
                 region.parameters[0]) != 1)
        return 0;
    }
    if (!registers && !local) return 0;
    for (int bytes = vector_bytes_; vector_lanes(*dtype, bytes) > 1; bytes /= 2)
      if (*range[1].constant() % vector_lanes(*dtype, bytes) == 0) return bytes;
    return 0;
  }

  int vector_bytes_;
  VectorLoops found_;
  std::vector<Access> accesses_;
};

}  // namespace

int vector_lanes(DType dtype, int vector_bytes) {
  return vector_bytes / static_cast<int>(size_of(dtype));
}

namespace {

Dim product_of(const Dim::Term& term, std::size_t without) {
  Dim product(term.coefficient);
  for (std::size_t i = 0; i < term.factors.size(); ++i)
    if (i != without) product = product * Dim::of_atom(term.factors[i]);
  return product;
}

// What a division took apart and the strides of neighbouring axes put together again is the number
// itself: c*b*floordiv(a, b) + c*mod(a, b) is c*a. A divisor of 0 is the extent of an array that
// has no elements.
Dim rejoined(Dim offset) {
  for (bool changed = true; changed;) {
    changed = false;
    const Dim::Terms terms = offset.terms();
    for (std::size_t t = 0; t < terms.size() && !changed; ++t)
      for (std::size_t f = 0; f < terms[t].factors.size() && !changed; ++f) {
        const Dim::Atom& atom = terms[t].factors[f];
        if (atom.kind != Dim::Atom::Kind::mod) continue;
        const Dim &a = atom.arguments[0], &b = atom.arguments[1];
        const Dim scale = product_of(terms[t], f);
        const Dim parts = scale * (b * Dim::floordiv(a, b) + Dim::mod(a, b));
        const Dim rest = offset - parts;
        changed = rest.terms().size() + parts.terms().size() == terms.size();
        if (changed) offset = rest + scale * a;
      }
  }
  return offset;
}

}  // namespace

Dim offset_of(const Value& buffer, const Shape& index) {
  const ir::Type& type = buffer.type();
  const Shape strides = type.strides.empty() ? ir::row_major_strides(type.shape) : type.strides;
  Dim offset(0);
  for (std::size_t i = 0; i < index.size(); ++i) offset = offset + index[i] * strides[i];
  return rejoined(std::move(offset));
}

std::optional<std::int64_t> growth(const Dim& offset, const Value& index) {
  const Dim next = offset.substitute([&](const Dim::Atom& atom) -> std::optional<Dim> {
    if (atom.kind != Dim::Atom::Kind::value || atom.node != index.node) return std::nullopt;
    return Dim::value_of(atom.node, atom.result) + Dim(1);
  });
  return (next - offset).constant();
}

std::string vector_text(const ir::OpInfo& row) {
  if (row.result != ir::ResultDType::operand || row.infer) return "";
  std::string text(row.scalar_text);
  if (text.find_first_not_of("abc+-*/ ") == std::string::npos) return text;
  const std::string name = "vector_" + text.substr(0, text.find('('));
  return name == kVectorFma || ir::is_prelude_name(name) ? "vector_" + text : "";
}

std::optional<DType> vector_dtype(const ir::Region& body) {
  std::optional<DType> dtype;
  for (const NodePtr& node : body.body) {
    const bool memory = node->op == Op::load || node->op == Op::store;
    const DType type = memory ? node->operands.back().dtype()
                              : (node->types.empty() ? DType::boolean : node->types[0].dtype);
    if (!is_real(type) || (dtype && *dtype != type)) return std::nullopt;
    dtype = type;
    if (memory) {
      const auto step = growth(offset_of(node->operands.back(), node->attribute<Shape>("indices")),
                               body.parameters[0]);
      if (!step || *step > 1 || *step < 0 || (node->op == Op::store && *step != 1))
        return std::nullopt;
    } else if (node->op == Op::constant) {
      if (!node->attribute<ir::Literal>("value").is_scalar()) return std::nullopt;
    } else if (!ir::is_elementwise(node->op) || vector_text(ir::info(node->op)).empty()) {
      return std::nullopt;
    }
  }
  return dtype;
}

VectorLoops find_vector_loops(const ir::Region& kernel, int vector_bytes) {
  return vector_bytes > 0 ? Finder(vector_bytes).run(kernel) : VectorLoops{};
}

}  // namespace croton::codegen
