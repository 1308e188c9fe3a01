// The headers that users of a library include.
#include <fmt/format.h>

#include <algorithm>

#include "codegen/aot_arguments.hpp"
#include "codegen/aot_writer.hpp"

namespace croton::codegen {
namespace {

struct HostType {
  std::string_view c, cpp;
};

// Types of C and C++ whose bytes are a dtype's.
HostType host_type(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return {"uint8_t", "bool"};
    case DType::i8:
      return {"int8_t", "std::int8_t"};
    case DType::i16:
      return {"int16_t", "std::int16_t"};
    case DType::i32:
      return {"int32_t", "std::int32_t"};
    case DType::i64:
      return {"int64_t", "std::int64_t"};
    case DType::u8:
      return {"uint8_t", "std::uint8_t"};
    case DType::u16:
      return {"uint16_t", "std::uint16_t"};
    case DType::u32:
      return {"uint32_t", "std::uint32_t"};
    case DType::u64:
      return {"uint64_t", "std::uint64_t"};
    case DType::f16:
    case DType::bf16:
      return {"uint16_t", "std::uint16_t"};
    case DType::f32:
      return {"float", "float"};
    case DType::f64:
      return {"double", "double"};
    case DType::c64:
      return {"float", "std::complex<float>"};
    default:
      return {"double", "std::complex<double>"};
  }
}

bool is_written(const AotArgument& argument) {
  return argument.role == AotArgument::Role::output || argument.role == AotArgument::Role::state;
}

std::string guard(const AotLibrary& library, std::string_view ending) {
  std::string out = fmt::format("{}_{}", library.name, ending);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return "CROTON_AOT_LIBRARY_" + out;
}

// A call with one parameter for each dim and each pointer.
std::string c_call(const AotFunction& function, std::size_t number) {
  const std::vector<AotArgument> arguments = aot_arguments(function);
  const AotDims dims = aot_dims(function, arguments);
  std::string out = fmt::format("/* {} */\n", aot_signature(function, arguments));
  out += fmt::format("enum {{ CROTON_AOT_{}_NUMBER = {} }};\n", function.name, number);
  if (function.prologue) return out;  // sizes of results depend on elements: use the table
  out +=
      fmt::format("static inline int32_t croton_aot_run_{}(\n    const croton_aot_library* library",
                  function.name);
  std::vector<std::string> taken = {
      "library", "workspace", "workspace_bytes", "threads", "error", "dims", "shapes",
      "arrays",  "call",      "function",        "i"};
  std::string values, fills;
  for (const std::string& symbol : dims.symbols) {
    const std::string name = aot_identifier(symbol, taken);
    out += fmt::format(", int64_t {}", name);
    values += fmt::format("{}{}", values.empty() ? "" : ", ", name);
  }
  std::size_t rank = 1;
  for (const AotArgument& argument : arguments) rank = std::max(rank, argument.type.shape.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const AotArgument& argument = arguments[i];
    const std::string name = aot_identifier(argument.name, taken);
    out += fmt::format(",\n    {}{}* {}", is_written(argument) ? "" : "const ",
                       host_type(argument.type.dtype).c, name);
    fills += fmt::format("  arrays[{0}].data = (void*){1};\n", i, name);
  }
  out +=
      ",\n    void* workspace, int64_t workspace_bytes, const croton_aot_threads* threads,\n"
      "    croton_aot_error* error) {\n";
  out += fmt::format("  const croton_aot_function* function = &library->functions[{}];\n", number);
  out += fmt::format("  const int64_t dims[] = {{{}}};\n", values.empty() ? "0" : values);
  out += fmt::format(
      "  int64_t shapes[{0}][{1}];\n  croton_aot_array arrays[{0}];\n"
      "  croton_aot_call call = {{arrays, workspace, workspace_bytes, 0, threads, error, "
      "{0}, 0}};\n  int32_t i;\n"
      "  for (i = 0; i < {0}; ++i) {{\n"
      "    function->shape(i, dims, shapes[i]);\n"
      "    arrays[i].shape = shapes[i];\n    arrays[i].strides = 0;\n"
      "    arrays[i].dtype = function->arguments[i].dtype;\n"
      "    arrays[i].rank = function->arguments[i].rank;\n  }}\n",
      arguments.size(), rank);
  return out + fills + "  return function->run(&call);\n}\n";
}

}  // namespace

std::string aot_c_header(const AotLibrary& library, const std::vector<AotFunction>& functions) {
  std::string out = fmt::format(
      "/* The library {0}, written by {1}.\n"
      "   croton_aot_query_{0} picks the variant for this CPU: see croton_aot.h. */\n"
      "#ifndef {2}\n#define {2}\n\n#include \"croton_aot.h\"\n\n"
      "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\nextern croton_aot_query "
      "croton_aot_query_{0};\n",
      library.name, library.compiler, guard(library, "H"));
  for (std::size_t i = 0; i < functions.size(); ++i) out += "\n" + c_call(functions[i], i);
  return out + "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
}

std::string aot_cpp_header(const AotLibrary& library, const std::vector<AotFunction>& functions) {
  std::string out = fmt::format(
      "// The library {0}, written by {1}: typed calls, which throw croton_aot::Error.\n"
      "#ifndef {2}\n#define {2}\n\n#include \"croton_aot.hpp\"\n#include \"{0}.h\"\n",
      library.name, library.compiler, guard(library, "HPP"));
  for (std::size_t number = 0; number < functions.size(); ++number) {
    const AotFunction& function = functions[number];
    const std::vector<AotArgument> arguments = aot_arguments(function);
    std::vector<std::string> taken = {"options", "function", "run"};
    std::string parameters, names;
    for (const AotArgument& argument : arguments) {
      const std::string name = aot_identifier(argument.name, taken);
      parameters += fmt::format("croton_aot::View<{}{}, {}> {},\n                ",
                                is_written(argument) ? "" : "const ",
                                host_type(argument.type.dtype).cpp, argument.type.rank(), name);
      names += ", " + name;
    }
    // Static: another library of the program may have a function of the same name.
    out += fmt::format(
        "\n/// {0}\nnamespace {1} {{\n\nstatic inline const croton_aot_function& function() {{\n"
        "  static const croton_aot_function& found =\n"
        "      croton_aot::library(croton_aot_query_{2}).functions[{3}];\n  return found;\n}}\n\n"
        "static inline void run({4}const croton_aot::Options& options = {{}}) {{\n"
        "  croton_aot::run(function(), options{5});\n}}\n\n}}  // namespace {1}\n",
        aot_signature(function, arguments), function.name, library.name, number, parameters, names);
  }
  return out + "\n#endif\n";
}

}  // namespace croton::codegen
