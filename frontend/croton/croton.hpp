// croton: tensor expressions as C++ values, differentiated, optimised, compiled in process.
#pragma once

#include "frontend/croton/expr.hpp"
#include "frontend/croton/function.hpp"
#include "frontend/croton/grad.hpp"
#include "frontend/croton/ops.hpp"
#include "frontend/croton/saved.hpp"
#include "frontend/croton/verify.hpp"
#include "runtime/npy.hpp"
