#include "ir/contract_order.hpp"

#include <algorithm>

namespace croton::ir {
namespace {

bool has(const Integers& labels, std::int64_t label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

}  // namespace

Literal reduction_start(Op reduction, DType dtype) {
  if (reduction == Op::sum && is_real(dtype)) return Literal::scalar_of(dtype, -0.0);
  const double identity = *info(*info(reduction).combine).identity;
  return dtype == DType::boolean ? Literal::scalar(identity > 0)
                                 : Literal::scalar_of(dtype, identity);
}

ContractOrder contract_order(const Node& contract) {
  ContractOrder order;
  Integers first = contract.attribute<Integers>("a"), second = contract.attribute<Integers>("b");
  const auto& out = contract.attribute<Integers>("out");
  order.swapped = !out.empty() && !has(second, out.back());
  if (order.swapped) std::swap(first, second);
  for (const Integers* labels : {&first, &second})
    for (const std::int64_t label : *labels)
      if (!has(out, label) && !has(order.inner, label)) order.inner.push_back(label);
  const auto vector_with = [&](const Integers& vector, const Integers& other) {
    return vector.size() == 1 && order.inner.size() == 1 && !other.empty() &&
           other.back() == order.inner[0];
  };
  order.is_reduction = out.empty() || vector_with(first, second) || vector_with(second, first);
  return order;
}

}  // namespace croton::ir
