// What threads do together inside one process beside calls: building and compiling.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "frontend/croton/croton.hpp"
#include "runtime/pool.hpp"

using namespace croton;

TEST_CASE("functions are built and compiled from eight threads at once, equal ones too",
          "[threads]") {
  constexpr int kThreads = 8, kRounds = 6;
  const Array a = Array::normal(f64, {1000}, 1);
  Shared total = shared("total", Array::zeros<std::int64_t>({}));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        // All threads make the same function, and each one of its own.
        Expr x = input("x", f64, {"n"});
        const double own = 1 + t + 10 * round;
        const Expr y = sum(tanh(x) * x), z = max(x * own);
        Function f = compile({x}, {y, grad(y, x), z},
                             {.name = "own", .threads = 2, .updates = {{total, total + 1}}});
        Function same = compile({x}, {y + round}, {.name = "same"});
        const Results r = f(a);
        double most = a.at<double>({0});
        for (std::int64_t i = 1; i < 1000; ++i) most = std::max(most, a.at<double>({i}));
        right += r[2].item<double>() == most * own &&
                 same(a).item<double>() == r[0].item<double>() + round;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == kThreads * kRounds);
  CHECK(total.get().item<std::int64_t>() == kThreads * kRounds);
}

TEST_CASE("a shared variable is read and replaced while calls update it: all of a value or none",
          "[threads]") {
  constexpr int kRounds = 100;
  constexpr std::int64_t kCount = 200000;
  Shared w = shared("w", Array::zeros<std::int64_t>({kCount}));
  Function step = compile({}, {min(w), max(w)}, {.name = "step", .updates = {{w, w + 1}}});
  Function read = compile({}, {min(w), max(w)}, {.name = "read"});
  std::atomic<int> torn{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < kRounds; ++round) {
        if (t < 4) {
          const auto [least, most] = take<2>((t < 2 ? step : read)());
          torn += least.item<std::int64_t>() != most.item<std::int64_t>();
        } else if (t < 6) {
          const Array seen = w.get();
          for (std::int64_t i = 1; i < kCount; ++i)
            torn += seen.data<std::int64_t>()[i] != seen.data<std::int64_t>()[0];
        } else {
          w.set(std::vector<std::int64_t>(kCount, 1000 * t + round));
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(torn == 0);
  w.set(std::vector<std::int64_t>(kCount, 7));
  (void)step();
  CHECK(w.get().at<std::int64_t>({kCount - 1}) == 8);
}

// More threads than cores, so that workers come late and jobs end without them.
TEST_CASE("every piece of every job runs once, whoever comes to it", "[threads]") {
  struct Work {
    std::vector<std::atomic<int>> runs;
  };
  const auto body = [](void* argument, std::int64_t begin, std::int64_t end, int) noexcept -> int {
    for (std::int64_t i = begin; i < end; ++i) ++static_cast<Work*>(argument)->runs[i];
    return end > 500 ? 3 : 0;
  };
  int wrong = 0;
  for (int round = 0; round < 3000; ++round) {
    // Of one grain a piece, of many, and with pauses in which workers fall asleep.
    const std::int64_t count = 1 + round * 37 % 700, grain = round % 3 == 0 ? 1 : 1 + count / 5;
    Work work{std::vector<std::atomic<int>>(static_cast<std::size_t>(count))};
    const int status = runtime::pool_parallel_for(7, count, grain, body, &work);
    wrong += status != (count > 500 ? 3 : 0);
    for (const std::atomic<int>& runs : work.runs) wrong += runs != 1;
    if (round % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  CHECK(wrong == 0);
}
