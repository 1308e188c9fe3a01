// One step of stochastic gradient descent, f32: logistic regression and a tanh network, against the
// same step written by hand in NumPy.
#include <croton/croton.hpp>

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "tools/benchmarks/bench.hpp"
#include "tools/benchmarks/peers.hpp"

namespace bench {
namespace {

using namespace croton;

struct Step {
  std::string name, numpy;
  std::int64_t batch;
  double target;
};

Shared parameter(const std::string& name, Extents extents, std::int64_t seed) {
  Array value = Array::zeros(f32, extents);
  if (seed != 0) fill(value.data<float>(), value.count(), seed, 0.1, -0.05);
  return shared(name, value);
}

Function compile_step(const Step& step, int threads) {
  const Expr x = input("x", f32, {"n", 784}), y = input("y", i64, {"n"});
  std::vector<Shared> parameters;
  Expr scores = x;
  if (step.numpy == "network") {
    parameters = {parameter("W1", {784, 500}, 3), parameter("b1", {500}, 0),
                  parameter("W2", {500, 10}, 4), parameter("b2", {10}, 0)};
    scores = tanh(matmul(x, parameters[0]) + parameters[1]);
    scores = matmul(scores, parameters[2]) + parameters[3];
  } else {
    parameters = {parameter("W", {784, 10}, 0), parameter("b", {10}, 0)};
    scores = matmul(x, parameters[0]) + parameters[1];
  }
  const Expr loss = -mean(log(softmax(scores))[{arange(x.dim(0)), y}]);
  const std::vector<Expr> wrt(parameters.begin(), parameters.end());
  const std::vector<Expr> gradients = grad(loss, wrt);
  std::vector<std::pair<Shared, Expr>> updates;
  for (std::size_t i = 0; i < wrt.size(); ++i)
    updates.emplace_back(parameters[i], wrt[i] - 0.1f * gradients[i]);
  return compile({x, y}, {loss}, {.name = step.numpy, .threads = threads, .updates = updates});
}

}  // namespace

void training_rows(Runner& runner) {
  const int threads = runner.options().threads;
  const std::string suffix = fmt::format(", {} thread{}", threads, threads == 1 ? "" : "s");
  std::unique_ptr<NumPy> numpy;
  for (const Step& step : {Step{"logistic step 400x784 f32", "logistic", 400, 1.2},
                           Step{"network step 784-500-10 f32, batch 60", "network", 60, 1.1},
                           Step{"network step 784-500-10 f32, batch 600", "network", 600, 1.05}}) {
    const std::string name = step.name + suffix;
    if (!runner.wanted(name)) continue;
    if (!numpy) numpy = std::make_unique<NumPy>(runner.options());
    const Array x = Array::uninitialized(f32, {step.batch, 784});
    const Array y = Array::uninitialized(i64, {step.batch});
    fill(x.data<float>(), x.count(), 1);
    for (std::int64_t i = 0; i < step.batch; ++i) y.data<std::int64_t>()[i] = i * 7 % 10;
    const Function train = compile_step(step, threads);
    const double first_loss = train(x, y).item<float>();
    volatile float loss = 0;
    runner.compare(name, kMicroseconds, timed([&] { loss = train(x, y).item<float>(); }),
                   {{"NumPy", numpy->forms(step.numpy, step.batch), step.target}});
    if (numpy->present())
      runner.check(name, std::abs(numpy->value(step.numpy, step.batch) / first_loss - 1) < 1e-5,
                   "the loss differs from NumPy");
  }
}

}  // namespace bench
