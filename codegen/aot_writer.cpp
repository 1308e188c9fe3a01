#include "codegen/aot_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "codegen/aot_arguments.hpp"
#include "codegen/aot_embedded.hpp"
#include "codegen/kernel_writer.hpp"
#include "codegen/writer.hpp"
#include "ir/prelude.hpp"

namespace croton::codegen {
namespace {

using ir::Op;

static_assert(static_cast<int>(DType::i8) == 1 && static_cast<int>(DType::u64) == 8 &&
                  static_cast<int>(DType::f32) == 11 && static_cast<int>(DType::c128) == 14,
              "croton_aot_dtype numbers the rows of CROTON_DTYPES");

std::string site_text(const std::vector<Site>& sites) {
  std::string text;
  for (const Site& site : sites)
    if (!site.file.empty()) text += (text.empty() ? "" : ", ") + site.text();
  const int line = sites.empty() ? 0 : sites[0].line;
  return fmt::format("{{{}, {}}}", c_string(text), text.empty() ? 0 : line);
}

std::string table_symbol(const AotLibrary& library, const std::string& target) {
  std::string name = fmt::format("croton_aot_{}_{}", library.name, target);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// One function's plans, as C.
class FunctionText {
 public:
  FunctionText(const AotFunction& function, const Dialect& dialect, Writer& writer)
      : function_(function),
        dialect_(dialect),
        writer_(writer),
        name_(function.name),
        arguments_(aot_arguments(function)),
        dims_(aot_dims(function, arguments_)) {
    for (const AotArgument& argument : arguments_)
      read_ += argument.role == AotArgument::Role::output ? 0 : 1;
  }

  void run() {
    descriptors();
    if (function_.prologue) plan(*function_.prologue, prologue_name(), true);
    plan(function_.module, name_, false);
    resolve();
    shape();
    call();
    table();
  }

 private:
  // No name of a user's function has two underscores in a row.
  [[nodiscard]] std::string prologue_name() const { return name_ + "__values"; }

  void descriptors() {
    writer_.blank();
    writer_.line(fmt::format("// {}", aot_signature(function_, arguments_)));
    std::string rows, sites;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      const AotArgument& a = arguments_[i];
      std::string extents;
      for (const Dim& dim : a.type.shape)
        extents += fmt::format("{}{}", extents.empty() ? "" : ", ", dim.constant().value_or(-1));
      const std::string table = fmt::format("{}_extents_{}", name_, i);
      if (!extents.empty())
        writer_.line(fmt::format("constexpr int64_t {}[] = {{{}}};", table, extents));
      rows += fmt::format("\n    {{{}, {}, {}, {}, {}, {}, {}}},", c_string(a.name),
                          c_string(ir::text(a.type)), extents.empty() ? "nullptr" : table,
                          static_cast<int>(a.type.dtype), a.type.rank(), static_cast<int>(a.role),
                          size_of(a.type.dtype));
      sites += fmt::format("\n    {},", site_text(a.sites));
    }
    writer_.line(
        fmt::format("constexpr croton_aot_argument {}_arguments[] = {{{}}};", name_, rows));
    writer_.line(fmt::format("constexpr Site {}_sites[] = {{{}}};", name_, sites));
    std::string names;
    for (const std::string& symbol : dims_.symbols)
      names += fmt::format("{}{}", names.empty() ? "" : ", ", c_string(symbol));
    if (!names.empty())
      writer_.line(fmt::format("constexpr const char* {}_dims[] = {{{}}};", name_, names));
    writer_.line(fmt::format("extern const croton_aot_function {}_table;", name_));
  }

  // The dims that a function reads, under their names.
  void declare_dims(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      writer_.line(
          fmt::format("[[maybe_unused]] const i64 {} = dims[{}];", dims_.identifiers[i], i));
  }

  [[nodiscard]] std::string bytes(const ir::Type& type) const {
    return dims_.text(volume(type.shape) * Dim(size_of(type.dtype)));
  }

  // Where the plan's parameters are: inputs, variables and outputs of `module` in the caller's
  // list.
  std::vector<std::string> places(const ir::Module& module) const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < module.inputs.size(); ++i)
      out.push_back(fmt::format("data[{}]", i));
    const std::vector<ir::Value> all = aot_variables(function_.module, function_.prologue);
    for (const ir::Value& variable : module.shared_variables()) {
      std::size_t at = module.inputs.size();
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string& constant = function_.constants[i];
        if (all[i] == variable)
          out.push_back(constant.empty() ? fmt::format("data[{}]", at)
                                         : fmt::format("const_cast<u8*>({})", constant));
        at += constant.empty() ? 1 : 0;
      }
    }
    for (std::size_t i = 0; i < module.outputs.size(); ++i)
      out.push_back(fmt::format("data[{}]", read_ + i));
    return out;
  }

  // Kernels, the bytes of temporaries, and the steps. `values`: only dims that arguments tell.
  void plan(const ir::Module& module, const std::string& prefix, bool values) {
    std::map<std::string, EmittedKernel> kernels;
    for (const ir::NodePtr& node : module.kernels) {
      EmittedKernel kernel = emit(node, dialect_);
      kernel_text(kernel, prefix);
      kernels.emplace(kernel.name, std::move(kernel));
    }
    std::unordered_map<const ir::Node*, std::string> pointers;
    std::unordered_map<const ir::Node*, ir::Type> types;
    const std::vector<std::string> parameters = places(module);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      pointers[module.plan.parameters[i].node.get()] = parameters[i];
      types[module.plan.parameters[i].node.get()] = module.plan.parameters[i].type();
    }
    Dim end(0);
    for (const ir::NodePtr& node : module.plan.body) {
      if (node->op != Op::arena) continue;
      const Dim offset = node->attribute<Shape>("offset")[0];
      pointers[node.get()] = offset.is(0) ? "arena" : "arena + " + wrapped_offset(offset);
      types[node.get()] = node->types[0];
      end =
          Dim::max(end, offset + volume(node->types[0].shape) * Dim(size_of(node->types[0].dtype)));
    }
    const std::size_t known = values ? dims_.told : dims_.symbols.size();
    writer_.blank();
    writer_.open(fmt::format("i64 {}_workspace([[maybe_unused]] const i64* dims)", prefix));
    for (std::size_t i = 0; i < known; ++i)
      writer_.line(
          fmt::format("[[maybe_unused]] const Size {} = dims[{}];", dims_.identifiers[i], i));
    writer_.line(fmt::format("return Size({}).bytes();", dims_.text(end)));
    writer_.close();
    writer_.blank();
    writer_.open(fmt::format(
        "i32 {}_raw([[maybe_unused]] void* const* data, [[maybe_unused]] const i64* dims, "
        "[[maybe_unused]] void* workspace, [[maybe_unused]] const croton_aot_threads* threads, "
        "[[maybe_unused]] croton_aot_error* error)",
        prefix));
    declare_dims(known);
    writer_.line("[[maybe_unused]] char* const arena = static_cast<char*>(workspace);");
    for (const ir::NodePtr& node : module.plan.body) {
      if (node->op == Op::launch) launch(node, kernels, pointers, prefix);
      if (node->op == Op::commit)
        writer_.line(fmt::format("__builtin_memcpy({}, {}, u64({}));",
                                 pointers.at(node->operands[0].node.get()),
                                 pointers.at(node->operands[1].node.get()),
                                 bytes(types.at(node->operands[1].node.get()))));
    }
    writer_.line("return CROTON_AOT_OK;");
    writer_.close();
  }

  [[nodiscard]] std::string wrapped_offset(const Dim& offset) const {
    return fmt::format("({})", dims_.text(offset));
  }

  [[nodiscard]] static std::string kernel_name(const std::string& prefix,
                                               const EmittedKernel& kernel) {
    return fmt::format("{}_{}", prefix, kernel.entry);
  }

  void kernel_text(const EmittedKernel& kernel, const std::string& prefix) {
    const std::string name = kernel_name(prefix, kernel);
    writer_.blank();
    writer_.line(fmt::format("namespace {}_text {{", name));
    writer_.line(kernel.types + kernel.commented + "}");
    std::string messages, sites;
    for (std::size_t i = 0; i < kernel.failures.size(); ++i) {
      messages += fmt::format("{}{}", i ? ", " : "", c_string(kernel.failures[i]));
      sites += fmt::format("{}{}", i ? ", " : "", site_text(kernel.failure_sites[i]));
    }
    const bool fails = !messages.empty();
    if (fails) {
      writer_.line(fmt::format("constexpr const char* {}_failures[] = {{{}}};", name, messages));
      writer_.line(fmt::format("constexpr Site {}_sites[] = {{{}}};", name, sites));
    }
    const std::string combine =
        kernel.combine_entry.empty() ? "nullptr" : name + "_text::" + kernel.combine_entry;
    writer_.line(fmt::format("constexpr Kernel {0} = {{{1}, {0}_text::{2}, {3}, {4}, {5}, {6}}};",
                             name, c_string(function_.name), kernel.entry, combine,
                             grain_of(kernel.cost), fails ? name + "_failures" : "nullptr",
                             fails ? name + "_sites" : "nullptr"));
  }

  void launch(const ir::NodePtr& node, const std::map<std::string, EmittedKernel>& kernels,
              const std::unordered_map<const ir::Node*, std::string>& pointers,
              const std::string& prefix) {
    const auto& name = node->attribute<std::string>("kernel");
    const auto it = kernels.find(name);
    CROTON_CHECK(it != kernels.end(), "the plan launches an unknown kernel " + name);
    const EmittedKernel& kernel = it->second;
    std::string buffers, sizes;
    for (const ir::Value& operand : node->operands)
      buffers += fmt::format("{}{}", buffers.empty() ? "" : ", ", pointers.at(operand.node.get()));
    for (const std::string& symbol : kernel.dims)
      sizes += fmt::format("{}{}", sizes.empty() ? "" : ", ", dims_.text(Dim(symbol)));
    writer_.open("");
    writer_.line(fmt::format("void* const buffers[] = {{{}}};", buffers));
    if (!sizes.empty()) writer_.line(fmt::format("const i64 sizes[] = {{{}}};", sizes));
    writer_.line(fmt::format(
        "if (const i32 code = launch({}, buffers, {}, {}, threads, error)) return code;",
        kernel_name(prefix, kernel), sizes.empty() ? "nullptr" : "sizes",
        dims_.text(kernel.parallel_extent)));
    writer_.close();
  }

  void return_code(const std::string& call) {
    writer_.line(fmt::format("if (const i32 code = {}) return code;", call));
  }

  void resolve() {
    writer_.blank();
    writer_.open(fmt::format(
        "i32 {}_resolve(const croton_aot_call* call, [[maybe_unused]] int64_t* dims)", name_));
    writer_.line(fmt::format("const Checked checked = {{&{0}_table, call, {0}_sites}};", name_));
    return_code("checked.count()");
    writer_.line("[[maybe_unused]] const croton_aot_array* const a = call->arguments;");
    writer_.open(fmt::format("for (i32 i = 0; i < {}; ++i)", read_));
    return_code(fmt::format("checked.array(i, {})", function_.prologue ? "true" : "false"));
    writer_.close();
    for (std::size_t i = 0; i < dims_.told; ++i) {
      const AotDims::Source& from = dims_.sources[i];
      writer_.line(fmt::format("[[maybe_unused]] const i64 {} = dims[{}] = a[{}].shape[{}];",
                               dims_.identifiers[i], i, from.argument, from.axis));
    }
    for (const ir::Fact& fact : function_.module.facts) check_fact(fact);
    check_extents(0, read_);
    if (function_.prologue) values();
    const std::span<const ir::Value> told =
        function_.prologue ? std::span<const ir::Value>(function_.prologue->outputs)
                           : std::span<const ir::Value>();
    for (const ir::Require& require : function_.module.requires_) {
      if (!require.fact.empty()) continue;  // checked above
      const std::string a = dims_.text(require.a), b = dims_.text(require.b);
      writer_.open(fmt::format("if (!(({}) {} ({})))", a, text(require.relation), b));
      writer_.line("static constexpr Site site = " + site_text(require.sites) + ";");
      writer_.line(fmt::format("return disagree(call->error, {}, {}, {}, {}, site);",
                               c_string(name_), c_string(ir::broken_text(require, told)), a, b));
      writer_.close();
    }
    writer_.line("return CROTON_AOT_OK;");
    writer_.close();
  }

  void check_fact(const ir::Fact& fact) {
    const auto at = std::find(dims_.symbols.begin(), dims_.symbols.end(), fact.symbol);
    if (at == dims_.symbols.end()) return;
    const std::string dim = dims_.text(Dim(fact.symbol));
    const bool divisible = fact.kind == ir::Fact::Kind::divisible;
    writer_.open(divisible ? fmt::format("if ({} % {} != 0)", dim, fact.value)
                           : fmt::format("if ({} < {})", dim, fact.value));
    writer_.line(
        fmt::format("return against_fact(call->error, {}, {}, {}, {}, {});", c_string(name_),
                    c_string(divisible ? fmt::format("{} % {} == 0", fact.symbol, fact.value)
                                       : fmt::format("{} >= {}", fact.symbol, fact.value)),
                    c_string(fact.symbol), fact.value, dim));
    writer_.close();
  }

  // Fixed extents are checked with the dtype; these are the others.
  void check_extents(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i)
      for (std::size_t axis = 0; axis < arguments_[i].type.shape.size(); ++axis) {
        const Dim& dim = arguments_[i].type.shape[axis];
        const bool tells =
            std::any_of(dims_.sources.begin(), dims_.sources.end(), [&](const AotDims::Source& s) {
              return s.argument == static_cast<int>(i) && s.axis == static_cast<int>(axis);
            });
        if (dim.is_constant() || tells) continue;
        writer_.line(fmt::format("if (a[{0}].shape[{1}] != {2})", i, axis, dims_.text(dim)));
        writer_.line(fmt::format("  return checked.extent({}, {}, {}, {});", i, axis,
                                 dims_.text(dim), c_string(dim.text())));
      }
  }

  // The elements that dims depend on, computed by the prologue's plan.
  void values() {
    writer_.line("Workspace memory = {call, nullptr, 0};");
    return_code(
        fmt::format("memory.take({}, {}_workspace(dims))", c_string(name_), prologue_name()));
    std::string data;
    for (std::size_t i = 0; i < read_; ++i) data += fmt::format("a[{}].data, ", i);
    for (std::size_t k = dims_.told; k < dims_.symbols.size(); ++k)
      data += fmt::format("&dims[{}], ", k);
    writer_.line(fmt::format("void* const data[] = {{{}}};", data));
    writer_.line(fmt::format(
        "const i32 failed = {}_raw(data, dims, memory.memory, call->threads, call->error);",
        prologue_name()));
    writer_.line("memory.release();");
    writer_.line("if (failed) return failed;");
    for (std::size_t k = dims_.told; k < dims_.symbols.size(); ++k)
      writer_.line(
          fmt::format("[[maybe_unused]] const i64 {} = dims[{}];", dims_.identifiers[k], k));
  }

  void shape() {
    writer_.blank();
    writer_.open(
        fmt::format("void {}_shape(i32 argument, [[maybe_unused]] const int64_t* dims, "
                    "[[maybe_unused]] int64_t* extents)",
                    name_));
    declare_dims(dims_.symbols.size());
    writer_.open("switch (argument)");
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      if (arguments_[i].type.shape.empty()) continue;
      writer_.line(fmt::format("case {}:", i));
      for (std::size_t axis = 0; axis < arguments_[i].type.shape.size(); ++axis)
        writer_.line(
            fmt::format("  extents[{}] = {};", axis, dims_.text(arguments_[i].type.shape[axis])));
      writer_.line("  break;");
    }
    writer_.line("default:");
    writer_.line("  break;");
    writer_.close();
    writer_.close();
  }

  void call() {
    writer_.blank();
    writer_.open(fmt::format("i32 {}_run(const croton_aot_call* call)", name_));
    const std::size_t all = arguments_.size();
    writer_.line(
        fmt::format("int64_t dims[{}] = {{}};", std::max<std::size_t>(1, dims_.symbols.size())));
    return_code(fmt::format("{}_resolve(call, dims)", name_));
    declare_dims(dims_.symbols.size());
    writer_.line(fmt::format("const Checked checked = {{&{0}_table, call, {0}_sites}};", name_));
    writer_.line("const croton_aot_array* const a = call->arguments;");
    if (!function_.prologue && read_ > 0) {
      writer_.open(fmt::format("for (i32 i = 0; i < {}; ++i)", read_));
      return_code("checked.memory(i)");
      writer_.close();
    }
    if (read_ < all) {
      writer_.open(fmt::format("for (i32 i = {}; i < {}; ++i)", read_, all));
      return_code("checked.array(i, true)");
      writer_.close();
    }
    check_extents(read_, all);
    for (std::size_t i = 0; i < all; ++i)
      if (arguments_[i].role == AotArgument::Role::output ||
          arguments_[i].role == AotArgument::Role::state)
        return_code(fmt::format("checked.overlap({})", i));
    writer_.line("Workspace memory = {call, nullptr, 0};");
    return_code(fmt::format("memory.take({}, {}_workspace(dims))", c_string(name_), name_));
    std::string data;
    for (std::size_t i = 0; i < all; ++i) data += fmt::format("{}a[{}].data", i ? ", " : "", i);
    writer_.line(fmt::format("void* const data[] = {{{}}};", data));
    writer_.line(fmt::format(
        "const i32 code = {}_raw(data, dims, memory.memory, call->threads, call->error);", name_));
    writer_.line("memory.release();");
    writer_.line("return code;");
    writer_.close();
  }

  void table() {
    const bool dims = !dims_.symbols.empty();
    writer_.blank();
    writer_.line(
        fmt::format("constexpr croton_aot_function {0}_table = {{\n"
                    "    {1},\n    {2},\n    {0}_arguments, {3}, {4}, {5}, {6}, 0,\n"
                    "    {0}_resolve, {0}_workspace, {0}_shape, {0}_run, {0}_raw}};",
                    name_, c_string(name_), c_string(aot_signature(function_, arguments_)),
                    dims ? name_ + "_dims" : "nullptr", arguments_.size(), dims_.symbols.size(),
                    function_.prologue ? "CROTON_AOT_NEEDS_AN_ALLOCATOR" : "CROTON_AOT_BOUNDED"));
  }

  const AotFunction& function_;
  const Dialect& dialect_;
  Writer& writer_;
  std::string name_;
  std::vector<AotArgument> arguments_;
  AotDims dims_;
  std::size_t read_ = 0;
};

