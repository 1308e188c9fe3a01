// The cache can make a program slower, never wrong, and never make it fail.
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>

#include "frontend/croton/croton.hpp"
#include "runtime/cache.hpp"
#include "runtime/literal_notice.hpp"
#include "runtime/request.hpp"
#include "runtime/target.hpp"
#include "runtime/toolchain.hpp"

using namespace croton;
namespace fs = std::filesystem;

namespace {

using Environment = std::map<std::string, std::string>;

// A directory of its own, gone at the end.
struct Place {
  Place() : path(fs::absolute("cache-torture-" + std::to_string(getpid()))) {
    fs::remove_all(path);
    fs::create_directory(path);
    fs::permissions(path, fs::perms::owner_all);
  }
  ~Place() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  [[nodiscard]] std::string operator/(const char* name) const { return (path / name).string(); }
  fs::path path;
};

// Starts cache_user in exactly this environment, with its modules verified; its output goes to a
// pipe.
struct User {
  User(const std::vector<std::string>& arguments, const Environment& environment,
       const std::function<void()>& before = {}) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
      dup2(ends[1], 1);
      close(ends[0]);
      std::vector<char*> argv{const_cast<char*>(CROTON_CACHE_USER)}, env;
      for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
      argv.push_back(nullptr);
      std::vector<std::string> lines{"CROTON_THREADS=1", "CROTON_VERIFY=1"};
      for (const auto& [name, value] : environment) lines.push_back(name + "=" + value);
      for (std::string& line : lines) env.push_back(line.data());
      env.push_back(nullptr);
      if (before) before();
      execve(CROTON_CACHE_USER, argv.data(), env.data());
      _exit(9);
    }
    close(ends[1]);
    out = ends[0];
  }
  // The exit code, or minus the signal.
  int wait() {
    char buffer[256];
    for (ssize_t n; (n = read(out, buffer, sizeof buffer)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    close(out);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  pid_t child;
  int out;
  std::string text;
};

struct Outcome {
  int code = 0;
  long compiled = -1, hits = -1, misses = -1, rejected = -1;
};

Outcome run(const std::vector<std::string>& arguments, const Environment& environment,
            const std::function<void()>& before = {}) {
  User user(arguments, environment, before);
  Outcome o;
  o.code = user.wait();
  std::sscanf(user.text.c_str(), "compiled=%ld hits=%ld misses=%ld rejected=%ld", &o.compiled,
              &o.hits, &o.misses, &o.rejected);
  return o;
}

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void check_entries(const std::string& directory) {
  for (const runtime::CacheFile& file : runtime::list_entries(directory)) {
    INFO(file.path);
    const runtime::OpenedEntry entry = runtime::parse_entry(contents(file.path));
    CHECK(entry.problem == "");
    CHECK(runtime::cache_hash(entry.material) == file.key);
  }
}

bool is_root(const char* what) {
  if (geteuid() == 0) return true;
  std::cerr << "SKIPPED " << what << ": needs root\n";
  return false;
}

constexpr long kKernels = 2;  // of each of cache_user's functions

}  // namespace

TEST_CASE("killed while writing: the next program has right numbers and whole entries") {
  const Place place;
  const Environment env{{"CROTON_CACHE_DIR", place / "cache"}};
  std::mt19937 random(7);
  int killed = 0;
  double life = 50000;  // microseconds
  const auto since = [](auto start) {
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
        .count();
  };
  for (int round = 0; round < 60; ++round) {
    // Somewhere in the life of a program that takes as long as one did just before.
    const std::string function = std::to_string(round % 7);
    const auto start = std::chrono::steady_clock::now();
    {
      const Place other;
      const Environment apart{{"CROTON_CACHE_DIR", other / "cache"}};
      if (round % 7 == 0) life = run({function, "4"}, apart).code == 0 ? since(start) : life;
    }
    User user({function, "4"}, env);
    usleep(static_cast<useconds_t>(life * (0.05 + 0.9e-6 * (random() % 1000000))));
    kill(user.child, SIGKILL);
    const int code = user.wait();
    killed += code == -SIGKILL;
    CHECK((code == 0 || code == -SIGKILL));
    check_entries(place / "cache");
  }
  CHECK(killed > 10);
  CHECK(run({"0", "11"}, env).code == 0);
  const Outcome warm = run({"0", "11"}, env);
  CHECK(warm.code == 0);
  CHECK(warm.compiled == 0);
  CHECK(warm.rejected == 0);
}

TEST_CASE("many programs race on an empty cache") {
  const Place place;
  const Environment env{{"CROTON_CACHE_DIR", place / "a" + "/deep/cache"}};
  std::vector<User> users;
  for (int k = 0; k < 12; ++k) users.emplace_back(std::vector<std::string>{"0", "3"}, env);
  for (User& user : users) CHECK(user.wait() == 0);
  check_entries(env.at("CROTON_CACHE_DIR"));
  const Outcome warm = run({"0", "3"}, env);
  CHECK(warm.code == 0);
  CHECK(warm.compiled == 0);
  CHECK(warm.hits == 3);  // whole functions
  struct stat s {};
  REQUIRE(stat((place / "a").c_str(), &s) == 0);
  CHECK((s.st_mode & 0777) == 0700);
}

TEST_CASE("evicting while others read") {
  const Place place;
  const Environment env{{"CROTON_CACHE_DIR", place / "cache"}, {"CROTON_CACHE_MAX", "40000"}};
  for (int round = 0; round < 5; ++round) {
    std::vector<User> users;
    for (int k = 0; k < 8; ++k)
      users.emplace_back(std::vector<std::string>{std::to_string(k + round), "3"}, env);
    for (User& user : users) CHECK(user.wait() == 0);
  }
  check_entries(place / "cache");
  // The limit holds when nobody else writes: the first store of a program measures.
  CHECK(run({"900", "1"}, env).code == 0);
  std::int64_t total = 0;
  for (const runtime::CacheFile& file : runtime::list_entries(place / "cache")) total += file.bytes;
  CHECK(total < 100000);
}

TEST_CASE("a part left by a program that was killed goes, one that is being written stays") {
  const Place place;
  const Environment env{{"CROTON_CACHE_DIR", place / "cache"}};
  REQUIRE(run({"1", "1"}, env).code == 0);
  const fs::path entry = runtime::list_entries(place / "cache").at(0).path;
  const fs::path old = entry.string() + ".1.0.part", fresh = entry.string() + ".2.0.part";
  std::ofstream(old) << "x";
  std::ofstream(fresh) << "x";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  REQUIRE(run({"2", "1"}, env).code == 0);
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(fresh));
}

