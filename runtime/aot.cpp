#include "runtime/aot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "codegen/aot/croton_aot.h"
#include "codegen/aot_writer.hpp"
#include "codegen/c_names.hpp"
#include "codegen/kernel_writer.hpp"
#include "ir/gradient.hpp"
#include "ir/spelling.hpp"
#include "runtime/aot_record.hpp"
#include "runtime/compile.hpp"
#include "runtime/file.hpp"
#include "runtime/module_file.hpp"
#include "runtime/process.hpp"
#include "runtime/request.hpp"
#include "runtime/shared_state.hpp"
#include "runtime/temporary.hpp"
#include "runtime/toolchain.hpp"

namespace croton::runtime {
namespace {

namespace fs = std::filesystem;

// Larger literals are one array of the library instead of a table in every kernel that reads them.
constexpr std::int64_t kTableElements = 4096;
// More constants than this are no text for a compiler; more than the second are out of reach of the
// code's 32-bit offsets.
constexpr std::size_t kTextBytes = std::size_t{1} << 24, kMostBytes = std::size_t{7} << 28;

[[noreturn]] void refuse(const std::string& message) { throw UserError("aot: " + message); }

// A level that every x86-64 CPU has: the query function runs before anything is known.
Target oldest_target() { return {"x86-64", 1, false, 16}; }

struct Variant {
  Target target;
  std::vector<codegen::AotFunction> functions;
};

// A graph as a file holds it, with the user's lines beside.
AotRecord::Function record_of(const ir::Module& graph, const std::string& math) {
  AotRecord::Function out;
  out.name = graph.name;
  out.math = math;
  std::vector<ir::PrintedNode> nodes;
  out.graph = ir::print(graph, {.nodes = &nodes});
  for (const ir::PrintedNode& printed : nodes)
    for (const Site& site : printed.node->provenance().sites)
      if (!site.file.empty()) out.lines.push_back({printed.line, site.file, site.line, site.scope});
  return out;
}

void add_kernels(AotRecord::Function& out, const ir::Module& planned, const Target& target) {
  for (const ir::NodePtr& kernel : planned.kernels) {
    codegen::EmittedKernel emitted =
        codegen::emit(kernel, codegen::cpp_dialect(target.fma, target.vector_bytes));
    out.kernels.push_back({target.name, std::move(emitted.name), std::move(emitted.types),
                           std::move(emitted.commented)});
  }
}

// Literals too large for text become variables that only ever hold them.
std::set<std::string> hoist_literals(ir::Module& module) {
  std::vector<std::pair<ir::Value, ir::Value>> replacements;
  std::set<std::string> names;
  for (const ir::NodePtr& node : ir::topological_order(module.roots())) {
    if (node->op != ir::Op::constant) continue;
    const auto& literal = node->attribute<ir::Literal>("value");
    if (literal.count() <= kTableElements) continue;
    const std::string name = fmt::format("literal {}", names.size());
    names.insert(name);
    auto [variable, state] = make_shared_variable(name, node->types[0], array_of(literal));
    replacements.emplace_back(ir::Value{node, 0}, variable);
  }
  if (replacements.empty()) return names;
  module.set_roots(ir::substitute(module.roots(), replacements));
  return names;
}

// Shared variables become arguments in the order of the updates, then of appearance.
void order_state(ir::Module& module) {
  std::vector<ir::Value> order;
  const auto add = [&](const ir::Value& variable) {
    if (std::find(order.begin(), order.end(), variable) == order.end()) order.push_back(variable);
  };
  for (const ir::Update& update : module.updates) add(update.variable);
  for (const ir::Value& variable : module.shared_variables()) add(variable);
  module.state = std::move(order);
}

[[noreturn]] void refuse_nested(const std::string& function, const ir::Module& outer,
                                const ir::Module& inner) {
  std::vector<ErrorNote> notes;
  const auto note = [&](const char* what, const ir::Module& values) {
    for (const ir::Value& v : values.outputs) {
      const ir::Provenance from = v.node->provenance();
      notes.push_back(
          {fmt::format("{} {} : {}", what, ir::info(v.node->op).name, ir::text(v.type())),
           from.sites.empty() ? Site{} : from.sites[0]});
    }
  };
  note("a dim is the value of", outer);
  note("which has a dim that is the value of", inner);
  throw UserError(
      fmt::format("aot: {}: a dim depends on elements of an array whose own dims depend "
                  "on elements; give one of them as a dim of an input",
                  function),
      std::move(notes));
}

// Everything that is asked of the request, before any work.
std::vector<Target> checked_targets(const AotRequest& request) {
  if (!codegen::is_c_identifier(request.name))
    refuse(fmt::format("\"{}\" cannot name a library: it must be an identifier of C, and not main",
                       request.name));
  if (codegen::is_c_header(request.name))
    refuse(
        fmt::format("{0} cannot name a library: programs already include a {0}.h", request.name));
  if (request.directory.empty()) refuse("no folder to write to is given");
  std::vector<Target> targets;
  for (const std::string& name : request.targets) {
    const Target target = required_target(name);
    const bool again = std::any_of(targets.begin(), targets.end(),
                                   [&](const Target& t) { return t.name == target.name; });
    if (again) refuse(fmt::format("the target {} is given twice", name));
    targets.push_back(target);
  }
  if (targets.empty()) refuse("no target is given, such as x86-64-v3");
  for (const std::string& kind : request.emit)
    if (std::find(aot_kinds().begin(), aot_kinds().end(), kind) == aot_kinds().end())
      refuse(fmt::format("cannot emit {}{}; {} can be emitted", kind,
                         ir::suggestion(kind, aot_kinds()), fmt::join(aot_kinds(), ", ")));
  if (request.emit.empty()) refuse("nothing is to be emitted");
  return targets;
}

class Library {
 public:
  Library(const std::vector<AotGraph>& graphs, const AotRequest& request)
      : request_(request),
        about_{request.name, fmt::format("croton {}, {}", CROTON_VERSION, compiler_identity())} {
    for (const Target& target : checked_targets(request)) variants_.push_back({target, {}});
    if (graphs.empty()) refuse("there is no function");
    for (const AotGraph& graph : graphs) add(graph);
  }

