#include "ir/dim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "ir/error.hpp"
#include "ir/node.hpp"

namespace croton {
namespace {

std::atomic<std::int64_t> unique_count{0};

std::int64_t checked_sum(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) Dim::throw_too_large();
  return result;
}

std::int64_t checked_product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) Dim::throw_too_large();
  return result;
}

using Atom = Dim::Atom;
using Term = Dim::Term;
using Terms = Dim::Terms;
// How value atoms and symbols are written.
struct Names {
  const Dim::NameValue& value;
  const Dim::NameSymbol& symbol;
};

std::string atom_text(const Atom& atom, const Names& names) {
  const auto call = [&](const char* function, bool symmetric = false) {
    std::string first = atom.arguments[0].text(names.value, names.symbol);
    std::string second = atom.arguments[1].text(names.value, names.symbol);
    // The kept order may depend on the age of value nodes; the printed one does not.
    if (symmetric && second < first) std::swap(first, second);
    return std::string(function) + "(" + first + ", " + second + ")";
  };
  switch (atom.kind) {
    case Atom::Kind::symbol:
      return names.symbol ? names.symbol(atom.name) : atom.name;
    case Atom::Kind::value:
      return "value(" + names.value(atom.node.get(), atom.result) + ")";
    case Atom::Kind::floordiv:
      return call("floordiv");
    case Atom::Kind::mod:
      return call("mod");
    case Atom::Kind::min:
      return call("min", true);
    case Atom::Kind::max:
      return call("max", true);
  }
  return {};
}

std::string serial_name(const ir::Node* node, int result) {
  return "#" + std::to_string(node->serial) + "." + std::to_string(result);
}

const Names& plain() {
  static const Dim::NameValue value = serial_name;
  static const Dim::NameSymbol symbol;
  static const Names names{value, symbol};
  return names;
}

std::string factors_text(const std::vector<Atom>& factors, const Names& names) {
  std::vector<std::string> parts;
  for (const Atom& factor : factors) parts.push_back(atom_text(factor, names));
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : "*") + part;
  return out;
}

// Constants last; otherwise by text, which is made once for each.
Terms normalised(Terms terms) {
  std::vector<std::pair<std::string, Term>> named;
  for (Term& term : terms) {
    std::sort(term.factors.begin(), term.factors.end(), [](const Atom& a, const Atom& b) {
      return atom_text(a, plain()) < atom_text(b, plain());
    });
    named.emplace_back(factors_text(term.factors, plain()), std::move(term));
  }
  std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) {
    if (a.second.factors.empty() != b.second.factors.empty()) return b.second.factors.empty();
    return a.first < b.first;
  });
  Terms out;
  for (auto& [text, term] : named) {
    if (!out.empty() && out.back().factors == term.factors)
      out.back().coefficient = checked_sum(out.back().coefficient, term.coefficient);
    else
      out.push_back(std::move(term));
  }
  std::erase_if(out, [](const Term& term) { return term.coefficient == 0; });
  return out;
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return checked_product(a, -1);
  const std::int64_t q = a / b;
  return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

std::int64_t apply(Atom::Kind kind, std::int64_t a, std::int64_t b) {
  switch (kind) {
    case Atom::Kind::floordiv:
      return floor_divide(a, b);
    case Atom::Kind::mod:
      return b == 0 || b == -1 ? 0 : a - floor_divide(a, b) * b;
    case Atom::Kind::min:
      return std::min(a, b);
    default:
      return std::max(a, b);
  }
}

Dim make_binary(Atom::Kind kind, const Dim& a, const Dim& b) {
  switch (kind) {
    case Atom::Kind::floordiv:
      return Dim::floordiv(a, b);
    case Atom::Kind::mod:
      return Dim::mod(a, b);
    case Atom::Kind::min:
      return Dim::min(a, b);
    default:
      return Dim::max(a, b);
  }
}

}  // namespace

// Proofs of `>= 0`, given that extents and symbols are never negative.
class DimProof {
 public:
  bool never_negative(const Dim& dim) {
    if (dim.is_constant()) return *dim.constant() >= 0;
    const Terms terms = dim.terms();
    const bool plain = std::all_of(terms.begin(), terms.end(), [&](const Term& term) {
      return term.coefficient >= 0 && factors(term, nullptr);
    });
    if (plain) return true;
    for (const Term& term : terms)
      for (const Atom& atom : term.factors)
        if (!atom.arguments.empty() && budget_ > 0 && factors(term, &atom) &&
            bounded(dim, term, atom))
          return true;
    return false;
  }