TEST_CASE("cut, flipped, emptied and swapped entries are compiled again, of both kinds") {
  const Place place;
  const Environment env{{"CROTON_CACHE_DIR", place / "cache"}};
  REQUIRE(run({"5", "2"}, env).code == 0);
  std::mt19937 random(3);
  const auto damage = [&](const std::string& good, int how) {
    std::string bad = good;
    if (how == 0) bad.resize(random() % bad.size());
    if (how == 1) bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    if (how == 2) bad.clear();
    if (how == 3) bad.insert(random() % bad.size(), "inserted");
    return bad;
  };
  for (int how = 0; how < 4; ++how) {
    const auto files = runtime::list_entries(place / "cache");
    CHECK(files.size() == 2 + 2 * kKernels);
    for (const auto& file : files) {
      const std::string good = contents(file.path);
      std::ofstream(file.path, std::ios::binary) << damage(good, how);
    }
    const Outcome o = run({"5", "2"}, env);
    CHECK(o.code == 0);
    CHECK(o.compiled == 2 * kKernels);
    CHECK(o.rejected >= 2 + 2 * kKernels);
    check_entries(place / "cache");
  }
  // Requests damaged, kernels whole: no compile. And an entry under another's name is not taken.
  for (const auto& file : runtime::list_entries(place / "cache"))
    if (file.kind == "request") std::ofstream(file.path, std::ios::binary) << "CROTON-CACHE-0\n";
  CHECK(run({"5", "2"}, env).compiled == 0);
  const auto files = runtime::list_entries(place / "cache");
  for (const auto& a : files)
    for (const auto& b : files)
      if (a.kind == b.kind && a.path < b.path) {
        fs::copy_file(b.path, a.path, fs::copy_options::overwrite_existing);
        break;
      }
  CHECK(run({"5", "2"}, env).code == 0);
}