  // `scratch` is a file that may be written for the compiler.
  std::vector<std::pair<std::string, std::string>> files(const std::string& scratch) {
    std::size_t bytes = 0;
    for (const codegen::AotConstant& constant : constants_) bytes += constant.value.bytes().size();
    if (bytes > kMostBytes)
      refuse(
          fmt::format("{} has {} bytes of constants, and a library holds {}; let some be arguments",
                      request_.name, bytes, kMostBytes));
    const bool apart = bytes > kTextBytes;
    if (apart && emits("source"))
      refuse(
          fmt::format("{} has {} bytes of constants, too many for source; emit obj, static or "
                      "shared, or let some be arguments",
                      request_.name, bytes));
    std::vector<codegen::AotVariant> written;
    std::vector<std::pair<std::string, std::string>> sources, objects;
    for (const Variant& v : variants_) {
      written.push_back({v.target.name, v.target.level, v.target.fma, v.target.vector_bytes});
      sources.emplace_back(fmt::format("{}_{}", request_.name, v.target.name),
                           codegen::aot_variant_source(about_, written.back(), v.functions));
    }
    sources.emplace_back(request_.name,
                         codegen::aot_query_source(
                             about_, written, functions(),
                             apart ? std::vector<codegen::AotConstant>{} : constants_, section()));
    std::vector<std::pair<std::string, std::string>> out;
    if (emits("header") || emits("hpp")) {
      out.emplace_back("croton_aot.h", codegen::aot_interface_header());
      out.emplace_back(request_.name + ".h", codegen::aot_c_header(about_, variants_[0].functions));
    }
    if (emits("hpp")) {
      out.emplace_back("croton_aot.hpp", codegen::aot_wrapper_header());
      out.emplace_back(request_.name + ".hpp",
                       codegen::aot_cpp_header(about_, variants_[0].functions));
    }
    if (emits("source"))
      for (const auto& [stem, text] : sources) out.emplace_back(stem + ".cpp", text);
    if (!emits("obj") && !emits("static") && !emits("shared")) return out;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const Target target = i < variants_.size() ? variants_[i].target : oldest_target();
      objects.emplace_back(sources[i].first + ".o", compile_text(sources[i].second, target).object);
    }
    if (apart) {
      write_constants(scratch);
      objects.emplace_back(
          request_.name + "_constants.o",
          compile_text(codegen::aot_constants_source(constants_, scratch), oldest_target()).object);
    }
    if (emits("static"))
      out.emplace_back(fmt::format("lib{}.a", request_.name), archive_of(objects));
    if (emits("obj") || emits("shared")) out.insert(out.end(), objects.begin(), objects.end());
    return out;
  }