 private:
  bool never_negative(const Atom& atom) {
    switch (atom.kind) {
      case Atom::Kind::symbol:  // an extent, but for those that stand for a run-time value
        return !atom.name.starts_with(Dim::kValuePrefix);
      case Atom::Kind::value:
        return false;
      case Atom::Kind::floordiv:
      case Atom::Kind::min:
        return never_negative(atom.arguments[0]) && never_negative(atom.arguments[1]);
      case Atom::Kind::mod:
        return never_negative(atom.arguments[1]);
      case Atom::Kind::max:
        return never_negative(atom.arguments[0]) || never_negative(atom.arguments[1]);
    }
    return false;
  }

  bool factors(const Term& term, const Atom* except) {
    return std::all_of(term.factors.begin(), term.factors.end(),
                       [&](const Atom& atom) { return &atom == except || never_negative(atom); });
  }

  // The dim with `atom` of one of its terms replaced by what bounds the term from below.
  bool bounded(const Dim& dim, const Term& term, const Atom& atom) {
    --budget_;
    Dim whole(term.coefficient), rest(1);
    for (const Atom& factor : term.factors)
      if (&factor != &atom) rest = rest * Dim::of_atom(factor);
    whole = whole * rest * Dim::of_atom(atom);
    const auto with = [&](std::int64_t coefficient, const Dim& bound) {
      return never_negative(dim - whole + Dim(coefficient) * rest * bound);
    };
    const Dim &a = atom.arguments[0], &b = atom.arguments[1];
    const bool positive = term.coefficient > 0;
    switch (atom.kind) {
      case Atom::Kind::min:  // at most each argument, and one of them
      case Atom::Kind::max:  // at least each argument, and one of them
        if (positive == (atom.kind == Atom::Kind::max))
          return with(term.coefficient, a) || with(term.coefficient, b);
        return with(term.coefficient, a) && with(term.coefficient, b);
      case Atom::Kind::floordiv: {  // a - b + 1 <= b * floordiv(a, b) <= a
        const std::int64_t divisor = b.constant().value_or(0);
        if (divisor < 1) return false;
        // Of floordiv(a, b) + others, being whole: it is when a + b * others is.
        if (term.coefficient == 1 && term.factors.size() == 1)
          return never_negative(a + b * (dim - whole));
        if (term.coefficient % divisor != 0) return false;
        return with(term.coefficient / divisor, positive ? a - Dim(divisor - 1) : a);
      }
      default:
        return false;
    }
  }

  int budget_ = 24;  // replacements
};

void Dim::throw_too_large() { throw UserError("a dim exceeds 64 bits"); }

Dim::Dim(std::string symbol) {
  const auto legal = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
  };
  if (symbol.empty() || std::isdigit(static_cast<unsigned char>(symbol[0])) != 0 ||
      !std::all_of(symbol.begin(), symbol.end(), legal))
    throw UserError("a symbolic dim needs an identifier for a name, not \"" + symbol + "\"");
  *this = of_atom({.kind = Atom::Kind::symbol, .name = std::move(symbol)});
}

Dim Dim::unique() {
  return of_atom({.kind = Atom::Kind::symbol, .name = "$" + std::to_string(unique_count++)});
}

void Dim::reserve(const std::string& name) {
  constexpr std::size_t longest = 18;  // digits that fit an int64
  if (name.size() < 2 || name.size() > longest || name[0] != '$' ||
      !std::all_of(name.begin() + 1, name.end(),
                   [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }))
    return;
  const std::int64_t wanted = std::stoll(name.substr(1)) + 1;
  std::int64_t now = unique_count;
  while (now < wanted && !unique_count.compare_exchange_weak(now, wanted)) {
  }
}

Dim Dim::value_of(std::shared_ptr<const ir::Node> node, int result) {
  return of_atom({.kind = Atom::Kind::value, .node = std::move(node), .result = result});
}

Dim Dim::of_terms(Terms terms) {
  terms = normalised(std::move(terms));
  if (terms.empty()) return Dim(0);
  if (terms.size() == 1 && terms[0].factors.empty()) return Dim(terms[0].coefficient);
  Dim out;
  out.terms_ = std::make_shared<const Terms>(std::move(terms));
  return out;
}

Dim Dim::of_atom(Atom atom) { return of_terms({Term{1, {std::move(atom)}}}); }

