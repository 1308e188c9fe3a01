#include "runtime/module_file.hpp"

#include <fmt/format.h>

#include <cstring>

#include "runtime/file.hpp"
#include "runtime/npy.hpp"

namespace croton::runtime {

Array array_of(const ir::Literal& literal) {
  Array out = Array::uninitialized(literal.dtype(), literal.shape());
  if (!literal.bytes().empty())
    std::memcpy(out.raw(), literal.bytes().data(), literal.bytes().size());
  return out;
}

ir::Literal literal_of(const Array& array) {
  const Array packed = array.contiguous();
  std::vector<std::byte> bytes(static_cast<std::size_t>(packed.count()) * size_of(packed.dtype()));
  if (!bytes.empty()) std::memcpy(bytes.data(), packed.raw(), bytes.size());
  return {packed.dtype(), {packed.shape().begin(), packed.shape().end()}, std::move(bytes)};
}

ir::Module parse_module(
    std::string_view text, const std::string& file,
    const std::function<ir::Value(ir::Op, const std::string&, const ir::Type&)>& leaf,
    std::vector<std::string>* output_names) {
  const std::string beside = file + ".npz";
  const auto find = [&](std::size_t number) -> ir::Literal {
    for (const auto& [name, array] : load_npz(beside))
      if (name == fmt::format("literal {}", number)) return literal_of(array);
    throw UserError(fmt::format("{} has no literal {}", beside, number));
  };
  return ir::parse(text,
                   {.file = file, .leaf = leaf, .beside = find, .output_names = output_names});
}

void write_module(const std::filesystem::path& path, const ir::Module& module,
                  const std::map<std::string, Array>& values) {
  std::vector<ir::Literal> literals;
  const std::string text = ir::print(module, {.beside = &literals});
  std::vector<std::pair<std::string, Array>> arrays(values.begin(), values.end());
  for (std::size_t i = 0; i < literals.size(); ++i)
    arrays.emplace_back(fmt::format("literal {}", i), array_of(literals[i]));
  // The text comes last: with it the module is there.
  if (!arrays.empty()) save_npz(path.string() + ".npz", arrays);
  write_file(path, text);
}

}  // namespace croton::runtime