TEST_CASE("a whole entry that makes no program is compiled again") {
  const Place place;
  const Environment env{{"CROTON_CACHE_DIR", place / "cache"}};
  REQUIRE(run({"5", "1"}, env).code == 0);
  const auto rewrite = [&](const std::string& kind, const std::string& section,
                           const std::string& text) {
    for (const auto& file : runtime::list_entries(place / "cache")) {
      if (file.kind != kind) continue;
      runtime::OpenedEntry entry = runtime::parse_entry(contents(file.path));
      REQUIRE(entry.sections.contains(section));
      entry.sections[section] = text;
      std::ofstream(file.path, std::ios::binary)
          << runtime::serialised(entry.material, entry.sections);
    }
  };
  for (const char* section : {"object 0", "object 1", "plan", "kernels"}) {
    rewrite("request", section, "not what it was");
    INFO(section);
    CHECK(run({"5", "1"}, env).code == 0);
    CHECK(run({"5", "1"}, env).compiled == 0);  // mended
  }
  rewrite("request", "plan", "ctir 1\nmodule @plan : plan {\nplan () {\n}\n}\n");
  CHECK(run({"5", "1"}, env).code == 0);
  rewrite("kernel", "object", "no object");
  rewrite("request", "kernels", "[]");
  CHECK(run({"5", "1"}, env).code == 0);
}

TEST_CASE("an entry of another library, compiler or CPU is another key") {
  const Place place;
  const Environment env{{"CROTON_CACHE_DIR", place / "cache"}};
  REQUIRE(run({"5", "1"}, env).code == 0);
  for (const auto& file : runtime::list_entries(place / "cache")) {
    const std::string material = runtime::parse_entry(contents(file.path)).material;
    CHECK(material.find("\ntarget " + runtime::host_target().name + "\n") != std::string::npos);
    CHECK(material.find("\ncompiler clang ") != std::string::npos);
    if (file.kind == "request")
      CHECK(material.find("\nlibrary " + runtime::library_identity() + "\n") != std::string::npos);
    // As a machine of another kind would have written it, under the name this one looks for.
    runtime::OpenedEntry entry = runtime::parse_entry(contents(file.path));
    const auto at = entry.material.find("\ntarget x86-64-v");
    entry.material[at + 16] = '9';
    std::ofstream(file.path, std::ios::binary)
        << runtime::serialised(entry.material, entry.sections);
  }
  const Outcome o = run({"5", "1"}, env);
  CHECK(o.code == 0);
  CHECK(o.compiled == kKernels);
  CHECK(o.rejected == 1 + kKernels);
}

TEST_CASE("off, ro and layers") {
  const Place place;
  const std::string layer = place / "layer", own = place / "own";
  REQUIRE(run({"1", "2"}, {{"CROTON_CACHE_DIR", layer}}).code == 0);
  const auto listing = [](const std::string& directory) {
    std::vector<std::string> all;
    for (const auto& file : runtime::list_entries(directory, true)) all.push_back(file.path);
    std::sort(all.begin(), all.end());
    return all;
  };
  const auto before = listing(layer);
  CHECK(before.size() == 2 + 2 * kKernels);
  Outcome o = run({"1", "3"}, {{"CROTON_CACHE_DIR", layer}, {"CROTON_CACHE", "ro"}});
  CHECK(o.code == 0);
  CHECK(o.compiled == kKernels);  // the third; the others are there
  CHECK(listing(layer) == before);
  o = run({"1", "2"}, {{"CROTON_CACHE_DIR", layer}, {"CROTON_CACHE", "off"}});
  CHECK(o.code == 0);
  CHECK(o.compiled == 2 * kKernels);
  CHECK(listing(layer) == before);
  // Layers are read, in order, and never written, not even to delete what is damaged.
  const Environment layered{{"CROTON_CACHE_DIR", own},
                            {"CROTON_CACHE_PATH", "/nonexistent::" + layer + ":"}};
  o = run({"1", "3"}, layered);
  CHECK(o.code == 0);
  CHECK(o.compiled == kKernels);
  CHECK(listing(layer) == before);
  CHECK(listing(own).size() == 1 + kKernels);
  for (const std::string& path : before) std::ofstream(path) << "damaged";
  o = run({"1", "2"}, layered);
  CHECK(o.code == 0);
  CHECK(o.compiled == 2 * kKernels);
  CHECK(listing(layer) == before);
}

