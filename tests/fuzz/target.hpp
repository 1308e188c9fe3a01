// One input of a fuzz target. Bad bytes may raise UserError or BackendError, nothing else; what is
// accepted must hold what its format promises, or the target aborts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

void run_target(std::string_view input);

/// Aborts with the broken promise's name.
void promise(bool holds, const char* what);
