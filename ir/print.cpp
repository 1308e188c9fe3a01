// Printing of modules. Every name a value gets is decided here: by its label where it has one that
// is an identifier, else by its position.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "ir/text.hpp"

namespace croton::ir {
namespace {

bool is_identifier(const std::string& text) {
  const auto word = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::all_of(text.begin(), text.end(), word);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += c;
  }
  return out + "\"";
}

template <class T, class Bits>
std::string real_text(T value) {
  if (std::isnan(value)) {
    const auto bits = std::bit_cast<Bits>(value);
    const auto usual = std::bit_cast<Bits>(std::numeric_limits<T>::quiet_NaN());
    return bits == usual ? "nan" : fmt::format("nan:{:#x}", bits);
  }
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  return fmt::format("{}{:a}", std::signbit(value) ? "-" : "", std::abs(value));
}

std::string element_text(const Literal& literal, std::int64_t i) {
  switch (literal.dtype()) {
    case DType::boolean:
      return literal.at<bool>(i) ? "true" : "false";
    case DType::f32:
      return real_text<float, std::uint32_t>(literal.at<float>(i));
    case DType::f64:
      return real_text<double, std::uint64_t>(literal.at<double>(i));
    case DType::u64:
      return fmt::format("{}", literal.at<std::uint64_t>(i));
    default:
      return fmt::format("{}", literal.as_integer(i));
  }
}

class Printer {
 public:
  explicit Printer(const PrintOptions& options) : options_(options) {}

  std::string module(const Module& m) {
    line(fmt::format("ctir {}", kTextVersion));
    line(fmt::format("module @{} : {} {{", is_identifier(m.name) ? m.name : quoted(m.name),
                     name(m.level)));
    ++depth_;
    for (const Fact& fact : m.facts) line("fact " + text(fact));
    graph(m);
    for (const Require& require : m.requires_) {
      std::string comment;
      for (const Site& site : require.sites) comment += (comment.empty() ? "" : ", ") + site.text();
      line(fmt::format("require {} {} {}", dim(require.a), croton::text(require.relation),
                       dim(require.b)),
           comment);
    }
    if (!m.inputs.empty()) line("input " + list(m.inputs));
    if (!m.state.empty()) line("state " + list(m.state));
    if (!m.outputs.empty()) line("output " + list(m.outputs));
    for (const Update& update : m.updates)
      line(fmt::format("update {} = {}", value(update.variable), value(update.value)));
    for (const Group& group : m.groups)
      line(fmt::format("group @{} {}{} [{}]{} : {} -> {}", group.name, name(group.kind),
                       group.may_fail ? " may_fail" : "", dims(group.domain),
                       group.schedule.empty() ? "" : " " + named(group.schedule),
                       list(group.members), list(group.outputs)));
    for (const NodePtr& kernel : m.kernels) node(kernel);
    if (m.level >= Level::kernel) {
      open("plan", m.plan);
      body(m.plan);
      close(m.plan);
    }
    --depth_;
    line("}");
    return std::move(out_);
  }

  std::string attributes(const NamedAttributes& values) { return named(values); }

  std::string kernel(const NodePtr& node_ptr) {
    node(node_ptr);
    return std::move(out_);
  }

 private:
  void graph(const Module& m) {
    std::vector<Value> roots = m.inputs;
    const std::vector<Value> rest = m.roots();
    roots.insert(roots.end(), rest.begin(), rest.end());
    for (const Update& update : m.updates) roots.push_back(update.variable);
    roots.insert(roots.end(), m.state.begin(), m.state.end());
    for (const Group& group : m.groups)
      roots.insert(roots.end(), group.members.begin(), group.members.end());
    // Dims of requires may hold values of the graph.
    for (const Require& require : m.requires_)
      for (const Dim* side : {&require.a, &require.b})
        side->for_each_leaf([&](const Dim::Atom& atom) {
          if (atom.kind == Dim::Atom::Kind::value)
            roots.push_back({std::const_pointer_cast<const Node>(atom.node), atom.result});
        });
    for (const NodePtr& n : topological_order(roots)) node(n);
  }

  void line(const std::string& text, const std::string& comment = "") {
    out_.append(2 * static_cast<std::size_t>(depth_), ' ');
    out_ += text;
    if (!comment.empty() && !options_.canonical) out_ += "  // " + comment;
    out_ += '\n';
    ++lines_;
  }

  std::string dim(const Dim& d) {
    return d.text([&](const Node* n, int result) { return name_of(n, result); });
  }

