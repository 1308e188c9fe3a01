// The only file that knows NVRTC: its C interface, declared here and found by dlopen.
#include "runtime/nvrtc.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <mutex>
#include <vector>

#include "ir/error.hpp"
#include "runtime/config.hpp"

namespace croton::runtime {
namespace {

struct Nvrtc {
  using Program = void*;
  int (*version)(int* major, int* minor) = nullptr;
  const char* (*error_text)(int status) = nullptr;
  int (*create)(Program*, const char* source, const char* name, int headers,
                const char* const* texts, const char* const* names) = nullptr;
  int (*destroy)(Program*) = nullptr;
  int (*compile)(Program, int count, const char* const* options) = nullptr;
  int (*log_size)(Program, std::size_t*) = nullptr;
  int (*log)(Program, char*) = nullptr;
  int (*ptx_size)(Program, std::size_t*) = nullptr;
  int (*ptx)(Program, char*) = nullptr;
  std::string identity;
};

bool resolve(void* handle, Nvrtc& out) {
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    return function != nullptr;
  };
  int major = 0, minor = 0;
  const bool complete =
      find(out.version, "nvrtcVersion") && find(out.error_text, "nvrtcGetErrorString") &&
      find(out.create, "nvrtcCreateProgram") && find(out.destroy, "nvrtcDestroyProgram") &&
      find(out.compile, "nvrtcCompileProgram") && find(out.log_size, "nvrtcGetProgramLogSize") &&
      find(out.log, "nvrtcGetProgramLog") && find(out.ptx_size, "nvrtcGetPTXSize") &&
      find(out.ptx, "nvrtcGetPTX") && out.version(&major, &minor) == 0;
  out.identity = fmt::format("nvrtc {}.{}", major, minor);
  return complete;
}

std::vector<std::string> candidates() {
  if (const auto given = setting("CROTON_NVRTC")) return {*given};
  std::vector<std::string> paths;
  for (const char* folder : {"", "/usr/local/cuda/lib64/"})
    for (const char* version : {".13", ".12", ""})
      paths.push_back(fmt::format("{}libnvrtc.so{}", folder, version));
  return paths;
}

// Null when there is none; `tried` then says why. Searched for until it is found.
const Nvrtc* nvrtc(std::string* tried) {
  static std::mutex mutex;
  static Nvrtc table;
  static bool found = false;
  const std::lock_guard lock(mutex);
  if (found) return &table;
  for (const std::string& path : candidates()) {
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* reason = dlerror();
      if (tried) *tried += fmt::format("  {}\n", reason ? reason : path);
      continue;
    }
    if (resolve(handle, table)) {
      found = true;
      return &table;
    }
    if (tried) *tried += fmt::format("  {}: lacks a function of NVRTC\n", path);
    dlclose(handle);
  }
  return nullptr;
}

class Program {
 public:
  Program(const Nvrtc& table, const std::string& source) : table_(table) {
    check(table_.create(&program_, source.c_str(), "kernel.cu", 0, nullptr, nullptr));
  }
  ~Program() { table_.destroy(&program_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::string compile(const std::vector<std::string>& options) {
    std::vector<const char*> pointers;
    for (const std::string& option : options) pointers.push_back(option.c_str());
    const int status = table_.compile(program_, static_cast<int>(pointers.size()), pointers.data());
    if (status != 0)
      throw BackendError(
          fmt::format("NVRTC refused an emitted kernel: {}", table_.error_text(status)),
          text(table_.log_size, table_.log));
    return text(table_.ptx_size, table_.ptx);
  }

 private:
  void check(int status) const {
    if (status != 0) throw BackendError(fmt::format("NVRTC: {}", table_.error_text(status)), "");
  }
  // Sizes count the null character at the end.
  std::string text(int (*size_of_text)(Nvrtc::Program, std::size_t*),
                   int (*read)(Nvrtc::Program, char*)) const {
    std::size_t size = 0;
    check(size_of_text(program_, &size));
    std::string out(size, '\0');
    if (size > 0) check(read(program_, out.data()));
    while (!out.empty() && out.back() == '\0') out.pop_back();
    return out;
  }

  const Nvrtc& table_;
  Nvrtc::Program program_ = nullptr;
};

}  // namespace

std::string compile_cuda(std::string_view source, std::string_view architecture) {
  std::string tried;
  const Nvrtc* table = nvrtc(&tried);
  if (table == nullptr)
    throw BackendError("NVRTC cannot be loaded; set CROTON_NVRTC to the path of libnvrtc.so",
                       tried);
  constexpr std::string_view kReal = "sm_";
  if (!architecture.starts_with(kReal) || architecture.size() == kReal.size())
    throw UserError(
        fmt::format("{} is no CUDA architecture; they are called sm_80 and so on", architecture));
  const std::string virtual_architecture(architecture.substr(kReal.size()));
  return Program(*table, std::string(source))
      .compile({"--gpu-architecture=compute_" + virtual_architecture, "--std=c++17", "--fmad=false",
                "--ftz=false", "--prec-div=true", "--prec-sqrt=true"});
}

std::string cuda_driver_identity() {
  void* handle = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return "";
  const auto query = reinterpret_cast<int (*)(int*)>(dlsym(handle, "cuDriverGetVersion"));
  int version = 0;
  const bool known = query != nullptr && query(&version) == 0 && version > 0;
  dlclose(handle);
  return known ? fmt::format("CUDA {}.{}", version / 1000, version % 1000 / 10) : "";
}

bool library_loads(const std::string& name) {
  void* handle = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle != nullptr) dlclose(handle);
  return handle != nullptr;
}

std::string nvrtc_identity() {
  const Nvrtc* table = nvrtc(nullptr);
  return table ? table->identity : "";
}

}  // namespace croton::runtime
