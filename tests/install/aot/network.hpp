// A network of the size of the one that croton's example trains.
#pragma once
#include <croton/croton.hpp>

struct Network {
  croton::Expr x = croton::input("x", croton::f32, {"n", 784});
  croton::Shared W1 = croton::shared(
                     "W1", croton::Array::uniform(croton::f32, {784, 500}, 1, -0.07f, 0.07f)),
                 b1 = croton::shared("b1", croton::Array::uniform(croton::f32, {500}, 2, -1, 1)),
                 W2 = croton::shared(
                     "W2", croton::Array::uniform(croton::f32, {500, 10}, 3, -0.1f, 0.1f)),
                 b2 = croton::shared("b2", croton::Array::uniform(croton::f32, {10}, 4, -1, 1));
  croton::Expr p = softmax(matmul(tanh(matmul(x, W1) + b1), W2) + b2, croton::axis(-1));
};
