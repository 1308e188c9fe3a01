#include "codegen/value_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/spelling.hpp"
#include "codegen/vector_loops.hpp"
#include "ir/prelude.hpp"

namespace croton::codegen {

using ir::Literal;
using ir::Node;
using ir::NodePtr;
using ir::Op;
using ir::Value;

ValueText::ValueText(const ir::Region& kernel) {
  collect(kernel);
  for (const std::string& symbol : symbols_) symbol_names_[symbol] = unique(symbol);
}

std::string ValueText::unique(std::string wanted) {
  for (char& c : wanted)
    if (!is_word(c)) c = '_';
  if (wanted.empty() || std::isdigit(static_cast<unsigned char>(wanted[0])) != 0)
    wanted = "v" + wanted;
  if (is_reserved(wanted) || ir::is_prelude_name(wanted)) wanted += "_";
  if (taken_.insert(wanted).second) return wanted;
  for (int i = 2;; ++i)
    if (const std::string next = fmt::format("{}{}", wanted, i); taken_.insert(next).second)
      return next;
}

void ValueText::collect(const ir::Region& region) {
  const auto dims = [&](const Shape& shape) {
    for (const Dim& dim : shape)
      dim.for_each_leaf([&](const Dim::Atom& atom) {
        if (atom.kind == Dim::Atom::Kind::symbol)
          symbols_.insert(atom.name);
        else
          uses_[{atom.node, atom.result}] += 2;  // named: dims are printed more than once
      });
  };
  for (const Value& p : region.parameters) {
    dims(p.type().shape);
    dims(p.type().strides);
  }
  for (const Value& result : region.results) uses_[result] += 2;
  // From the end: what nothing that is printed reads, since it cancels in addresses, reads nothing.
  for (auto at = region.body.rbegin(); at != region.body.rend(); ++at) {
    const NodePtr& node = *at;
    if ((node->op == Op::index || node->op == Op::load) && !uses_.contains({node, 0})) continue;
    for (const Value& operand : node->operands) ++uses_[operand];
    if (node->op == Op::load || node->op == Op::store) {
      const Value& buffer = node->operands.back();
      dims({offset_of(buffer, node->attribute<Shape>("indices"))});
    } else {
      for (const ir::Attribute& attribute : node->attributes)
        if (const auto* shape = std::get_if<Shape>(&attribute.value)) dims(*shape);
    }
    for (const ir::Type& type : node->types) dims(type.shape);
    for (const ir::Region& inner : node->regions) collect(inner);
  }
}

std::string ValueText::dim_text(const Dim& dim) const {
  // Symbols whose names the text cannot use are printed under another, which the dim itself must
  // not take: what a run-time value may be, its name says.
  return dim.text(
      [&](const Node* node, int result) {
        for (const auto& [value, name] : names_)
          if (value.node.get() == node && value.index == result) return name;
        internal_error("dim_text", "a dim holds an unnamed value", std::source_location::current());
      },
      [&](const std::string& name) { return symbol_names_.at(name); });
}

// value(i) atoms print as the bare name.
std::string ValueText::index(const Dim& dim) const {
  std::string text = dim_text(dim);
  for (auto at = text.find("value("); at != std::string::npos; at = text.find("value(")) {
    const auto end = text.find(')', at);
    text = text.substr(0, at) + text.substr(at + 6, end - at - 6) + text.substr(end + 1);
  }
  return text;
}

std::string ValueText::element(const Value& buffer, const Shape& index) const {
  if (const auto block = blocks_.find(buffer); block != blocks_.end()) return block->second;
  return names_.at(buffer) + "[" + this->index(offset_of(buffer, index)) + "]";
}

std::string ValueText::text_of(const Value& v) const {
  if (const auto it = names_.find(v); it != names_.end()) return it->second;
  return inlined_.at(v);
}

std::string ValueText::expression(const NodePtr& node) const {
  if (node->op == Op::constant) return literal_text(node->attribute<Literal>("value"));
  if (node->op == Op::index) return index(node->attribute<Shape>("value")[0]);
  if (node->op == Op::load) return element(node->operands[0], node->attribute<Shape>("indices"));
  const ir::OpInfo& row = ir::info(node->op);
  const DType computed = node->operands[node->op == Op::where ? 1 : 0].dtype();
  const bool integers = is_integer(computed) && node->op != Op::cast;
  const std::string_view text = integers ? row.integer_text : row.scalar_text;
  std::vector<std::string> operands;
  const bool call = is_atomic(std::string(text));  // commas separate operands, operators bind them
  for (const Value& operand : node->operands)
    operands.push_back(call ? text_of(operand) : wrapped(text_of(operand)));
  const DType dtype = node->types[0].dtype;
  const std::string result = filled(text, operands, croton::name(dtype));
  // C++ computes small integers as int: the result is brought back.
  const bool promotes = !call && size_of(dtype) < 4 && row.result == ir::ResultDType::operand &&
                        row.domain != ir::Domain::boolean && ir::is_elementwise(node->op);
  if (!promotes) return result;
  return dtype == DType::boolean ? fmt::format("({}) != 0", result)
                                 : fmt::format("{}({})", croton::name(dtype), result);
}

bool ValueText::may_inline(const std::vector<NodePtr>& body, std::size_t at) const {
  const NodePtr& node = body[at];
  if (node->op == Op::constant && node->attribute<Literal>("value").is_scalar()) return true;
  const auto uses = uses_.find({node, 0});
  if (uses == uses_.end() || uses->second != 1) return false;
  for (std::size_t i = at + 1; i < body.size(); ++i) {
    const bool reads = std::any_of(body[i]->operands.begin(), body[i]->operands.end(),
                                   [&](const Value& v) { return v.node == node; });
    if (reads) return body[i]->op != Op::loop && body[i]->op != Op::branch;
    const bool writes = body[i]->op == Op::store || !body[i]->regions.empty();
    if (writes) return false;
  }
  return false;
}

}  // namespace croton::codegen