  std::string dims(const Shape& shape) {
    std::string text;
    for (const Dim& d : shape) text += (text.empty() ? "" : ", ") + dim(d);
    return text;
  }

  std::string type(const Type& t) {
    if (t.kind == Type::Kind::token) return "token";
    std::string text = t.kind == Type::Kind::buffer ? std::string(name(t.space)) + " " : "";
    text += fmt::format("{}[{}]", name(t.dtype), dims(t.shape));
    if (t.kind == Type::Kind::buffer && !(t.strides == row_major_strides(t.shape)))
      text += fmt::format(" strides [{}]", dims(t.strides));
    return text;
  }

  std::string literal(const Literal& l) {
    std::string text(name(l.dtype()));
    if (l.is_scalar()) return text + " " + element_text(l, 0);
    text += fmt::format("[{}] ", fmt::join(l.shape(), ", "));
    if (options_.beside && l.count() > options_.inline_elements) {
      options_.beside->push_back(l);
      return text + fmt::format("beside {}", options_.beside->size() - 1);
    }
    constexpr std::int64_t readable = 64;
    if (l.count() <= readable) {
      std::string elements;
      for (std::int64_t i = 0; i < l.count(); ++i)
        elements += (i == 0 ? "" : ", ") + element_text(l, i);
      return text + "{" + elements + "}";
    }
    std::string bytes = "bytes \"";
    bytes.reserve(2 * l.bytes().size() + 8);
    for (const std::byte b : l.bytes()) {
      constexpr std::string_view digits = "0123456789abcdef";
      bytes += digits[static_cast<std::size_t>(b) >> 4];
      bytes += digits[static_cast<std::size_t>(b) & 15];
    }
    return text + bytes + "\"";
  }

  // `bare`: the kind is known from the op's column; else the text tells it.
  std::string attribute(const Attribute& a, bool bare) {
    return std::visit(
        [&](const auto& v) -> std::string {
          using T = std::decay_t<decltype(v)>;
          if constexpr (std::is_same_v<T, std::monostate>)
            return "none";
          else if constexpr (std::is_same_v<T, bool>)
            return v ? "true" : "false";
          else if constexpr (std::is_same_v<T, std::int64_t>)
            return fmt::format("{}", v);
          else if constexpr (std::is_same_v<T, double>)
            return real_text<double, std::uint64_t>(v);
          else if constexpr (std::is_same_v<T, std::string>)
            return quoted(v);
          else if constexpr (std::is_same_v<T, DType>)
            return std::string(name(v));
          else if constexpr (std::is_same_v<T, Integers>)
            return fmt::format("[{}]", fmt::join(v, ", "));
          else if constexpr (std::is_same_v<T, Shape>)
            return fmt::format("{}[{}]", bare ? "" : "dims ", dims(v));
          else if constexpr (std::is_same_v<T, Literal>)
            return (bare ? "" : "literal ") + literal(v);
          else
            return named(v);
        },
        a.value);
  }

  std::string named(const NamedAttributes& attributes) {
    std::string text;
    for (const auto& [key, a] : attributes)
      text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", key, attribute(a, false));
    return "{" + text + "}";
  }

  static std::string decimal(const Node& n) {
    if (n.op != Op::constant) return "";
    const auto& l = n.attribute<Literal>("value");
    if (!l.is_scalar() || !is_real(l.dtype())) return "";
    return l.dtype() == DType::f32 ? fmt::format("{}", l.at<float>(0))
                                   : fmt::format("{}", l.at<double>(0));
  }

  static std::string comment(const Node& n) {
    std::string text = decimal(n);
    for (const Site& site : n.provenance().sites)
      if (!site.file.empty()) text += (text.empty() ? "" : "  ") + site.text();
    return text;
  }

  std::string hint(const Node& n) {
    if (n.op == Op::input || n.op == Op::shared || n.op == Op::parameter || n.op == Op::alloc ||
        n.op == Op::arena)
      return n.attribute<std::string>("name");
    if (options_.canonical) return "";
    const Provenance from = n.provenance();
    return from.labels.empty() ? "" : from.labels[0];
  }

  std::string define(const Node* n, int result) {
    std::string wanted = hint(*n);
    if (is_identifier(wanted)) {
      const int count = ++hints_[wanted];
      if (count > 1) wanted = fmt::format("{}.{}", wanted, count);
    } else {
      wanted = fmt::format("{}", next_++);
    }
    return names_[{n, result}] = "%" + wanted;
  }

