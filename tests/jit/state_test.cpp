// Shared variables, updates, threads, the cache, and the loader.
#include <dlfcn.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "frontend/croton/croton.hpp"
#include "runtime/cache.hpp"
#include "runtime/loader.hpp"
#include "runtime/npy.hpp"
#include "runtime/toolchain.hpp"

using namespace croton;

TEST_CASE("updates happen together, after the outputs") {
  Shared a = shared("a", Array::full(f64, {3}, 1)), b = shared("b", Array::full(f64, {3}, 2));
  Function swap = compile({}, {a + b, a}, {.name = "swap", .updates = {{a, b}, {b, a + b}}});
  const Results r = swap();
  CHECK(r[0].same_values(Array::full(f64, {3}, 3)));
  CHECK(r[1].same_values(Array::full(f64, {3}, 1)));
  CHECK(a.get().same_values(Array::full(f64, {3}, 2)));
  CHECK(b.get().same_values(Array::full(f64, {3}, 3)));
}

TEST_CASE("an update that reads the variable elsewhere does not see its own writes") {
  Shared a = shared("a", Array::arange(f64, 1000));
  Function f = compile({}, {sum(a)}, {.name = "reverse", .updates = {{a, flip(a) + a}}});
  (void)f();
  CHECK(a.get().same_values(Array::full(f64, {1000}, 999)));
}

TEST_CASE("shared values go to a file and back") {
  Shared w = shared("w", Array::normal(f32, {5, 3}, 7)), b = shared("b", Array::arange(i64, 4));
  const Array before = w.get();
  save_npz("state.npz", {w, b});
  w.set(Array::zeros<float>({5, 3}));
  load_npz("state.npz", {w, b});
  CHECK(w.get().same_values(before));
  CHECK_THROWS_AS(w.set(Array::zeros<float>({5, 4})), UserError);
  std::filesystem::remove("state.npz");
}

TEST_CASE(
    "givens stand in for inputs, keyword calls reorder them, outputs go where they are told") {
  Expr x = input("x", f64, {"n"}), y = input("y", f64, {"n"});
  Function f = compile({y}, {x - y}, {.givens = {{x, y * 3.0}}});
  CHECK(f(std::vector<double>{1, 2}).single().same_values(Array::of<double>({2, 4})));
  Function g = compile({x, y}, {x - y, x});
  CHECK(g({{"y", std::vector<double>{1.0}}, {"x", std::vector<double>{5.0}}})[0].same_values(
      Array::of<double>({4})));
  std::vector<double> out(2), copy(2);
  g.into({out, copy}, std::vector<double>{1, 2}, std::vector<double>{3, 5});
  CHECK(out == std::vector<double>{-2, -3});
  CHECK(copy == std::vector<double>{1, 2});
  CHECK(eval(x + 1.0, {{x, std::vector<double>{2}}}).same_values(Array::of<double>({3})));
}

TEST_CASE("dims may depend on the values of arguments") {
  Expr i = input("i", i64, {}), k = input("k", i64, {});
  Shared data = shared("data", Array::arange(f64, 10));
  Function f = compile(
      {i, k}, {sum(data[slice(i * 3, (i + 1) * 3)]), arange(k), data[slice(i * 3, (i + 1) * 3)]});
  const auto call = [&](std::int64_t a, std::int64_t b) { return f(a, b); };
  CHECK(call(1, 4)[0].item<double>() == 12);
  CHECK(call(1, 4)[1].same_values(Array::arange(i64, 4)));
  CHECK(call(3, -2)[2].same_values(Array::of<double>({9})));
  CHECK(call(3, -2)[1].shape() == Extents{0});
  CHECK(call(7, 0)[0].item<double>() == 0);
  Expr x = input("x", f64, {"n"});
  Function g = compile({i}, {sum(x * x)}, {.givens = {{x, data[slice(i * 3, (i + 1) * 3)]}}});
  CHECK(g(std::int64_t{0}).item<double>() == 5);
}

TEST_CASE("kernels come from the cache, and damaged entries are compiled again") {
  const std::string directory = std::filesystem::absolute("cache-under-test").string();
  std::filesystem::remove_all(directory);
  const char* old = std::getenv("CROTON_CACHE_DIR");
  const std::string before = old ? old : "";
  setenv("CROTON_CACHE_DIR", directory.c_str(), 1);
  const std::string material = "a key\nwith lines";
  CHECK_FALSE(runtime::cache_find("test", material));
  runtime::cache_store("test", material, {{"object", std::string("\0bytes", 6)}});
  CHECK(runtime::cache_find("test", material)->at("object") == std::string("\0bytes", 6));
  struct stat s {};
  REQUIRE(stat(directory.c_str(), &s) == 0);
  CHECK((s.st_mode & 0777) == 0700);
  // Another directory has nothing in memory under its keys: every kind of damage must be a miss.
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(in)), {});
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x20);
      CHECK_FALSE(runtime::cache_parse(bad, material));
      CHECK_FALSE(runtime::cache_parse(good.substr(0, at), material));
    }
    CHECK(runtime::cache_parse(good, material));
    CHECK_FALSE(runtime::cache_parse(good, "another key"));
    break;
  }
  if (before.empty())
    unsetenv("CROTON_CACHE_DIR");
  else
    setenv("CROTON_CACHE_DIR", before.c_str(), 1);
  std::filesystem::remove_all(directory);
}

TEST_CASE("the loader refuses damaged objects and never crashes") {
  const std::string source =
      "extern \"C\" void f(float* a, long n) { for (long i = 0; i < n; ++i) a[i] = a[i] * 2.5f + "
      "1.5f; }";
  const std::string object = runtime::compile_text(source, runtime::host_target()).object;
  runtime::LoadedObject good(object);
  float values[3] = {1, 2, 3};
  reinterpret_cast<void (*)(float*, long)>(good.find("f"))(values, 3);
  CHECK(values[2] == 9.0f);
  CHECK(good.find("g") == nullptr);
  int refused = 0;
  for (std::size_t n = 0; n < object.size(); n += 7) try {
      runtime::LoadedObject cut(std::string_view(object).substr(0, n));
    } catch (const BackendError&) {
      ++refused;
    }
  CHECK(refused > 0);
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string bad = object;
    for (int k = 0; k < 4; ++k) bad[random() % bad.size()] = static_cast<char>(random());
    try {
      runtime::LoadedObject loaded(bad);
    } catch (const BackendError&) {
    }
  }
}

TEST_CASE("refused text raises an error with the compiler's log; loops are vectorised") {
  CHECK_THROWS_WITH(runtime::compile_text("void f( {", runtime::host_target()),
                    Catch::Contains("expected"));
  const std::string source =
      "extern \"C\" void f(float* __restrict a, const float* __restrict b, long n) { for (long i = "
      "0; i < n; ++i) a[i] = b[i] * 2.5f; }";
  CHECK(runtime::compile_text(source, runtime::host_target()).remarks.find("vectorized loop") !=
        std::string::npos);
}