// The interface and what every function uses, around `body`, with what that uses of the prelude.
std::string source_text(const std::string& title, const std::string& outside,
                        std::string_view support, const std::string& body, bool fma,
                        const std::string& exported) {
  const std::string words = std::string(support) + body;
  return fmt::format(
      "// {}\n#pragma GCC diagnostic ignored \"-Wunused-function\"\n#define "
      "CROTON_AOT_FREESTANDING\n{}\n{}\nnamespace {{\n{}\n{}\n{}\n}}  // "
      "namespace\n\n{}",
      title, kAotInterface, outside, ir::prelude_text(words, {.cuda = false, .fma = fma}), support,
      body, exported);
}

// Without the flag "a", nothing loads the section.
std::string section_text(const AotSection& section) {
  if (section.bytes.empty()) return "";
  std::string out = fmt::format(
      "\n// What croton dump shows of this library.\n__asm__(\n"
      "    \".pushsection {},\\\"\\\",@progbits\\n.balign 8\\n\"\n",
      section.name);
  for (std::size_t i = 0; i < section.bytes.size(); i += 8) {
    std::uint64_t word = 0;
    for (std::size_t k = 8; k-- > 0;)
      word = word << 8 | static_cast<unsigned char>(section.bytes[i + k]);
    out += i % 32 == 0 ? "    \".quad " : ",";
    out += fmt::format("0x{:x}", word);
    if (i % 32 == 24 || i + 8 == section.bytes.size()) out += "\\n\"\n";
  }
  return out + "    \".popsection\");\n";
}

