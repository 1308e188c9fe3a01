// Calls that fail leave every shared variable as it was, and the next call works; so do calls
// beside fork, exit and the end of their Function.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <thread>

#include "frontend/croton/croton.hpp"
#include "runtime/fault_injection.hpp"
#include "runtime/pool.hpp"

using namespace croton;
using Catch::Contains;
using runtime::Fault;
using runtime::FaultInjection;

namespace {

// A training step with updates in place (a, b), one that must wait (c reads its old value
// elsewhere), temporaries in the arena, and a gather whose index may be out of range.
struct Step {
  Shared a = shared("a", Array::normal(f32, {300, 40}, 1));
  Shared b = shared("b", Array::normal(f32, {40}, 2));
  Shared c = shared("c", Array::normal(f32, {40}, 3));
  Shared count = shared("count", Array::zeros<std::int64_t>({}));
  Expr x = input("x", f32, {"n", 300}), i = input("i", i64, {"n"});
  Expr h = tanh(matmul(x, a) + b);
  Expr loss = mean(log_softmax(h)[{arange(x.dim(0)), i}]);
  Function f = compile({x, i}, {loss, h},
                       {.name = "step",
                        .threads = 2,
                        .updates = {{a, a - 0.1 * grad(loss, a)},
                                    {b, b - 0.1 * grad(loss, b)},
                                    {c, flip(c) + loss},
                                    {count, count + 1}}});
  [[nodiscard]] std::vector<Array> state() const {
    return {a.get(), b.get(), c.get(), count.get()};
  }
  void restore(const std::vector<Array>& values) {
    a.set(values[0]), b.set(values[1]), c.set(values[2]), count.set(values[3]);
  }
};

bool same(const std::vector<Array>& a, const std::vector<Array>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!a[i].same_values(b[i])) return false;
  return a.size() == b.size();
}