std::optional<std::int64_t> Dim::constant() const {
  if (terms_) return std::nullopt;
  return constant_;
}

std::string Dim::symbol() const {
  if (!terms_ || terms_->size() != 1) return "";
  const Term& term = terms_->front();
  if (term.coefficient != 1 || term.factors.size() != 1) return "";
  return term.factors[0].kind == Atom::Kind::symbol ? term.factors[0].name : "";
}

Terms Dim::terms() const {
  if (terms_) return *terms_;
  return constant_ == 0 ? Terms{} : Terms{Term{constant_, {}}};
}

Dim operator+(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return Dim(checked_sum(a.constant_, b.constant_));
  Terms terms = a.terms();
  for (const Term& term : b.terms()) terms.push_back(term);
  return Dim::of_terms(std::move(terms));
}

Dim operator*(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return Dim(checked_product(a.constant_, b.constant_));
  // Shapes that people write have some ten; products of sums of symbols double with every axis.
  constexpr std::size_t kMostTerms = 4096;
  if (const std::size_t count = a.terms().size() * b.terms().size(); count > kMostTerms)
    throw UserError(
        fmt::format("a product of dims has {} terms when it is multiplied out, and may have {}",
                    count, kMostTerms));
  Terms out;
  for (const Term& x : a.terms())
    for (const Term& y : b.terms()) {
      Term term{checked_product(x.coefficient, y.coefficient), x.factors};
      term.factors.insert(term.factors.end(), y.factors.begin(), y.factors.end());
      out.push_back(std::move(term));
    }
  return Dim::of_terms(std::move(out));
}

Dim operator-(const Dim& a, const Dim& b) { return a + Dim(-1) * b; }

bool operator==(const Dim& a, const Dim& b) {
  if (a.is_constant() || b.is_constant())
    return a.is_constant() && b.is_constant() && a.constant_ == b.constant_;
  return a.terms_ == b.terms_ || *a.terms_ == *b.terms_;
}

Dim Dim::floordiv(const Dim& a, const Dim& b) {
  if (b.is(1)) return a;
  if (a.is_constant() && b.is_constant()) return Dim(floor_divide(a.constant_, b.constant_));
  if (b.is_constant() && b.constant_ != 0) {
    // (b*q + r) // b = q + r // b: the terms that b divides leave the atom.
    Terms whole, rest;
    for (Term term : a.terms()) {
      if (term.coefficient % b.constant_ == 0) {
        term.coefficient /= b.constant_;
        whole.push_back(std::move(term));
      } else {
        rest.push_back(std::move(term));
      }
    }
    if (rest.empty()) return of_terms(std::move(whole));
    if (!whole.empty()) return of_terms(std::move(whole)) + floordiv(of_terms(std::move(rest)), b);
  }
  if (a == b) return Dim(1);
  return of_atom({.kind = Atom::Kind::floordiv, .arguments = {a, b}});
}

Dim Dim::mod(const Dim& a, const Dim& b) {
  if (b.is(1) || a == b) return Dim(0);
  if (a.is_constant() && b.is_constant())
    return Dim(apply(Atom::Kind::mod, a.constant_, b.constant_));
  if (b.is_constant() && b.constant_ != 0) {
    Terms rest;
    for (const Term& term : a.terms())
      if (term.coefficient % b.constant_ != 0) rest.push_back(term);
    if (rest.empty()) return Dim(0);
    if (rest.size() != a.terms().size()) return mod(of_terms(std::move(rest)), b);
  }
  return of_atom({.kind = Atom::Kind::mod, .arguments = {a, b}});
}

// max(0, max(0, x) + y) is max(0, x + y) where y is never positive: x + y of the argument.
std::optional<Dim> Dim::inside_of_maximum(const Dim& dim) {
  for (const Term& term : dim.terms()) {
    if (term.coefficient != 1 || term.factors.size() != 1) continue;
    const Atom& atom = term.factors[0];
    if (atom.kind != Atom::Kind::max) continue;
    for (const std::size_t zero : {std::size_t{0}, std::size_t{1}}) {
      const Dim rest = dim - of_atom(atom);
      if (atom.arguments[zero].is(0) && provably_less_equal(rest, Dim(0)))
        return atom.arguments[1 - zero] + rest;
    }
  }
  return std::nullopt;
}