constexpr std::string_view kHidden = "__attribute__((visibility(\"hidden\")))";

}  // namespace

std::string aot_variant_source(const AotLibrary& library, const AotVariant& variant,
                               const std::vector<AotFunction>& functions) {
  Dialect dialect = cpp_dialect(variant.fma, variant.vector_bytes);
  dialect.entry = "void ";
  Writer writer;
  std::string constants, table;
  for (const AotFunction& function : functions) {
    FunctionText(function, dialect, writer).run();
    for (const std::string& symbol : function.constants)
      if (!symbol.empty() && constants.find(symbol + "[") == std::string::npos)
        constants += fmt::format("extern \"C\" {} const unsigned char {}[];\n", kHidden, symbol);
    table += fmt::format("    {}_table,\n", function.name);
  }
  // What a compiler must be told for the same numbers; what it can be asked about is checked.
  const std::string_view macro =
      variant.level >= 4 ? "__AVX512VL__" : (variant.level == 3 ? "__AVX2__" : "__SSE4_2__");
  const std::string title = fmt::format(
      "{0} for {1}, written by {2}\n// to be compiled with -std=c++20 -O2 -march={1} "
      "-ffp-contract=off -fvisibility=hidden\n#ifndef {3}\n#error \"compile this with "
      "-march={1}\"\n#endif\n#ifdef __FAST_MATH__\n#error \"-ffast-math changes the results of "
      "{0}\"\n#endif",
      library.name, variant.target, library.compiler, macro);
  return source_text(title, constants, kAotSupport, writer.commented(), variant.fma,
                     fmt::format("extern \"C\" {} const croton_aot_function {}[] = {{\n{}}};\n",
                                 kHidden, table_symbol(library, variant.target), table));
}

