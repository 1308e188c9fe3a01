// The C interface of version 1. What is written here may only change together with
// CROTON_AOT_VERSION: users' programs were compiled against it.
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdio>

#include "tests/aot/library.hpp"

using namespace croton;
using namespace croton::testing;

#define CHECK_FIELD(type, field, offset, bytes) \
  CHECK(offsetof(type, field) == (offset));     \
  CHECK(sizeof(type::field) == (bytes))

TEST_CASE("layouts of version 1") {
  REQUIRE(CROTON_AOT_VERSION == 1);
  CHECK(sizeof(croton_aot_error) == 1024);
  CHECK_FIELD(croton_aot_error, code, 0, 4);
  CHECK_FIELD(croton_aot_error, argument, 4, 4);
  CHECK_FIELD(croton_aot_error, axis, 8, 4);
  CHECK_FIELD(croton_aot_error, line, 12, 4);
  CHECK_FIELD(croton_aot_error, wanted, 16, 8);
  CHECK_FIELD(croton_aot_error, given, 24, 8);
  CHECK_FIELD(croton_aot_error, text, 32, 992);
  CHECK(sizeof(croton_aot_array) == 32);
  CHECK_FIELD(croton_aot_array, data, 0, 8);
  CHECK_FIELD(croton_aot_array, shape, 8, 8);
  CHECK_FIELD(croton_aot_array, strides, 16, 8);
  CHECK_FIELD(croton_aot_array, dtype, 24, 4);
  CHECK_FIELD(croton_aot_array, rank, 28, 4);
  CHECK(sizeof(croton_aot_threads) == 16);
  CHECK_FIELD(croton_aot_threads, context, 0, 8);
  CHECK_FIELD(croton_aot_threads, parallel_for, 8, 8);
  CHECK(sizeof(croton_aot_allocator) == 24);
  CHECK_FIELD(croton_aot_allocator, context, 0, 8);
  CHECK_FIELD(croton_aot_allocator, allocate, 8, 8);
  CHECK_FIELD(croton_aot_allocator, release, 16, 8);
  CHECK(sizeof(croton_aot_call) == 56);
  CHECK_FIELD(croton_aot_call, arguments, 0, 8);
  CHECK_FIELD(croton_aot_call, workspace, 8, 8);
  CHECK_FIELD(croton_aot_call, workspace_bytes, 16, 8);
  CHECK_FIELD(croton_aot_call, allocator, 24, 8);
  CHECK_FIELD(croton_aot_call, threads, 32, 8);
  CHECK_FIELD(croton_aot_call, error, 40, 8);
  CHECK_FIELD(croton_aot_call, argument_count, 48, 4);
  CHECK_FIELD(croton_aot_call, reserved, 52, 4);
  CHECK(sizeof(croton_aot_argument) == 40);
  CHECK_FIELD(croton_aot_argument, name, 0, 8);
  CHECK_FIELD(croton_aot_argument, type, 8, 8);
  CHECK_FIELD(croton_aot_argument, extents, 16, 8);
  CHECK_FIELD(croton_aot_argument, dtype, 24, 4);
  CHECK_FIELD(croton_aot_argument, rank, 28, 4);
  CHECK_FIELD(croton_aot_argument, role, 32, 4);
  CHECK_FIELD(croton_aot_argument, alignment, 36, 4);
  CHECK(sizeof(croton_aot_function) == 88);
  CHECK_FIELD(croton_aot_function, name, 0, 8);
  CHECK_FIELD(croton_aot_function, signature, 8, 8);
  CHECK_FIELD(croton_aot_function, arguments, 16, 8);
  CHECK_FIELD(croton_aot_function, dims, 24, 8);
  CHECK_FIELD(croton_aot_function, argument_count, 32, 4);
  CHECK_FIELD(croton_aot_function, dim_count, 36, 4);
  CHECK_FIELD(croton_aot_function, workspace_kind, 40, 4);
  CHECK_FIELD(croton_aot_function, reserved, 44, 4);
  CHECK_FIELD(croton_aot_function, resolve, 48, 8);
  CHECK_FIELD(croton_aot_function, workspace, 56, 8);
  CHECK_FIELD(croton_aot_function, shape, 64, 8);
  CHECK_FIELD(croton_aot_function, run, 72, 8);
  CHECK_FIELD(croton_aot_function, raw, 80, 8);
  CHECK(sizeof(croton_aot_library) == 40);
  CHECK_FIELD(croton_aot_library, version, 0, 4);
  CHECK_FIELD(croton_aot_library, function_count, 4, 4);
  CHECK_FIELD(croton_aot_library, name, 8, 8);
  CHECK_FIELD(croton_aot_library, target, 16, 8);
  CHECK_FIELD(croton_aot_library, compiler, 24, 8);
  CHECK_FIELD(croton_aot_library, functions, 32, 8);
}