Dim Dim::min(const Dim& a, const Dim& b) {
  if (provably_less_equal(a, b)) return a;
  if (provably_less_equal(b, a)) return b;
  const bool swap = b.text(serial_name) < a.text(serial_name);
  return of_atom({.kind = Atom::Kind::min,
                  .arguments = swap ? std::vector<Dim>{b, a} : std::vector<Dim>{a, b}});
}

Dim Dim::max(const Dim& a, const Dim& b) {
  if (provably_less_equal(a, b)) return b;
  if (provably_less_equal(b, a)) return a;
  if (a.is(0) || b.is(0))
    if (const std::optional<Dim> shorter = inside_of_maximum(a.is(0) ? b : a))
      return max(Dim(0), *shorter);
  const bool swap = b.text(serial_name) < a.text(serial_name);
  return of_atom({.kind = Atom::Kind::max,
                  .arguments = swap ? std::vector<Dim>{b, a} : std::vector<Dim>{a, b}});
}

std::string Dim::text() const { return text(serial_name); }

std::string Dim::text(const NameValue& name_value, const NameSymbol& name_symbol) const {
  if (is_constant()) return std::to_string(constant_);
  // Sorted by printed text, so that the text does not depend on the age of value nodes.
  std::vector<std::pair<std::string, std::int64_t>> parts;
  for (const Term& term : *terms_)
    parts.emplace_back(factors_text(term.factors, {name_value, name_symbol}), term.coefficient);
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    if (a.first.empty() != b.first.empty()) return b.first.empty();
    return a.first < b.first;
  });
  std::string out;
  for (const auto& [factors, coefficient] : parts) {
    const bool negative = coefficient < 0;
    if (out.empty())
      out = negative ? "-" : "";
    else
      out += negative ? " - " : " + ";
    const std::string magnitude =
        negative ? std::to_string(coefficient).substr(1) : std::to_string(coefficient);
    if (factors.empty())
      out += magnitude;
    else
      out += (magnitude == "1" ? "" : magnitude + "*") + factors;
  }
  return out;
}

std::size_t Dim::hash() const {
  if (is_constant()) return std::hash<std::int64_t>{}(constant_);
  return std::hash<std::string>{}(text(serial_name));
}

std::int64_t Dim::evaluate(const std::function<std::int64_t(const Atom&)>& lookup) const {
  if (is_constant()) return constant_;
  std::int64_t total = 0;
  for (const Term& term : *terms_) {
    std::int64_t value = term.coefficient;
    for (const Atom& atom : term.factors) {
      const bool leaf = atom.arguments.empty();
      value = checked_product(value, leaf ? lookup(atom)
                                          : apply(atom.kind, atom.arguments[0].evaluate(lookup),
                                                  atom.arguments[1].evaluate(lookup)));
    }
    total = checked_sum(total, value);
  }
  return total;
}

Dim Dim::substitute(const std::function<std::optional<Dim>(const Atom&)>& replace) const {
  if (is_constant()) return *this;
  Dim sum(0);
  for (const Term& term : *terms_) {
    Dim product(term.coefficient);
    for (const Atom& atom : term.factors) {
      if (!atom.arguments.empty()) {
        product = product * make_binary(atom.kind, atom.arguments[0].substitute(replace),
                                        atom.arguments[1].substitute(replace));
      } else {
        const std::optional<Dim> other = replace(atom);
        product = product * (other ? *other : of_atom(atom));
      }
    }
    sum = sum + product;
  }
  return sum;
}

void Dim::for_each_leaf(const std::function<void(const Atom&)>& visit) const {
  if (is_constant()) return;
  for (const Term& term : *terms_)
    for (const Atom& atom : term.factors) {
      if (atom.arguments.empty()) visit(atom);
      for (const Dim& argument : atom.arguments) argument.for_each_leaf(visit);
    }
}

std::string_view text(Relation relation) {
  constexpr std::string_view texts[] = {"==", ">=", "!="};
  return texts[static_cast<int>(relation)];
}

std::string text(const Shape& shape) {
  std::string out;
  for (const Dim& dim : shape) out += (out.empty() ? "" : ", ") + dim.text();
  return out;
}

Dim volume(const Shape& shape) {
  Dim product(1);
  for (const Dim& dim : shape) product = product * dim;
  return product;
}

bool provably_less_equal(const Dim& a, const Dim& b) {
  if (a.is_constant() && b.is_constant()) return *a.constant() <= *b.constant();
  return DimProof().never_negative(b - a);
}

}  // namespace croton
