// Lines of case files: everything up to the compile, with gradients and arguments. Beside the line
// stand numbers.npz, with arrays by the names that the seeds use, and square.ctir.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "ir/error.hpp"
#include "runtime/npy.hpp"
#include "tests/fuzz/target.hpp"
#include "tools/croton/cases.hpp"

using namespace croton;

namespace {

const std::filesystem::path& folder() {
  static const std::filesystem::path made = [] {
    std::string name = (std::filesystem::temp_directory_path() / "croton-cases-XXXXXX").string();
    promise(mkdtemp(name.data()) != nullptr, "there is a folder for the files beside a line");
    const std::filesystem::path path = name;
    save_npz(path / "numbers.npz", {{"x", Array::full(DType::f64, {3}, 0.5)},
                                    {"a", Array::full(DType::f32, {2, 3}, 2)},
                                    {"b", Array::full(DType::f32, {3, 4}, 3)},
                                    {"i", Array::full(DType::i64, {3}, 1)},
                                    {"s", Array::full(DType::f64, {}, 4)},
                                    {"cotangent", Array::full(DType::f64, {3}, 1)}});
    std::ofstream(path / "square.ctir") << "ctir 1\nmodule @square : tensor {\n"
                                           "  %x = input {name = \"x\"} : f64[n]\n"
                                           "  %y = mul(%x, %x)\n  input %x\n  output %y\n}\n";
    static struct Removed {
      std::filesystem::path path;
      ~Removed() { std::filesystem::remove_all(path); }
    } removed{path};
    return path;
  }();
  return made;
}

// No other file of this machine is read.
bool is_beside(const nlohmann::json& fields, const char* field) {
  if (!fields.contains(field)) return true;
  const auto text = fields.at(field).get<std::string>();
  return text.find('\n') != std::string::npos || text.find('/') == std::string::npos;
}

}  // namespace

void run_target(std::string_view input) {
  nlohmann::json fields;
  try {
    tool::parse_case(std::string(input), fields);
  } catch (const UserError&) {
    return;
  }
  try {
    if (!is_beside(fields, "program") || !is_beside(fields, "inputs")) return;
    tool::CaseOptions options;
    options.directory = folder();
    const tool::PreparedCase prepared = tool::prepare_case(fields, options);
    promise(prepared.arguments.size() == prepared.problem.module.inputs.size(),
            "every input has an argument");
  } catch (const UserError& error) {
    promise(tool::failed_case(fields, "user", error.what()).contains("status"),
            "an error is answered");
  }
}