  [[nodiscard]] bool emits(std::string_view kind) const {
    return std::find(request_.emit.begin(), request_.emit.end(), kind) != request_.emit.end();
  }

 private:
  [[nodiscard]] std::size_t functions() const { return variants_[0].functions.size(); }

  void add(const AotGraph& graph) {
    ir::Module module = graph.module;
    if (!codegen::is_c_identifier(module.name))
      refuse(
          fmt::format("\"{}\" cannot name a function: it must be an identifier of C, and not main",
                      module.name));
    if (emits("hpp") && codegen::is_c_library_name(module.name))
      refuse(
          fmt::format("{} cannot name a function: C's library has one of that name, and {}.hpp "
                      "would have a namespace; choose another, or emit header without hpp",
                      module.name, request_.name));
    for (const codegen::AotFunction& other : variants_[0].functions)
      if (other.name == module.name) refuse(fmt::format("two functions are named {}", module.name));
    if (module.level != ir::Level::tensor)
      refuse(fmt::format("{} is at the {} level; only a graph of tensors can be written",
                         module.name, ir::name(module.level)));
    const std::set<std::string> literals = hoist_literals(module);
    order_state(module);
    const Prepared prepared = prepare(std::move(module));
    std::optional<ir::Module> sizes;
    if (prepared.sizes) {
      Prepared inner = prepare(*prepared.sizes);
      if (inner.sizes) refuse_nested(graph.module.name, *prepared.sizes, *inner.sizes);
      sizes = std::move(inner.module);
    }
    const std::vector<std::string> constants = freeze(prepared.module, sizes, graph, literals);
    AotRecord::Function record = record_of(prepared.module, graph.math), dims;
    if (sizes) dims = record_of(*sizes, graph.math);
    const std::vector<ir::Value> variables = codegen::aot_variables(prepared.module, sizes);
    for (std::size_t i = 0; i < variables.size(); ++i)
      if (!constants[i].empty())
        record.constants.push_back(variables[i].node->attribute<std::string>("name"));
    for (Variant& variant : variants_) {
      const passes::PipelineOptions options =
          pipeline_options({.math = graph.math, .threads = 0}, variant.target);
      codegen::AotFunction function;
      function.name = prepared.module.name;
      function.module = planned(prepared.module, options);
      if (sizes) function.prologue = planned(*sizes, options);
      function.constants = constants;
      add_kernels(record, function.module, variant.target);
      if (sizes) add_kernels(dims, *function.prologue, variant.target);
      record.signature = codegen::aot_signature(function);
      variant.functions.push_back(std::move(function));
    }
    records_.push_back(std::move(record));
    if (!sizes) return;
    dims.name = records_.back().name + ".dims";
    dims.signature =
        fmt::format("{}: the dims of {} that depend on elements", dims.name, records_.back().name);
    records_.push_back(std::move(dims));
  }

  // The symbol of each variable that is a constant of the library.
  std::vector<std::string> freeze(const ir::Module& module, const std::optional<ir::Module>& sizes,
                                  const AotGraph& graph, const std::set<std::string>& literals) {
    std::vector<std::string> symbols;
    std::set<std::string> left(graph.freeze.begin(), graph.freeze.end());
    const bool all = left.erase("*") > 0;
    std::vector<std::string> names;
    for (const ir::Value& variable : codegen::aot_variables(module, sizes)) {
      const auto& name = variable.node->attribute<std::string>("name");
      names.push_back(name);
      const bool updated =
          std::any_of(module.updates.begin(), module.updates.end(),
                      [&](const ir::Update& update) { return update.variable == variable; });
      const bool asked = left.erase(name) > 0;
      if (asked && updated)
        refuse(fmt::format("{}: {} is updated, so it cannot be frozen", module.name, name));
      if (!asked && (!all || updated) && !literals.contains(name)) {
        symbols.emplace_back();
        continue;
      }
      for (const Dim& dim : variable.shape())
        if (!dim.is_constant())
          refuse(
              fmt::format("{}: {} : {} cannot be frozen, its dim {} is no number; give the "
                          "variable the shape of its value",
                          module.name, name, ir::text(variable.type()), dim.text()));
      symbols.push_back(constant(literal_of(state_of(variable)->value)));
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const std::string& name : left)
      refuse(fmt::format("{} has no shared variable {}{}", module.name, name,
                         ir::suggestion(name, known)));
    return symbols;
  }