// The exit code of a child that runs `body`, or minus the signal that ended it.
template <class Body>
int in_child(Body body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace

TEST_CASE("a bad index anywhere in a step with updates in place changes nothing") {
  Step step;
  const Array x = Array::normal(f32, {200, 300}, 5);
  const std::vector<Array> before = step.state();
  for (const std::int64_t at : {0, 100, 199})
    for (const std::int64_t bad : {40, -41}) {
      Array i = Array::integers(i64, {200}, 6, 0, 40);
      i.data<std::int64_t>()[at] = bad;
      CHECK_THROWS_WITH(step.f(x, i), Contains("is out of bounds for axis 1 with size 40") &&
                                          Contains(std::to_string(bad)));
      CHECK(same(step.state(), before));
    }
  CHECK_NOTHROW(step.f(x, Array::integers(i64, {200}, 6, 0, 40)));
  CHECK(step.count.get().item<std::int64_t>() == 1);
}

TEST_CASE("an allocation that fails, whichever it is, changes nothing and is survived") {
  Step step;
  const Array x = Array::normal(f32, {200, 300}, 5), i = Array::integers(i64, {200}, 6, 0, 40);
  const Array strided = Array::normal(f32, {300, 200}, 5).transpose();
  const std::vector<Array> before = step.state();
  {
    const FaultInjection fault(Fault::arena, 1);
    CHECK_THROWS_WITH(step.f(x, i), Contains("there is no memory for") && Contains("temporaries"));
    CHECK_FALSE(fault.is_pending());
  }
  CHECK(same(step.state(), before));
  // The outputs, then the copy of an argument with another layout.
  int failed = 0;
  for (long nth = 1;; ++nth) {
    const FaultInjection fault(Fault::array, nth);
    try {
      (void)step.f(strided, i);
    } catch (const UserError& error) {
      CHECK_THAT(error.what(), Contains("there is no memory for"));
    }
    if (fault.is_pending()) break;
    ++failed;
    FaultInjection::pending(Fault::array) = 0;
    REQUIRE(same(step.state(), before));
  }
  CHECK(failed == 3);
  step.restore(before);
  const Results wanted = step.f(x, i);
  const std::vector<Array> after = step.state();
  // A larger call needs a larger arena: its failure leaves the context usable.
  const Array wide = Array::normal(f32, {900, 300}, 5),
              more = Array::integers(i64, {900}, 6, 0, 40);
  {
    const FaultInjection fault(Fault::arena, 1);
    CHECK_THROWS_AS(step.f(wide, more), UserError);
  }
  CHECK(same(step.state(), after));
  step.restore(before);
  const Results again = step.f(x, i);
  CHECK(again[0].same_values(wanted[0]));
  CHECK(same(step.state(), after));
}

TEST_CASE("a call whose arrays cannot exist says so") {
  Expr x = input("x", f32, {"n"}), y = input("y", f32, {"m"});
  Function outer =
      compile({x, y}, {sum(tanh(expand_dims(x, axis(1)) * y), axis(1))}, {.name = "outer"});
  const float one = 1;
  const ArrayView huge(f32, const_cast<float*>(&one), {std::int64_t{1} << 40}, {0});
  CHECK_THROWS_AS(outer(huge, huge), UserError);
  Function product = compile({x, y}, {cumsum(reshape(expand_dims(x, axis(1)) * y, {-1}), 0)});
  CHECK_THROWS_WITH(product(huge, huge), Contains("too large: a product or sum of dims exceeds"));
}

TEST_CASE("dims taken from integers at the edge of their range do not end the program") {
  Expr k = input("k", i64, {}), d = input("d", i64, {});
  Function f = compile({k, d}, {arange(floor_divide(k, d)), arange(k % d)}, {.name = "edge"});
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const Results r = f(least, std::int64_t{-1});
  CHECK(r[0].shape() == Extents{0});
  CHECK(r[1].shape() == Extents{0});
  CHECK(f(std::int64_t{7}, std::int64_t{0})[0].shape() == Extents{0});
}

TEST_CASE("without threads, the calling one does all the work", "[threads]") {
  Expr x = input("x", f64, {"n"});
  const Array a = Array::normal(f64, {300000}, 1);
  const auto run = [&](int threads) {
    return compile({x}, {sum(exp(x)), tanh(x)}, {.name = "work", .threads = threads})(a);
  };
  const Results wanted = run(1);
  const FaultInjection fault(Fault::thread, FaultInjection::kEvery);
  for (const int threads : {2, 5, 9}) {
    const Results r = run(threads);
    CHECK(r[0].same_values(wanted[0]));
    CHECK(r[1].same_values(wanted[1]));
  }
}

TEST_CASE("compiling without helper threads", "[threads]") {
  const FaultInjection fault(Fault::thread, FaultInjection::kEvery);
  Expr x = input("x", f64, {"n"});
  const double secret = 0.4337 + static_cast<double>(getpid());  // not in any cache
  std::vector<Expr> outputs;
  for (int k = 0; k < 4; ++k) outputs.push_back(sum(x * (secret + k)));
  CHECK(compile({x}, outputs)(Array::full(f64, {2}, 1))[0].item<double>() == 2 * secret);
}

TEST_CASE("a shared variable's dims are checked against the arguments'") {
  Expr x = input("x", f32, {"n"});
  Shared w = shared("w", Array::zeros<float>({4}), {"n"});
  Function f = compile({x}, {x + w}, {.name = "f"});
  CHECK_NOTHROW(f(Array::zeros<float>({4})));
  CHECK_THROWS_WITH(f(Array::zeros<float>({5})),
                    Contains("f: the shared variable w has 4 along axis 0, but n is 5 elsewhere") &&
                        Contains("w : f32[n]") && Contains("failure_test.cpp:"));
}

TEST_CASE("the dims of a call and its numbers come from one state", "[threads]") {
  // Every call takes the next window of the data; the window's place is shared state.
  constexpr int kCalls = 24000, kThreads = 8;
  Shared at = shared("at", Array::zeros<std::int64_t>({}));
  Shared data = shared("data", Array::arange(i64, kCalls * 3));
  Function next = compile({}, {sum(data[slice(at * 3, (at + 1) * 3)])},
                          {.name = "next", .updates = {{at, at + 1}}});
  std::vector<std::vector<std::int64_t>> seen(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int k = 0; k < kCalls / kThreads; ++k)
        seen[static_cast<std::size_t>(t)].push_back(next().item<std::int64_t>());
    });
  for (std::thread& thread : threads) thread.join();
  std::vector<std::int64_t> all;
  for (const auto& own : seen) {
    CHECK(std::is_sorted(own.begin(), own.end()));
    all.insert(all.end(), own.begin(), own.end());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> wanted;
  for (std::int64_t k = 0; k < kCalls; ++k) wanted.push_back(9 * k + 3);
  CHECK((all == wanted));
}

