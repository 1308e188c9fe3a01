// Numbers in memory: a dtype, a shape, strides in elements (also negative), shared ownership.
#pragma once

#include <initializer_list>
#include <iosfwd>
#include <string>

#include "runtime/array_view.hpp"

namespace croton {

using Extents = std::vector<std::int64_t>;

class Array {
 public:
  /// No array yet: whatever asks for its elements is a UserError, as it is after a move.
  Array() = default;
  Array(const Array&) = default;
  Array& operator=(const Array&) = default;
  Array(Array&& other) noexcept { swap(other); }
  Array& operator=(Array&& other) noexcept {
    Array(std::move(other)).swap(*this);
    return *this;
  }
  ~Array() = default;
  /// The same memory when the view owns it, else a copy.
  explicit Array(const ArrayView& view);
  /// A copy of the elements. UserError when they are more or fewer than the shape has.
  template <class T>
  static Array of(const std::vector<T>& values, Extents shape = {}) {
    if (shape.empty()) shape = {static_cast<std::int64_t>(values.size())};
    check_fills(values.size(), shape);
    return Array(ArrayView(values.data(), std::move(shape))).copy();
  }

  // ---- creation. Memory is aligned to 64 bytes; large blocks to 2 MiB, with large pages advised.
  static Array uninitialized(DType dtype, Extents shape);
  static Array zeros(DType dtype, Extents shape);
  /// UserError when an integer dtype does not hold the value.
  static Array full(DType dtype, Extents shape, double value);
  static Array arange(DType dtype, std::int64_t count);
  static Array eye(DType dtype, std::int64_t rows);
  template <class T>
  static Array zeros(Extents shape) {
    return zeros(dtype_of<T>, std::move(shape));
  }
  template <class T>
  static Array ones(Extents shape) {
    return full(dtype_of<T>, std::move(shape), 1);
  }
  /// Seeded random numbers, the same on every machine: Philox 4x32-10 (Salmon et al., SC 2011).
  /// UserError for real numbers of an integer dtype, and for integers that the dtype does not hold.
  static Array uniform(DType dtype, Extents shape, std::uint64_t seed, double low = 0,
                       double high = 1);
  static Array normal(DType dtype, Extents shape, std::uint64_t seed, double mean = 0,
                      double deviation = 1);
  static Array integers(DType dtype, Extents shape, std::uint64_t seed, std::int64_t low,
                        std::int64_t high);

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] int rank() const { return static_cast<int>(shape_.size()); }
  [[nodiscard]] const Extents& shape() const { return shape_; }
  [[nodiscard]] const Extents& strides() const { return strides_; }
  [[nodiscard]] std::int64_t count() const;
  [[nodiscard]] bool is_contiguous() const;
  [[nodiscard]] std::byte* raw() const { return data_; }

  /// The elements' memory. UserError, naming the cast that would mend it, for another dtype.
  template <class T>
  [[nodiscard]] T* data() const {
    check_dtype(dtype_of<T>);
    return reinterpret_cast<T*>(data_);
  }
  /// The only element. UserError when there are several or the value does not fit T exactly.
  template <class T>
  [[nodiscard]] T item() const {
    check_dtype_fits(dtype_of<T>);
    return with_type(dtype_, [&](auto zero) {
      return static_cast<T>(*reinterpret_cast<const decltype(zero)*>(data_));
    });
  }
  template <class T>
  [[nodiscard]] T at(std::initializer_list<std::int64_t> index) const {
    return data<T>()[offset_of(index)];
  }

  // ---- views share memory; the others copy
  [[nodiscard]] Array reshape(Extents shape) const;  // copies unless contiguous
  [[nodiscard]] Array transpose() const;
  /// Rows [first, last) of the first axis, as a view.
  [[nodiscard]] Array rows(std::int64_t first, std::int64_t last) const;
  /// Elements first, first + step, … (count of them) of an axis, as a view.
  [[nodiscard]] Array slice(int axis, std::int64_t first, std::int64_t count,
                            std::int64_t step = 1) const;
  [[nodiscard]] Array contiguous() const;
  [[nodiscard]] Array copy() const;
  /// Converted element by element: float to integer truncates and saturates, NaN gives 0.
  [[nodiscard]] Array astype(DType dtype) const;
  /// Same dtype, shape and bits, all NaNs being equal.
  [[nodiscard]] bool same_values(const Array& other) const;

  friend std::ostream& operator<<(std::ostream& out, const Array& array);

 private:
  friend class ArrayView;
  void swap(Array& other) noexcept;
  void check_memory() const;
  static void check_fills(std::size_t elements, const Extents& shape);
  void check_dtype(DType wanted) const;
  void check_dtype_fits(DType wanted) const;
  [[nodiscard]] std::int64_t offset_of(std::span<const std::int64_t> index) const;
  [[nodiscard]] std::int64_t offset_of(std::initializer_list<std::int64_t> index) const {
    return offset_of(std::span<const std::int64_t>(index.begin(), index.size()));
  }
  DType dtype_ = DType::f64;
  Extents shape_, strides_;
  std::byte* data_ = nullptr;
  std::shared_ptr<void> owner_;
};

/// Examples and labels, walked in batches of rows; the last batch may be shorter.
struct Batch {
  Array x, y;
};
class Dataset {
 public:
  Dataset(Array x, Array y) : x_(std::move(x)), y_(std::move(y)) {}
  [[nodiscard]] std::vector<Batch> batches(std::int64_t rows) const;
  [[nodiscard]] std::int64_t count() const { return x_.shape().empty() ? 0 : x_.shape()[0]; }
  [[nodiscard]] const Array& x() const { return x_; }
  [[nodiscard]] const Array& y() const { return y_; }

 private:
  Array x_, y_;
};

}  // namespace croton
