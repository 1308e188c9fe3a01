#include "ir/parse_terms.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ir/spelling.hpp"

namespace croton::ir {
namespace {

constexpr std::int64_t kMaxLiteral = std::int64_t{1} << 40;  // bytes

}  // namespace

Site TermParser::site() { return {scan_.file(), scan_.line()}; }

Value TermParser::lookup(const std::string& name) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
    if (const auto it = scope->find(name); it != scope->end()) return it->second;
  scan_.fail(fmt::format("%{} is not defined here", name));
}

Value TermParser::value(std::string* called) {
  const std::string name = scan_.value_name();
  if (called) *called = name;
  return lookup(name);
}

std::vector<Value> TermParser::values(std::vector<std::string>* called) {
  std::vector<Value> out;
  if (called) called->clear();
  do {
    std::string name;
    out.push_back(value(&name));
    if (called) called->push_back(std::move(name));
  } while (scan_.accept(","));
  return out;
}

void TermParser::define(const std::string& name, const Value& v) {
  if (!scopes_.back().emplace(name, v).second)
    scan_.fail(fmt::format("%{} is defined twice", name));
}

Dim TermParser::dim() {
  if (++depth_ > kMaxDepth) scan_.fail("dims are nested too deeply");
  Dim sum(0);
  bool negative = scan_.accept("-");
  do {
    Dim product = factor(negative);
    while (scan_.accept("*")) product = product * factor();
    sum = sum + product;
    if (scan_.looks_at("->")) break;
    negative = scan_.accept("-");
  } while (negative || scan_.accept("+"));
  --depth_;
  return sum;
}

Dim TermParser::factor(bool negative) {
  if (scan_.at_number()) return Dim(negative ? scan_.negated_integer() : scan_.integer());
  if (negative) return Dim(0) - factor();
  const std::string name = scan_.identifier("a dim");
  if (!scan_.accept("(")) {
    Dim::reserve(name);
    return Dim(name);
  }
  if (name == "value") {
    const Value v = value();
    if (!is_integer(v.dtype()) || v.rank() != 0) scan_.fail("value(...) needs an integer scalar");
    scan_.expect(")");
    return Dim::value_of(v.node, v.index);
  }
  const Dim a = dim();
  scan_.expect(",");
  const Dim b = dim();
  scan_.expect(")");
  if (name == "floordiv") return Dim::floordiv(a, b);
  if (name == "mod") return Dim::mod(a, b);
  if (name == "min") return Dim::min(a, b);
  if (name == "max") return Dim::max(a, b);
  scan_.fail(fmt::format("unknown function {} of dims", name));
}

Shape TermParser::dims() {
  scan_.expect("[");
  Shape shape;
  if (scan_.accept("]")) return shape;
  do shape.push_back(dim());
  while (scan_.accept(","));
  scan_.expect("]");
  return shape;
}

DType TermParser::dtype() {
  const std::string text = scan_.identifier("a dtype");
  const std::optional<DType> found = dtype_named(text);
  if (!found) scan_.fail(fmt::format("unknown dtype {}", text));
  if (!is_supported(*found)) scan_.fail(fmt::format("operations on {} are not supported", text));
  return *found;
}

Type TermParser::type() {
  for (const Space space :
       {Space::parameter, Space::arena, Space::local, Space::shared, Space::reg})
    if (scan_.accept(name(space))) {
      const DType element = dtype();
      Shape extents = dims(), strides;
      if (scan_.accept("strides")) {
        strides = dims();
        if (strides.size() != extents.size()) scan_.fail("one stride per extent");
      }
      return buffer(element, std::move(extents), space, std::move(strides));
    }
  const DType element = dtype();
  return tensor(element, scan_.looks_at("[") ? dims() : Shape{});
}

Literal TermParser::literal() {
  const DType element = dtype();
  if (!scan_.accept("[")) return element_of(element);
  std::vector<std::int64_t> shape;
  std::int64_t bytes = static_cast<std::int64_t>(size_of(element));
  if (!scan_.accept("]")) {
    do {
      shape.push_back(scan_.integer());
      if (shape.back() < 0) scan_.fail("negative extent in a literal");
      if (__builtin_mul_overflow(bytes, shape.back(), &bytes) || bytes > kMaxLiteral)
        scan_.fail("a literal this large stands beside the text");
    } while (scan_.accept(","));
    scan_.expect("]");
  }
  if (scan_.accept("beside")) {
    const std::uint64_t number = scan_.natural();
    if (!options_.beside) scan_.fail("the literal stands beside the text, which came alone");
    Literal found = options_.beside(static_cast<std::size_t>(number));
    if (found.dtype() != element || found.shape() != shape)
      scan_.fail(fmt::format("literal {} beside the text has another type", number));
    return found;
  }
  std::vector<std::byte> data;
  if (scan_.accept("bytes")) {
    const std::string_view digits = scan_.plain_quoted();
    if (digits.size() != 2 * static_cast<std::size_t>(bytes))
      scan_.fail(fmt::format("the literal has {} hexadecimal digits, its shape needs {}",
                             digits.size(), 2 * bytes));
    const auto digit = [&](char c) {
      if (c >= '0' && c <= '9') return c - '0';
      if (c >= 'a' && c <= 'f') return c - 'a' + 10;
      scan_.fail("bytes are lower case hexadecimal digits");
    };
    for (std::size_t i = 0; i < digits.size(); i += 2)
      data.push_back(static_cast<std::byte>(16 * digit(digits[i]) + digit(digits[i + 1])));
    if (element == DType::boolean &&
        std::any_of(data.begin(), data.end(), [](std::byte b) { return b > std::byte{1}; }))
      scan_.fail("the bytes of a bool are 00 or 01");
    return {element, std::move(shape), std::move(data)};
  }
  scan_.expect("{");
  if (!scan_.accept("}")) {
    do {
      const Literal one = element_of(element);
      data.insert(data.end(), one.bytes().begin(), one.bytes().end());
    } while (scan_.accept(","));
    scan_.expect("}");
  }
  if (static_cast<std::int64_t>(data.size()) != bytes)
    scan_.fail(fmt::format("the literal has {} elements, its shape needs {}",
                           data.size() / size_of(element),
                           bytes / static_cast<std::int64_t>(size_of(element))));
  return {element, std::move(shape), std::move(data)};
}

