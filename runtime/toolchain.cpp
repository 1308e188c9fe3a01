#include "runtime/toolchain.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "ir/error.hpp"
#include "runtime/compiler_abi.h"
#include "runtime/config.hpp"
#include "runtime/visible_code.hpp"

namespace croton::runtime {
namespace {

constexpr const char* kComponent = "libcroton-compiler.so";
std::atomic<long> compiles{0};

std::vector<std::string> candidates() {
  if (const auto given = setting("CROTON_COMPILER")) return {*given};
  std::vector<std::string> paths;
  Dl_info self{};
  if (dladdr(reinterpret_cast<const void*>(&compile_count), &self) != 0 && self.dli_fname) {
    const std::string file = self.dli_fname;
    const auto slash = file.rfind('/');
    if (slash != std::string::npos) paths.push_back(file.substr(0, slash + 1) + kComponent);
  }
  paths.push_back(std::string(CROTON_INSTALL_LIBDIR) + "/" + kComponent);
  return paths;
}

const croton_compiler& component() {
  static std::mutex mutex;
  static const croton_compiler* loaded = nullptr;
  const std::lock_guard lock(mutex);
  if (loaded) return *loaded;
  std::string tried;
  for (const std::string& path : candidates()) {
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      tried += fmt::format("  {}\n", dlerror());
      continue;
    }
    const auto query =
        reinterpret_cast<const croton_compiler* (*)()>(dlsym(handle, "croton_compiler_query"));
    const croton_compiler* table = query ? query() : nullptr;
    if (table && table->abi == CROTON_COMPILER_ABI) return *(loaded = table);
    tried += fmt::format("  {}: not a compiler component of this version\n", path);
    dlclose(handle);
  }
  throw MissingCompiler(
      fmt::format(
          "croton's compiler component cannot be loaded (CROTON_COMPILER is the path of {})",
          kComponent),
      tried);
}

// What the component answered; its memory is given back.
std::string taken(const croton_compiler& compiler, croton_compile_result* result,
                  const char* refusal, std::string* remarks = nullptr) {
  if (!result) throw BackendError("the compiler ran out of memory", "");
  const std::string data(result->data ? result->data : "", result->size);
  const std::string log = result->log ? result->log : "";
  if (remarks && result->remarks) *remarks = result->remarks;
  const bool ok = result->ok != 0;
  compiler.release(result);
  if (!ok) throw RefusedText(refusal, log);
  return data;
}

std::string compiled(std::string_view source, const Target& target, int emit, std::string* remarks,
                     CodeUse use = CodeUse::anywhere) {
  const croton_compiler& compiler = component();
  const croton_compile_request request{source.data(),
                                       source.size(),
                                       target.name.c_str(),
                                       target.vector_bytes * 8,
                                       emit,
                                       has_lines(source) ? 1 : 0,
                                       kSanitized && use == CodeUse::here ? 1 : 0};
  std::string data = taken(compiler, compiler.compile(&request),
                           "the compiler refused an emitted kernel", remarks);
  ++compiles;
  return data;
}

}  // namespace

Compiled compile_text(std::string_view source, const Target& target, CodeUse use) {
  Compiled out;
  out.object = compiled(source, target, CROTON_EMIT_OBJECT, &out.remarks, use);
  return out;
}

std::string assembly_of(std::string_view source, const Target& target) {
  return compiled(source, target, CROTON_EMIT_ASSEMBLY, nullptr);
}

std::string llvm_of(std::string_view source, const Target& target) {
  return compiled(source, target, CROTON_EMIT_LLVM, nullptr);
}

std::string archive_of(const std::vector<std::pair<std::string, std::string>>& members) {
  std::vector<croton_archive_member> list;
  for (const auto& [name, data] : members) list.push_back({name.c_str(), data.data(), data.size()});
  return taken(component(), component().archive(list.data(), list.size()),
               "the compiler refused to make a static library");
}

std::string compiler_component(std::string* tried) {
  try {
    Dl_info where{};
    const auto address = reinterpret_cast<const void*>(component().compile);
    return dladdr(address, &where) != 0 && where.dli_fname ? where.dli_fname : "memory";
  } catch (const BackendError& error) {
    if (tried) *tried = error.log();
    return "";
  }
}

std::string compiler_identity() { return CROTON_COMPILER_IDENTITY; }

std::string compiler_flags() {
  return kSanitized ? "-O2 slp=copies contract=off sanitized" : "-O2 slp=copies contract=off";
}

std::string object_material(std::string_view source, const Target& target) {
  return fmt::format("kernel object\ncompiler {}\ntarget {}\nflags {}\n{}", compiler_identity(),
                     target.name, compiler_flags(), source);
}

long compile_count() { return compiles.load(); }

}  // namespace croton::runtime
