#include "tests/aot/library.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <thread>

namespace croton::testing {

AotLibrary::AotLibrary(const std::vector<runtime::AotGraph>& graphs) {
  static std::atomic<int> count{0};
  directory_ = std::filesystem::temp_directory_path() /
               ("croton-aot-test-" + std::to_string(getpid()) + "-" + std::to_string(count++));
  runtime::write_aot(graphs, {.name = "tested",
                              .targets = {"x86-64-v2", "x86-64-v3", "x86-64-v4"},
                              .emit = {"shared", "source", "header", "hpp"},
                              .directory = directory_,
                              .linker = ""});
  handle_ = dlopen((directory_ / "libtested.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  INFO((handle_ ? "" : dlerror()));
  REQUIRE(handle_ != nullptr);
  query_ = reinterpret_cast<croton_aot_query*>(dlsym(handle_, "croton_aot_query_tested"));
  REQUIRE(query_ != nullptr);
  croton_aot_error error{};
  const int code = query_(CROTON_AOT_VERSION, &table_, &error);
  INFO(error.text);
  REQUIRE(code == CROTON_AOT_OK);
}

AotLibrary::~AotLibrary() {
  if (handle_) dlclose(handle_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

AotCall::AotCall(const std::vector<Array>& given) : arrays(given) {
  for (const Array& array : arrays) shapes.emplace_back(array.shape().begin(), array.shape().end());
  for (std::size_t i = 0; i < arrays.size(); ++i)
    arguments.push_back({arrays[i].raw(), shapes[i].data(), nullptr,
                         static_cast<int>(arrays[i].dtype()), static_cast<int>(shapes[i].size())});
  call.arguments = arguments.data();
  call.argument_count = static_cast<int>(arguments.size());
  call.error = &error;
}

int AotCall::run(const croton_aot_function& function, const croton_aot_threads* threads) {
  if (!call.workspace) call.allocator = &malloc_allocator();
  call.threads = threads;
  return function.run(&call);
}

std::vector<Array> outputs_of(const croton_aot_function& function, const std::vector<Array>& read,
                              const croton_aot_threads* threads) {
  std::vector<Array> all = read;
  AotCall sizes(read);
  // Only what is read is looked at.
  sizes.arguments.resize(static_cast<std::size_t>(function.argument_count));
  sizes.call.arguments = sizes.arguments.data();
  sizes.call.argument_count = function.argument_count;
  sizes.call.allocator = &malloc_allocator();
  std::vector<std::int64_t> dims(static_cast<std::size_t>(function.dim_count) + 1);
  const int resolved = function.resolve(&sizes.call, dims.data());
  INFO(sizes.error.text);
  REQUIRE(resolved == CROTON_AOT_OK);
  std::vector<Array> outputs;
  for (int i = static_cast<int>(read.size()); i < function.argument_count; ++i) {
    std::vector<std::int64_t> shape(static_cast<std::size_t>(function.arguments[i].rank));
    function.shape(i, dims.data(), shape.data());
    outputs.push_back(
        Array::uninitialized(static_cast<DType>(function.arguments[i].dtype), std::move(shape)));
    all.push_back(outputs.back());
  }
  AotCall call(all);
  const int code = call.run(function, threads);
  INFO(call.error.text);
  REQUIRE(code == CROTON_AOT_OK);
  return outputs;
}

const croton_aot_threads& scattered_threads() {
  static const croton_aot_threads threads = {
      nullptr,
      [](void*, std::int64_t count, std::int64_t grain,
         void (*task)(void*, std::int64_t, std::int64_t), void* argument) -> std::int32_t {
        std::vector<std::int64_t> starts;
        for (std::int64_t i = 0; i < count; i += grain) starts.push_back(i);
        std::shuffle(starts.begin(), starts.end(), std::mt19937(5));
        std::vector<std::thread> workers;
        for (std::size_t t = 0; t < 4; ++t)
          workers.emplace_back([&, t] {
            for (std::size_t i = t; i < starts.size(); i += 4)
              task(argument, starts[i], std::min(starts[i] + grain, count));
          });
        for (std::thread& worker : workers) worker.join();
        return 0;
      }};
  return threads;
}

const croton_aot_allocator& malloc_allocator() {
  static const croton_aot_allocator allocator = {
      nullptr,
      [](void*, std::int64_t bytes, std::int64_t alignment) {
        const auto unit = static_cast<std::size_t>(alignment);
        return std::aligned_alloc(unit, (static_cast<std::size_t>(bytes) + unit - 1) / unit * unit);
      },
      [](void*, void* memory, std::int64_t) { std::free(memory); }};
  return allocator;
}

}  // namespace croton::testing