TEST_CASE("numbers of version 1") {
  const int codes[] = {CROTON_AOT_OK,
                       CROTON_AOT_WRONG_VERSION,
                       CROTON_AOT_WRONG_CPU,
                       CROTON_AOT_WRONG_COUNT,
                       CROTON_AOT_WRONG_DTYPE,
                       CROTON_AOT_WRONG_SHAPE,
                       CROTON_AOT_WRONG_POINTER,
                       CROTON_AOT_WRONG_LAYOUT,
                       CROTON_AOT_OVERLAP,
                       CROTON_AOT_WORKSPACE,
                       CROTON_AOT_MEMORY,
                       CROTON_AOT_FAILED,
                       CROTON_AOT_THREADS};
  for (int i = 0; i < 13; ++i) CHECK(codes[i] == i);
  const int dtypes[] = {CROTON_AOT_BOOL, CROTON_AOT_I8,  CROTON_AOT_I16,  CROTON_AOT_I32,
                        CROTON_AOT_I64,  CROTON_AOT_U8,  CROTON_AOT_U16,  CROTON_AOT_U32,
                        CROTON_AOT_U64,  CROTON_AOT_F16, CROTON_AOT_BF16, CROTON_AOT_F32,
                        CROTON_AOT_F64,  CROTON_AOT_C64, CROTON_AOT_C128};
  const DType ours[] = {DType::boolean, DType::i8,  DType::i16, DType::i32, DType::i64,
                        DType::u8,      DType::u16, DType::u32, DType::u64, DType::f16,
                        DType::bf16,    DType::f32, DType::f64, DType::c64, DType::c128};
  for (int i = 0; i < 15; ++i) {
    CHECK(dtypes[i] == i);
    CHECK(static_cast<int>(ours[i]) == i);
  }
  CHECK(CROTON_AOT_INPUT == 0);
  CHECK(CROTON_AOT_STATE == 1);
  CHECK(CROTON_AOT_OUTPUT == 2);
  CHECK(CROTON_AOT_CONSTANT_STATE == 3);
  CHECK(CROTON_AOT_BOUNDED == 0);
  CHECK(CROTON_AOT_NEEDS_AN_ALLOCATOR == 1);
}

TEST_CASE("a library exports its query function and runs nothing when it is loaded") {
  Expr x = input("x", f32, {"n"});
  const AotLibrary library({aot({x}, {exp(x)}).graph("f")});
  const auto output_of = [](const std::string& command) {
    std::string out;
    std::FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    char buffer[256];
    while (std::fgets(buffer, sizeof buffer, pipe)) out += buffer;
    REQUIRE(pclose(pipe) == 0);
    return out;
  };
  const std::string file = (library.directory() / "libtested.so").string();
  CHECK(output_of("nm -D --defined-only -f posix " + file + " | cut -d' ' -f1,2") ==
        "croton_aot_query_tested T\n");
  const std::string dynamic = output_of("readelf -dW " + file);
  CHECK(dynamic.find("INIT") == std::string::npos);
  CHECK(dynamic.find("[libtested.so]") != std::string::npos);
  CHECK(dynamic.find("stdc++") == std::string::npos);
  // Nothing is needed but these, so nothing allocates; nothing has a C++ name or a constructor.
  std::string needed = output_of("nm -u -f posix " + file + " | cut -d' ' -f1 | sed 's/@.*//'");
  for (const char* allowed :
       {"memcpy\n", "memset\n", "memmove\n", "getenv\n", "_ITM_deregisterTMCloneTable\n",
        "_ITM_registerTMCloneTable\n", "__gmon_start__\n", "__cxa_finalize\n"})
    if (const auto at = needed.find(allowed); at != std::string::npos)
      needed.erase(at, std::char_traits<char>::length(allowed));
  CHECK(needed == "");
  CHECK(output_of("nm -f posix " + file + " | grep -c '^_ZGV\\|^_GLOBAL__sub' || true") == "0\n");
}
