// Trains logistic regression, then a 784-500-10 tanh network, on Fashion-MNIST.
//   fashion_mnist [--epochs N] [--threads N] [--data DIRECTORY] [--save DIRECTORY]
// --save writes what each model predicts as NAME.ctir, for `croton aot`.
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <croton/croton.hpp>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <sstream>

#include "runtime/npy.hpp"
using namespace croton;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Settings {
  int epochs = 0;  // 0: each model's own
  int threads = 0;
  std::string data = "/usr/share/datasets/fashion-mnist";
  std::string save;
};

struct Images {
  Array pixels;  // f32[n, 784] in [0, 1]
  Array labels;  // i64[n]
  std::int64_t count;
};

Images load(const Settings& settings, const std::string& part) {
  const std::string base = settings.data + "/" + part;
  const Array raw = load_idx(base + "-images-idx3-ubyte.gz");
  const Array labels = load_idx(base + "-labels-idx1-ubyte.gz");
  Array pixels = raw.astype(f32).reshape({raw.shape()[0], 784}).copy();
  for (std::int64_t i = 0; i < pixels.count(); ++i) pixels.data<float>()[i] /= 255.0f;
  return {pixels, labels.astype(i64), raw.shape()[0]};
}

struct Model {
  std::string name;
  int epochs;
  Expr scores;
  std::vector<Shared> parameters;
};

void show_progress(const std::string& name, int epoch, std::int64_t done, std::int64_t total) {
  const int filled = static_cast<int>(30 * done / total);
  std::fprintf(stderr, "\r%s  epoch %2d  [%-30s]", name.c_str(), epoch,
               std::string(static_cast<std::size_t>(filled), '#').c_str());
  if (done == total) std::fprintf(stderr, "\r%70s\r", "");
}

void print_source(const Function& train) {
  std::istringstream text(train.source());
  std::cout << "the first kernel of the training step begins:\n";
  std::string line;
  while (std::getline(text, line) && !line.starts_with("// kernel")) continue;  // what it uses
  for (int i = 0; i < 24 && std::getline(text, line); ++i) std::cout << "    " << line << "\n";
}

void run(const Model& model, const Expr& x, const Expr& y, const Images& training,
         const Images& test, const Settings& settings) {
  constexpr std::int64_t kBatch = 60;
  const auto start = Clock::now();
  const Expr p = softmax(model.scores, axis(-1));
  const Expr loss = -mean(log(p)[{arange(x.dim(0)), y}]);
  const Expr errors = mean(neq(argmax(p, axis(-1)), y));
  const std::vector<Expr> parameters(model.parameters.begin(), model.parameters.end());
  const std::vector<Expr> gradients = grad(loss, parameters);
  std::vector<std::pair<Shared, Expr>> updates;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    updates.emplace_back(model.parameters[i], parameters[i] - 0.1f * gradients[i]);
  const Function train =
      compile({x, y}, {loss},
              {.name = model.name + "_train", .threads = settings.threads, .updates = updates});
  const Function evaluate =
      compile({x, y}, {errors}, {.name = model.name + "_test", .threads = settings.threads});
  const double compiling = seconds_since(start);
  const int compiled = train.counters().compiled + evaluate.counters().compiled;
  std::cout << model.name << ": ready after " << compiling << " s, ";
  if (compiled == 0)
    std::cout << "nothing compiled: every kernel came from the cache\n";
  else
    std::cout << compiled << " kernels compiled\n";

  const auto begun = Clock::now();
  const bool interactive = isatty(STDERR_FILENO) != 0;
  for (int epoch = 1; epoch <= model.epochs; ++epoch) {
    double total = 0;
    for (std::int64_t first = 0; first < training.count; first += kBatch) {
      const std::int64_t last = std::min(first + kBatch, training.count);
      total += train(training.pixels.rows(first, last), training.labels.rows(first, last))
                   .item<float>() *
               static_cast<double>(last - first);
      if (interactive && first / kBatch % 50 == 0)
        show_progress(model.name, epoch, last, training.count);
    }
    if (interactive) show_progress(model.name, epoch, training.count, training.count);
    const double wrong = evaluate(test.pixels, test.labels).item<double>();
    std::printf("%s  epoch %2d  loss %.6f  test accuracy %.2f %%\n", model.name.c_str(), epoch,
                total / static_cast<double>(training.count), 100 * (1 - wrong));
    std::fflush(stdout);
  }
  std::printf("%s: trained in %.1f s (compiling %.2f s)\n", model.name.c_str(),
              seconds_since(begun), compiling);
  if (!settings.save.empty())
    save(settings.save + "/" + model.name + ".ctir", {x}, {p}, {.name = model.name});
  print_source(train);
  std::cout << "\n";
}

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--epochs") == 0) settings.epochs = std::stoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--threads") == 0) settings.threads = std::stoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--data") == 0) settings.data = argv[i + 1];
    if (std::strcmp(argv[i], "--save") == 0) settings.save = argv[i + 1];
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) try {
  const Settings settings = parse(argc, argv);
  const Images training = load(settings, "train"), test = load(settings, "t10k");
  Expr x = input("x", f32, {"n", 784});
  Expr y = input("y", i64, {"n"});

  Shared W = shared("W", Array::zeros<float>({784, 10}));
  Shared b = shared("b", Array::zeros<float>({10}));
  run({"logistic", settings.epochs ? settings.epochs : 10, matmul(x, W) + b, {W, b}}, x, y,
      training, test, settings);

  const float scale = std::sqrt(6.0f / (784 + 500));
  Shared W1 = shared("W1", Array::uniform(f32, {784, 500}, 1, -scale, scale));
  Shared b1 = shared("b1", Array::zeros<float>({500}));
  Shared W2 = shared("W2", Array::zeros<float>({500, 10}));
  Shared b2 = shared("b2", Array::zeros<float>({10}));
  Expr hidden = tanh(matmul(x, W1) + b1);
  run({"network",
       settings.epochs ? settings.epochs : 15,
       matmul(hidden, W2) + b2,
       {W1, b1, W2, b2}},
      x, y, training, test, settings);
} catch (const Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