  std::string name_of(const Node* n, int result) {
    const auto it = names_.find({n, result});
    // A value that is not in scope: printed so that a reader of a broken module sees it.
    return it == names_.end() ? fmt::format("%undefined.{}", n->serial) : it->second;
  }

  std::string value(const Value& v) { return name_of(v.node.get(), v.index); }

  std::string list(const std::vector<Value>& values) {
    std::string text;
    for (const Value& v : values) text += (text.empty() ? "" : ", ") + value(v);
    return text;
  }

  // The part between the op's name and its types. A call is written under its composition's name.
  std::string tail(const Node& n) {
    std::string text;
    if (!n.operands.empty()) text += "(" + list(n.operands) + ")";
    if (n.op == Op::call) {
      const auto& attributes = n.attribute<NamedAttributes>("attributes");
      return attributes.empty() ? text : text + " " + named(attributes);
    }
    const OpInfo& row = info(n.op);
    std::string attributes;
    for (std::size_t i = 0; i < n.attributes.size(); ++i)
      attributes += fmt::format("{}{} = {}", i == 0 ? "" : ", ", row.attributes[i].name,
                                attribute(n.attributes[i], true));
    return attributes.empty() ? text : text + " {" + attributes + "}";
  }

  void node(const NodePtr& n) {
    if (!options_.nodes) return write(n);
    const std::size_t at = options_.nodes->size();
    PrintedNode printed{n.get(), {}, {}, lines_ + 1};
    for (const Value& operand : n->operands) printed.operands.push_back(value(operand));
    options_.nodes->push_back(std::move(printed));
    write(n);
    for (std::size_t i = 0; i < n->types.size(); ++i)
      (*options_.nodes)[at].names.push_back(name_of(n.get(), static_cast<int>(i)));
  }

  void write(const NodePtr& n) {
    std::string text(n->op == Op::call ? std::string_view(n->attribute<std::string>("name"))
                                       : info(n->op).name);
    text += tail(*n);
    std::string types;
    for (const Type& t : n->types) types += (types.empty() ? "" : ", ") + type(t);
    if (!types.empty()) text += " : " + types;
    if (n->regions.empty()) {
      line(results(*n) + text, comment(*n));
      return;
    }
    for (std::size_t r = 0; r < n->regions.size(); ++r) {
      open(r == 0 ? text : "else", n->regions[r]);
      body(n->regions[r]);
      if (r + 1 == n->regions.size() && !n->types.empty())
        close(n->regions[r], " -> " + defined(*n));
      else
        close(n->regions[r]);
    }
  }

  std::string defined(const Node& n) {
    std::string names;
    for (std::size_t i = 0; i < n.types.size(); ++i)
      names += (i == 0 ? "" : ", ") + define(&n, static_cast<int>(i));
    return names;
  }

  std::string results(const Node& n) { return n.types.empty() ? "" : defined(n) + " = "; }

  void open(const std::string& head, const Region& region) {
    std::string parameters;
    for (const Value& p : region.parameters) {
      const std::string own = type(p.type());
      parameters += fmt::format("{}{} : {}", parameters.empty() ? "" : ", ",
                                define(p.node.get(), p.index), own);
    }
    line(fmt::format("{} ({}) {{", head, parameters));
    ++depth_;
  }

  void body(const Region& region) {
    for (const NodePtr& n : region.body) node(n);
    if (!region.results.empty()) line("yield " + list(region.results));
  }

  void close(const Region&, const std::string& tail = "") {
    --depth_;
    line("}" + tail);
  }

  struct KeyHash {
    std::size_t operator()(const std::pair<const Node*, int>& key) const {
      return std::hash<const void*>{}(key.first) * 31 + static_cast<std::size_t>(key.second);
    }
  };
  const PrintOptions& options_;
  std::string out_;
  int depth_ = 0, lines_ = 0;
  std::int64_t next_ = 0;
  std::unordered_map<std::pair<const Node*, int>, std::string, KeyHash> names_;
  std::unordered_map<std::string, int> hints_;
};

}  // namespace

std::string print(const Module& module, const PrintOptions& options) {
  return Printer(options).module(module);
}

std::string print_attributes(const NamedAttributes& attributes) {
  if (attributes.empty()) return "";
  const PrintOptions options;
  return Printer(options).attributes(attributes);
}

std::string print_kernel(const NodePtr& kernel) {
  const PrintOptions options;
  return Printer(options).kernel(kernel);
}

}  // namespace croton::ir
