// Files that are not what they say: each is an error that names the file and what is wrong with it.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "frontend/croton/croton.hpp"
#include "runtime/npy.hpp"

using namespace croton;
using Catch::Contains;

namespace {

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A file of this name and content, gone at the end.
struct File {
  File(std::string name, const std::string& bytes = "") : path(std::move(name)) { write(bytes); }
  ~File() { std::remove(path.c_str()); }
  void write(const std::string& bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
  std::string path;
};

template <class T>
std::string with(std::string bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

}  // namespace

TEST_CASE("files that are missing, empty or directories") {
  CHECK_THROWS_WITH(load_npy("none.npy"), "cannot read none.npy: No such file or directory");
  CHECK_THROWS_WITH(load_npz("none.npz"), "cannot read none.npz: No such file or directory");
  CHECK_THROWS_WITH(load("none.ctir"), "cannot read none.ctir: No such file or directory");
  const std::string folder = std::filesystem::temp_directory_path().string();
  CHECK_THROWS_WITH(load(folder), "cannot read " + folder + ": Is a directory");
  CHECK_THROWS_AS(load_npy("."), UserError);
  CHECK_THROWS_AS(load("."), UserError);
  const File empty("empty.npy");
  CHECK_THROWS_AS(load_npy(empty.path), UserError);
  CHECK_THROWS_WITH(save_npy("/dev/null/a.npy", Array::zeros<float>({1})),
                    "cannot write /dev/null/a.npy: Not a directory");
}

TEST_CASE("a file is replaced as a whole or not at all") {
  namespace fs = std::filesystem;
  const fs::path folder = "replaced";
  fs::remove_all(folder);
  fs::create_directory(folder);
  const Array ones = Array::full(DType::f64, {1000}, 1), twos = Array::full(DType::f64, {1000}, 2);
  const Expr x = input("x", f64, {"n"});
  const Shared total = shared("total", ones);
  const fs::path module = folder / "m.ctir", array = folder / "a.npy";
  save(module, {x}, {x * total});
  save_npy(array, ones);
  const std::string before = contents(module.string());

  // No room: what was there is there.
  struct rlimit limit {};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const struct rlimit small { 100, limit.rlim_max };
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_THROWS_WITH(save_npy(array, twos), "cannot write replaced/a.npy: File too large");
  CHECK_THROWS_WITH(save(module, {x}, {exp(x) * 2.0 + 3.0}),
                    "cannot write replaced/m.ctir: File too large");
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  CHECK(load_npy(array).same_values(ones));
  CHECK(contents(module.string()) == before);
  CHECK(load(module).outputs.size() == 1);

  // Who reads while it is written meets the old or the new.
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      save_npy(array, i % 2 == 0 ? twos : ones);
      save(module, {x}, {i % 2 == 0 ? exp(x) : x * 3.0});
    }
    done = true;
  });
  while (!done) {
    const Array read = load_npy(array);
    CHECK((read.same_values(ones) || read.same_values(twos)));
    CHECK(load(module).outputs.size() == 1);
  }
  writer.join();

  // A link stays and so do the rights; what may not be written is not replaced.
  fs::create_symlink("a.npy", folder / "link.npy");
  fs::permissions(array, fs::perms::owner_read | fs::perms::owner_write);
  save_npy(folder / "link.npy", ones);
  CHECK(fs::is_symlink(folder / "link.npy"));
  CHECK(load_npy(array).same_values(ones));
  CHECK(fs::status(array).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  fs::create_symlink("loop", folder / "loop");
  CHECK_THROWS_WITH(save_npy(folder / "loop", ones),
                    "cannot write replaced/loop: Too many levels of symbolic links");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++files;
  CHECK(files == 5);  // the module, its values, the array, two links
  fs::remove_all(folder);
}