TEST_CASE("no home, and places where nothing can be written") {
  const Place place;
  Outcome o = run({"1", "1"}, {});
  CHECK(o.code == 0);
  CHECK(o.compiled == kKernels);
  CHECK(run({"1", "1"}, {{"HOME", place / "home"}}).code == 0);
  CHECK(fs::exists(place / "home" + "/.cache/croton"));
  CHECK(run({"1", "1"}, {{"XDG_CACHE_HOME", place / "xdg"}, {"HOME", "/"}}).code == 0);
  CHECK(fs::exists(place / "xdg" + "/croton"));
  for (const char* nowhere : {"/dev/null", "/dev/null/x", "/proc/self/nothing", "relative/cache"}) {
    INFO(nowhere);
    CHECK(run({"1", "1"}, {{"CROTON_CACHE_DIR", nowhere}}).code == 0);
  }
  std::error_code ignored;
  fs::remove_all("relative", ignored);
  CHECK(run({"1", "1"}, {{"CROTON_CACHE_DIR", std::string(5000, 'x')}}).code == 0);
  // A limit on files' sizes would end a program that writes beyond it.
  o = run({"1", "1"}, {{"CROTON_CACHE_DIR", place / "limited"}}, [] {
    const struct rlimit small { 64, 64 };
    setrlimit(RLIMIT_FSIZE, &small);
  });
  CHECK(o.code == 0);
  // No file descriptor is left for the cache once the program has what it needs to start. (A
  // sanitized program needs more: it looks at memory through pipes.)
  if (!runtime::kSanitized)
    CHECK(run({"1", "1"}, {{"CROTON_CACHE_DIR", place / "few"}}, [] {
            const struct rlimit few { 5, 5 };
            setrlimit(RLIMIT_NOFILE, &few);
          }).code == 0);
}

TEST_CASE("a read-only directory is read") {
  if (!is_root("read-only cache")) return;
  const Place place;
  const std::string cache = place / "cache";
  REQUIRE(run({"1", "1"}, {{"CROTON_CACHE_DIR", cache}}).code == 0);
  fs::permissions(place.path, static_cast<fs::perms>(0755));
  for (const auto& item : fs::recursive_directory_iterator(place.path))
    fs::permissions(item.path(), static_cast<fs::perms>(item.is_directory() ? 0555 : 0444));
  // Root's entries serve another user, who can write nothing.
  Outcome o = run({"1", "2", "65534"}, {{"CROTON_CACHE_DIR", cache}});
  CHECK(o.code == 0);
  CHECK(o.compiled == kKernels);
  CHECK(o.hits == 1);
  CHECK(runtime::list_entries(cache).size() == 1 + kKernels);
}

TEST_CASE("a full disk") {
  if (!is_root("full disk")) return;
  const Place place;
  const std::string disk = place / "disk";
  fs::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=16k,mode=0700") != 0) {
    std::cerr << "SKIPPED full disk: no file system can be mounted here\n";
    return;
  }
  for (int k = 0; k < 4; ++k)
    CHECK(run({std::to_string(3 * k), "3"}, {{"CROTON_CACHE_DIR", disk}}).code == 0);
  check_entries(disk);
  for (const auto& file : runtime::list_entries(disk, true)) CHECK(file.kind != "part");
  umount(disk.c_str());
}

