// CUDA text to PTX. NVRTC is a shared library found when it is first asked for, so that everything
// builds, installs and runs on machines without it.
#pragma once

#include <string>
#include <string_view>

namespace croton::runtime {

/// PTX for an architecture such as "sm_80", with no contraction of multiplies and adds and with
/// denormals, division and square roots as IEEE says. Throws BackendError with the compiler's log
/// when it refuses the text, or, when there is no NVRTC, with the paths that were tried.
/// Thread-safe.
[[nodiscard]] std::string compile_cuda(std::string_view source, std::string_view architecture);
/// "CUDA 12.4": what the driver serves; "" without a driver.
[[nodiscard]] std::string cuda_driver_identity();
/// Whether the system's loader finds a shared library.
[[nodiscard]] bool library_loads(const std::string& name);
/// "nvrtc 12.9": part of cache keys; "" when there is no NVRTC.
[[nodiscard]] std::string nvrtc_identity();

}  // namespace croton::runtime