TEST_CASE("a dump that cannot be written names the file and the reason, and is no dump") {
  const Expr x = input("x", f64, {"n"});
  const Function f = compile({x}, {sum(x)}, {.name = "dumped"});
  CHECK_THROWS_WITH(f.dump("/dev/null"), "dump: cannot write /dev/null: Not a directory");
  CHECK_THROWS_WITH(f.dump("/proc/none"),
                    "dump: cannot write /proc/none: No such file or directory");
  const std::filesystem::path folder = std::filesystem::current_path() / "dump_on_a_full_disk";
  std::filesystem::remove_all(folder);
  f.dump(folder);
  CHECK(contents(folder / "report.html").ends_with("</html>\n"));
  std::filesystem::remove(folder / "report.html");
  std::filesystem::create_symlink("/dev/full", folder / "report.html");
  CHECK_THROWS_WITH(f.dump(folder), "dump: cannot write " + (folder / "report.html").string() +
                                        ": No space left on device");
  CHECK(!std::filesystem::exists(folder / "description.json"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("arrays in the other byte order are read, unknown types are refused") {
  const File file("order.npy");
  save_npy(file.path, Array::of<std::int32_t>({1, -2, 70000}));
  std::string bytes = contents(file.path);
  bytes.replace(bytes.find("<i4"), 3, ">i4");
  for (std::size_t at = bytes.size() - 12; at < bytes.size(); at += 4)
    std::reverse(bytes.begin() + static_cast<long>(at), bytes.begin() + static_cast<long>(at) + 4);
  file.write(bytes);
  CHECK(load_npy(file.path).same_values(Array::of<std::int32_t>({1, -2, 70000})));
  std::string other = bytes;
  other.replace(other.find(">i4"), 3, "<M8");
  file.write(other);
  CHECK_THROWS_WITH(load_npy(file.path), "order.npy: the dtype '<M8' is not supported");
  file.write(with(bytes, 6, '\x09'));
  CHECK_THROWS_WITH(load_npy(file.path), "order.npy: .npy version 9 is not known");
  other = bytes;
  other.replace(other.find("(3,), }"), 7, "(3,3,3}");
  file.write(other);
  CHECK_THROWS_WITH(load_npy(file.path), "order.npy: the .npy header's shape is not a tuple");
  other = bytes;
  other.replace(other.find("(3,), }             "), 20, "(999999999999999,9) ");
  file.write(other);
  CHECK_THROWS_WITH(load_npy(file.path),
                    Contains("order.npy: the file holds 12 bytes of data, its shape needs more"));
}

TEST_CASE("a bool in a file is true when it is not 0") {
  const File file("bool.npy");
  save_npy(file.path, Array::of<std::uint8_t>({0, 1, 32, 255}));
  std::string bytes = contents(file.path);
  bytes.replace(bytes.find("|u1"), 3, "|b1");
  file.write(bytes);
  CHECK(load_npy(file.path).astype(i32).same_values(Array::of<std::int32_t>({0, 1, 1, 1})));
}

TEST_CASE("archives that are cut anywhere, overlap, or claim what they cannot hold") {
  const File file("archive.npz");
  save_npz(file.path, {{"a", Array::arange(f64, 5)}, {"b", Array::arange(i32, 3)}});
  const std::string good = contents(file.path);
  for (std::size_t n = 1; n < good.size(); ++n) {
    file.write(good.substr(0, n));
    CHECK_THROWS_AS(load_npz(file.path), UserError);
  }
  const std::size_t first = good.find("PK\x01\x02"), second = good.find("PK\x01\x02", first + 1);
  file.write(with(good, second + 42, std::uint32_t{0xfffffff0}));
  CHECK_THROWS_WITH(load_npz(file.path), "archive.npz: a member is missing: b.npy");
  file.write(with(good, first + 16, std::uint32_t{1}));
  CHECK_THROWS_WITH(load_npz(file.path), "archive.npz: the member a.npy is damaged");
  file.write(with(good, first + 10, std::uint16_t{99}));
  CHECK_THROWS_WITH(load_npz(file.path), "archive.npz: the member a.npy uses compression 99");
  // Two gigabytes from a hundred bytes: refused before anything is unpacked.
  file.write(with(good, first + 24, std::uint32_t{0x7fffffff}));
  CHECK_THROWS_WITH(load_npz(file.path),
                    Contains("archive.npz: the member a.npy claims 2147483647 bytes from 168"));
  // A hundred members that are one and the same piece of the file.
  std::string many = good.substr(0, first);
  const std::string entry = good.substr(first, second - first);
  for (int k = 0; k < 100; ++k) many += entry;
  std::string end = good.substr(good.find("PK\x05\x06"));
  many += with(end, 10, std::uint16_t{100});
  file.write(many);
  CHECK_THROWS_WITH(load_npz(file.path), "archive.npz: its members overlap");
}

TEST_CASE("what a file requires and states is checked by the functions that are loaded from it") {
  const File file("required.ctir",
                  "ctir 1\nmodule @f : tensor {\n  fact n >= 2\n"
                  "  %x = input {name = \"x\"} : f32[n]\n  %y = input {name = \"y\"} : f32[m]\n"
                  "  %0 = sum(%x) {axes = [0]}\n  %1 = sum(%y) {axes = [0]}\n  %2 = add(%0, %1)\n"
                  "  require n == 2*m\n  require m != 3\n  require 10 >= n\n"
                  "  input %x, %y\n  output %2\n}\n");
  const auto check = [&](const std::string& path) {
    Function f = compile(load(path), {.name = "f"});
    const auto call = [&](std::int64_t n, std::int64_t m) {
      return f(Array::ones<float>({n}), Array::ones<float>({m})).item<float>();
    };
    CHECK(call(4, 2) == 6);
    CHECK_THROWS_WITH(call(4, 3), Contains("f: n is 4 and 2*m is 6, but they must be equal") &&
                                      Contains("assumed") && Contains("ctir:"));
    CHECK_THROWS_WITH(call(6, 3), Contains("f: m must not be 3"));
    CHECK_THROWS_WITH(call(12, 6), Contains("f: 10 is 10 and n is 12, but it must not be less"));
    CHECK_THROWS_WITH(call(0, 0), Contains("n >= 2 was stated when it was compiled, but"));
  };
  check(file.path);
  // Saved again, they are still there.
  const Saved saved = load(file.path);
  const File again("again.ctir");
  save(again.path, saved.inputs, saved.outputs,
       {.facts = saved.facts, .requirements = saved.requirements});
  CHECK(contents(again.path).find("require m != 3") != std::string::npos);
  check(again.path);
}

TEST_CASE("graphs in files that are cut or edited name their line") {
  const File file("graph.ctir");
  Expr x = input("x", f32, {"n", 3});
  save(file.path, {x}, {sum(tanh(x * 2.0), axis(1))}, {.name = "g"});
  const std::string good = contents(file.path);
  CHECK_NOTHROW(load(file.path));
  const std::size_t last = good.rfind('}');
  for (std::size_t n = 0; n < last; ++n) {
    file.write(good.substr(0, n));
    CHECK_THROWS_WITH(load(file.path), Contains("graph.ctir:"));
  }
  const auto edited = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    REQUIRE(bad.find(from) != std::string::npos);
    file.write(bad.replace(bad.find(from), from.size(), to));
  };
  edited("ctir 1", "ctir 9");
  CHECK_THROWS_WITH(load(file.path), Contains("graph.ctir:1:"));
  edited("tanh", "tahn");
  CHECK_THROWS_WITH(load(file.path),
                    Contains("graph.ctir:") && Contains("did you mean") && Contains("tanh"));
  edited("output %", "output %none");
  CHECK_THROWS_WITH(load(file.path), Contains("graph.ctir:"));
  edited("output %", "update %x = %x\n  output %");
  CHECK_THROWS_AS(load(file.path), UserError);  // only shared variables are updated
  edited("f32[n, 3]", "f32[n, 99999999999999999999]");
  CHECK_THROWS_WITH(load(file.path), Contains("graph.ctir:3:"));
}
