// Text of modules: what parses verifies, and prints as text that parses to the same text.
#include "ir/error.hpp"
#include "ir/text.hpp"
#include "ir/verify.hpp"
#include "tests/fuzz/target.hpp"

using namespace croton;

void run_target(std::string_view input) {
  ir::Module module;
  try {
    module = ir::parse(input);
  } catch (const UserError&) {
    return;
  }
  ir::verify(module);
  // Canonical: comments hold the lines of this text, which printing moves.
  const auto printed = [](const ir::Module& m) { return ir::print(m, {.canonical = true}); };
  const std::string text = printed(module);
  promise(printed(ir::parse(text)) == text, "parse(print(m)) prints as m does");
}