std::string aot_query_source(const AotLibrary& library, const std::vector<AotVariant>& variants,
                             std::size_t functions, const std::vector<AotConstant>& constants,
                             const AotSection& section) {
  std::vector<AotVariant> sorted = variants;
  std::sort(sorted.begin(), sorted.end(),
            [](const AotVariant& a, const AotVariant& b) { return a.level > b.level; });
  std::string outside, body = "constexpr Variant kVariants[] = {\n";
  for (const AotVariant& variant : sorted) {
    const std::string symbol = table_symbol(library, variant.target);
    outside += fmt::format("extern \"C\" {} const croton_aot_function {}[];\n", kHidden, symbol);
    body += fmt::format("    {{{}, {{CROTON_AOT_VERSION, {}, {}, {}, {}, {}}}}},\n", variant.level,
                        functions, c_string(library.name), c_string(variant.target),
                        c_string(library.compiler), symbol);
  }
  body += "};\n";
  std::string exported;
  for (const AotConstant& constant : constants) {
    // A string ends with a 0 of its own; an empty array is one byte.
    const auto bytes = constant.value.bytes();
    std::string text;
    text.reserve(bytes.size() * 4);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i % 64 == 0) text += i == 0 ? "    \"" : "\"\n    \"";
      const auto byte = static_cast<unsigned>(bytes[i]);
      text += {'\\', static_cast<char>('0' + (byte >> 6)), static_cast<char>('0' + (byte >> 3 & 7)),
               static_cast<char>('0' + (byte & 7))};
    }
    exported += fmt::format(
        "extern \"C\" {} __attribute__((aligned(64))) const unsigned char {}[{}] =\n{};\n", kHidden,
        constant.symbol, bytes.size() + 1, bytes.empty() ? "    \"\"" : text + "\"");
  }
  exported += fmt::format(
      "extern \"C\" __attribute__((visibility(\"default\"))) int32_t croton_aot_query_{}(\n"
      "    int32_t version, const croton_aot_library** library, croton_aot_error* error) {{\n"
      "  return pick({}, kVariants, {}, version, library, error);\n}}\n",
      library.name, c_string(library.name), sorted.size());
  exported += section_text(section);
  return source_text(fmt::format("{}, written by {}", library.name, library.compiler), outside,
                     std::string(kAotSupport) + std::string(kAotCpu), body, false, exported);
}

std::string aot_constants_source(const std::vector<AotConstant>& constants,
                                 const std::string& file) {
  std::string text = "// constants\n__asm__(\n    \".pushsection .rodata\\n\"\n";
  std::size_t at = 0;
  for (const AotConstant& constant : constants) {
    const std::size_t size = constant.value.bytes().size();
    // The file's name is a string of the assembler within one of C.
    const std::string line = fmt::format(
        ".balign 64\n.globl {0}\n.hidden {0}\n.type {0}, @object\n{0}:\n"
        ".incbin {1}, {2}, {3}\n.byte 0\n.size {0}, {4}\n",
        constant.symbol, c_string(file), at, size, size + 1);
    text += fmt::format("    {}\n", c_string(line));
    at = (at + size + 63) / 64 * 64;
  }
  return text + "    \".popsection\");\n";
}

std::string_view aot_interface_header() { return kAotInterface; }
std::string_view aot_wrapper_header() { return kAotWrapper; }

}  // namespace croton::codegen
