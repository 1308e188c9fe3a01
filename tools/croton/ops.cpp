// croton ops: the reference of operations, from the table.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ir/composition.hpp"
#include "ir/error.hpp"
#include "ir/functions.hpp"
#include "ir/op.hpp"
#include "ir/spelling.hpp"
#include "tools/croton/command.hpp"
#include "tools/croton/output.hpp"
#include "tools/croton/theano.hpp"

namespace croton::tool {
namespace {

using nlohmann::json;

json row_of(const ir::OpInfo& op) {
  json attributes = json::array();
  for (const ir::AttributeColumn& column : op.attributes) attributes.push_back(column.name);
  return {{"name", op.name},
          {"arity", op.arity},
          {"doc", op.doc},
          {"attributes", attributes},
          {"on", ir::text(op.domain)},
          {"ulp", op.ulp},
          {"gradient", op.vjp != nullptr ? "yes" : std::string(op.no_gradient)},
          {"may_fail", op.may_fail}};
}

json table() {
  json all = json::array();
  for (const ir::OpInfo& op : ir::all_ops())
    if (op.kind != ir::OpKind::kernel && op.kind != ir::OpKind::plan && op.name != "group" &&
        op.name != "call")
      all.push_back(row_of(op));
  for (const ir::Composition& c : ir::all_compositions())
    all.push_back({{"name", c.name},
                   {"arity", c.arity},
                   {"doc", c.doc},
                   {"signature", c.signature},
                   {"gradient", "yes"}});
  for (const ir::Function& f : ir::all_functions())
    all.push_back({{"name", f.name},
                   {"arity", f.arity},
                   {"doc", f.doc},
                   {"signature", f.signature},
                   {"gradient", "that of the ops it is made of"}});
  return all;
}

void ops(const std::string& wanted, bool as_json) {
  json rows = table();
  if (!wanted.empty()) {
    json found = json::array();
    std::vector<std::string> names;
    for (const json& row : rows) {
      names.push_back(row["name"]);
      if (row["name"] == wanted) found.push_back(row);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    if (found.empty()) {
      const std::string near = ir::suggestion(wanted, known);
      throw UserError(
          fmt::format("unknown op {}{}", wanted, near.empty() ? "; croton ops lists them" : near));
    }
    rows = found;
  }
  if (as_json) return write_json(rows);
  for (const json& row : rows) {
    fmt::print("{:<16} {}\n", row["name"].get<std::string>(), row["doc"].get<std::string>());
    if (wanted.empty()) continue;
    for (const auto& [key, value] : row.items())
      if (key != "name" && key != "doc")
        fmt::print("  {:<12} {}\n", key,
                   value.is_string() ? value.get<std::string>() : value.dump());
  }
}

void theano_names(const std::string& name, bool as_json) {
  json rows = json::array();
  for (const TheanoName& row : from_theano(name))
    if (as_json)
      rows.push_back({{"theano", row.theirs}, {"croton", row.ours}, {"doc", row.doc}});
    else
      fmt::print("{} → {}: {}\n", row.theirs, row.ours, row.doc);
  if (as_json) write_json(rows);
}

}  // namespace

void add_ops(CLI::App& program) {
  auto name = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = program.add_subcommand("ops", "the operations there are");
  command->footer("Example: croton ops softmax\n         croton ops --theano tensor.switch");
  command->add_option("name", *name, "one operation");
  command->add_flag("--json", *as_json, "as JSON");
  auto theano = std::make_shared<std::string>();
  command->add_option("--theano", *theano, "what a name of Theano's is called here");
  command->callback([name, as_json, theano] {
    if (!theano->empty()) return theano_names(*theano, *as_json);
    ops(*name, *as_json);
  });
}

}  // namespace croton::tool
