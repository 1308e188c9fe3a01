#include "ir/dtype.hpp"

#include <catch2/catch.hpp>

using croton::DType;
using croton::DTypeKind;

TEST_CASE("promotion follows NumPy's result_type") {
  CHECK(promote(DType::i32, DType::u32) == DType::i64);
  CHECK(promote(DType::i64, DType::u64) == DType::f64);
  CHECK(promote(DType::i8, DType::u8) == DType::i16);
  CHECK(promote(DType::boolean, DType::u8) == DType::u8);
  CHECK(promote(DType::f32, DType::i16) == DType::f32);
  CHECK(promote(DType::f32, DType::i32) == DType::f64);
  CHECK(promote(DType::u64, DType::u8) == DType::u64);
}

TEST_CASE("literals are weak") {
  CHECK(promote_weak(DType::f32, DTypeKind::real) == DType::f32);
  CHECK(promote_weak(DType::i32, DTypeKind::real) == DType::f64);
  CHECK(promote_weak(DType::u8, DTypeKind::integer) == DType::u8);
  CHECK(promote_weak(DType::boolean, DTypeKind::integer) == DType::i64);
}

TEST_CASE("names and descriptors lead back to their dtype") {
  for (DType d : {DType::boolean, DType::i8, DType::u64, DType::f32, DType::c128}) {
    CHECK(croton::dtype_named(name(d)) == d);
    CHECK(croton::dtype_of_numpy(info(d).numpy) == d);
  }
  CHECK_FALSE(croton::dtype_named("f33"));
}