  // Equal values are one array.
  std::string constant(ir::Literal value) {
    for (const codegen::AotConstant& other : constants_)
      if (std::ranges::equal(other.value.bytes(), value.bytes())) return other.symbol;
    constants_.push_back(
        {fmt::format("croton_aot_{}_constant_{}", request_.name, constants_.size()),
         std::move(value)});
    return constants_.back().symbol;
  }

  void write_constants(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    const std::string padding(64, '\0');
    for (const codegen::AotConstant& constant : constants_) {
      const auto bytes = constant.value.bytes();
      file.write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
      file.write(padding.data(), static_cast<std::streamsize>((64 - bytes.size() % 64) % 64));
    }
    if (!file.flush()) refuse(fmt::format("cannot write {}", path));
  }

  [[nodiscard]] codegen::AotSection section() const {
    if (request_.bare) return {};
    AotRecord record{about_.name, about_.compiler, library_identity(), CROTON_AOT_VERSION, {},
                     0,           records_};
    for (const Variant& variant : variants_) record.targets.push_back(variant.target.name);
    for (const codegen::AotConstant& constant : constants_)
      record.constant_bytes += static_cast<std::int64_t>(constant.value.bytes().size());
    return {kAotSection, section_bytes(record)};
  }

  const AotRequest& request_;
  codegen::AotLibrary about_;
  std::vector<Variant> variants_;
  std::vector<codegen::AotConstant> constants_;
  std::vector<AotRecord::Function> records_;
};

constexpr std::string_view kAside = ".croton-aot-";

// A folder that is open. A lock of it ends with the object, or with the process if that comes
// first.
class OpenFolder {
 public:
  explicit OpenFolder(const fs::path& path)
      : file_(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  ~OpenFolder() {
    if (file_ >= 0) close(file_);
  }
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;
  // 0, or errno: EWOULDBLOCK when somebody else has the lock, ENOENT when the folder was removed.
  [[nodiscard]] int lock() const {
    struct stat status {};
    if (file_ < 0 || flock(file_, LOCK_EX | LOCK_NB) != 0) return errno;
    return fstat(file_, &status) != 0 ? errno : status.st_nlink == 0 ? ENOENT : 0;
  }

 private:
  int file_;
};

// A folder beside the results, removed with what is in it. What an ended process has left there,
// which nobody locks, goes as well.
class Aside {
 public:
  explicit Aside(const fs::path& directory) : directory_(directory) {
    std::error_code error;
    // What is made for this call goes when it fails.
    for (fs::path at = fs::absolute(directory, error); !at.empty() && !fs::exists(at, error);
         at = at.parent_path())
      made_.push_back(at);
    error.clear();
    fs::create_directories(directory, error);
    if (!error) remove_abandoned();
    if (!error) take_folder(error);
    if (!error) return;
    std::error_code ignored;
    for (const fs::path& made : made_) fs::remove(made, ignored);
    refuse(fmt::format("cannot write {}: {}", directory.string(), error.message()));
  }
  ~Aside() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    if (published_) return;
    for (const fs::path& made : made_) fs::remove(made, ignored);
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  void write(const std::string& name, const std::string& bytes) const {
    if (const int reason = write_new_file(path_ / name, bytes); reason != 0)
      refuse(
          fmt::format("cannot write {}: {}", (directory_ / name).string(), std::strerror(reason)));
  }
  [[nodiscard]] std::string place(const std::string& name) const { return (path_ / name).string(); }
  // All under their names, or none: what was there comes back when one cannot be put in its place.
  std::vector<AotFile> publish(const std::vector<std::string>& names) {
    const fs::path before = path_ / "before";
    std::error_code error, ignored;
    fs::create_directory(before, ignored);
    std::vector<AotFile> out;
    for (const std::string& name : names) {
      const fs::path place = directory_ / name;
      fs::create_hard_link(place, before / name, ignored);
      fs::rename(path_ / name, place, error);
      if (error) break;
      out.push_back({place, fs::file_size(place, ignored)});
    }
    published_ = !error;
    if (!error) return out;
    for (const AotFile& file : out) {
      const fs::path old = before / file.path.filename();
      if (fs::exists(old, ignored))
        fs::rename(old, file.path, ignored);
      else
        fs::remove(file.path, ignored);
    }
    refuse(fmt::format("cannot write {}: {}", (directory_ / names[out.size()]).string(),
                       error.message()));
  }