TEST_CASE("train and test from eight threads: every result is that of a serial order",
          "[threads]") {
  // Two variables move together; what train returns names its place in the order.
  constexpr int kCalls = 1000;
  Shared a = shared("a", Array::zeros<std::int64_t>({5000}));
  Shared b = shared("b", Array::zeros<std::int64_t>({64, 64}));
  Function train = compile({}, {a[0], b[{0, 0}]},
                           {.name = "train", .threads = 2, .updates = {{a, a + 1}, {b, b - 2}}});
  Function test = compile({}, {max(a), min(a), max(b), min(b)}, {.name = "test", .threads = 2});
  std::vector<std::thread> threads;
  std::vector<std::vector<std::int64_t>> places(8);
  std::atomic<int> wrong{0};
  for (std::size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      std::int64_t last = -1;
      for (int k = 0; k < kCalls; ++k) {
        std::int64_t place = 0;
        if (t % 2 == 0) {
          const Results r = train();
          place = r[0].item<std::int64_t>();
          wrong += r[1].item<std::int64_t>() != -2 * place;
          wrong += place <= last;  // a thread's own updates are seen by it
          places[t].push_back(place);
        } else {
          const Results r = test();
          place = r[0].item<std::int64_t>();
          wrong += r[1].item<std::int64_t>() != place;
          wrong += r[2].item<std::int64_t>() != -2 * place;
          wrong += r[3].item<std::int64_t>() != -2 * place;
          wrong += place < last;
        }
        last = place;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  std::vector<std::int64_t> all;
  for (const auto& own : places) all.insert(all.end(), own.begin(), own.end());
  std::sort(all.begin(), all.end());
  std::vector<std::int64_t> wanted(4 * kCalls);
  std::iota(wanted.begin(), wanted.end(), 0);
  CHECK((all == wanted));
}

TEST_CASE("a child of fork calls and compiles, beside its parent's pool") {
  Expr x = input("x", f64, {"n"});
  const Array a = Array::normal(f64, {300000}, 1);
  Function f = compile({x}, {sum(exp(x)), tanh(x)}, {.name = "work", .threads = 2});
  const Results wanted = f(a);  // the pool lives
  const auto child = [&] {
    const Results r = f(a);
    if (!r[0].same_values(wanted[0]) || !r[1].same_values(wanted[1])) _exit(3);
    if (compile({x}, {max(x)}, {.name = "fresh"})(a).item<double>() < 1) _exit(4);
  };
  CHECK(in_child(child) == 0);
  // A child of a child.
  CHECK(in_child([&] { _exit(in_child(child)); }) == 0);
  // A child that ends as programs do, with its static objects.
  CHECK(in_child([&] {
          child();
          std::exit(0);
        }) == 0);
  CHECK(f(a)[0].same_values(wanted[0]));
}

TEST_CASE("a program may end while its threads are calling") {
  Expr x = input("x", f64, {"n"});
  const Array a = Array::normal(f64, {200000}, 1);
  Function f = compile({x}, {sum(exp(x)), tanh(x)}, {.name = "work", .threads = 2});
  for (int round = 0; round < 5; ++round)
    CHECK(in_child([&] {
            std::atomic<int> calls{0};
            for (int t = 0; t < 3; ++t)
              std::thread([&calls, f, a] {
                for (;;) {
                  (void)f(a);
                  ++calls;
                }
              }).detach();
            while (calls < 3) usleep(1000);
            std::exit(7);
          }) == 7);
}

TEST_CASE("code lives as long as a Function or a call needs it", "[threads]") {
  Expr x = input("x", f64, {"n"});
  const Array a = Array::normal(f64, {2000000}, 1);
  auto f = std::make_unique<Function>(
      compile({x}, {sum(tanh(exp(sin(x))))}, {.name = "long", .threads = 2}));
  const double wanted = (*f)(a).item<double>();
  std::vector<std::thread> threads;
  std::atomic<int> right{0}, begun{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, own = *f]() mutable {
      Function mine = std::move(own);
      ++begun;
      right += mine(a).item<double>() == wanted;
    });
  while (begun < 4) std::this_thread::yield();
  f.reset();
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 4);
}

TEST_CASE("a call from within the pool's own work runs on its thread", "[threads]") {
  Expr x = input("x", f64, {"n"});
  const Array a = Array::normal(f64, {100000}, 1);
  struct Nested {
    Function f;
    Array a;
    double wanted;
    std::atomic<int> right{0};
  } nested{compile({x}, {sum(exp(x))}, {.name = "inner", .threads = 2}), a, 0, {}};
  nested.wanted = nested.f(a).item<double>();
  runtime::pool_parallel_for(
      2, 8, 1,
      [](void* argument, std::int64_t begin, std::int64_t end, int) noexcept -> int {
        auto& n = *static_cast<Nested*>(argument);
        for (std::int64_t i = begin; i < end; ++i) n.right += n.f(n.a).item<double>() == n.wanted;
        return 0;
      },
      &nested);
  CHECK(nested.right == 8);
}