TEST_CASE("what others could have written is not executed") {
  const Place place;
  const std::string cache = place / "cache";
  const Environment env{{"CROTON_CACHE_DIR", cache}};
  REQUIRE(run({"1", "1"}, env).code == 0);
  const auto all = [&](const std::function<void(const fs::directory_entry&)>& change) {
    for (const auto& item : fs::recursive_directory_iterator(cache)) change(item);
  };
  const auto is_refused = [&](const char* why) {
    INFO(why);
    const Outcome o = run({"1", "1"}, env);
    CHECK(o.code == 0);
    CHECK(o.compiled == kKernels);
    CHECK(o.hits == 0);
  };
  const auto renew = [&] {
    fs::remove_all(cache);
    REQUIRE(run({"1", "1"}, env).code == 0);
    CHECK(run({"1", "1"}, env).compiled == 0);
  };
  renew();
  fs::permissions(cache, fs::perms::others_write, fs::perm_options::add);
  is_refused("the directory may be written by others");
  renew();
  fs::permissions(cache, fs::perms::group_write, fs::perm_options::add);
  is_refused("the directory may be written by the group");
  renew();
  all([](const fs::directory_entry& e) {
    if (e.is_directory()) fs::permissions(e.path(), static_cast<fs::perms>(0777));
  });
  is_refused("its folders may be written by others");
  renew();
  all([](const fs::directory_entry& e) {
    if (e.is_regular_file()) fs::permissions(e.path(), static_cast<fs::perms>(0666));
  });
  is_refused("its files may be written by others");
  renew();
  for (const auto& file : runtime::list_entries(cache)) {
    const std::string elsewhere = place / fs::path(file.path).filename().c_str();
    fs::rename(file.path, elsewhere);
    fs::create_symlink(elsewhere, file.path);
  }
  is_refused("its files are symbolic links");
  renew();
  std::vector<std::string> paths;
  for (const auto& file : runtime::list_entries(cache)) paths.push_back(file.path);
  for (const std::string& path : paths) {
    fs::remove(path);
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  }
  is_refused("its files are pipes");
  for (const std::string& path : paths) {
    fs::remove(path);
    fs::create_directory(path);
  }
  is_refused("its files are directories");
  // A link to a directory that is the user's own is as good as the directory.
  renew();
  fs::rename(cache, place / "moved");
  fs::create_symlink(place / "moved", cache);
  CHECK(run({"1", "1"}, env).compiled == 0);
  fs::remove(cache);
  if (!is_root("entries of another owner")) return;
  renew();
  all([](const fs::directory_entry& e) {
    if (e.is_regular_file()) CHECK(chown(e.path().c_str(), 12345, 12345) == 0);
  });
  is_refused("its files belong to another user");
  renew();
  CHECK(chown(cache.c_str(), 12345, 12345) == 0);
  is_refused("the directory belongs to another user");
}

TEST_CASE("a program that compiles again and again for a number's sake is told once") {
  const auto split = runtime::without_literals(
      "%0 = constant {value = f64 0x1.8p+0, shape = [3]} : f64[3]\n"
      "%1 = constant {value = f64[2] {0x1p+0, 0x1p+1}, shape = [2]} : f64[2]\n");
  CHECK(split.literals == " 0x1.8p+0;");
  CHECK(split.skeleton ==
        "%0 = constant {value = f64, shape = [3]} : f64[3]\n"
        "%1 = constant {value = f64[2] {0x1p+0, 0x1p+1}, shape = [2]} : f64[2]\n");
  const Place place;
  // Standard error of a program that compiles functions which differ by a factor.
  const auto errors = [&](const char* count, const Environment& environment) {
    const std::string file = place / "errors";
    (void)run({"0", count}, environment, [&] { (void)std::freopen(file.c_str(), "w", stderr); });
    return contents(file);
  };
  const Environment env{{"CROTON_CACHE_DIR", place / "cache"}};
  CHECK(errors("4", env) == "");
  const std::string told = errors("40", env);
  CHECK(told ==
        "croton: user was compiled 5 times, and only numbers in it differed; make the number that "
        "changes an input or a shared variable, and it is compiled once\n");
  CHECK(errors("40", env) == "");  // everything is in the cache
}