 private:
  void remove_abandoned() const {
    std::error_code error, ignored;
    std::vector<fs::path> found;
    for (fs::directory_iterator at(directory_, error), end; !error && at != end;
         at.increment(error))
      if (at->path().filename().string().starts_with(kAside)) found.push_back(at->path());
    for (const fs::path& path : found)
      if (const OpenFolder folder(path); folder.lock() == 0) fs::remove_all(path, ignored);
  }
  // Another process may find the folder before it is locked here, and remove it.
  void take_folder(std::error_code& error) {
    static std::atomic<int> number{0};
    for (int lock = EWOULDBLOCK; lock == EWOULDBLOCK || lock == ENOENT;) {
      path_ = directory_ / fmt::format("{}{}-{}", kAside, getpid(), number++);
      noted_.emplace(path_);
      fs::create_directory(path_, error);
      if (error) return;
      folder_.emplace(path_);
      lock = folder_->lock();
    }
  }

  fs::path directory_, path_;
  std::optional<Temporary> noted_;
  std::optional<OpenFolder> folder_;
  std::vector<fs::path> made_;  // innermost first
  bool published_ = false;
};

void link_shared(const Aside& aside, const AotRequest& request, const std::string& name,
                 const std::vector<std::string>& objects) {
  const std::vector<std::string> linkers =
      request.linker.empty() ? std::vector<std::string>{"cc", "ld"} : std::vector{request.linker};
  for (const std::string& linker : linkers) {
    // The compiler driver passes options on; a linker takes them as they are.
    const bool driver = fs::path(linker).filename().string().find("ld") == std::string::npos;
    std::vector<std::string> command{linker, "-shared", "-o", aside.place(name)};
    if (driver) command.emplace_back("-nostartfiles");
    const std::string soname = driver ? "-Wl,-soname," + name : "-soname=" + name;
    command.push_back(soname);
    for (const std::string& object : objects) command.push_back(aside.place(object));
    const std::optional<ProcessResult> result = run_process(command);
    if (!result) continue;
    if (result->status == 0 && fs::exists(aside.place(name))) return;
    const std::string what =
        fmt::format("{} cannot link {}: exit code {}", linker, name, result->status);
    // Whose choice it was answers for it.
    if (!request.linker.empty()) refuse(what + "\n" + result->output);
    throw BackendError(what, result->output);
  }
  refuse(
      fmt::format("a shared library needs a linker, and there is no {}; install one (Debian: "
                  "apt-get install binutils), give its path with --linker, or emit obj or static",
                  fmt::join(linkers, " or ")));
}

}  // namespace

const std::vector<std::string_view>& aot_kinds() {
  static const std::vector<std::string_view> kinds = {"obj",    "static", "shared",
                                                      "header", "hpp",    "source"};
  return kinds;
}

std::vector<AotFile> write_aot(const std::vector<AotGraph>& graphs, const AotRequest& request) {
  Library library(graphs, request);
  Aside aside(request.directory);
  const std::vector<std::pair<std::string, std::string>> files =
      library.files(fs::absolute(aside.place("constants")).string());
  std::vector<std::string> names, objects;
  for (const auto& [name, bytes] : files) {
    aside.write(name, bytes);
    const bool object = name.ends_with(".o");
    if (object) objects.push_back(name);
    if (!object || library.emits("obj")) names.push_back(name);
  }
  if (library.emits("shared")) {
    names.push_back(fmt::format("lib{}.so", request.name));
    link_shared(aside, request, names.back(), objects);
  }
  return aside.publish(names);
}

}  // namespace croton::runtime
