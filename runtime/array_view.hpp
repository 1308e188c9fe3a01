// Whatever has shape and memory, as an argument: an Array, a vector, a span, a matrix of Eigen, a
// C++ number, or a pointer with a shape. Nothing is copied; a number is held inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "ir/dtype.hpp"

namespace croton {

class Array;

/// Elements lie one after another, the last axis first; so do none.
[[nodiscard]] bool is_row_major(std::span<const std::int64_t> shape,
                                std::span<const std::int64_t> strides);

class ArrayView {
 public:
  ArrayView() = default;
  ArrayView(const Array& array);  // shares ownership
  template <class T>
  requires std::is_arithmetic_v<T> ArrayView(T value) : dtype_(dtype_of<T>) {
    static_assert(sizeof(T) <= sizeof number_);
    __builtin_memcpy(number_, &value, sizeof(T));
    is_number_ = true;
  }
  /// A vector, a span, a std::array, a C array.
  template <class Range>
  requires requires(const Range& range) { std::span(range); }
  ArrayView(const Range& range) : ArrayView(std::span(range)) {}
  template <class T, std::size_t N>
  ArrayView(std::span<T, N> values)
      : ArrayView(values.data(), {static_cast<std::int64_t>(values.size())}) {}
  ArrayView(const std::vector<bool>&) = delete;  // has no array of bools in memory
  /// A dense matrix or vector as Eigen has them: data(), rows(), cols() and strides.
  template <class Matrix>
  requires requires(const Matrix& m) { m.innerStride() + m.outerStride() + m.rows() * m.cols(); }
  ArrayView(const Matrix& m) : ArrayView(m.data(), extents_of(m), strides_of(m)) {}
  /// Strides count elements; without them the memory is row-major.
  template <class T>
  ArrayView(const T* data, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides = {})
      : ArrayView(dtype_of<T>, const_cast<T*>(data), std::move(shape), std::move(strides)) {}
  ArrayView(DType dtype, void* data, std::vector<std::int64_t> shape,
            std::vector<std::int64_t> strides = {});

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] int rank() const { return static_cast<int>(shape_.size()); }
  [[nodiscard]] std::span<const std::int64_t> shape() const { return shape_; }
  [[nodiscard]] std::span<const std::int64_t> strides() const { return strides_; }
  [[nodiscard]] std::int64_t count() const;
  /// The same number as another dtype, when that holds its value exactly; bool only as bool.
  /// Nothing for memory, and for a number that would change.
  [[nodiscard]] std::optional<ArrayView> number_as(DType dtype) const;
  [[nodiscard]] bool is_number() const { return is_number_; }
  [[nodiscard]] void* data() const { return is_number_ ? const_cast<std::byte*>(number_) : data_; }
  [[nodiscard]] const std::shared_ptr<void>& owner() const { return owner_; }

 private:
  template <class Matrix>
  static std::vector<std::int64_t> extents_of(const Matrix& m) {
    if (Matrix::IsVectorAtCompileTime) return {m.size()};
    return {m.rows(), m.cols()};
  }
  template <class Matrix>
  static std::vector<std::int64_t> strides_of(const Matrix& m) {
    if (Matrix::IsVectorAtCompileTime) return {m.innerStride()};
    if (Matrix::IsRowMajor) return {m.outerStride(), m.innerStride()};
    return {m.innerStride(), m.outerStride()};
  }
  DType dtype_ = DType::f64;
  bool is_number_ = false;
  alignas(8) std::byte number_[8] = {};
  void* data_ = nullptr;
  std::vector<std::int64_t> shape_, strides_;
  std::shared_ptr<void> owner_;
};

}  // namespace croton