Literal TermParser::element_of(DType element) {
  scan_.mark();
  if (element == DType::boolean) {
    if (scan_.accept("true")) return Literal::scalar(true);
    scan_.expect("false");
    return Literal::scalar(false);
  }
  if (element == DType::f32) return Literal::scalar(scan_.single());
  if (element == DType::f64) return Literal::scalar(scan_.real());
  if (element == DType::u64) return Literal::scalar(scan_.natural());
  const std::int64_t number = scan_.integer();
  const Literal made = Literal::scalar_of(element, number);
  if (made.as_integer() != number)
    scan_.fail(fmt::format("{} does not fit {}", number, name(element)));
  return made;
}

Integers TermParser::integers() {
  scan_.expect("[");
  Integers out;
  if (scan_.accept("]")) return out;
  do out.push_back(scan_.integer());
  while (scan_.accept(","));
  scan_.expect("]");
  return out;
}

bool TermParser::boolean() {
  if (scan_.accept("true")) return true;
  scan_.expect("false");
  return false;
}

Attribute TermParser::attribute(AttributeKind wanted) {
  switch (wanted) {
    case AttributeKind::boolean:
      return boolean();
    case AttributeKind::integer:
      return scan_.integer();
    case AttributeKind::real:
      return scan_.real();
    case AttributeKind::text:
      return scan_.quoted();
    case AttributeKind::dtype:
      return dtype();
    case AttributeKind::integers:
      return integers();
    case AttributeKind::dims:
      return dims();
    case AttributeKind::literal:
      return literal();
    case AttributeKind::named:
      return named();
    case AttributeKind::none:
      break;
  }
  scan_.expect("none");
  return {};
}

// The kind is told by the text.
Attribute TermParser::free_attribute() {
  if (scan_.looks_at("true") || scan_.looks_at("false")) return boolean();
  if (scan_.looks_at("\"")) return scan_.quoted();
  if (scan_.looks_at("[")) return integers();
  if (scan_.looks_at("{")) return named();
  if (scan_.accept("dims")) return dims();
  if (scan_.accept("literal")) return literal();
  if (scan_.accept("none")) return {};
  if (scan_.looks_at("inf") || scan_.looks_at("-inf") || scan_.looks_at("nan")) return scan_.real();
  if (!scan_.at_number()) return dtype();
  return scan_.number_is_integer() ? Attribute(scan_.integer()) : Attribute(scan_.real());
}

NamedAttributes TermParser::named() {
  if (++depth_ > kMaxDepth) scan_.fail("attributes are nested too deeply");
  NamedAttributes out;
  scan_.expect("{");
  if (!scan_.accept("}")) {
    do {
      std::string key = scan_.identifier("an attribute's name");
      scan_.expect("=");
      out.emplace_back(std::move(key), free_attribute());
    } while (scan_.accept(","));
    scan_.expect("}");
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 1; i < out.size(); ++i)
    if (out[i].first == out[i - 1].first)
      scan_.fail(fmt::format("the attribute {} is given twice", out[i].first));
  --depth_;
  return out;
}

std::vector<Attribute> TermParser::column_attributes(const OpInfo& row) {
  std::vector<Attribute> out(row.attributes.size());
  std::vector<bool> given(row.attributes.size());
  if (scan_.accept("{")) {
    do {
      const std::string key = scan_.identifier("an attribute's name");
      std::size_t i = 0;
      std::vector<std::string_view> known;
      for (const AttributeColumn& column : row.attributes) known.push_back(column.name);
      while (i < known.size() && known[i] != key) ++i;
      if (i == known.size())
        scan_.fail(fmt::format("{} has no attribute {}{}", row.name, key, suggestion(key, known)));
      if (given[i]) scan_.fail(fmt::format("the attribute {} is given twice", key));
      scan_.expect("=");
      out[i] = attribute(row.attributes[i].kind);
      given[i] = true;
    } while (scan_.accept(","));
    scan_.expect("}");
  }
  for (std::size_t i = 0; i < given.size(); ++i)
    if (!given[i])
      scan_.fail(fmt::format("{} needs the attribute {}", row.name, row.attributes[i].name));
  return out;
}

}  // namespace croton::ir
