#include "runtime/description_json.hpp"

#include "runtime/json_fields.hpp"

namespace croton::runtime {

template <class Visit>
void fields(Visit&& f, Quantity& q) {
  f("formula", q.formula), f("value", q.value);
}
template <class Visit>
void fields(Visit&& f, Description::Node& n) {
  f("names", n.names), f("op", n.op), f("kind", n.kind), f("operands", n.operands);
  f("types", n.types);
  f("sites", n.sites), f("labels", n.labels), f("line", n.line), f("rule", n.rule);
}
template <class Visit>
void fields(Visit&& f, Description::Stage& s) {
  f("name", s.name), f("level", s.level), f("doc", s.doc), f("changed", s.changed);
  f("seconds", s.seconds);
  f("text", s.text), f("nodes", s.nodes), f("rules", s.rules);
}
template <class Visit>
void fields(Visit&& f, Description::Rule& r) {
  f("text", r.text), f("effects", r.effects);
}
template <class Visit>
void fields(Visit&& f, Description::Refusal& r) {
  f("what", r.what), f("why", r.why);
}
template <class Visit>
void fields(Visit&& f, Description::Group& g) {
  f("name", g.name), f("kind", g.kind), f("domain", g.domain), f("schedule", g.schedule);
  f("members", g.members), f("outputs", g.outputs), f("may_fail", g.may_fail);
}
template <class Visit>
void fields(Visit&& f, Description::Failure& x) {
  f("message", x.message), f("sites", x.sites);
}
template <class Visit>
void fields(Visit&& f, Description::Kernel& k) {
  f("name", k.name), f("kind", k.kind), f("schedule", k.schedule), f("ir", k.ir);
  f("cpp", k.cpp), f("cpp_commented", k.cpp_commented), f("cuda", k.cuda);
  f("cuda_commented", k.cuda_commented), f("canonical", k.canonical);
  f("parallel_extent", k.parallel_extent), f("cost", k.cost), f("operations", k.operations);
  f("bytes_read", k.bytes_read), f("bytes_written", k.bytes_written), f("failures", k.failures);
  f("key", k.key), f("cached", k.cached), f("llvm", k.llvm), f("assembly", k.assembly);
  f("ptx", k.ptx), f("remarks", k.remarks);
}
template <class Visit>
void fields(Visit&& f, Description::Buffer& b) {
  f("name", b.name), f("type", b.type), f("place", b.place), f("offset", b.offset);
  f("bytes", b.bytes), f("first", b.first), f("last", b.last);
}
template <class Visit>
void fields(Visit&& f, Description::Step& s) {
  f("kind", s.kind), f("kernel", s.kernel), f("reads", s.reads), f("writes", s.writes);
  f("live", s.live);
}
template <class Visit>
void fields(Visit&& f, Description::Request& r) {
  f("key", r.key), f("state", r.state);
}
template <class Visit>
void fields(Visit&& f, Description& d) {
  f("name", d.name), f("origin", d.origin), f("target", d.target), f("math", d.math);
  f("compiler", d.compiler), f("library", d.library), f("rewrite_limit", d.rewrite_limit);
  f("dims", d.dims), f("notes", d.notes), f("sources", d.sources), f("stages", d.stages);
  f("rules", d.rules), f("refusals", d.refusals);
  f("groups", d.groups), f("kernels", d.kernels), f("buffers", d.buffers), f("steps", d.steps);
  f("arena_bytes", d.arena_bytes), f("naive_bytes", d.naive_bytes);
  f("least_bytes", d.least_bytes), f("request", d.request);
}

std::string to_json(const Description& description, int indent) {
  json out = written(description);
  out["croton_description"] = kDescriptionVersion;
  // Sources may hold bytes that are no UTF-8; they must not keep the rest from being read.
  return out.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

Description description_of_json(std::string_view text, const std::string& source) {
  const JsonReader reader(source);
  json all;
  try {
    all = json::parse(text);
  } catch (const json::exception& error) {
    throw UserError(fmt::format("{} is damaged: {}", source, error.what()));
  }
  constexpr const char* kVersion = "croton_description";
  if (!all.is_object() || !all.contains(kVersion) || !all[kVersion].is_number_integer())
    throw UserError(fmt::format("{} is no description of a function by croton", source));
  if (const auto version = all[kVersion].get<std::int64_t>(); version > kDescriptionVersion)
    throw UserError(fmt::format("{} has version {}; this croton reads up to version {}", source,
                                version, kDescriptionVersion));
  else if (version < kDescriptionVersion)
    throw UserError(fmt::format("{} has version {}; this croton reads version {}: make it again",
                                source, version, kDescriptionVersion));
  Description out;
  reader.read(all, out, "");
  return out;
}

}  // namespace croton::runtime
